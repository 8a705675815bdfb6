"""A tenant leaves the deployed stack: with two keys, with everything it has, and nobody else notices."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from tests.journeys import scan
from tests.journeys.conftest import FINAL, Stack, Tenant, fugace, wait_for
from tests.journeys.people import file, reached, send

STAYS = {"ledger"}
"""Closed words and counts, for as long as the contract can be disputed."""


def rows(environment: str, of: str) -> dict[str, list[dict[str, Any]]]:
    """Every stored row in which a tenant is named, by table."""
    dynamo = boto3.client("dynamodb")
    found: dict[str, list[dict[str, Any]]] = {}
    for name in dynamo.list_tables()["TableNames"]:
        pages = dynamo.get_paginator("scan").paginate(TableName=name)
        named = [row for page in pages for row in page["Items"] if of.encode() in scan.raw(row)]
        if named:
            found[name.removeprefix(f"fugace-{environment}-")] = named
    return found


def written_to(tenant: Tenant, to: str) -> None:
    """A message of it that was delivered."""
    sent = tenant.client("POST", "/v1/messages", {"to": to, "text": "Au revoir", "category": "transactional"})
    assert sent.status == 202, sent.text
    where = f"/v1/messages/{sent.json['id']}"
    wait_for(lambda: tenant.client("GET", where).json["status"] in FINAL, seconds=60, every=1)


def test_a_tenant_leaves_with_two_keys_and_nothing_of_it_stays(
    stack: Stack, environment: str, tenant_of: Callable[..., Tenant], tmp_path: Path
) -> None:
    """Asked by one key, confirmed by another; keys, people, messages, settings go; a certificate says so."""
    leaver, neighbour = tenant_of("Leaves", mode="live"), tenant_of("Stays", mode="live")
    second = leaver.client.as_(fugace(stack, "keys", "create", leaver.id, "--role", "admin", "--mode", "live")["key"])
    for tenant in (leaver, neighbour):
        written_to(tenant, "+33639987900")
        written_to(tenant, "+33639987901")
        hook = tenant.client("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + "/leaving"})
        assert hook.status == 201, hook.text
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    send(leaver, "+33639987902", 1, send_at=later)
    answered = file(leaver, "access", "+33639987900")
    reached(leaver, answered, "completed")
    s3 = boto3.client("s3")
    (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"] if "-exports-" in each["Name"])
    s3.create_multipart_upload(Bucket=bucket, Key=f"{leaver.id}/{answered['subject_request_id']}/rest")
    there = rows(environment, leaver.id)
    assert {"messages", "tenants", "subject-keys", "ledger"} <= set(there)
    before = rows(environment, neighbour.id)["messages"]

    asked = leaver.client("DELETE", "/v1/tenants/me")
    assert asked.status == 202, asked.text
    assert leaver.client("DELETE", "/v1/tenants/me").json["type"] == "/problems/same-key"
    confirmed = second("DELETE", "/v1/tenants/me")
    assert confirmed.status == 202, confirmed.text
    case = confirmed.json["subject_request_id"]

    def left() -> bool:
        found = rows(environment, leaver.id)
        own = [row for row in found.pop("cases", []) if row["item"]["S"] == f"case/{case}"]
        # What counts and looks after stands in partitions of an hour or a day, and ends by itself within days.
        registers = [row for table in ("purge", "tenants") for row in found.pop(table, [])]
        done = bool(own) and own[0]["state"]["S"] == "completed"
        return done and set(found) <= STAYS and all(row["tenant"]["S"] != leaver.id for row in registers)

    wait_for(left, seconds=150, every=2)
    unfinished = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    assert not [each for each in unfinished if leaver.id in each["Key"]]
    assert rows(environment, neighbour.id)["messages"] == before
    assert leaver.id not in json.dumps(fugace(stack, "tenants", "list"))
    wait_for(lambda: leaver.client("GET", "/v1/messages").status in {401, 403}, seconds=90, every=2)
    _certified(stack, leaver, neighbour, tmp_path)


def _certified(stack: Stack, leaver: Tenant, neighbour: Tenant, folder: Path) -> None:
    """The operator prints it, and anybody verifies it with the public keys that everybody else is shown."""
    keys = neighbour.client("GET", "/v1/discovery").json["extensions"]["fugace"]["keys"]
    (folder / "keys.json").write_text(json.dumps({"keys": keys}))
    printed = subprocess.run(
        ["./fugace", "tenants", "certificate", leaver.id],
        env=stack.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stderr
    (folder / "tenant.jws").write_text(printed.stdout)
    command = ["./fugace", "certificate", "verify", str(folder / "tenant.jws"), "--keys", str(folder / "keys.json")]
    alone = {"PATH": stack.environment()["PATH"], "HOME": str(folder)}
    checked = subprocess.run([*command, "--json"], env=alone, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["tenant"] == leaver.id
