"""What Fugace declares to the pack in `infra.boundary`: its personal-data map, its bounds, whom it calls."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from urllib.parse import urlsplit

from aws_cdk import App, Validations

from fugace.datamap import place
from fugace.datamap.resources import EMPTY, FORBIDDEN, HOLDERS, Forbidden, Holder
from infra.boundary.declared import Declared, Kept, Part, Suppression
from infra.boundary.pack import Boundary
from infra.boundary.rule import Found, Rule
from infra.boundary.rules import RULES
from infra.boundary.template import Resource, at, written
from infra.config import Environment

NAMES = {
    "ApiGateway::Authorizer": "Name",
    "ApiGateway::Stage": "StageName",
    "CloudWatch::Alarm": "AlarmName",
    "CloudWatch::CompositeAlarm": "AlarmName",
    "CloudWatch::Dashboard": "DashboardName",
    "DynamoDB::Table": "TableName",
    "Lambda::Function": "FunctionName",
    "Logs::LogGroup": "LogGroupName",
    "S3::Bucket": "BucketName",
    "SNS::Topic": "TopicName",
    "SQS::Queue": "QueueName",
    "Scheduler::ScheduleGroup": "Name",
    "StepFunctions::StateMachine": "StateMachineName",
}
"""The property that holds a resource's own name, for the types that the map knows by name."""

LIVES = (
    ("SQS::Queue", r".+-(dead|failures)", place.DEAD),
    ("SQS::Queue", r".+", place.QUEUED),
    ("Logs::LogGroup", r"api", place.ACCESS_LOG),
    ("Logs::LogGroup", r".+", place.LOGS),
    ("S3::Bucket", r"ledger-.+", place.CHECKPOINTS),
    ("S3::Bucket", r"exports-.+", place.EXPORTS),
    ("DynamoDB::Table/Recovery", r"ledger", place.LEDGER_BACKUP),
    ("DynamoDB::Table/Recovery", r".+", place.BACKUP),
)
"""How long the map lets things live that a template states a life of; the first that fits."""

WITHOUT_TTL = {
    "subject-keys": "a key leaves with the last that it opens, in two steps an hour apart; a wish outlives both",
    "ledger": "nobody is in it, and no role may delete there",
}

SUPPRESSIONS: tuple[Suppression, ...] = ()
"""None. An entry is one rule, one construct, a reason that can be checked, and a last day."""


def name(resource: Resource) -> str:
    """The last words of a resource's own name, without those of its environment; a key goes by its alias."""
    if resource.type == "KMS::Key":
        aliases = resource.stack.of("KMS::Alias")
        raw = next(
            (
                each.properties["AliasName"]
                for each in aliases
                if at(each.properties, "TargetKeyId.Fn::GetAtt") == [resource.logical_id, "Arn"]
            ),
            resource.logical_id,
        ).removeprefix("alias/")
    elif resource.type == "Lambda::EventInvokeConfig":
        function = at(resource.properties, "FunctionName.Ref")
        return next((name(each) for each in resource.stack.of("Lambda::Function") if each.logical_id == function), "")
    else:
        raw = written(resource.properties.get(NAMES.get(resource.type, ""), resource.logical_id))
    environment = resource.stack.name.removeprefix("fugace-").rpartition("-")[0]
    return re.sub(rf"^(/fugace/{environment}/|fugace-{environment}(-|$))", "", raw)


def called(part: Part) -> str:
    """The name under which the map has a part: an index comes behind its table."""
    own = name(part.resource)
    return f"{own}/{part.name}" if part.name else own


def holders(part: Part) -> list[Holder]:
    """The entries of the map that mean this part."""
    return [each for each in HOLDERS if each.type == part.type and re.fullmatch(each.name, called(part))]


def kept(part: Part) -> Kept | None:
    """What the map says of it. A part that is there twice is as unknown as one that is not there."""
    if len(holders(part)) + (part.type in EMPTY) != 1:
        return None
    own = name(part.resource)
    lives = (life for type_, pattern, life in LIVES if type_ == part.type and re.fullmatch(pattern, own))
    return Kept(next(lives, None), WITHOUT_TTL.get(own, "") if part.type == "DynamoDB::Table" else "")


def opens(resource: Resource, declared: Declared) -> Found:
    """A place that the map bans."""
    del declared
    for each in opened(resource):
        yield each.property, f"it opens place {each.place} of the personal-data map, which is banned"


def opened(resource: Resource) -> list[Forbidden]:
    """The entries of the map that ban it, or a property of it."""
    return [each for each in FORBIDDEN if _is_of(resource, each.type) and _says(resource, each)]


def _is_of(resource: Resource, type_: str) -> bool:
    return resource.type.startswith(type_) if type_.endswith(":") else resource.type == type_


def _says(resource: Resource, banned: Forbidden) -> bool:
    return not banned.property or resource.properties.get(banned.property) not in banned.fine


OWN_RULES = (Rule("FUGACE-01", "no place is opened that the personal-data map bans", "Art. 5(1)(c), 5(1)(e)", opens),)


def hosts(environment: Environment) -> set[str]:
    """Whom functions may call: declared hosts, with the country that each is in, and the API's own names."""
    own = urlsplit(environment.public_url.replace("{", "").replace("}", "")).hostname
    named = environment.domain.name if environment.domain else None
    return {*environment.hosts, *filter(None, [own, named])}


def declared(environment: Environment) -> Declared:
    """What is to be known of an environment."""
    boundary = environment.permissions_boundary.split(":")  # an ARN names an account, a name none
    return Declared(kept=kept, hosts=hosts(environment), accounts=boundary[4:5], suppressions=SUPPRESSIONS)


def bind(app: App, environments: Sequence[Environment], *, today: date) -> None:
    """Have every synthesis of `app` fail that would take data out of the Union, or keep them for ever."""
    by_stack = {stack: said for each in environments for said in [declared(each)] for stack in _stacks(each)}
    Validations.of(app).add_plugins(Boundary(by_stack.__getitem__, today=today, rules=(*RULES, *OWN_RULES)))


def _stacks(environment: Environment) -> Iterator[str]:
    return (environment.named(word) for word in ("data", "pipeline", "watch"))
