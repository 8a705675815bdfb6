"""Keys and tables: what must outlive a mistake, and what must not outlive an erasure."""

import json

import pytest

from fugace.domain import bounds
from fugace.domain.retention import Kind, Period
from infra.config import ROOT
from infra.duties import INDEXES


def table(stacks, name):
    return stacks.one("DynamoDB::Table", TableName=f"fugace-{stacks.environment}-{name}")


def bucket(stacks, name):
    """A bucket's properties, by its short name."""
    (found,) = (each for each in stacks.properties("S3::Bucket") if f"-{name}-" in str(each["BucketName"]))
    return found


def keys(stacks):
    return {
        alias["AliasName"]: next(
            resource["Properties"]
            for name, resource in stacks.resources("KMS::Key")
            if name == alias["TargetKeyId"]["Fn::GetAtt"][0]
        )
        for alias in stacks.properties("KMS::Alias")
    }


SIGN = ("alias/fugace-example-ledger", "alias/fugace-example-certificates")


def test_keys_rotate_and_can_be_rescued(example):
    """A key that is deleted takes everything with it: 30 days are the longest that KMS waits.

    Those that sign do not rotate: KMS rotates no asymmetric key.
    """
    found = keys(example)

    assert set(found) == {"alias/fugace-example", "alias/fugace-example-services", *SIGN}
    for alias, key in found.items():
        assert key.get("EnableKeyRotation", False) is (alias not in SIGN)
        assert key["PendingWindowInDays"] == 30


@pytest.mark.parametrize("alias", SIGN)
def test_a_key_that_signs_does_nothing_else_and_lets_nobody_in_but_the_account(example, alias):
    """A private key on P-256 (FIPS 186-5, ECDSA), which never leaves KMS and does not replicate."""
    key = keys(example)[alias]
    (allowed,) = key["KeyPolicy"]["Statement"]

    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert "root" in json.dumps(allowed["Principal"]["AWS"])


SIX_YEARS = 6 * 365 + 2
"""In any six years there are two leap days at most."""


@pytest.mark.parametrize(("name", "mode", "days"), [("example", "COMPLIANCE", SIX_YEARS), ("laptop", "GOVERNANCE", 1)])
def test_a_checkpoint_cannot_be_taken_back_before_its_time(synthesized, name, mode, days):
    """COMPLIANCE binds the account's root and AWS, too; a laptop must be able to tidy up."""
    found = bucket(synthesized[name], "ledger")

    assert found["ObjectLockEnabled"] is True
    assert found["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": mode, "Days": days}
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}


