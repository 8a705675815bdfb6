"""`fugace restore`: how an operator begins one, looks at it, and goes on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError

from fugace.adapters.session import shared
from tests.cli.conftest import Terminal

ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
AT = "2026-01-15T12:00:00Z"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "an operation")


@pytest.fixture
def started(_aws: None, fugace: Terminal) -> Iterator[list[dict[str, Any]]]:
    """What was started: the machine is there, and does nothing."""
    client = shared().client("stepfunctions")
    arn = client.create_state_machine(
        name=f"fugace-{fugace.environment}-restore",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/restore",
    )["stateMachineArn"]
    begun: list[dict[str, Any]] = []
    yield begun
    client.delete_state_machine(stateMachineArn=arn)


def test_one_is_begun_under_its_own_id(fugace: Terminal, started: list[dict[str, Any]]) -> None:
    """The machine gets an id, a word and a time: nothing else travels (I2)."""
    told = fugace.json("restore", "start", "--table", "messages", "--at", "2026-01-15T13:00:00+01:00")

    assert not started
    assert str(UUID(told["restore"])) == told["restore"]
    assert (told["table"], told["at"]) == ("messages", AT)
    seen = fugace.json("restore", "status", told["restore"])
    assert (seen["table"], seen["at"], seen["state"]) == ("messages", AT, "running")


@pytest.mark.usefixtures("started")
def test_a_quarantine_of_ones_own_keeps_its_name(fugace: Terminal) -> None:
    """And is not begun twice."""
    told = fugace.json("restore", "start", "--table", "tenants", "--at", AT, "--id", ID.upper())
    assert told["restore"] == ID

    again = fugace("restore", "start", "--table", "cases", "--at", AT, "--id", ID)
    assert again.exit_code == 1
    assert "begun already" in again.output


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("at", ["noon", "2026-01-15T12:00:00", (datetime.now(UTC) + timedelta(days=1)).isoformat()])
def test_a_moment_has_a_zone_and_is_past(fugace: Terminal, at: str) -> None:
    """An hour more or less decides what comes back."""
    told = fugace("restore", "start", "--table", "messages", "--at", at)

    assert told.exit_code == 1
    assert "--at" in told.output


@pytest.mark.usefixtures("started")
def test_keys_and_ledger_cannot_be_restored_by_it(fugace: Terminal) -> None:
    """What was forgotten there stays forgotten (I10)."""
    for table in ("subject-keys", "ledger", "purge"):
        assert fugace("restore", "start", "--table", table, "--at", AT).exit_code == 2


def test_the_end_is_told_in_counts(
    fugace: Terminal, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a failure by the exit code, with what to do next."""
    found: dict[str, Any] = {
        "status": "SUCCEEDED",
        "input": json.dumps({"restore": ID, "table": "cases", "at": AT}),
        "output": json.dumps({"it": {"more": False, "kept": 2, "refused": 1, "live": 0}}),
        "startDate": datetime(2026, 1, 15, tzinfo=UTC),
        "stopDate": datetime(2026, 1, 16, tzinfo=UTC),
    }
    assert not started
    monkeypatch.setattr(shared().client("stepfunctions"), "describe_execution", lambda **_: found)
    seen = fugace.json("restore", "status", ID)
    assert (seen["state"], seen["kept"], seen["refused"], seen["live"]) == ("succeeded", 2, 1, 0)

    found |= {"status": "FAILED"}
    del found["output"]
    failed = fugace("restore", "status", ID)
    assert failed.exit_code == 1
    assert "restore resume" in failed.output


@pytest.mark.usefixtures("started")
def test_one_that_failed_goes_on(fugace: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """From where it was; one that did not fail does not."""
    asked: list[str] = []

    def redrive(executionArn: str) -> None:  # noqa: N803  # AWS's name
        asked.append(executionArn)
        if len(asked) > 1:
            raise refused("ExecutionNotRedrivable")

    monkeypatch.setattr(shared().client("stepfunctions"), "redrive_execution", redrive)
    assert fugace("restore", "resume", ID).exit_code == 0
    assert asked[0].endswith(f":execution:fugace-{fugace.environment}-restore:{ID}")
    assert "has not failed" in fugace("restore", "resume", ID).output


@pytest.mark.usefixtures("started")
def test_one_that_is_not_known_is_said(fugace: Terminal) -> None:
    """Not by a traceback."""
    assert "There is no restore" in fugace("restore", "status", ID).output
    assert "UUID" in fugace("restore", "status", "x").output
