"""What each role may do, and what of it was done.

Rights are read back from a deployed stack; what was used, from what the emulators of both stacks wrote down while
policies were enforced. What AWS does by itself in a role's name passes no check there. Each such right is held against
the thing that has AWS do it: the queue that a function is woken by, the call that reaches KMS by way of a service, the
definition that names a function. So every right is either seen at work or follows from something that is deployed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from local import deploy
from local.place import Place
from tests.rights.seldom import SELDOM

PREFIX = "fugace-laptop-"
SEEN = "seen"
_POLLS = {
    "sqs": {"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"},
    "dynamodb": {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"},
}


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One action on one thing, by a role, under a condition (as JSON; `{}` where there is none)."""

    role: str
    action: str
    on: str
    condition: str = field(default="{}")

    @property
    def service(self) -> str:
        """`dynamodb` of `dynamodb:GetItem`."""
        return self.action.partition(":")[0]

    @property
    def word(self) -> str:
        """`GetItem` of `dynamodb:GetItem`."""
        return self.action.partition(":")[2]

    def covers(self, call: "Refusal") -> bool:
        """Whether it is a right to that very call."""
        return (self.role, self.action) == (call.role, call.action) and fnmatchcase(call.on, self.on)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that no right allowed."""

    role: str
    action: str
    on: str


class Rights:
    """The rights of a stack's roles, with how each is known to be needed: by what was seen on it, or on another."""

    def __init__(self, *places: Place) -> None:
        self._places = places

    def _ask(self, service: str) -> Any:
        return deploy.client(self._places[0], service)

    @cached_property
    def _keys(self) -> dict[str, str]:
        """Names of keys, of all stacks, by the names that KMS gave them."""
        listed = (each for place in self._places for each in deploy.client(place, "kms").list_aliases()["Aliases"])
        return {each["TargetKeyId"]: each["AliasName"] for each in listed if "TargetKeyId" in each}

    def _lasting(self, arn: str) -> str:
        """The same in every stack: KMS and Secrets Manager give names that differ from one to the next."""
        start, _, name = arn.rpartition(":")
        if name.startswith("key/"):
            return f"{start}:{self._keys.get(name.removeprefix('key/'), name)}"
        return re.sub(r"(:secret:.+)-[A-Za-z0-9]{6}$", r"\1", arn)

    @cached_property
    def granted(self) -> set[Right]:
        """All of them, as they are deployed."""
        iam = self._ask("iam")
        pages = iam.get_paginator("list_roles").paginate()
        names = [each["RoleName"] for page in pages for each in page["Roles"] if each["RoleName"].startswith(PREFIX)]
        found = set()
        for name in names:
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                found |= {replace(right, on=self._lasting(right.on)) for right in _rights(name, document)}
        return found

    @cached_property
    def _written(self) -> list[dict[str, Any]]:
        texts = [place.rights.read_text(encoding="utf-8") for place in self._places]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    @cached_property
    def used(self) -> set[Right]:
        """Those by which somebody was let in."""
        return {
            Right(each["role"], each["used"], self._lasting(each["on"]), _text(each["if"]))
            for each in self._written
            if "used" in each and each["role"].startswith(PREFIX)
        }

    @property
    def refused(self) -> set[Refusal]:
        """What our roles tried and may not; what they may now, a test had taken away for a while."""
        tried = {
            Refusal(each["role"], each["refused"], self._lasting(each["on"]))
            for each in self._written
            if "refused" in each and each["role"].startswith(PREFIX)
        }
        return {each for each in tried if not any(right.covers(each) for right in self.granted)}

    def needed(self) -> dict[Right, str]:
        """Each right and how it is known to be needed; "" where it is not."""
        return {right: self._why(right) for right in sorted(self.granted)}

    def _why(self, right: Right) -> str:
        if said := _seldom(right):
            return said
        if right in self.used:
            return SEEN
        reasons: tuple[Callable[[Right], str], ...] = (
            self._logs,
            self._polls,
            self._gives_up,
            self._through,
            self._passes,
            self._restores,
            self._serves,
        )
        return next((said for reason in reasons if (said := reason(right))), "")

    def _logs(self, right: Right) -> str:
        mine = right.on.rstrip(":*").endswith(f"/{right.role.removeprefix(PREFIX)}")
        return "Lambda writes its log" if right.service == "logs" and mine else ""

    @cached_property
    def _mappings(self) -> list[dict[str, Any]]:
        listed = self._ask("lambda").list_event_source_mappings()["EventSourceMappings"]
        return [{**each, "Role": PREFIX + _function(each["FunctionArn"])} for each in listed]

    def _polls(self, right: Right) -> str:
        for each in self._mappings:
            source = each["EventSourceArn"]
            covered = source == right.on or (right.on.endswith("/stream/*") and source.startswith(right.on[:-1]))
            if each["Role"] == right.role and covered and right.word in _POLLS.get(right.service, ()):
                return "Lambda polls what wakes it"
        return ""

    def _gives_up(self, right: Right) -> str:
        for each in self._mappings:
            failures = each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            if (each["Role"], failures, "sqs:SendMessage") == (right.role, right.on, right.action):
                return "Lambda puts there what it gives up"
        return ""

    def _through(self, right: Right) -> str:
        """KMS by way of services: each that the condition names, if the role calls it, and stores there."""
        condition = json.loads(right.condition)
        via = condition.get("StringLike", {}).get("kms:ViaService")
        if right.service != "kms" or not via:
            return ""
        names = {each.partition(".")[0] for each in _list(via)}
        mine = (each for each in self.granted if each.role == right.role and each.service in names)
        called = {each.service for each in mine if self._why(each)}
        return f"by way of {', '.join(sorted(names))}" if names <= called else ""

    def _passes(self, right: Right) -> str:
        makes = any(each.role == right.role and each.action == "scheduler:CreateSchedule" for each in self.used)
        return "whoever makes a schedule gives it a role" if right.action == "iam:PassRole" and makes else ""

    def _restores(self, right: Right) -> str:
        """DynamoDB asks whoever has a table restored for the rights to do it by hand."""
        asked = {
            "dynamodb": {"BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"},
            "kms": {"CreateGrant"},
        }
        begun = any(each.role == right.role and each.word == "RestoreTableToPointInTime" for each in self.used)
        mine = right.word in asked.get(right.service, ())
        return "DynamoDB asks for it of whoever has a table restored" if begun and mine else ""

    def _serves(self, right: Right) -> str:
        """Roles that no function has: what they may do is what a definition, or a schedule, would have them do."""
        said = ""
        if right.action in {"lambda:InvokeFunction", "sqs:SendMessage"} and right.on in self._named.get(right.role, ()):
            said = "a definition or a schedule names it"
        if right.role == PREFIX + "api-logs":
            said = "API Gateway checks for it before it takes the role"
        if right.role.endswith("-machine") and right.service == "kms":
            said = "Step Functions encrypts the history"
        return self._timed(right) or said  # which schedules wait at this moment makes no difference

    def _timed(self, right: Right) -> str:
        """What Scheduler does with the role that schedules are given."""
        passed = {each.on for each in self.granted if each.action == "iam:PassRole"}
        mine = any(each.endswith(f"/{right.role}") for each in passed)
        return "a schedule puts an id there when it is time" if mine and right.service in {"sqs", "kms"} else ""

    @cached_property
    def _named(self) -> Mapping[str, set[str]]:
        """Functions, and queues for what cannot be delivered to them, by the role under which they are called."""
        found: dict[str, set[str]] = {}
        states, scheduler = self._ask("stepfunctions"), self._ask("scheduler")
        for each in states.list_state_machines()["stateMachines"]:
            machine = states.describe_state_machine(stateMachineArn=each["stateMachineArn"])
            arns = set(re.findall(r"arn:[^\"]+:function:[^\"]+", machine["definition"]))
            found.setdefault(_name(machine["roleArn"]), set()).update(arns)
        for each in scheduler.list_schedules()["Schedules"]:
            target = scheduler.get_schedule(Name=each["Name"], GroupName=each["GroupName"])["Target"]
            dead = target.get("DeadLetterConfig", {}).get("Arn")
            found.setdefault(_name(target["RoleArn"]), set()).update({target["Arn"], dead} - {None})
        return found


def _seldom(right: Right) -> str:
    known = SELDOM.get((right.role.removeprefix(PREFIX), right.action, plain(right.on)))
    return f"seldom: {known.when}" if known else ""


def _rights(role: str, document: Mapping[str, Any]) -> Iterator[Right]:
    for each in _list(document["Statement"]):
        for action in _list(each["Action"]):
            for resource in _list(each["Resource"]):
                yield Right(role, action, resource, _text(each.get("Condition", {})))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(condition: Mapping[str, Any]) -> str:
    return json.dumps(condition, sort_keys=True)


def _function(arn: str) -> str:
    return arn.split(":")[6].removeprefix(PREFIX)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def plain(arn: str) -> str:
    """`messages/index/by-time` of an ARN; the root key, which has the environment's own name, by what it is for."""
    last = arn.split(":", 5)[-1]
    if last == f"alias/{PREFIX.rstrip('-')}":
        return "key root"
    plain = re.sub(r"^(table|function|role|stateMachine)[/:]", "", last.replace(PREFIX, ""))
    plain = re.sub(r"/stream/\d{4}-.+", "/stream", plain)  # it is named after the time when it was switched on
    return re.sub(r"-000000000000-eu-west-3", "", plain.replace("alias/", "key "))
