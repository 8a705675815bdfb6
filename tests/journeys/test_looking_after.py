"""What got lost on its way is found again: the reconciling pass, on the deployed stack."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.journeys.conftest import Stack, Tenant, wait_for

WISH = {"to": "+33639987233", "text": "Is anybody there?", "category": "transactional"}  # no receipt comes


@pytest.fixture
def aws(stack: Stack) -> Callable[[str], object]:
    """Clients of the deployed stack."""
    environment = stack.environment()
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=stack.local["region"],
    )
    ends = {"endpoint_url": environment["AWS_ENDPOINT_URL"], "verify": environment["AWS_CA_BUNDLE"]}
    return lambda service: session.client(service, **ends)


def age(aws: Callable[[str], object], environment: str, key: str, by: timedelta) -> None:
    """Move a message into the past, as waiting would, and let the passes look there again."""
    dynamo = aws("dynamodb")
    anchor = int((datetime.now(UTC) - by).timestamp() * 1000)
    day = (datetime.now(UTC) - by).date().isoformat()
    dynamo.update_item(
        TableName=f"fugace-{environment}-messages",
        Key={"pk": {"S": key}},
        UpdateExpression="SET #at = :at",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues={":at": {"N": str(anchor)}},
    )
    tenants = f"fugace-{environment}-tenants"
    dynamo.put_item(TableName=tenants, Item={"tenant": {"S": f"day/{day}"}, "item": {"S": key.partition("/")[0]}})
    marks = dynamo.query(
        TableName=tenants,
        KeyConditionExpression="tenant = :mark",
        ExpressionAttributeValues={":mark": {"S": "watermark"}},
    )["Items"]
    for mark in marks:
        past = int((datetime.now(UTC) - by - timedelta(hours=1)).timestamp() * 1000)
        dynamo.put_item(TableName=tenants, Item={**mark, "reached": {"N": str(past)}})


def reconcile(aws: Callable[[str], object], environment: str) -> None:
    answer = aws("lambda").invoke(FunctionName=f"fugace-{environment}-reconcile:live", Payload=json.dumps({}).encode())
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_silence_becomes_unknown_when_the_carriers_time_is_over(
    tenant_of: Callable[..., Tenant], stack: Stack, aws: Callable[[str], object]
) -> None:
    """Without a receipt, `unknown` is the truth; nobody should wait for ever."""
    tenant = tenant_of("Patient")
    environment = stack.environment()["FUGACE_ENVIRONMENT"]
    sent = tenant.client("POST", "/v1/messages", WISH).json["id"]
    wait_for(lambda: tenant.client("GET", f"/v1/messages/{sent}").json["status"] == "submitted")

    age(aws, environment, f"{tenant.id}/{sent}", timedelta(hours=80))
    reconcile(aws, environment)

    found = tenant.client("GET", f"/v1/messages/{sent}").json
    assert (found["status"], found["history"][-1]["evidence"]) == ("unknown", "inferred")


def test_what_the_stream_lost_is_relayed_again(
    tenant_of: Callable[..., Tenant], stack: Stack, aws: Callable[[str], object]
) -> None:
    """The outbox forgets after a day; an accepted message is not lost with it."""
    tenant = tenant_of("Unlucky")
    environment = stack.environment()["FUGACE_ENVIRONMENT"]
    # A schedule far ahead stands for what the stream lost: relay has seen it, and no queue ever will.
    later = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    sent = tenant.client("POST", "/v1/messages", {**WISH, "to": "+33639987200", "send_at": later}).json["id"]

    age(aws, environment, f"{tenant.id}/{sent}", timedelta(minutes=20))
    reconcile(aws, environment)

    wait_for(lambda: tenant.client("GET", f"/v1/messages/{sent}").json["status"] == "delivered")
