"""An environment for each test, with what the deployment would have made, and a terminal."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from typer.testing import CliRunner, Result

from cli.app import app
from fugace.adapters.session import shared

TABLES: dict[str, Any] = {
    "tenants": {"key": ("tenant", "item")},
    "subject-keys": {"key": ("subject",)},
    "messages": {
        "key": ("pk",),
        "by-time": ("shard", "at"),
        "by-subject": ("subject", "at"),
        "by-content": ("brief", "text_until"),
    },
    "purge": {"key": ("tenant", "item"), "by-due": ("lot", "due_at")},
    "ledger": {"key": ("tenant", "seq"), "by-day": ("day", "at")},
    "cases": {
        "key": ("tenant", "item"),
        "by-deadline": ("tenant", "open_until"),
        "by-person": ("subject", "submitted"),
        "by-look": ("lot", "look_at"),
    },
}
NUMBERS = {"at", "text_until", "due_at", "seq", "open_until", "look_at", "submitted"}


def _schema(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _deploy(environment: str) -> None:
    for table, keys in TABLES.items():
        indexes = [
            {"IndexName": name, "KeySchema": _schema(*key), "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for name, key in keys.items()
            if name != "key"
        ]
        names = {name for key in keys.values() for name in key}
        shared().client("dynamodb").create_table(
            TableName=f"fugace-{environment}-{table}",
            KeySchema=_schema(*keys["key"]),
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "N" if name in NUMBERS else "S"} for name in sorted(names)
            ],
            BillingMode="PAY_PER_REQUEST",
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
    kms = shared().client("kms")
    kms.create_alias(AliasName=f"alias/fugace-{environment}", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/fugace-{environment}-ledger", TargetKeyId=signing)
    shared().client("s3").create_bucket(
        Bucket=f"fugace-{environment}-ledger-{ACCOUNT_ID}-{shared().region}",
        CreateBucketConfiguration={"LocationConstraint": shared().region},
    )
    shared().client("sqs").create_queue(QueueName=f"fugace-{environment}-carrier-simulator")


@dataclass
class Terminal:
    """What an operator types, and sees."""

    environment: str

    def __call__(self, *words: str, env: dict[str, str | None] | None = None) -> Result:
        return CliRunner().invoke(app, list(words), env={"FUGACE_ENVIRONMENT": self.environment, **(env or {})})

    def json(self, *words: str) -> Any:
        """What a program would read from it."""
        result = self(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *words: str, env: dict[str, str | None] | None = None) -> str:
        """The sentence it ends in."""
        result = self(*words, env=env)
        assert result.exit_code == 1
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        return line


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    """One session for all tests: making its clients takes a second."""
    shared.cache_clear()
    with mock_aws():
        yield
    shared.cache_clear()


@pytest.fixture
def fugace(_aws: None) -> Terminal:
    """The command line, in front of a deployed environment of its own."""
    environment = f"moto{uuid.uuid4().hex[:8]}"
    _deploy(environment)
    return Terminal(environment)
