"""What the deployed stack says of itself, resource type by resource type, in the words of a template.

A reader is given a client factory and a resource, and asks the service (never CloudFormation) what is there.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.journeys.template import Client, Resource

Found = dict[str, Any]
Reader = Callable[[Client, Resource], Found]
READERS: dict[str, Reader] = {}


def reads(type_: str) -> Callable[[Reader], Reader]:
    """The reader of a type."""

    def keep(reader: Reader) -> Reader:
        READERS[type_] = reader
        return reader

    return keep


def tags(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


@reads("AWS::DynamoDB::Table")
def table(client: Client, of: Resource) -> Found:
    dynamodb = client("dynamodb")
    found = dynamodb.describe_table(TableName=of.physical)["Table"]
    sse = found.get("SSEDescription", {})
    backups = dynamodb.describe_continuous_backups(TableName=of.physical)["ContinuousBackupsDescription"]
    pitr = backups["PointInTimeRecoveryDescription"]
    ttl = dynamodb.describe_time_to_live(TableName=of.physical)["TimeToLiveDescription"]
    return {
        **found,
        "BillingMode": found["BillingModeSummary"]["BillingMode"],
        "SSESpecification": {
            "SSEEnabled": sse.get("Status") == "ENABLED",
            "SSEType": sse.get("SSEType"),
            "KMSMasterKeyId": sse.get("KMSMasterKeyArn"),
        },
        "PointInTimeRecoverySpecification": {
            **pitr,
            "PointInTimeRecoveryEnabled": pitr["PointInTimeRecoveryStatus"] == "ENABLED",
        },
        "TimeToLiveSpecification": {**ttl, "Enabled": ttl["TimeToLiveStatus"] == "ENABLED"},
        "Tags": dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"],
    }


@reads("AWS::IAM::Role")
def role(client: Client, of: Resource) -> Found:
    iam = client("iam")
    found = iam.get_role(RoleName=of.physical)["Role"]
    names = iam.list_role_policies(RoleName=of.physical)["PolicyNames"]
    asked = {policy["PolicyName"] for policy in of.properties.get("Policies", [])}
    inline = [iam.get_role_policy(RoleName=of.physical, PolicyName=name) for name in names if name in asked]
    attached = iam.list_attached_role_policies(RoleName=of.physical)["AttachedPolicies"]
    return {
        **found,
        "Policies": inline,
        "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
        "PermissionsBoundary": found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    }


@reads("AWS::IAM::Policy")
def policy(client: Client, of: Resource) -> Found:
    iam, name = client("iam"), of.properties["PolicyName"]
    found = [iam.get_role_policy(RoleName=each, PolicyName=name) for each in of.properties["Roles"]]
    return {**found[0], "Roles": [each["RoleName"] for each in found]}


@reads("AWS::IAM::ManagedPolicy")
def managed_policy(client: Client, of: Resource) -> Found:
    iam = client("iam")
    found = iam.get_policy(PolicyArn=of.physical)["Policy"]
    version = iam.get_policy_version(PolicyArn=of.physical, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {**found, "ManagedPolicyName": found["PolicyName"], "PolicyDocument": version["Document"]}


@reads("AWS::KMS::Key")
def key(client: Client, of: Resource) -> Found:
    kms = client("kms")
    found = kms.describe_key(KeyId=of.physical)["KeyMetadata"]
    rotates = found["KeySpec"] == "SYMMETRIC_DEFAULT"  # KMS refuses the question for a pair of keys
    rotation = kms.get_key_rotation_status(KeyId=of.physical) if rotates else {"KeyRotationEnabled": False}
    listed = kms.list_resource_tags(KeyId=of.physical)["Tags"]
    return {
        **found,
        "KeyPolicy": kms.get_key_policy(KeyId=of.physical, PolicyName="default")["Policy"],
        "EnableKeyRotation": rotation["KeyRotationEnabled"],
        "RotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "Tags": [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in listed],
    }


@reads("AWS::KMS::Alias")
def alias(client: Client, of: Resource) -> Found:
    pages = client("kms").get_paginator("list_aliases").paginate()
    found = next(each for page in pages for each in page["Aliases"] if each["AliasName"] == of.physical)
    return {
        **found,
        "TargetKeyId": of.properties["TargetKeyId"].rpartition(found["TargetKeyId"])[0] + found["TargetKeyId"],
    }


@reads("AWS::SQS::Queue")
def queue(client: Client, of: Resource) -> Found:
    sqs = client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=of.physical, AttributeNames=["All"])["Attributes"]
    labels = sqs.list_queue_tags(QueueUrl=of.physical).get("Tags", {})
    return {**found, "QueueName": found["QueueArn"].rsplit(":", 1)[1], "Tags": tags(labels)}


@reads("AWS::SQS::QueuePolicy")
def queue_policy(client: Client, of: Resource) -> Found:
    asked = of.properties["Queues"]
    found = [client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"] for url in asked]
    same = len({each["Policy"] for each in found}) == 1
    return {"PolicyDocument": found[0]["Policy"], "Queues": asked if same else []}


@reads("AWS::SecretsManager::Secret")
def secret(client: Client, of: Resource) -> Found:
    return dict(client("secretsmanager").describe_secret(SecretId=of.physical))


@reads("AWS::Lambda::Function")
def function(client: Client, of: Resource) -> Found:
    lambda_ = client("lambda")
    found = lambda_.get_function_configuration(FunctionName=of.physical)
    concurrency = lambda_.get_function_concurrency(FunctionName=of.physical)
    return {
        **found,
        "KmsKeyArn": found.get("KMSKeyArn"),
        "Layers": [layer["Arn"] for layer in found.get("Layers", [])],
        "ReservedConcurrentExecutions": concurrency.get("ReservedConcurrentExecutions"),
        "RecursiveLoop": lambda_.get_function_recursion_config(FunctionName=of.physical)["RecursiveLoop"],
        "Code": stored(client, of.properties["Code"], found["CodeSha256"]),
        "Tags": tags(lambda_.list_tags(Resource=found["FunctionArn"])["Tags"]),
    }


@reads("AWS::Lambda::LayerVersion")
def layer(client: Client, of: Resource) -> Found:
    found = client("lambda").get_layer_version_by_arn(Arn=of.physical)
    name = found["LayerArn"].rsplit(":", 1)[1]
    return {
        **found,
        "LayerName": name,
        "Content": stored(client, of.properties["Content"], found["Content"]["CodeSha256"]),
    }


def stored(client: Client, asked: Found, digest: str) -> Found | None:
    """The place of the code that was asked for, if what runs is what lies there."""
    body = client("s3").get_object(Bucket=asked["S3Bucket"], Key=asked["S3Key"])["Body"].read()
    return asked if base64.b64encode(hashlib.sha256(body).digest()).decode() == digest else None


@reads("AWS::Lambda::EventSourceMapping")
def mapping(client: Client, of: Resource) -> Found:
    found = client("lambda").get_event_source_mapping(UUID=of.physical)
    labels = client("lambda").list_tags(Resource=found["EventSourceMappingArn"])["Tags"]
    return {**found, "FunctionName": found["FunctionArn"].split(":function:")[1], "Tags": tags(labels)}


@reads("AWS::Lambda::Version")
def version(client: Client, of: Resource) -> Found:
    name, number = of.physical.split(":function:")[1].split(":")
    found = client("lambda").get_function_configuration(FunctionName=name, Qualifier=number)
    return {"FunctionName": found["FunctionName"]}


@reads("AWS::Lambda::Alias")
def function_alias(client: Client, of: Resource) -> Found:
    name, alias = of.physical.split(":function:")[1].split(":")
    return {**client("lambda").get_alias(FunctionName=name, Name=alias), "FunctionName": name}


@reads("AWS::Lambda::EventInvokeConfig")
def invoke_config(client: Client, of: Resource) -> Found:
    name, qualifier = of.properties["FunctionName"], of.properties["Qualifier"]
    found = client("lambda").get_function_event_invoke_config(FunctionName=name, Qualifier=qualifier)
    return {**found, "FunctionName": name, "Qualifier": qualifier}


@reads("AWS::Lambda::Permission")
def permission(client: Client, of: Resource) -> Found:
    name, alias = of.properties["FunctionName"].split(":function:")[1].split(":")
    found = json.loads(client("lambda").get_policy(FunctionName=name, Qualifier=alias)["Policy"])
    for statement in found["Statement"]:
        source = next((value for each in statement.get("Condition", {}).values() for value in each.values()), None)
        if source == of.properties.get("SourceArn"):
            principal = next(iter(statement["Principal"].values()))
            return {**of.properties, "Action": statement["Action"], "Principal": principal, "SourceArn": source}
    return {}


@reads("AWS::Logs::LogGroup")
def log_group(client: Client, of: Resource) -> Found:
    logs = client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=of.physical)["logGroups"]
    found = next(group for group in groups if group["logGroupName"] == of.physical)
    arn = found["arn"].removesuffix(":*")
    return {**found, "Tags": tags(logs.list_tags_for_resource(resourceArn=arn)["tags"])}


@reads("AWS::Scheduler::Schedule")
def schedule(client: Client, of: Resource) -> Found:
    return dict(client("scheduler").get_schedule(Name=of.physical, GroupName=of.properties.get("GroupName", "default")))


@reads("AWS::Scheduler::ScheduleGroup")
def schedule_group(client: Client, of: Resource) -> Found:
    found = client("scheduler").get_schedule_group(Name=of.physical)
    return {**found, "Tags": client("scheduler").list_tags_for_resource(ResourceArn=found["Arn"])["Tags"]}


@reads("AWS::StepFunctions::StateMachine")
def state_machine(client: Client, of: Resource) -> Found:
    """Its blanks are filled in by CloudFormation: what runs is compared with the definition as it has to be then."""
    found = client("stepfunctions").describe_state_machine(stateMachineArn=of.physical)
    asked, blanks = of.properties["DefinitionString"], of.properties["DefinitionSubstitutions"]
    filled = asked
    for name, value in blanks.items():
        filled = filled.replace(f"${{{name}}}", value)
    same = json.loads(filled) == json.loads(found["definition"])
    labels = client("stepfunctions").list_tags_for_resource(resourceArn=of.physical)["tags"]
    return {
        **found,
        "StateMachineName": found["name"],
        "StateMachineType": found["type"],
        "DefinitionString": asked if same else found["definition"],
        "DefinitionSubstitutions": blanks if same else None,
        "Tags": [{"Key": each["key"], "Value": each["value"]} for each in labels],
    }


@reads("AWS::SNS::Topic")
def topic(client: Client, of: Resource) -> Found:
    found = client("sns").get_topic_attributes(TopicArn=of.physical)["Attributes"]
    labels = client("sns").list_tags_for_resource(ResourceArn=of.physical)["Tags"]
    return {**found, "TopicName": of.physical.rsplit(":", 1)[1], "Tags": labels}


@reads("AWS::SNS::TopicPolicy")
def topic_policy(client: Client, of: Resource) -> Found:
    asked = of.properties["Topics"]
    found = [client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] for arn in asked]
    return {"PolicyDocument": found[0], "Topics": asked if len(set(found)) == 1 else []}


@reads("AWS::CloudWatch::Alarm")
def alarm(client: Client, of: Resource) -> Found:
    found = client("cloudwatch").describe_alarms(AlarmNames=[of.physical])["MetricAlarms"][0]
    return {**found, "Tags": client("cloudwatch").list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]}


@reads("AWS::CloudWatch::CompositeAlarm")
def composite_alarm(client: Client, of: Resource) -> Found:
    asked = {"AlarmNames": [of.physical], "AlarmTypes": ["CompositeAlarm"]}
    found = client("cloudwatch").describe_alarms(**asked)["CompositeAlarms"][0]
    return {**found, "Tags": client("cloudwatch").list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]}


@reads("AWS::Logs::QueryDefinition")
def question(_client: Client, of: Resource) -> Found:
    """The emulator only writes it down, and what it does is for AWS to show."""
    return dict(of.properties)


@reads("AWS::CloudWatch::Dashboard")
def dashboard(client: Client, of: Resource) -> Found:
    return dict(client("cloudwatch").get_dashboard(DashboardName=of.physical))
