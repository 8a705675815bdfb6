"""Persons' requests through the deployed stack: what is asked is done, everywhere, and nothing else is touched."""

import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.journeys import scan
from tests.journeys.conftest import Answer, Stack, Tenant, fugace, wait_for
from tests.journeys.people import (
    TEXT,
    delivered,
    file,
    histories,
    reached,
    rows,
    send,
    state,
    strangers,
    subject_of,
    texts,
)

PEOPLE = strangers(range(13, 34), 7)
ALICE, BOB, CAROL, DAVE, ERIN, FRANK, GRACE = PEOPLE


@pytest.fixture(scope="module")
def shop(tenant_of: Callable[..., Tenant]) -> Tenant:
    """A tenant that people ask things of, with a live admin key."""
    return tenant_of("Answers for people", mode="live")


@pytest.fixture(scope="module")
def erased(shop: Tenant, environment: str) -> dict[str, Any]:
    """One person erased, beside another who was written to as well; what there was before, and what was answered."""
    alice, bob = send(shop, ALICE, 12), send(shop, BOB, 4)
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    planned = send(shop, ALICE, 1, send_at=later)
    delivered(shop, alice + bob)
    access = file(shop, "access", ALICE)
    reached(shop, access, "completed")
    before = rows(environment, "messages", shop)
    filed = file(shop, "erasure", ALICE)
    reached(shop, filed, "completed")
    return {"before": before, "alice": alice + planned, "bob": bob, "planned": planned[0], "access": access, **filed}


def test_what_is_the_persons_is_gone_and_every_other_row_is_what_it_was(
    shop: Tenant, environment: str, erased: dict[str, Any]
) -> None:
    """The invariant of erasure: A1 = A0 - B0, B1 = 0, C1 = C0, to the byte, over rows as they are stored."""
    before, after = erased["before"], rows(environment, "messages", shop)
    mine = {f"{shop.id}/{each}" for each in erased["alice"]}

    assert mine <= set(before)
    assert after == {key: row for key, row in before.items() if key not in mine}


def test_no_index_leads_to_the_person(environment: str, shop: Tenant, erased: dict[str, Any]) -> None:
    """Of somebody else it does: the same question finds what is there."""
    dynamo, table = boto3.client("dynamodb"), f"fugace-{environment}-messages"

    def found(id_: str) -> int:
        subject = subject_of(erased["before"][f"{shop.id}/{id_}"])
        answer = dynamo.query(
            TableName=table,
            IndexName="by-subject",
            KeyConditionExpression="subject = :s",
            ExpressionAttributeValues={":s": {"S": subject}},
        )
        return int(answer["Count"])

    assert found(erased["bob"][0]) == 4
    assert found(erased["alice"][0]) == 0


def test_the_key_is_a_tombstone(environment: str, shop: Tenant, erased: dict[str, Any]) -> None:
    """What back-ups and streams still have of the person, nobody can read; and nobody mistakes it for no data."""
    dynamo, table = boto3.client("dynamodb"), f"fugace-{environment}-subject-keys"

    def row(id_: str) -> dict[str, Any]:
        subject = subject_of(erased["before"][f"{shop.id}/{id_}"])
        found: dict[str, Any] = dynamo.get_item(TableName=table, Key={"subject": {"S": subject}})["Item"]
        return found

    assert {"erased"} <= set(row(erased["alice"][0])) - {"wrapped"}
    assert "wrapped" not in row(erased["alice"][0])
    assert "wrapped" in row(erased["bob"][0])


def test_schedules_archives_and_the_carriers_own_records_are_gone(
    stack: Stack, environment: str, shop: Tenant, erased: dict[str, Any]
) -> None:
    """Beyond our tables, too: each of these was there, for the person or for somebody else."""
    scheduler, s3 = boto3.client("scheduler"), boto3.client("s3")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scheduler.get_schedule(GroupName=f"fugace-{environment}", Name=f"m-{erased['planned']}")
    (bucket,) = (
        each["Name"]
        for each in s3.list_buckets()["Buckets"]
        if each["Name"].startswith(f"fugace-{environment}-exports")
    )
    listed = s3.list_object_versions(Bucket=bucket, Prefix=f"{shop.id}/{erased['access']['subject_request_id']}/")
    assert not listed.get("Versions")
    assert texts(stack, BOB)
    assert not texts(stack, ALICE)


