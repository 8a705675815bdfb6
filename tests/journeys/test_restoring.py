"""A drill: a table is put back as it was, on the deployed stack, and nobody who was forgotten since comes back with it.

The embedded AWS restores what is there now, whenever was asked for. So the quarantine is made first, as an operator
may, then things happen, and then the restore goes on with it.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.journeys.conftest import Stack, Tenant, fugace, wait_for
from tests.journeys.people import delivered, file, reached, rows, send, strangers, texts

PEOPLE = strangers(range(80, 99), 4)
ERASED, LOST, THERE, PLANNED = PEOPLE


@pytest.fixture(scope="module")
def shop(tenant_of: Callable[..., Tenant]) -> Tenant:
    """Whose messages are lost."""
    return tenant_of("Loses messages", mode="live")


def strip(table: str) -> None:
    """Take from a live table what DynamoDB does not keep when it is made anew: its expiry, and its back-up."""
    dynamo = boto3.client("dynamodb")
    dynamo.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"}
    )
    dynamo.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


@pytest.fixture(scope="module")
def drill(stack: Stack, shop: Tenant, environment: str) -> dict[str, Any]:
    """What was there then; then somebody is erased and rows are lost; and what the restore says at its end."""
    ids = {to: send(shop, to, 2) for to in (ERASED, LOST, THERE)}
    delivered(shop, [each for some in ids.values() for each in some])
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    ids[PLANNED] = send(shop, PLANNED, 1, send_at=later)
    before = rows(environment, "messages", shop)

    dynamo, table, name = boto3.client("dynamodb"), f"fugace-{environment}-messages", str(uuid4())
    at = datetime.now(UTC)
    dynamo.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=f"{table}-restore-{name}", UseLatestRestorableTime=True
    )
    reached(shop, file(shop, "erasure", ERASED), "completed")
    for each in [*ids[LOST], *ids[PLANNED]]:
        dynamo.delete_item(TableName=table, Key={"pk": {"S": f"{shop.id}/{each}"}})
    strip(table)
    live = rows(environment, "messages", shop)
    assert set(live) == {f"{shop.id}/{each}" for each in ids[THERE]}

    fugace(stack, "restore", "start", "--table", "messages", "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}", "--id", name)

    def told() -> dict[str, Any]:
        found: dict[str, Any] = fugace(stack, "restore", "status", name)
        return found

    wait_for(lambda: told()["state"] == "succeeded", seconds=90, every=1)
    return {"ids": ids, "before": before, "live": live, "told": told(), "quarantine": f"{table}-restore-{name}"}


def test_what_was_lost_is_back_and_who_was_erased_is_not(shop: Tenant, environment: str, drill: dict[str, Any]) -> None:
    """To the byte, as are rows that were there all the time; the number is readable as before."""
    ids, before, after = drill["ids"], drill["before"], rows(environment, "messages", shop)
    lost = {f"{shop.id}/{each}" for each in ids[LOST]}
    planned = {f"{shop.id}/{each}" for each in ids[PLANNED]}

    assert set(after) == set(drill["live"]) | lost | planned
    assert {key: row for key, row in after.items() if key not in planned} == {
        key: before[key] for key in set(drill["live"]) | lost
    }
    assert shop.client("GET", f"/v1/messages/{ids[LOST][0]}?include=personal").json["to"] == LOST
    assert {shop.client("GET", f"/v1/messages/{each}").status for each in ids[ERASED]} == {404}


def test_nothing_that_came_back_is_sent(stack: Stack, shop: Tenant, drill: dict[str, Any]) -> None:
    """What was to be sent may have been, for all that is known: it is `unknown`, and stays so."""
    assert shop.client("GET", f"/v1/messages/{drill['ids'][PLANNED][0]}").json["status"] == "unknown"
    assert [len(texts(stack, to)) for to in PEOPLE] == [0, 2, 2, 0]


def test_it_is_told_in_counts_and_in_the_ledger(shop: Tenant, drill: dict[str, Any]) -> None:
    """And the chain is whole, with the erasure before it."""
    told = drill["told"]
    assert told["kept"] >= 3
    assert told["refused"] >= 2
    entries = [json.loads(each["entry"]) for each in shop.client("GET", "/v1/ledger?limit=100").json["entries"]]
    (restored,) = (each for each in entries if each["action"] == "restored")
    assert (restored["facts"]["kept"], restored["facts"]["refused"]) == (3, 2)
    assert "erasure-begun" in {each["action"] for each in entries}


def test_the_quarantine_is_gone(environment: str, drill: dict[str, Any]) -> None:
    """With everybody who is in it."""
    assert environment
    with pytest.raises(ClientError, match="ResourceNotFound"):
        boto3.client("dynamodb").describe_table(TableName=drill["quarantine"])


@pytest.fixture(scope="module")
def settings(stack: Stack, shop: Tenant, environment: str, drill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A webhook and an answered request are lost, from tables that have lost their expiry and their back-up, too."""
    messages = {"messages": {"table": f"fugace-{environment}-messages"}} if drill else {}
    hook = shop.client("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + "/restored"}).json["id"]
    asked = file(shop, "access", THERE)
    reached(shop, asked, "completed")
    lost = {"tenants": f"webhook/{hook}", "cases": f"case/{asked['subject_request_id']}"}
    dynamo, found = boto3.client("dynamodb"), {}
    for source, item in lost.items():
        table, name, at = f"fugace-{environment}-{source}", str(uuid4()), datetime.now(UTC)
        dynamo.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=f"{table}-restore-{name}", UseLatestRestorableTime=True
        )
        strip(table)
        key = {"tenant": {"S": shop.id}, "item": {"S": item}}
        gone = dynamo.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")["Attributes"]
        fugace(stack, "restore", "start", "--table", source, "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}", "--id", name)
        found[source] = {"table": table, "restore": name, "key": key, "gone": gone}

    def over() -> bool:
        return all(fugace(stack, "restore", "status", its["restore"])["state"] == "succeeded" for its in found.values())

    wait_for(over, seconds=90, every=1)
    return messages | found


@pytest.mark.parametrize("source", ["tenants", "cases"])
def test_what_a_tenant_configured_and_was_asked_comes_back(source: str, settings: dict[str, dict[str, Any]]) -> None:
    """But for what would act by itself, or open anything: the webhook is disabled, the link to the archive is gone."""
    its = settings[source]

    back = boto3.client("dynamodb").get_item(TableName=its["table"], Key=its["key"], ConsistentRead=True)["Item"]

    changed = {name for name in {*back, *its["gone"]} if back.get(name) != its["gone"].get(name)}
    assert changed == {"disabled" if source == "tenants" else "links"}


@pytest.mark.parametrize("source", ["messages", "tenants", "cases"])
def test_a_table_that_is_repaired_expires_and_is_backed_up_again(source: str, settings: dict[str, Any]) -> None:
    """Nothing else would say that it does not."""
    dynamo, table = boto3.client("dynamodb"), settings[source]["table"]

    ttl = dynamo.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    kept = dynamo.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]

    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    assert kept["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
