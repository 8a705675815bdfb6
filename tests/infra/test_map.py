"""What is deployed is on the personal-data map, what is on the map is deployed, and no bound on it is exceeded."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from fugace.adapters import keyring
from fugace.adapters.dynamo import tenants
from fugace.datamap import place
from fugace.datamap.place import State
from fugace.datamap.places import PLACES
from fugace.datamap.resources import EMPTY, FORBIDDEN, HOLDERS, Forbidden, Holder
from fugace.domain import expiry
from infra.parts import alarms
from infra.parts.recurring import RHYTHMS

Resource = Mapping[str, Any]

NAMES = {
    "DynamoDB::Table": "TableName",
    "S3::Bucket": "BucketName",
    "SQS::Queue": "QueueName",
    "Scheduler::ScheduleGroup": "Name",
    "StepFunctions::StateMachine": "StateMachineName",
    "Logs::LogGroup": "LogGroupName",
    "CloudWatch::Alarm": "AlarmName",
    "CloudWatch::CompositeAlarm": "AlarmName",
    "CloudWatch::Dashboard": "DashboardName",
    "ApiGateway::Stage": "StageName",
    "ApiGateway::Authorizer": "Name",
    "Lambda::Function": "FunctionName",
    "SNS::Topic": "TopicName",
}
ELSEWHERE = {25: "AWS's own", 29: "a carrier's", 30: "a tenant's", 35: "people's"}
"""Places that no resource of ours belongs to."""

REVIEWED = {
    "DynamoDB::Table": (
        "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema "
        "PointInTimeRecoverySpecification SSESpecification StreamSpecification TableName Tags TimeToLiveSpecification"
    ),
    "S3::Bucket": (
        "BucketEncryption BucketName LifecycleConfiguration ObjectLockConfiguration ObjectLockEnabled "
        "OwnershipControls PublicAccessBlockConfiguration Tags VersioningConfiguration"
    ),
    "SQS::Queue": (
        "KmsDataKeyReusePeriodSeconds KmsMasterKeyId MessageRetentionPeriod QueueName RedrivePolicy Tags "
        "VisibilityTimeout"
    ),
    "SNS::Topic": "KmsMasterKeyId Tags TopicName",
    "Logs::LogGroup": "KmsKeyId LogGroupName RetentionInDays Tags",
    "Lambda::Function": (
        "Architectures Code Description Environment FunctionName Handler Layers LoggingConfig MemorySize RecursiveLoop "
        "Role Runtime Tags Timeout"
    ),
    "Lambda::EventInvokeConfig": "FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier",
    "ApiGateway::Stage": "AccessLogSetting DeploymentId MethodSettings RestApiId StageName Tags TracingEnabled",
    "Scheduler::ScheduleGroup": "Name Tags",
    "StepFunctions::StateMachine": (
        "DefinitionString DefinitionSubstitutions EncryptionConfiguration RoleArn StateMachineName StateMachineType "
        "Tags"
    ),
    "Scheduler::Schedule": "Description FlexibleTimeWindow GroupName Name ScheduleExpression Target",
}
"""A place where data hide is often one property away: each of these was looked at."""


def kind(resource: Resource) -> str:
    return str(resource["Type"]).removeprefix("AWS::")


def name(logical: str, found: Mapping[str, Resource]) -> str:
    """The last words of a resource's own name; a key goes by its alias, settings by what they are for."""
    resource = found[logical]
    props = resource.get("Properties", {})
    if kind(resource) == "KMS::Key":
        aliases = [each["Properties"] for each in found.values() if kind(each) == "KMS::Alias"]
        named = [each["AliasName"] for each in aliases if each["TargetKeyId"]["Fn::GetAtt"][0] == logical]
        raw: Any = named[0].removeprefix("alias/") if named else logical
    elif kind(resource) == "Lambda::EventInvokeConfig":
        return name(props["FunctionName"]["Ref"], found)
    else:
        raw = props.get(NAMES.get(kind(resource), ""), logical)
    text = raw if isinstance(raw, str) else "".join(each for each in raw["Fn::Join"][1] if isinstance(each, str))
    return re.sub(r"^(/fugace/[a-z]+/|fugace-[a-z]+-?)", "", text)


