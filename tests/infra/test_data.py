"""Keys and tables: what must outlive a mistake, and what must not outlive an erasure."""

import json

import pytest


def table(stacks, name):
    return stacks.one("DynamoDB::Table", TableName=f"fugace-{stacks.environment}-{name}")


def keys(stacks):
    return {
        alias["AliasName"]: next(
            resource["Properties"]
            for name, resource in stacks.resources("KMS::Key")
            if name == alias["TargetKeyId"]["Fn::GetAtt"][0]
        )
        for alias in stacks.properties("KMS::Alias")
    }


def test_keys_rotate_and_can_be_rescued(example):
    """A key that is deleted takes everything with it: 30 days are the longest that KMS waits."""
    found = keys(example)

    assert set(found) == {"alias/fugace-example", "alias/fugace-example-services"}
    for key in found.values():
        assert key["EnableKeyRotation"] is True
        assert key["PendingWindowInDays"] == 30


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


@pytest.mark.parametrize("name", ["tenants", "subject-keys", "messages"])
def test_tables_cost_what_is_used_and_are_under_our_key(example, name):
    """On demand: an idle tenant costs nothing."""
    found = table(example, name)

    assert found["BillingMode"] == "PAY_PER_REQUEST"
    assert found["SSESpecification"]["SSEEnabled"] is True
    assert "Services" in json.dumps(found["SSESpecification"]["KMSMasterKeyId"])


@pytest.mark.parametrize(("name", "days"), [("tenants", 7), ("messages", 7), ("subject-keys", None)])
def test_back_ups_are_short_and_the_keys_of_people_have_none(example, name, days):
    """I10: a restored messages table must not find the key of somebody who was erased since."""
    backup = table(example, name)["PointInTimeRecoverySpecification"]

    assert backup["PointInTimeRecoveryEnabled"] is (days is not None)
    assert backup.get("RecoveryPeriodInDays") == days
    assert not example.resources("Backup::BackupPlan", "Backup::BackupSelection", "Backup::BackupVault")


@pytest.mark.parametrize(
    ("name", "attribute"), [("tenants", "expires_at"), ("messages", "expires_at"), ("subject-keys", None)]
)
def test_rows_expire_where_they_may(example, name, attribute):
    """A tombstone has no expiry: it is what refuses."""
    ttl = table(example, name).get("TimeToLiveSpecification")

    assert ttl == (attribute and {"AttributeName": attribute, "Enabled": True})


def test_only_messages_have_a_stream_and_it_shows_before_and_after(example):
    """I1: the stream is the outbox. A stream of keys would be a copy of them for 24 hours."""
    streams = {each["TableName"]: each.get("StreamSpecification") for each in example.properties("DynamoDB::Table")}

    assert streams == {
        "fugace-example-tenants": None,
        "fugace-example-subject-keys": None,
        "fugace-example-messages": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
    }


def test_indexes_hold_keys_alone(example):
    """A status that changes then costs no write there."""
    indexes = table(example, "messages")["GlobalSecondaryIndexes"]

    assert {each["IndexName"]: each["Projection"] for each in indexes} == {
        "by-subject": {"ProjectionType": "KEYS_ONLY"},
        "by-time": {"ProjectionType": "KEYS_ONLY"},
    }


def test_nobody_looks_into_the_keys_of_rows(example):
    """Contributor Insights shows the most frequent keys in clear."""
    for each in example.properties("DynamoDB::Table"):
        assert not each.get("ContributorInsightsSpecification", {}).get("Enabled")
        assert "KinesisStreamSpecification" not in each


def test_production_keeps_its_data_whatever_is_deleted(example, laptop):
    """Table, key and stack have a lock each; on a laptop all of it goes."""
    for stacks, kept in ((example, True), (laptop, False)):
        for _, each in stacks.resources("DynamoDB::Table", "KMS::Key", "SecretsManager::Secret"):
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
