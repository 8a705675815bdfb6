"""What is over leaves the deployed stack, on time, and the ledger says so."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.journeys.conftest import Stack, Tenant, fugace, wait_for

ANNOUNCED = 36
"""Seconds from a choice to its being in force, and one more."""


@pytest.fixture
def shop(tenant_of: Callable[..., Tenant], request: pytest.FixtureRequest) -> Tenant:
    """A tenant of the test's own, with a live admin key that has been used today."""
    made = tenant_of(request.node.name[:60], mode="live")
    assert made.client("GET", "/v1/messages").status == 200
    return made


def plant(stack: Stack, tenant: Tenant, count: int, *, days: int, expired: bool = False) -> list[str]:
    """Messages that were delivered `days` ago."""
    words = [tenant.id, str(count), str(days), *(["EXPIRED"] if expired else [])]
    paths = {"PYTHONPATH": ".:layers/common/python"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.journeys.plant", *words],
        env={**stack.environment(), **paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def rows(environment: str, tenant: Tenant, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What the table really holds of them, whatever the API would say."""
    dynamo, table = boto3.client("dynamodb"), f"fugace-{environment}-messages"
    found = {}
    for start in range(0, len(ids), 100):
        keys = [{"pk": {"S": f"{tenant.id}/{each}"}} for each in ids[start : start + 100]]
        answer = dynamo.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        found.update({row["pk"]["S"].partition("/")[2]: row for row in answer["Responses"][table]})
    return found


def purge(environment: str) -> None:
    """Wake the plan by hand."""
    answer = boto3.client("lambda").invoke(FunctionName=f"fugace-{environment}-plan:live", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def counted(tenant: Tenant) -> dict[str, int]:
    """What the ledger says was purged of a tenant, in all."""
    total: dict[str, int] = {}
    for item in tenant.client("GET", "/v1/ledger?limit=100").json["entries"]:
        entry = json.loads(item["entry"])
        if entry["action"] == "purged":
            for word, count in entry["facts"].items():
                total[word] = total.get(word, 0) + count
    return total


def objects(environment: str) -> set[str]:
    """Keys of what is in the bucket of checkpoints."""
    s3 = boto3.client("s3")
    buckets = (bucket["Name"] for bucket in s3.list_buckets()["Buckets"])
    (name,) = (bucket for bucket in buckets if bucket.startswith(f"fugace-{environment}-ledger-"))
    return {found["Key"] for found in s3.list_objects_v2(Bucket=name).get("Contents", [])}


def choose(tenant: Tenant, **periods: str) -> None:
    """Choose, and wait until it is in force."""
    answer = tenant.client("PUT", "/v1/retention", periods)
    assert answer.status == 200, answer.text
    time.sleep(ANNOUNCED)


def test_a_shortened_choice_empties_the_table_on_the_next_run(stack: Stack, shop: Tenant, environment: str) -> None:
    """What was collected under six months goes when a tenant chooses a day; what is younger stays, without its text."""
    old, young = plant(stack, shop, 60, days=3), plant(stack, shop, 7, days=0)
    assert shop.client("GET", f"/v1/messages/{old[0]}").status == 200
    simulated = shop.client("GET", "/v1/retention?simulate=record:P1D,content:PT0S").json["simulated"]
    assert simulated["record"]["count"] == 60

    choose(shop, record="P1D", content="PT0S")
    assert shop.client("GET", f"/v1/messages/{old[0]}").status == 404  # before anything was deleted
    purge(environment)

    wait_for(lambda: not rows(environment, shop, old), seconds=60, every=1)
    kept = wait_for(lambda: [row for row in rows(environment, shop, young).values() if "text" not in row], seconds=60)
    assert wait_for(lambda: len(rows(environment, shop, young)) == 7)
    assert kept
    wait_for(lambda: purge(environment) or counted(shop).get("record") == 60, seconds=60, every=3)
    wait_for(lambda: purge(environment) or counted(shop).get("content") == 67, seconds=60, every=3)


def test_ttl_and_sweep_on_the_same_rows_count_each_once(stack: Stack, shop: Tenant, environment: str) -> None:
    """Both delete what is over; the stream tells each removal once, whoever made it."""
    ids: list[str] = []
    for _ in range(4):  # TTL looks every few seconds here: some are taken by it, some by the sweeper
        ids += plant(stack, shop, 80, days=200, expired=True)
        purge(environment)

    wait_for(lambda: not rows(environment, shop, ids), seconds=90, every=1)
    wait_for(lambda: purge(environment) or counted(shop).get("record", 0) >= len(ids), seconds=90, every=3)
    purge(environment)
    time.sleep(5)
    assert counted(shop) == {"record": len(ids), "content": len(ids)}


def test_the_schedule_wakes_the_plan(stack: Stack, shop: Tenant, environment: str) -> None:
    """Nobody calls: texts that are over leave by themselves. TTL cannot do that: it takes whole rows."""
    ids = plant(stack, shop, 5, days=10)
    wait_for(lambda: not [row for row in rows(environment, shop, ids).values() if "text" in row], seconds=150, every=2)
    assert len(rows(environment, shop, ids)) == 5


def test_a_held_message_stays_out_of_reach_and_goes_when_the_hold_does(
    stack: Stack, shop: Tenant, environment: str
) -> None:
    """Kept beyond its time, not shown; another key than the one that set the hold lets go of it."""
    held, free = plant(stack, shop, 2, days=3)
    other = fugace(stack, "keys", "create", shop.id, "--role", "admin", "--mode", "live")["key"]
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    wish = {"message": held, "ground": "legal-claim", "until": until}
    hold = shop.client("POST", "/v1/holds", wish)
    assert hold.status == 201, hold.text
    assert shop.client("GET", f"/v1/messages/{held}").status == 404

    choose(shop, record="P1D")
    purge(environment)
    wait_for(lambda: free not in rows(environment, shop, [held, free]), seconds=60, every=1)
    assert held in rows(environment, shop, [held])

    where = f"/v1/holds/{hold.json['id']}"
    assert shop.client("DELETE", where).status in {403, 409}
    assert shop.client.as_(other)("DELETE", where).status in {200, 202}
    wait_for(lambda: not rows(environment, shop, [held]), seconds=60, every=1)


def test_a_hold_on_a_person_covers_what_is_there_of_them(stack: Stack, shop: Tenant, environment: str) -> None:
    """Their messages and nobody else's; by number in the body, which no answer repeats."""
    ids = plant(stack, shop, 41, days=3)  # forty numbers: the first and the last are the same person
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    answer = shop.client("POST", "/v1/holds", {"to": "+33639980000", "ground": "restriction", "until": until})
    assert answer.status == 201
    assert "639980000" not in answer.text
    wait_for(lambda: shop.client("GET", f"/v1/holds/{answer.json['id']}").json["state"] == "held", seconds=60, every=1)

    choose(shop, record="P1D")
    purge(environment)
    wait_for(lambda: set(rows(environment, shop, ids)) == {ids[0], ids[40]}, seconds=90, every=1)


def test_an_auditor_checks_the_ledger_without_us(stack: Stack, shop: Tenant, environment: str, tmp_path: Path) -> None:
    """An export verifies offline, with no AWS in sight; one changed byte is found and named."""
    answer = shop.client("PUT", "/v1/retention", {"content": "P1D"})
    assert answer.status == 200, answer.text
    today = f"checkpoints/{datetime.now(UTC):%Y-%m-%d}.json"
    signed = today not in objects(environment)  # there is one a day, and nobody can replace it
    made = boto3.client("lambda").invoke(FunctionName=f"fugace-{environment}-checkpoint:live", Payload=b"{}")
    assert "FunctionError" not in made, made["Payload"].read()
    out = tmp_path / "ledger.jsonl"
    command = ["./fugace", "ledger", "export", shop.id, "--out", str(out)]
    done = subprocess.run(command, env=stack.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    alone = {"PATH": stack.environment()["PATH"], "HOME": str(tmp_path)}
    verify = ["./fugace", "ledger", "verify", str(out)]
    good = subprocess.run(verify, env=alone, capture_output=True, text=True, check=False)
    assert good.returncode == (0 if signed else 3), good.stdout + good.stderr
    lines = out.read_text().splitlines()
    assert '"content.to":"P1D"' in lines[1]
    lines[1] = lines[1].replace('"content.to":"P1D"', '"content.to":"P2D"')
    out.write_text("\n".join(lines) + "\n")
    bad = subprocess.run(verify, env=alone, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "2" in bad.stdout + bad.stderr  # the second entry: the first one says that the tenant was taken in


def test_another_tenant_sees_neither_holds_nor_ledger(shop: Tenant, tenant_of: Callable[..., Tenant]) -> None:
    """I8."""
    stranger = tenant_of("Stranger", mode="live").client
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    hold = shop.client("POST", "/v1/holds", {"tenant": True, "ground": "legal-claim", "until": until}).json

    assert stranger("GET", f"/v1/holds/{hold['id']}").status == 404
    assert stranger("DELETE", f"/v1/holds/{hold['id']}").status == 404
    assert hold["id"] not in stranger("GET", "/v1/holds").text
    assert shop.id not in stranger("GET", "/v1/ledger").text
