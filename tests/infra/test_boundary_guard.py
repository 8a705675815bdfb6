"""The guard's policies, evaluated as IAM would: each exit is denied, and nothing that is needed."""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from infra.boundary.guard import DENIALS, GLOBAL, SIZES, document, minified
from infra.boundary.regions import UNION

WITHIN = "arn:aws-eusc:sqs:eusc-de-east-1:111122223333:q"
HOME = {"aws:RequestedRegion": "eu-west-3"}

EXITS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("dynamodb:CreateTable", {"aws:RequestedRegion": "us-east-1"}),
    ("dynamodb:PutItem", {"aws:RequestedRegion": "eu-west-2"}),
    ("s3:PutObject", {"aws:RequestedRegion": "eu-central-2"}),
    ("kms:Decrypt", {"aws:RequestedRegion": "eu-isoe-west-1"}),
    ("dynamodb:CreateTableReplica", HOME),
    ("dynamodb:CreateGlobalTable", HOME),
    ("dynamodb:CreateGlobalTableWitness", HOME),
    ("dynamodb:UpdateGlobalTableSettings", HOME),
    ("dynamodb:AssociateTableReplica", HOME),
    ("dynamodb:PutResourcePolicy", HOME),
    ("dynamodb:ExportTableToPointInTime", HOME),
    ("dynamodb:EnableKinesisStreamingDestination", HOME),
    ("dynamodb:UpdateContributorInsights", HOME),
    ("s3:PutReplicationConfiguration", HOME),
    ("s3:CreateMultiRegionAccessPoint", HOME),
    ("kms:ReplicateKey", HOME),
    ("kms:CreateKey", {**HOME, "kms:MultiRegion": "true"}),
    ("secretsmanager:ReplicateSecretToRegions", HOME),
    ("secretsmanager:CreateSecret", {**HOME, "secretsmanager:AddReplicaRegions": ["us-east-1"]}),
    ("backup:StartCopyJob", HOME),
    ("backup:CopyIntoBackupVault", HOME),
    ("cloudfront:CreateDistribution", {"aws:RequestedRegion": "us-east-1"}),
    ("lambda:EnableReplication", HOME),
    ("globalaccelerator:CreateAccelerator", HOME),
    ("apigateway:POST", {**HOME, "apigateway:Request/EndpointType": ["EDGE"]}),
    ("events:CreateEndpoint", HOME),
    ("events:PutTargets", {**HOME, "events:TargetArn": [WITHIN, "arn:aws:events:us-east-1:111122223333:event-bus/b"]}),
    ("pipes:CreatePipe", HOME),
    ("states:InvokeHTTPEndpoint", HOME),
    ("logs:PutDestinationPolicy", HOME),
    ("logs:PutAccountPolicy", HOME),
    ("logs:CreateExportTask", HOME),
    ("oam:CreateLink", HOME),
    ("oam:PutSinkPolicy", HOME),
    ("cloudwatch:PutMetricStream", HOME),
    ("bedrock:InvokeModel", {**HOME, "bedrock:InferenceProfileArn": "arn"}),
    ("bedrock:CreateInferenceProfile", HOME),
    ("datasync:CreateTask", HOME),
)
NEEDED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    *(("dynamodb:CreateTable", {"aws:RequestedRegion": region}) for region in UNION),
    *((f"{service}:Anything", {"aws:RequestedRegion": "us-east-1"}) for service in GLOBAL),
    ("kms:CreateKey", {**HOME, "kms:MultiRegion": "false"}),
    ("kms:CreateKey", HOME),
    ("secretsmanager:CreateSecret", HOME),
    ("apigateway:POST", {**HOME, "apigateway:Request/EndpointType": ["REGIONAL"]}),
    ("apigateway:PATCH", HOME),
    ("bedrock:InvokeModel", HOME),
    ("events:PutTargets", {**HOME, "events:TargetArn": [WITHIN]}),
    ("events:PutTargets", HOME),
    ("logs:PutRetentionPolicy", HOME),
    ("states:StartExecution", HOME),
)
OPERATORS = {
    "StringNotEquals": lambda held, wanted: not set(held) & set(wanted),  # also where the key is absent
    "Bool": lambda held, wanted: bool(set(held) & set(wanted)),
    "Null": lambda held, wanted: (not held) == (wanted == ["true"]),
    "ForAnyValue:ArnNotLike": lambda held, wanted: any(not matches(wanted, each) for each in held),
    "ForAnyValue:StringEquals": lambda held, wanted: bool(set(held) & set(wanted)),
}


