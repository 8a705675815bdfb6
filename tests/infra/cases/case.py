"""A template that breaks a rule of the pack, beside its nearest neighbour that does not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OURS = {"Fn::GetAtt": ["Key", "Arn"]}
TLS = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
GONE = {"Status": "Enabled", "ExpirationInDays": 7, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
REPLACED = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
BLOCKED = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)

Resources = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """One way to break a rule, and what is allowed beside it."""

    rule: str
    bad: Resources
    good: Resources
    what: str = ""

    @property
    def called(self) -> str:
        """For the test's name."""
        first = next(iter(self.bad.values()))
        return f"{self.rule}-{first['Type'].removeprefix('AWS::')}-{self.what}"


def of(type_: str, **properties: object) -> Resources:
    """One resource, `Planted`."""
    return {"Planted": {"Type": type_ if "::" in type_[:8] else f"AWS::{type_}", "Properties": properties}}


def told(**variables: object) -> Resources:
    """A function with these variables."""
    return of("Lambda::Function", Environment={"Variables": variables})


def bucket(*rules: object, versioned: bool = True) -> Resources:
    return of(
        "S3::Bucket",
        LifecycleConfiguration={"Rules": list(rules)},
        **({"VersioningConfiguration": {"Status": "Enabled"}} if versioned else {}),
    )


def policy(type_: str, name: str, *statements: object) -> Mapping[str, Any]:
    said = {name: {"Ref": "Planted"}, "PolicyDocument": {"Statement": list(statements)}}
    return {"Policy": {"Type": f"AWS::{type_}", "Properties": said}}


def recovery(**said: object) -> Resources:
    return of("DynamoDB::Table", PointInTimeRecoverySpecification=said)


def machine(step: str) -> Resources:
    return of("StepFunctions::StateMachine", DefinitionString=json.dumps({"States": {"Call": {"Resource": step}}}))


NONE: Resources = {}
