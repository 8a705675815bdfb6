"""The properties of buckets that ministack's CloudFormation leaves out: locks, keys, ends and tags."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from ministack.services import s3

from local.emulator.cloudformation import Properties, after

BUCKET = "AWS::S3::Bucket"
SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@after(BUCKET)
def buckets_lock_what_is_put_into_them(name: str, new: Properties, _old: Properties) -> object:
    """`ObjectLockEnabled`, and for how long: without it whatever was written once can be overwritten and deleted."""
    if new.get("ObjectLockEnabled") not in (True, "true"):
        return None
    s3._put_bucket_versioning(name, _document("VersioningConfiguration", {"Status": "Enabled"}))
    wanted = new.get("ObjectLockConfiguration") or {"ObjectLockEnabled": "Enabled"}
    return s3._put_object_lock_configuration(name, _document("ObjectLockConfiguration", wanted))


@after(BUCKET)
def buckets_get_their_key(name: str, new: Properties, old: Properties) -> object:
    """`BucketEncryption`: the customer's key, not S3's own.

    A rule for KMS that names no key means the account's `aws/s3`, as the CDK's own bucket for assets does. There is no
    such key here, and every object would be refused.
    """
    given = new.get("BucketEncryption")
    if not given or ("aws:kms" in str(given) and "KMSMasterKeyID" not in str(given)):
        return s3._delete_bucket_encryption(name) if old.get("BucketEncryption") else None
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in given["ServerSideEncryptionConfiguration"]
    ]
    return s3._put_bucket_encryption(name, _document("ServerSideEncryptionConfiguration", {"Rule": rules}))


@after(BUCKET)
def buckets_get_their_ends(name: str, new: Properties, old: Properties) -> object:
    """`LifecycleConfiguration`: when objects, their old versions and what was never finished go."""
    if not (given := new.get("LifecycleConfiguration")):
        return s3._delete_bucket_lifecycle(name) if old.get("LifecycleConfiguration") else None
    rules = [dict(_rule(rule)) for rule in given["Rules"]]
    return s3._put_bucket_lifecycle(name, _document("LifecycleConfiguration", {"Rule": rules}))


def _rule(given: Properties) -> Iterator[tuple[str, Any]]:
    """A rule as S3 writes it: a template has some of its fields one level higher, under other names."""
    if "Id" in given:
        yield "ID", given["Id"]
    yield "Filter", {"Prefix": given.get("Prefix", "")}
    yield "Status", given["Status"]
    end = {"Days": given.get("ExpirationInDays"), "ExpiredObjectDeleteMarker": given.get("ExpiredObjectDeleteMarker")}
    if any(value is not None for value in end.values()):
        yield "Expiration", {field: value for field, value in end.items() if value is not None}
    for field in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if field in given:
            yield field, given[field]


@after(BUCKET)
def buckets_get_their_tags(name: str, new: Properties, _old: Properties) -> object:
    """`Tags`."""
    return s3._put_bucket_tagging(name, _document("Tagging", {"TagSet": {"Tag": new.get("Tags", [])}}))


def _document(name: str, content: Properties) -> bytes:
    """A request's body as S3 reads it."""
    root = ET.Element(name, xmlns=SPACE)
    _fill(root, content)
    return ET.tostring(root)


def _fill(element: ET.Element, content: Any) -> None:
    if not isinstance(content, dict):
        element.text = str(content).lower() if isinstance(content, bool) else str(content)
        return
    for name, value in content.items():
        for each in value if isinstance(value, list) else [value]:
            _fill(ET.SubElement(element, name), each)


REPAIRS = (
    buckets_lock_what_is_put_into_them,
    buckets_get_their_key,
    buckets_get_their_ends,
    buckets_get_their_tags,
)
