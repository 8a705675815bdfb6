"""The guard's permissions boundary on a role that may do everything: the exits are shut, the rest is open."""

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from infra.boundary.guard import document
from tests.emulator.cloud import Aws

KEY = "00000000-0000-0000-0000-000000000000"
ELSEWHERE = [{"Region": "eu-west-1"}]
EXITS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a replica of a key": ("kms", lambda kms: kms.replicate_key(KeyId=KEY, ReplicaRegion="eu-west-1")),
    "a replicated secret": (
        "secretsmanager",
        lambda secrets: secrets.replicate_secret_to_regions(SecretId="none", AddReplicaRegions=ELSEWHERE),
    ),
    "a policy that lets a table be replicated": (
        "dynamodb",
        lambda tables: tables.put_resource_policy(ResourceArn="arn:aws:dynamodb:::table/none", Policy="{}"),
    ),
    "keys of rows, in plain text": (
        "dynamodb",
        lambda tables: tables.update_contributor_insights(TableName="none", ContributorInsightsAction="ENABLE"),
    ),
    "a log for another account": (
        "logs",
        lambda logs: logs.put_destination_policy(destinationName="none", accessPolicy="{}"),
    ),
}


@pytest.fixture(scope="module")
def bounded(aws: Aws) -> str:
    """A role that may do everything, but for its boundary; its ARN."""
    arn = aws.role("guarded", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    text = json.dumps(document("boundary"))
    made = aws("iam").create_policy(PolicyName="inside-the-union", PolicyDocument=text)["Policy"]["Arn"]
    aws("iam").put_role_permissions_boundary(RoleName="guarded", PermissionsBoundary=made)
    return arn


def elsewhere(aws: Aws, arn: str, region: str) -> Any:
    """A queue's client with the rights of a role, in another Region."""
    given = aws("sts").assume_role(RoleArn=arn, RoleSessionName="elsewhere")["Credentials"]
    return botocore.session.get_session().create_client(
        "sqs",
        endpoint_url=aws.place.endpoint,
        region_name=region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        verify=str(aws.place.ca),
    )


@pytest.mark.parametrize(("service", "leave"), EXITS.values(), ids=EXITS)
def test_an_exit_is_shut(aws: Aws, bounded: str, service: str, leave: Callable[[Any], object]) -> None:
    """Whatever the role's own policy says; the thing itself need not exist to be refused."""
    with pytest.raises(ClientError, match="AccessDenied"):
        leave(aws.assume(bounded, service))


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2", "eu-central-2"])
def test_a_region_outside_the_union_is_shut(aws: Aws, bounded: str, region: str) -> None:
    """London and Zurich too."""
    with pytest.raises(ClientError, match="AccessDenied"):
        elsewhere(aws, bounded, region).list_queues()


def test_the_rest_is_open(aws: Aws, bounded: str) -> None:
    """In every Region of the list, and where a service has no Region."""
    elsewhere(aws, bounded, "eu-west-3").list_queues()
    elsewhere(aws, bounded, "eu-north-1").list_queues()
    aws.assume(bounded, "iam").list_roles()
    aws.assume(bounded, "kms").create_key()
