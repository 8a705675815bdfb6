"""A synthesized template with its references filled in, and how it is compared with what was deployed."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.place import ACCOUNT, REGION

Client = Callable[[str], Any]

PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}

ARNS = {
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::CloudWatch::CompositeAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack: what was asked for, and the name under which it was made."""

    stack: str
    logical: str
    type: str
    properties: dict[str, Any]
    physical: str = ""


@dataclass
class Template:
    """One stack's template."""

    stack: str
    resources: dict[str, dict[str, Any]]
    client: Client
    physical: dict[str, str] = field(init=False)
    exports: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        formation = self.client("cloudformation")
        listed = formation.describe_stack_resources(StackName=self.stack)["StackResources"]
        self.physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
        pages = formation.get_paginator("list_exports").paginate()
        self.exports = {each["Name"]: each["Value"] for page in pages for each in page["Exports"]}

    def filled_in(self, logical: str) -> Resource:
        """A resource, with every reference in its properties replaced by what it stands for."""
        asked = self.resources[logical]
        properties = self.value(asked.get("Properties", {}))
        return Resource(self.stack, logical, asked["Type"], properties, self.physical[logical])

    def value(self, asked: Any) -> Any:
        """Any part of a template, filled in."""
        if isinstance(asked, list):
            return [self.value(each) for each in asked]
        if not isinstance(asked, dict):
            return asked
        if len(asked) == 1:
            [(name, argument)] = asked.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        return {key: self.value(each) for key, each in asked.items()}

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return {"AWS::StackName": self.stack, **PSEUDO, **self.physical}[argument]
        if name == "Fn::GetAtt":
            return self._attribute(*argument)
        arguments = self.value(argument)
        if name == "Fn::Join":
            return arguments[0].join(map(str, arguments[1]))
        if name == "Fn::Split":
            return arguments[1].split(arguments[0])
        if name == "Fn::Select":
            return arguments[1][int(arguments[0])]
        if name == "Fn::ImportValue":
            return self.exports[arguments]
        msg = f"tests/journeys/template.py does not know {name}"
        raise NotImplementedError(msg)

    def _attribute(self, logical: str, attribute: str) -> Any:
        kind, physical = self.resources[logical]["Type"], self.physical[logical]
        if attribute == "Arn" and kind in ARNS:
            return ARNS[kind].format(physical)
        if (kind, attribute) == ("AWS::Lambda::Version", "Version"):
            return physical.rsplit(":", 1)[1]
        if (kind, attribute) == ("AWS::SQS::Queue", "Arn"):
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{physical.rsplit('/', 1)[1]}"
        if (kind, attribute) == ("AWS::S3::Bucket", "Arn"):
            return f"arn:aws:s3:::{physical}"
        if (kind, attribute) == ("AWS::SecretsManager::Secret", "Id"):
            return self.client("secretsmanager").describe_secret(SecretId=physical)["ARN"]
        if (kind, attribute) == ("AWS::ApiGateway::RestApi", "RootResourceId"):
            pages = self.client("apigateway").get_paginator("get_resources").paginate(restApiId=physical)
            return next(each["id"] for page in pages for each in page["items"] if each["path"] == "/")
        msg = f"tests/journeys/template.py does not know {kind}.{attribute}"
        raise NotImplementedError(msg)


def differences(asked: Any, found: Any, at: str = "") -> list[str]:
    """Where what was asked for is not what is there, as sentences. More than was asked for is no difference."""
    if isinstance(found, str) and isinstance(asked, dict | list):
        found = json.loads(found)
    if isinstance(asked, dict):
        if not isinstance(found, dict):
            return [f"{at}: asked for {asked}, found {found}"]
        return [line for key, each in asked.items() for line in differences(each, _get(found, key), f"{at}.{key}")]
    if isinstance(asked, list):
        return _in_any_order(asked, found if isinstance(found, list) else [found], at)
    return [] if _plain(asked) == _plain(found) else [f"{at}: asked for {asked!r}, found {found!r}"]


def _in_any_order(asked: list[Any], found: list[Any], at: str) -> list[str]:
    """One found for each asked, and none left over: AWS returns many lists in an order of its own."""
    left = [each for each in found if not _by_cloudformation(each)]
    for each in asked:
        same = next((other for other in left if other is not None and not differences(each, other)), None)
        if same is None:
            return [f"{at}: asked for {each}, found {left}"]
        left.remove(same)
    return [f"{at}: nobody asked for {left}"] if left and left != [None] else []


def _by_cloudformation(found: Any) -> bool:
    """A tag that CloudFormation adds of its own accord."""
    return isinstance(found, dict) and str(found.get("Key")).startswith("aws:cloudformation:")


def _get(found: dict[str, Any], key: str) -> Any:
    """AWS spells a property of a template with a small first letter in some of its services."""
    return found.get(key, found.get(key[:1].lower() + key[1:]))


def _plain(value: Any) -> Any:
    """`true`, True and "true" are one value, and so are 5, 5.0 and "5"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(int(value)) if value == int(value) else str(value)
    return value
