"""CloudFormation: the properties that ministack's provisioners leave out, silently.

Each repair is given a resource's name and its properties once ministack has created or updated it, and does what is
missing through the service's own code. What cannot be done fails the deployment. tests/emulator/test_read_back.py
compares what was deployed with the template, so that a property which is lost without a repair here is noticed.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1, dynamodb, iam, lambda_svc, scheduler
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Completion = Callable[[str, Properties, Properties], object]


def after(*types: str) -> Callable[[Completion], Callable[[], None]]:
    """Make a repair of a function that completes resources of these types: (name, properties, properties before)."""

    def repair(complete: Completion) -> Callable[[], None]:
        @functools.wraps(complete)
        def install() -> None:
            for type_ in types:
                handler = provisioners._RESOURCE_HANDLERS[type_]
                handler["create"] = _created(handler["create"], complete)
                handler["update"] = _updated(handler["update"], complete)

        return install

    return repair


def _created(create: Callable[..., Any], complete: Completion) -> Callable[..., Any]:
    @functools.wraps(create)
    def run(logical: str, new: Properties, stack: str) -> Any:
        result = create(logical, new, stack)
        _checked(complete(result[0], new, {}))
        return result

    return run


def _updated(update: Callable[..., Any], complete: Completion) -> Callable[..., Any]:
    @functools.wraps(update)  # ministack looks at the signature
    def run(name: str, old: Properties, new: Properties, *more: Any, **named: Any) -> Any:
        result = update(name, old, new, *more, **named)
        _checked(complete(result[0] if isinstance(result, tuple) else name, new, old))
        return result

    return run


def _checked(answer: object) -> None:
    """A service's answer is (status, headers, body); a refusal fails the deployment."""
    if isinstance(answer, tuple) and answer[0] >= 400:  # noqa: PLR2004 - HTTP
        msg = f"local/emulator/cloudformation.py: {answer[2]!r}"
        raise ValueError(msg)


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
    """Where an API key is taken from, and whether the API answers under its generated name."""
    api = apigateway_v1._rest_apis[name]
    api["apiKeySource"] = new.get("ApiKeySourceType", "HEADER")
    api["disableExecuteApiEndpoint"] = new.get("DisableExecuteApiEndpoint", False) in (True, "true")


@after("AWS::ApiGateway::Stage")
def stages_keep_their_access_log(name: str, new: Properties, _old: Properties) -> None:
    """`AccessLogSetting`: stored, so that it can be read back; ministack writes no access log."""
    stage = apigateway_v1._stages_v1[new["RestApiId"]][name]
    setting = new.get("AccessLogSetting") or {}
    stage["accessLogSettings"] = {field[:1].lower() + field[1:]: value for field, value in setting.items()}


def unknown_types_are_recorded() -> None:
    """Types that ministack refuses deploy as placeholders: FUGACE_PLACEHOLDERS names them. They do nothing."""

    def create(logical: str, _properties: Properties, stack: str) -> tuple[str, Properties]:
        return f"{stack}-{logical}", {"Arn": f"arn:aws:placeholder:::{stack}-{logical}"}

    def update(name: str, _old: Properties, _new: Properties, _stack: str) -> tuple[str, Properties]:
        return name, {"Arn": f"arn:aws:placeholder:::{name}"}

    def delete(_name: str, _properties: Properties) -> None:
        return None

    for type_ in os.environ.get("FUGACE_PLACEHOLDERS", "").split():
        known = provisioners._RESOURCE_HANDLERS
        known.setdefault(type_, {"create": create, "update": update, "delete": delete})


REPAIRS = (
    tables_get_their_ttl,
    tables_get_their_backups,
    tables_get_their_key,
    roles_get_their_boundary,
    functions_get_their_concurrency,
    functions_get_their_key,
    schedules_keep_every_field,
    apis_keep_every_field,
    stages_keep_their_access_log,
    unknown_types_are_recorded,
)