def test_the_certificate_verifies_without_us(
    stack: Stack, shop: Tenant, erased: dict[str, Any], tmp_path: Path
) -> None:
    """By the command line, with no AWS in sight; and only the controller can tell whose it is."""
    answer = shop.client("GET", f"/v1/requests/{erased['subject_request_id']}/certificate").json
    (tmp_path / "certificate").write_text(answer["certificate"])
    keys = shop.client("GET", "/v1/discovery").json["extensions"]["fugace"]["keys"]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
    alone = {"PATH": stack.environment()["PATH"], "HOME": str(tmp_path)}
    opening = ["--commitment-key", erased["extensions"]["fugace"]["commitment_key"], "--number", "-"]
    command = [
        "./fugace",
        "certificate",
        "verify",
        str(tmp_path / "certificate"),
        "--keys",
        str(tmp_path / "keys.json"),
    ]

    def verify(number: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *opening, "--json"], input=number, env=alone, capture_output=True, text=True, check=False
        )

    good, other = verify(ALICE), verify(BOB)
    assert good.returncode == 0, good.stdout + good.stderr
    assert json.loads(good.stdout)["genuine"] is True
    assert ALICE[1:] not in good.stdout + answer["certificate"]
    assert other.returncode == 1


def test_who_was_erased_may_come_back(shop: Tenant, erased: dict[str, Any], environment: str) -> None:
    """As somebody new: with another key, and nothing of what was."""
    (again,) = send(shop, ALICE, 1)
    delivered(shop, [again])

    assert shop.client("GET", f"/v1/messages/{again}?include=personal").json["to"] == ALICE
    old, new = erased["before"][f"{shop.id}/{erased['alice'][0]}"], rows(environment, "messages", shop)
    assert int(new[f"{shop.id}/{again}"]["epoch"]["N"]) > int(old["epoch"]["N"])


def test_access_is_an_archive_behind_a_link_that_works_once(
    stack: Stack, shop: Tenant, environment: str, tmp_path: Path
) -> None:
    """JSON, tables and a page in the person's language; the same archive for somebody nobody ever wrote to."""
    assert environment
    ids = send(shop, CAROL, 3)
    delivered(shop, ids)
    filed = file(shop, "access", CAROL, language="fr")
    reached(shop, filed, "completed")

    def fetch(link: str) -> subprocess.CompletedProcess[str]:
        command = ["./fugace", "requests", "fetch", link, "--out", str(tmp_path / "archive.zip")]
        return subprocess.run(command, env=stack.environment(), capture_output=True, text=True, check=False)

    link = shop.client("POST", f"/v1/requests/{filed['subject_request_id']}/links").json["url"]
    first, second = fetch(link), fetch(link)
    assert first.returncode == 0, first.stderr
    assert second.returncode != 0
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        data = json.loads(archive.read("data.json"))
        page = archive.read("index.html").decode()
    assert CAROL in json.dumps(data)
    assert {each["id"] for each in data["messages"]} == set(ids)
    assert {each["text"] for each in data["messages"]} == {TEXT}
    assert '<html lang="fr"' in page


def test_a_code_by_sms_proves_who_asks(stack: Stack, shop: Tenant) -> None:
    """A wrong code is refused; the one that reached the number lets the request begin."""
    filed = file(shop, "objection", DAVE, identity="otp")
    where = f"/v1/requests/{filed['subject_request_id']}"
    assert state(shop, filed) == "verifying"
    said = wait_for(lambda: texts(stack, DAVE), seconds=60, every=1)
    (code,) = re.findall(r"\b[0-9]{6}\b", " ".join(said))

    wrong = shop.client("POST", f"{where}/code", {"code": "000000" if code != "000000" else "000001"})
    assert (wrong.status, wrong.json["type"]) == (422, "/problems/code-refused")
    right = shop.client("POST", f"{where}/code", {"code": code})
    assert right.status in {200, 202}, right.text
    reached(shop, filed, "completed")
    refused = shop.client("POST", "/v1/messages", {"to": DAVE, "text": "Sale!", "category": "marketing"})
    assert (refused.status, refused.json["reason"]) == (409, "objection")