def parts(logical: str, found: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    """Type and name of a resource, and of what is in it."""
    resource, called = found[logical], name(logical, found)
    props = resource.get("Properties", {})
    yield kind(resource), called
    if kind(resource) != "DynamoDB::Table":
        return
    for index in (*props.get("GlobalSecondaryIndexes", ()), *props.get("LocalSecondaryIndexes", ())):
        yield "DynamoDB::Table/Index", f"{called}/{index['IndexName']}"
    if "StreamSpecification" in props:
        yield "DynamoDB::Table/Stream", called
    if props["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]:
        yield "DynamoDB::Table/Recovery", called


def holders(type_: str, called: str) -> list[Holder]:
    return [each for each in HOLDERS if each.type == type_ and re.fullmatch(each.name, called)]


def unknown(found: Mapping[str, Resource]) -> list[str]:
    """What neither is on the map nor is known to hold nothing, and what is on it twice."""
    all_ = [each for logical in found for each in parts(logical, found)]
    return sorted(f"{type_} {called}" for type_, called in all_ if len(holders(type_, called)) + (type_ in EMPTY) != 1)


def opened(found: Mapping[str, Resource]) -> list[str]:
    """Banned places that a template opens."""
    return sorted(
        f"{PLACES[rule.place].number}: {rule.type} {rule.property}".strip()
        for resource in found.values()
        for rule in FORBIDDEN
        if breaks(resource, rule)
    )


def breaks(resource: Resource, rule: Forbidden) -> bool:
    meant = kind(resource).startswith(rule.type) if rule.type.endswith(":") else kind(resource) == rule.type
    return meant and (not rule.property or resource.get("Properties", {}).get(rule.property) not in rule.fine)


def templates(stacks) -> dict[str, Resource]:
    return dict(stacks.resources())


@pytest.fixture(params=["example", "laptop"])
def deployed(request, synthesized):
    """What production looks like, and what a laptop does."""
    return synthesized[request.param]


def test_whatever_can_hold_data_is_on_the_map(deployed):
    """A resource of an unknown type, or with an unknown name, waits here until somebody has decided (I3)."""
    assert unknown(templates(deployed)) == []


def test_nothing_is_deployed_that_opens_a_banned_place(deployed):
    """Each of these is a property or a resource away."""
    assert opened(templates(deployed)) == []


def test_the_map_names_nothing_that_is_not_deployed(example):
    """A list that is never shortened is not read."""
    found = templates(example)
    there = {(type_, called) for logical in found for type_, called in parts(logical, found)}

    assert [each for each in HOLDERS if not any(each in holders(*what) for what in there)] == []
    assert set(EMPTY) - {kind(resource) for resource in found.values()} == set()


def test_a_place_is_deployed_if_and_only_if_the_map_says_so():
    """`present` and `bounded` have resources, `banned` has none."""
    held = {number for each in HOLDERS for number in each.places}

    assert held | set(ELSEWHERE) == {number for number, each in PLACES.items() if each.state is not State.BANNED}
    assert held & set(ELSEWHERE) == set()
    assert {each.place for each in FORBIDDEN} <= set(PLACES)


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"Type": "AWS::RDS::DBInstance", "Properties": {}}, "RDS::DBInstance Planted"),
        ({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "fugace-example-spare"}}, "SQS::Queue spare"),
        ({"Type": "AWS::S3::Bucket", "Properties": {}}, "S3::Bucket Planted"),
        ({"Type": "AWS::KMS::Key", "Properties": {}}, "KMS::Key Planted"),
    ],
)
def test_what_nobody_has_decided_about_is_found(example, resource, said):
    """The test above sees."""
    assert unknown({**templates(example), "Planted": resource}) == [said]


@pytest.mark.parametrize(
    ("logical", "property_", "value", "said"),
    [
        (
            "Messages",
            "GlobalSecondaryIndexes",
            [{"IndexName": "by-number"}],
            "DynamoDB::Table/Index messages/by-number",
        ),
        ("Tenants", "StreamSpecification", {"StreamViewType": "NEW_IMAGE"}, "DynamoDB::Table/Stream tenants"),
        (
            "SubjectKeys",
            "PointInTimeRecoverySpecification",
            {"PointInTimeRecoveryEnabled": True},
            "DynamoDB::Table/Recovery subject-keys",
        ),
    ],
)
def test_what_is_added_to_a_table_is_found(example, logical, property_, value, said):
    """An index, a stream and a back-up are copies."""
    assert said in unknown(planted(templates(example), "DynamoDB::Table", logical, property_, value))


@pytest.mark.parametrize("rule", FORBIDDEN, ids=lambda rule: f"{rule.place}-{rule.type}-{rule.property}")
def test_what_opens_a_banned_place_is_found(example, rule):
    """Each rule is broken once, and says so."""
    if rule.property:
        changed = planted(templates(example), rule.type, "", rule.property, {"Enabled": True})
    else:
        changed = {**templates(example), "Planted": {"Type": f"AWS::{rule.type}" + ":Thing" * rule.type.endswith(":")}}

    assert f"{rule.place}: {rule.type} {rule.property}".strip() in opened(changed)


def planted(found: dict[str, Resource], type_: str, logical: str, property_: str, value: object) -> dict[str, Resource]:
    """The template with one property more."""
    there = next(each for each, resource in found.items() if kind(resource) == type_ and logical in each)
    return {**found, there: {**found[there], "Properties": {**found[there]["Properties"], property_: value}}}


