"""What a deployed bucket says of itself, in the words of a template."""

from typing import Any

from botocore.exceptions import ClientError

from tests.journeys.readers import Found, reads
from tests.journeys.template import Client, Resource


@reads("AWS::S3::Bucket")
def bucket(client: Client, of: Resource) -> Found:
    s3, name = client("s3"), of.physical
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "BucketName": name,
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [_sealed(rule) for rule in encryption]},
        "LifecycleConfiguration": {
            "Rules": [_rule(rule) for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]]
        },
        **_lock(client, name),
        "OwnershipControls": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        "PublicAccessBlockConfiguration": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        "VersioningConfiguration": s3.get_bucket_versioning(Bucket=name),
        "Tags": s3.get_bucket_tagging(Bucket=name)["TagSet"],
    }


def _lock(client: Client, name: str) -> Found:
    """Nothing, where nothing is locked: a template does not say so either."""
    try:
        lock = client("s3").get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
            raise
        return {}
    return {"ObjectLockEnabled": lock["ObjectLockEnabled"] == "Enabled", "ObjectLockConfiguration": lock}


def _sealed(rule: dict[str, Any]) -> Found:
    return {**rule, "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"]}


def _rule(rule: dict[str, Any]) -> Found:
    """A template has what expires one level higher."""
    expiration = rule.get("Expiration", {})
    return {
        **rule,
        "Id": rule["ID"],
        "ExpirationInDays": expiration.get("Days"),
        "ExpiredObjectDeleteMarker": expiration.get("ExpiredObjectDeleteMarker"),
        "Prefix": rule.get("Filter", {}).get("Prefix") or None,
    }


@reads("AWS::S3::BucketPolicy")
def bucket_policy(client: Client, of: Resource) -> Found:
    name = of.properties["Bucket"]
    return {"Bucket": name, "PolicyDocument": client("s3").get_bucket_policy(Bucket=name)["Policy"]}