@pytest.mark.parametrize("name", ["example", "laptop"])
def test_a_checkpoint_goes_some_time_after_its_lock_has_ended(synthesized, name):
    """Whole: the version that is there, those that were, the marks of deletions, and what was never finished."""
    found = bucket(synthesized[name], "ledger")
    locked = found["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"]
    whole, marks = found["LifecycleConfiguration"]["Rules"]

    assert whole["Status"] == marks["Status"] == "Enabled"
    assert not {"Prefix", "TagFilters"} & (set(whole) | set(marks))
    assert locked < whole["ExpirationInDays"] <= locked + 31
    assert whole["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert whole["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert marks["ExpiredObjectDeleteMarker"] is True


@pytest.mark.parametrize("days", [31])
@pytest.mark.parametrize("name", ["example", "laptop"])
def test_an_archive_for_a_person_goes_even_if_the_purge_never_comes(synthesized, name, days):
    """A net: a day behind the operator's longest. What was replaced, deleted or never finished goes the next day."""
    found = bucket(synthesized[name], "exports")
    whole, marks = found["LifecycleConfiguration"]["Rules"]
    longest = bounds.read((ROOT / "layers/common/python/fugace/retention.toml").read_text(), "x")[Kind.EXPORTS].max

    assert Period(seconds=days * 86_400) == Period(longest.months, longest.seconds + 86_400)
    assert whole["Status"] == marks["Status"] == "Enabled"
    assert not {"Prefix", "TagFilters"} & (set(whole) | set(marks))
    assert whole["ExpirationInDays"] == days
    assert whole["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert whole["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert marks["ExpiredObjectDeleteMarker"] is True
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "ObjectLockEnabled" not in found  # what must go in time must not be locked


@pytest.mark.parametrize("name", ["ledger", "exports"])
def test_buckets_are_ours_alone_and_under_our_key(example, name):
    """No list of access beside the policies, nothing public, nothing over plain HTTP."""
    found = bucket(example, name)
    (rule,) = found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (logical,) = (each for each, one in example.resources("S3::Bucket") if one["Properties"] is found)
    (denied,) = example.one("S3::BucketPolicy", Bucket={"Ref": logical})["PolicyDocument"]["Statement"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert "KeysServices" in json.dumps(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    assert set(found["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(found["PublicAccessBlockConfiguration"]) == 4
    assert found["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert (denied["Effect"], denied["Action"], denied["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_there_are_two_buckets_and_their_names_are_nobody_elses(example, laptop):
    """Names of buckets are shared by all accounts of a partition: account and Region make it ours."""
    assert {each["BucketName"] for each in laptop.properties("S3::Bucket")} == {
        f"fugace-laptop-{name}-000000000000-eu-west-3" for name in ("ledger", "exports")
    }
    assert len(example.properties("S3::Bucket")) == 2
    for name in ("ledger", "exports"):
        first, account, last = bucket(example, name)["BucketName"]["Fn::Join"][1]
        assert (first, account, last) == (f"fugace-example-{name}-", {"Ref": "AWS::AccountId"}, "-eu-central-1")


def test_the_root_key_lets_nobody_in_but_the_account_and_nothing_pass_without_its_context(example):
    """Every tenant's key hangs from it: no service of AWS uses it, and a stolen ciphertext needs the context."""
    policy = keys(example)["alias/fugace-example"]["KeyPolicy"]["Statement"]
    allowed = [each for each in policy if each["Effect"] == "Allow"]
    denied = [each for each in policy if each["Effect"] == "Deny"]

    assert len(allowed) == 1
    assert "root" in json.dumps(allowed[0]["Principal"]["AWS"])
    assert {json.dumps(each["Condition"]) for each in denied} == {
        json.dumps({"StringNotEquals": {"kms:EncryptionContext:environment": "example"}}),
        json.dumps({"StringNotEquals": {"kms:EncryptionContext:purpose": "root"}}),
    }
    for each in denied:
        assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= set(each["Action"])
        assert each["Principal"] == {"AWS": "*"}


def test_services_use_the_other_key_for_this_environment_alone(example):
    """A principal that is a service acts for every account: without a condition, for a stranger's too."""
    policy = keys(example)["alias/fugace-example-services"]["KeyPolicy"]["Statement"]

    services = {each["Principal"]["Service"]: each for each in policy if "Service" in each["Principal"]}

    assert set(services) == {"logs.amazonaws.com", "cloudwatch.amazonaws.com"}
    assert ":log-group:/fugace/example/*" in json.dumps(services["logs.amazonaws.com"]["Condition"])
    assert ":alarm:fugace-example-*" in json.dumps(services["cloudwatch.amazonaws.com"]["Condition"])


@pytest.mark.parametrize("name", ["tenants", "subject-keys", "messages", "purge", "ledger", "cases"])
def test_tables_cost_what_is_used_and_are_under_our_key(example, name):
    """On demand: an idle tenant costs nothing."""
    found = table(example, name)

    assert found["BillingMode"] == "PAY_PER_REQUEST"
    assert found["SSESpecification"]["SSEEnabled"] is True
    assert "Services" in json.dumps(found["SSESpecification"]["KMSMasterKeyId"])


@pytest.mark.parametrize(
    ("name", "days"),
    [("tenants", 7), ("messages", 7), ("cases", 7), ("subject-keys", None), ("purge", None), ("ledger", 35)],
)
def test_back_ups_are_short_and_the_keys_of_people_have_none(example, name, days):
    """I10: a restored messages table must not find the key of somebody who was erased since.

    Nobody is in the ledger, and a restored table is set right by it: it has the longest that there is.
    """
    backup = table(example, name)["PointInTimeRecoverySpecification"]

    assert backup["PointInTimeRecoveryEnabled"] is (days is not None)
    assert backup.get("RecoveryPeriodInDays") == days
    assert not example.resources("Backup::BackupPlan", "Backup::BackupSelection", "Backup::BackupVault")


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("tenants", "expires_at"),
        ("messages", "expires_at"),
        ("purge", "expires_at"),
        ("cases", "expires_at"),
        ("subject-keys", None),
        ("ledger", None),
    ],
)
def test_rows_expire_where_they_may(example, name, attribute):
    """A tombstone has no expiry: it is what refuses. Nor has an entry of the ledger: a chain with a hole is none."""
    ttl = table(example, name).get("TimeToLiveSpecification")

    assert ttl == (attribute and {"AttributeName": attribute, "Enabled": True})


def test_only_messages_have_a_stream_and_it_shows_before_and_after(example):
    """I1: the stream is the outbox. A stream of keys would be a copy of them for 24 hours."""
    streams = {each["TableName"]: each.get("StreamSpecification") for each in example.properties("DynamoDB::Table")}

    assert streams == {
        "fugace-example-tenants": None,
        "fugace-example-subject-keys": None,
        "fugace-example-messages": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "fugace-example-purge": None,
        "fugace-example-ledger": None,
        "fugace-example-cases": None,
    }


def test_indexes_hold_keys_alone(example):
    """A status that changes then costs no write there."""
    indexes = [each for of in example.properties("DynamoDB::Table") for each in of.get("GlobalSecondaryIndexes", [])]

    keys_only = {"ProjectionType": "KEYS_ONLY"}
    assert {each["IndexName"]: each["Projection"] for each in indexes} == dict.fromkeys(INDEXES, keys_only)


def test_nobody_looks_into_the_keys_of_rows(example):
    """Contributor Insights shows the most frequent keys in clear."""
    for each in example.properties("DynamoDB::Table"):
        assert not each.get("ContributorInsightsSpecification", {}).get("Enabled")
        assert "KinesisStreamSpecification" not in each


def test_production_keeps_its_data_whatever_is_deleted(example, laptop):
    """Table, key and stack have a lock each; on a laptop all of it goes."""
    for stacks, kept in ((example, True), (laptop, False)):
        for _, each in stacks.resources("DynamoDB::Table", "KMS::Key", "SecretsManager::Secret", "S3::Bucket"):
            assert each["DeletionPolicy"] == each["UpdateReplacePolicy"] == ("Retain" if kept else "Delete")
        for each in stacks.properties("DynamoDB::Table"):
            assert each["DeletionProtectionEnabled"] is kept
        manifest = json.loads((stacks.folder / "manifest.json").read_text())["artifacts"]
        protected = {
            name: each["properties"].get("terminationProtection", False)
            for name, each in manifest.items()
            if each["type"] == "aws:cloudformation:stack" and name.startswith(f"fugace-{stacks.environment}-")
        }
        assert len(protected) == 3
        assert set(protected.values()) == {kept}