def several(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value is not None else []


def matches(patterns: object, action: str) -> bool:
    return any(fnmatchcase(action.lower(), each.lower()) for each in several(patterns))


def applies(statement: Mapping[str, Any], action: str, context: Mapping[str, Any]) -> bool:
    """As "Policy evaluation logic" in the IAM User Guide has it, for the operators that the documents use."""
    named = (
        matches(statement["Action"], action) if "Action" in statement else not matches(statement["NotAction"], action)
    )
    return named and all(
        OPERATORS[operator](several(context.get(key)), several(wanted))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def allowed(policy: Mapping[str, Any], action: str, context: Mapping[str, Any]) -> bool:
    """Whether the policy leaves it to others; a boundary has to allow what is to be left."""
    found = {each["Effect"] for each in policy["Statement"] if applies(each, action, context)}
    return "Deny" not in found and ("Allow" in found or all(each["Effect"] == "Deny" for each in policy["Statement"]))


@pytest.fixture(params=SIZES)
def kind(request):
    return request.param


@pytest.mark.parametrize(("action", "context"), EXITS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_exit_is_denied(kind, action, context):
    """By both documents."""
    assert not allowed(document(kind), action, context)


@pytest.mark.parametrize(("action", "context"), NEEDED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_needed_is_not_denied(kind, action, context):
    """A guard that stops a deployment is taken off by whoever has to deploy."""
    assert allowed(document(kind), action, context)


def test_every_denial_is_tried():
    """A statement that no exit meets would stay when its action had been misspelt."""
    statements = [each for each in document("scp")["Statement"] if each["Effect"] == "Deny"]

    assert [
        each["Sid"] for each in statements if not any(applies(each, action, context) for action, context in EXITS)
    ] == []


def test_a_document_for_one_region_denies_the_others_of_the_union(kind):
    """An environment is in one Region: its account may be held to it."""
    policy = document(kind, ["eu-west-3"])

    assert allowed(policy, "sqs:SendMessage", HOME)
    assert not allowed(policy, "sqs:SendMessage", {"aws:RequestedRegion": "eu-west-1"})


def test_a_document_is_as_short_as_aws_asks(kind):
    """With all Regions, and room for a few exits more."""
    assert len(minified(document(kind))) < 0.9 * SIZES[kind]


def test_every_action_exists():
    """A misspelt action denies nothing, and IAM says nothing of it. cfn-lint has the list of all actions."""
    package = find_spec("cfnlint")  # found, not imported: that takes seconds
    assert package
    listed = Path(str(package.origin)).parent / "data/AdditionalSpecs/Policies.json"
    known = json.loads(listed.read_text())
    actions = [each.lower().split(":") for denial in DENIALS for each in denial.actions]
    there = {service: "\n".join(known[service]["Actions"]).lower() for service, _ in actions}

    for service, name in actions:
        assert re.search(f"^{name.replace('*', '.*')}$", there[service], re.MULTILINE), (service, name)


def granted(stacks) -> Iterator[str]:
    """Every action that a role of the deployment has."""
    for _, resource in stacks.resources("IAM::Role", "IAM::Policy"):
        given = resource["Properties"]
        documents = [given.get("PolicyDocument"), *(each["PolicyDocument"] for each in given.get("Policies", ()))]
        for policy in filter(None, documents):
            for statement in policy["Statement"]:
                yield from several(statement["Action"])


def test_no_role_needs_what_the_boundary_denies(example):
    """So every role of an environment can be put under it."""
    actions = set(granted(example))

    assert len(actions) > 30
    assert [each for each in actions if not allowed(document("boundary"), each.rstrip("*"), HOME)] == []


def test_a_configured_boundary_is_on_every_role(synthesized):
    """By its name: the partition is CloudFormation's to know."""
    bound = [each.get("PermissionsBoundary") for each in synthesized["eusc-de-east-1"].properties("IAM::Role")]
    name = {
        "Fn::Join": [
            "",
            ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":policy/inside-the-union"],
        ]
    }

    assert bound
    assert all(each == name for each in bound)
    assert not any("PermissionsBoundary" in each for each in synthesized["example"].properties("IAM::Role"))
