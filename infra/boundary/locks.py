"""Who can read it: a key of one's own on everything, nothing in public, nothing in plain text (Art. 32)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from infra.boundary.declared import Declared
from infra.boundary.rule import Found, Rule
from infra.boundary.template import Resource, at, listed, statements, texts, written

_ENCRYPTED = "Art. 32(1)(a): encryption"
_CLOSED = "Art. 25(2): not open to an indefinite number of persons"

_KEYS = {
    "DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "EFS::FileSystem": "KmsKeyId",
    "Events::Archive": "KmsKeyIdentifier",
    "Events::EventBus": "KmsKeyIdentifier",
    "Kinesis::Stream": "StreamEncryption.KeyId",
    "Logs::LogGroup": "KmsKeyId",
    "RDS::DBCluster": "KmsKeyId",
    "SNS::Topic": "KmsMasterKeyId",
    "SQS::Queue": "KmsMasterKeyId",
    "SecretsManager::Secret": "KmsKeyId",
    "StepFunctions::Activity": "EncryptionConfiguration.KmsKeyId",
    "StepFunctions::StateMachine": "EncryptionConfiguration.KmsKeyId",
}
"""Where each type names its key. Of those that can name one, these hold data."""

_BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_POLICIES = {
    "S3::BucketPolicy": ("S3::Bucket", "Bucket"),
    "SNS::TopicPolicy": ("SNS::Topic", "Topics"),
    "SQS::QueuePolicy": ("SQS::Queue", "Queues"),
}
_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSW|CREDENTIAL|SIGNING|(?:^|_)(?:API|ACCESS|PRIVATE|AUTH)_?KEY|CONNECTION_?STRING", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.eyJ[\w-]+\.|://[^/\s:@]+:[^/\s@]+@"
    r"|\b(?:sk|rk)_live_\w{10,}|\bxox[abp]-\w{10,}|\bgh[pousr]_\w{30,}"
)
_NAME_OF_ONE = re.compile(r"arn:.*|alias/.*|\$\{[^}]*\}|[a-z0-9_.-]+(?:/[a-z0-9_.-]+)+")
"""An ARN, an alias, a reference, or a path: where a secret is, not what it is."""
_DYNAMIC = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure|ssm):")


def keyed(resource: Resource, _: Declared) -> Found:
    """A key of AWS's own (`alias/aws/…`) is under nobody's policy, and cannot be taken away from anybody."""
    if resource.type == "S3::Bucket":
        yield from _bucket_key(resource)
    elif resource.type == "DynamoDB::GlobalTable":
        for index, replica in enumerate(listed(resource.properties.get("Replicas"))):
            if not _own(at(replica, "SSESpecification.KMSMasterKeyId")):
                yield f"Replicas/{index}/SSESpecification", "no key of one's own"
    elif (path := _KEYS.get(resource.type)) and not _own(at(resource.properties, path)):
        yield path.replace(".", "/"), "no key of one's own"


def _bucket_key(resource: Resource) -> Found:
    rules = listed(at(resource.properties, "BucketEncryption.ServerSideEncryptionConfiguration"))
    said = [at(each, "ServerSideEncryptionByDefault") or {} for each in rules]
    ours = ["aws:kms" in str(each.get("SSEAlgorithm")) and _own(each.get("KMSMasterKeyID")) for each in said]
    if not ours or not all(ours):
        yield "BucketEncryption", "no key of one's own"


def _own(key: object) -> bool:
    return bool(key) and "alias/aws/" not in written(key)


def environment(resource: Resource, _: Declared) -> Found:
    """Whoever may describe a function reads its variables, and so does CloudTrail."""
    if resource.type != "Lambda::Function":
        return
    for name, value in (at(resource.properties, "Environment.Variables") or {}).items():
        text, where = written(value), f"Environment/Variables/{name}"
        if _SECRET_NAME.search(name) and text and not _NAME_OF_ONE.fullmatch(text):
            yield where, "a variable that is called like a secret has a value in plain text"
        elif _SECRET_VALUE.search(text):
            yield where, "a value that looks like a secret"


def secrets(resource: Resource, _: Declared) -> Found:
    """A secret in the template is in every copy of the template; a dynamic reference is resolved into the resource."""
    if resource.type == "SecretsManager::Secret" and resource.properties.get("SecretString"):
        yield "SecretString", "the secret itself stands in the template"
    for where, text in resource.texts:
        if _DYNAMIC.search(text):
            yield where, "a secret is resolved into a property"


def public(resource: Resource, _: Declared) -> Found:
    """What anybody on the internet may reach, be it by a policy, an access list or an address."""
    if resource.type == "S3::Bucket":
        blocked = resource.properties.get("PublicAccessBlockConfiguration") or {}
        if not all(blocked.get(each) is True for each in _BLOCKED):
            yield "PublicAccessBlockConfiguration", "public access is not blocked"
        if resource.properties.get("WebsiteConfiguration"):
            yield "WebsiteConfiguration", "a website"
    callable_ = {"Lambda::Url": ("AuthType", "NONE"), "Lambda::Permission": ("Principal", "*")}.get(resource.type)
    if callable_ and resource.properties.get(callable_[0]) == callable_[1]:
        yield callable_[0], "a function that anybody may call"
    for where in ("PolicyDocument", "ResourcePolicy.PolicyDocument", "ResourcePolicy", "KeyPolicy"):
        if any(map(_welcomes, statements(at(resource.properties, where)))):
            yield where.replace(".", "/"), "anybody is let in, without a condition"


def _welcomes(statement: Mapping[str, Any]) -> bool:
    return (
        statement.get("Effect") == "Allow" and _anybody(statement.get("Principal")) and not statement.get("Condition")
    )


def _anybody(principal: object) -> bool:
    return "*" in (text for _, text in texts(principal))


def tls(resource: Resource, _: Declared) -> Found:
    """Without this a bucket, a queue or a topic is also served over plain HTTP."""
    kinds = {owner: (policy, name) for policy, (owner, name) in _POLICIES.items()}
    if resource.type not in kinds:
        return
    policy, name = kinds[resource.type]
    for each in resource.stack.of(policy):
        if f'"{resource.logical_id}"' in json.dumps(each.properties.get(name)) and any(
            map(_refuses_plain, statements(each.properties.get("PolicyDocument")))
        ):
            return
    yield "", "plain HTTP is not refused"


def _refuses_plain(statement: Mapping[str, Any]) -> bool:
    insecure = at(statement, "Condition.Bool") or {}
    refused = str(insecure.get("aws:SecureTransport")).lower() == "false"
    return statement.get("Effect") == "Deny" and refused and _anybody(statement.get("Principal"))


RULES = (
    Rule("GDPR-09", "everything is encrypted with a key of one's own", _ENCRYPTED, keyed),
    Rule("GDPR-10", "no function is told a secret", _ENCRYPTED, environment, "Tell it the secret's name."),
    Rule("GDPR-11", "no secret stands in the template, or is resolved into it", _ENCRYPTED, secrets),
    Rule("GDPR-12", "nothing is open to everybody", _CLOSED, public),
    Rule("GDPR-13", "buckets, queues and topics refuse plain HTTP", "Art. 32(1)(a): encryption on the way", tls),
)