def test_every_property_was_looked_at(deployed):
    """A new one may be a new place: it waits here until somebody has decided."""
    seen = {
        f"{kind(resource)}.{each}"
        for _, resource in deployed.resources()
        for each in resource.get("Properties", {})
        if kind(resource) in REVIEWED and each not in REVIEWED[kind(resource)].split()
    }

    assert seen == set()


# Bounds.


def days(found: Sequence[int | None]) -> set[timedelta]:
    return {timedelta(days=each) for each in found if each}


def test_recovery_reaches_back_as_far_as_the_map_says(example):
    """The longest that an erasure is outlived; of the ledger, where nobody is, further."""
    back = {
        name(logical, {logical: resource}): resource["Properties"]["PointInTimeRecoverySpecification"]
        for logical, resource in example.resources("DynamoDB::Table")
    }

    assert days([back[each].get("RecoveryPeriodInDays") for each in ("messages", "tenants", "cases")]) == {place.BACKUP}
    assert days([back["ledger"].get("RecoveryPeriodInDays")]) == {place.LEDGER_BACKUP}
    assert {each for each, said in back.items() if not said["PointInTimeRecoveryEnabled"]} == {"subject-keys", "purge"}


def test_queues_keep_as_long_as_the_map_says(example):
    """Live ones four days, dead ones fourteen."""
    kept = {
        each["QueueName"]: timedelta(seconds=each["MessageRetentionPeriod"])
        for each in example.properties("SQS::Queue")
    }
    live = {each for each in kept if not each.endswith(("-dead", "-failures"))}

    assert {kept[each] for each in live} == {place.QUEUED}
    assert {kept[each] for each in kept if each not in live} == {place.DEAD}


def test_logs_are_kept_no_longer_than_the_map_says(deployed):
    """`Never expires` is what a group is without a word about it."""
    for each in deployed.properties("Logs::LogGroup"):
        bound = place.ACCESS_LOG if each["LogGroupName"].endswith("/api") else place.LOGS
        assert timedelta(days=each["RetentionInDays"]) <= bound, each["LogGroupName"]


@pytest.mark.parametrize(
    ("word", "rule", "bound"),
    [("ledger", "checkpoints", place.CHECKPOINTS), ("exports", "exports", place.EXPORTS)],
)
def test_objects_go_when_the_map_says(example, word, rule, bound):
    """Also replaced versions, marks of deletion, and uploads that were never finished."""
    found = templates(example)
    buckets = {
        name(logical, found).partition("-")[0]: resource["Properties"]["LifecycleConfiguration"]["Rules"]
        for logical, resource in example.resources("S3::Bucket")
    }
    rules = {each["Id"]: each for each in buckets[word] if each["Status"] == "Enabled"}
    gone = rules[rule]

    longest = gone["ExpirationInDays"] + gone["NoncurrentVersionExpiration"]["NoncurrentDays"]
    assert timedelta(days=longest) == bound
    assert gone["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rules["marks"]["ExpiredObjectDeleteMarker"] is True


def test_events_wait_in_lambda_no_longer_than_the_map_says(example):
    """Six hours, and two repeats, unless somebody says otherwise."""
    found = example.properties("Lambda::EventInvokeConfig")

    assert len(found) == len(RHYTHMS)
    assert max(timedelta(seconds=each["MaximumEventAgeInSeconds"]) for each in found) == place.ASYNC
    assert not any("DestinationConfig" in each for each in found)


def test_schedules_that_repeat_say_nothing(example):
    """Their input stands in the account for as long as they do."""
    assert {each["Target"]["Input"] for each in example.properties("Scheduler::Schedule")} == {"{}"}


def test_no_role_may_copy_a_table(example):
    """An export and a back-up can be made without any resource in a template. One restores, beside the table."""
    roles = [each["Properties"] for _, each in example.resources("IAM::Role", "IAM::Policy")]
    rights = json.dumps(roles)

    assert "dynamodb:" in rights
    for word in ("ExportTable", "CreateBackup", "StartAwsBackup", "dynamodb:*", "UpdateContributor"):
        assert word not in rights
    assert [each["RoleName"] for each in roles if "RestoreTable" in json.dumps(each)] == ["fugace-example-restore"]


def test_requests_are_not_written_down(example):
    """Execution logs and data traces hold whole bodies."""
    for each in example.properties("ApiGateway::Stage"):
        for setting in each["MethodSettings"]:
            assert (setting["LoggingLevel"], setting["DataTraceEnabled"]) == ("OFF", False)
            assert not setting.get("CachingEnabled")


def test_what_the_code_remembers_and_promises_is_what_the_map_says():
    """The map may not import them: it would be imported by everything then."""
    assert keyring.KEPT == place.REMEMBERED
    assert tenants.REMEMBERED <= place.REMEMBERED
    assert expiry.AHEAD == place.SCHEDULED
    assert alarms.LAG.to_seconds() == place.LAG.total_seconds()
