"""The properties that ministack's CloudFormation leaves out, silently: each is one that our stacks need."""

import json
import time
from http import HTTPStatus
from typing import Any

from ministack.services import apigateway_v1, dynamodb, iam, lambda_svc, scheduler, sns

from local.emulator.cloudformation import Properties, after


@after("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
def tables_get_their_ttl(name: str, new: Properties, old: Properties) -> object:
    """`TimeToLiveSpecification`: without it nothing would ever expire."""
    given, before = new.get("TimeToLiveSpecification"), old.get("TimeToLiveSpecification")
    if not given and not before:
        return None
    wanted = given or {**(before or {}), "Enabled": False}
    return dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": wanted})


@after("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
def tables_get_their_backups(name: str, new: Properties, _old: Properties) -> object:
    """`PointInTimeRecoverySpecification`, of the table or of its replica here."""
    replica = (new.get("Replicas") or [{}])[0]
    wanted = new.get("PointInTimeRecoverySpecification") or replica.get("PointInTimeRecoverySpecification") or {}
    return dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": wanted})


def backups_remember_their_period() -> None:
    """`RecoveryPeriodInDays`: how far back a table can be restored, and so how long an erased person is in it."""
    update, describe = dynamodb._update_continuous_backups, dynamodb._describe_continuous_backups

    def updated(data: Properties) -> Any:
        answer = update(data)
        if answer[0] == HTTPStatus.OK:
            period = data["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays", 35)
            dynamodb._tables[data["TableName"]]["fugace:RecoveryPeriodInDays"] = period
        return answer

    def described(data: Properties) -> Any:
        status, headers, body = describe(data)
        period = (dynamodb._tables.get(data["TableName"]) or {}).get("fugace:RecoveryPeriodInDays")
        found = json.loads(body)
        pitr = found.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        if period and pitr.get("PointInTimeRecoveryStatus") == "ENABLED":
            pitr["RecoveryPeriodInDays"] = period
        return status, headers, json.dumps(found).encode()

    dynamodb._update_continuous_backups, dynamodb._describe_continuous_backups = updated, described


def restored_tables_say_so() -> None:
    """`RestoreSummary`: of what, and of when, a table is a copy. What is in it is a copy of now, whenever was asked.

    Source: Amazon DynamoDB API Reference, "TableDescription".
    """
    describe, restore = dynamodb._table_description, dynamodb._restore_table_to_point_in_time

    def described(name: str, *more: Any) -> Any:
        found = describe(name, *more)
        summary = dynamodb._tables[name].get("fugace:RestoreSummary")
        return {**found, "RestoreSummary": summary} if summary else found

    def restored(data: Properties) -> Any:
        answer = restore(data)
        if answer[0] == HTTPStatus.OK:
            source = dynamodb._tables[data.get("SourceTableName") or data["SourceTableArn"].rpartition("/")[2]]
            at = data.get("RestoreDateTime", time.time())
            summary = {"SourceTableArn": source["TableArn"], "RestoreDateTime": at, "RestoreInProgress": False}
            dynamodb._tables[data["TargetTableName"]]["fugace:RestoreSummary"] = summary
        return answer

    dynamodb._table_description, dynamodb._restore_table_to_point_in_time = described, restored


@after("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
def tables_get_their_key(name: str, new: Properties, _old: Properties) -> object:
    """`SSESpecification` with the customer's key, and `DeletionProtectionEnabled` of a replica."""
    replica = (new.get("Replicas") or [{}])[0]
    sse, change = new.get("SSESpecification") or {}, {}
    if sse.get("SSEEnabled"):
        key = sse.get("KMSMasterKeyId") or (replica.get("SSESpecification") or {}).get("KMSMasterKeyId")
        change["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **({"KMSMasterKeyId": key} if key else {})}
    if "DeletionProtectionEnabled" in replica:
        change["DeletionProtectionEnabled"] = replica["DeletionProtectionEnabled"]
    return dynamodb._update_table({"TableName": name, **change}) if change else None


@after("AWS::IAM::Role")
def roles_get_their_boundary(name: str, new: Properties, old: Properties) -> object:
    """`PermissionsBoundary`: what a role may do at most, whatever its policies say."""
    if wanted := new.get("PermissionsBoundary"):
        return iam._put_role_permissions_boundary({"RoleName": [name], "PermissionsBoundary": [wanted]})
    return iam._delete_role_permissions_boundary({"RoleName": [name]}) if old.get("PermissionsBoundary") else None


@after("AWS::Lambda::Function")
def functions_get_their_concurrency(name: str, new: Properties, old: Properties) -> object:
    """`ReservedConcurrentExecutions`."""
    if (wanted := new.get("ReservedConcurrentExecutions")) is not None:
        return lambda_svc._put_function_concurrency(name, {"ReservedConcurrentExecutions": int(wanted)})
    dropped = old.get("ReservedConcurrentExecutions") is not None
    return lambda_svc._delete_function_concurrency(name) if dropped else None


@after("AWS::Lambda::Function")
def functions_get_their_key(name: str, new: Properties, _old: Properties) -> None:
    """`KmsKeyArn`, which encrypts the environment variables."""
    if new.get("KmsKeyArn"):
        lambda_svc._functions[name]["config"]["KMSKeyArn"] = new["KmsKeyArn"]


@after("AWS::Scheduler::Schedule")
def schedules_keep_every_field(name: str, new: Properties, _old: Properties) -> None:
    """Time zone, key, start, end and what to do once it has run."""
    schedule = scheduler._schedules[f"{new.get('GroupName', 'default')}/{name}"]
    for field in ("ScheduleExpressionTimezone", "KmsKeyArn", "StartDate", "EndDate", "ActionAfterCompletion"):
        if new.get(field):
            schedule[field] = new[field]


@after("AWS::ApiGateway::RestApi")
def apis_keep_every_field(name: str, new: Properties, _old: Properties) -> None:
    """Its kind of endpoint, which TLS it speaks, where an API key is taken from, whether it answers by its own name."""
    api = apigateway_v1._rest_apis[name]
    if "EndpointConfiguration" in new:
        api["endpointConfiguration"] = _small(new["EndpointConfiguration"])
    api |= _small({field: new[field] for field in ("EndpointAccessMode", "SecurityPolicy") if field in new})
    api["apiKeySource"] = new.get("ApiKeySourceType", "HEADER")
    api["disableExecuteApiEndpoint"] = new.get("DisableExecuteApiEndpoint", False) in (True, "true")


@after("AWS::ApiGateway::Stage")
def stages_keep_their_access_log(name: str, new: Properties, _old: Properties) -> None:
    """`AccessLogSetting`: stored, so that it can be read back; ministack writes no access log."""
    stage = apigateway_v1._stages_v1[new["RestApiId"]][name]
    setting = new.get("AccessLogSetting") or {}
    stage["accessLogSettings"] = _small(setting)


def _small(asked: Properties) -> Properties:
    """API Gateway writes the names of a template with a small first letter."""
    return {field[:1].lower() + field[1:]: value for field, value in asked.items()}


@after("AWS::Lambda::EventSourceMapping")
def mappings_get_their_tags(name: str, new: Properties, _old: Properties) -> None:
    """`Tags`."""
    lambda_svc._esms[name]["Tags"] = {tag["Key"]: tag["Value"] for tag in new.get("Tags", [])}


@after("AWS::Lambda::Function")
def functions_get_their_loop_detection(name: str, new: Properties, old: Properties) -> object:
    """`RecursiveLoop`: whether Lambda stops a function that feeds the queue it reads from."""
    wanted = new.get("RecursiveLoop") or ("Terminate" if old.get("RecursiveLoop") else None)
    return lambda_svc._put_function_recursion_config(name, {"RecursiveLoop": wanted}) if wanted else None


@after("AWS::SNS::Topic")
def topics_get_their_key(name: str, new: Properties, _old: Properties) -> None:
    """`KmsMasterKeyId`."""
    sns._topics[name]["attributes"]["KmsMasterKeyId"] = new.get("KmsMasterKeyId", "")


REPAIRS = (
    backups_remember_their_period,
    restored_tables_say_so,
    tables_get_their_ttl,
    tables_get_their_backups,
    tables_get_their_key,
    roles_get_their_boundary,
    functions_get_their_concurrency,
    functions_get_their_key,
    functions_get_their_loop_detection,
    mappings_get_their_tags,
    schedules_keep_every_field,
    apis_keep_every_field,
    stages_keep_their_access_log,
    topics_get_their_key,
)