def test_what_is_restricted_is_hidden_until_it_is_lifted(shop: Tenant) -> None:
    """Kept, and neither shown nor sent."""
    (one,) = send(shop, ERIN, 1)
    delivered(shop, [one])
    filed = file(shop, "restriction", ERIN, ground="accuracy")
    reached(shop, filed, "completed")

    assert shop.client("GET", f"/v1/messages/{one}").status == 404
    refused = shop.client("POST", "/v1/messages", {"to": ERIN, "text": TEXT, "category": "otp"})
    assert (refused.status, refused.json["reason"]) == (409, "restriction")
    reached(shop, file(shop, "lift-restriction", ERIN), "completed")
    wait_for(lambda: shop.client("GET", f"/v1/messages/{one}").status == 200, seconds=60, every=1)


def test_a_corrected_number_is_where_a_scheduled_text_goes(stack: Stack, shop: Tenant) -> None:
    """Rectification propagates: the old number gets nothing."""
    wrong, right = FRANK, GRACE
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    (planned,) = send(shop, wrong, 1, send_at=soon)
    filed = file(shop, "rectification", wrong, correction={"field": "to", "value": right})
    reached(shop, filed, "completed")

    wait_for(lambda: texts(stack, right), seconds=120, every=2)
    assert not texts(stack, wrong)
    assert shop.client("GET", f"/v1/messages/{planned}?include=personal").json["to"] == right


def test_one_tenants_requests_are_nobody_elses(
    shop: Tenant, erased: dict[str, Any], tenant_of: Callable[..., Tenant]
) -> None:
    """I8: another tenant's ids answer as if they did not exist, and a number is searched among one's own."""
    stranger = tenant_of("Asks for others", mode="live").client
    where = f"/v1/requests/{erased['subject_request_id']}"

    answers: list[Answer] = [
        stranger("GET", where),
        stranger("DELETE", where),
        stranger("GET", f"{where}/certificate"),
        stranger("POST", f"{where}/links"),
        stranger("POST", f"{where}/extension", {"reason": "complexity"}),
    ]
    assert {answer.status for answer in answers} == {404}
    assert stranger("POST", "/v1/subjects/search", {"phone_e164": CAROL}).json["requests"] == []
    assert shop.client("POST", "/v1/subjects/search", {"phone_e164": CAROL}).json["requests"]


@pytest.mark.usefixtures("erased")
def test_no_history_of_any_run_holds_a_number_or_a_text(environment: str, stack: Stack) -> None:
    """Ninety days, and no way to delete one: ids alone. Every path of this file has run by now; callbacks, too."""
    wanted = [form for value in [*PEOPLE, TEXT, "Quagga-Okapi"] for form in scan.forms(value)]
    remembered = list(histories(environment))

    assert len(remembered) > 10
    assert not [form for form in wanted for each in remembered if form in each]
    assert not [form for form in wanted if form in stack.sink("GET", "/received").text.encode()]


@pytest.mark.usefixtures("erased")
def test_nothing_that_is_kept_holds_a_number_in_clear(environment: str) -> None:
    """I2, once more: tables, streams, queues, logs, objects, schedules, after requests of every kind."""
    assert scan.hits([*PEOPLE, TEXT], environment) == []


@pytest.mark.usefixtures("environment")
def test_an_operator_sees_no_tenant_more(shop: Tenant, stack: Stack) -> None:
    """The ledger of a tenant whose people asked for things verifies as before."""
    actions = {
        json.loads(each["entry"])["action"] for each in shop.client("GET", "/v1/ledger?limit=100").json["entries"]
    }

    assert {"request-filed", "erasure-begun", "key-destroyed", "erased", "certified", "request-done"} <= actions
    assert fugace(stack, "tenants", "list")
