"""Persons' requests that meet an obstacle, on the deployed stack: each ends as it should, and tells no more."""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.journeys import people, scan
from tests.journeys.conftest import Stack, Tenant, fugace, wait_for
from tests.journeys.people import TEXT, delivered, file, reached, rows, send, state, strangers, texts

PEOPLE = strangers(range(57, 70), 5)
ALICE, BOB, CAROL, DAVE, ERIN = PEOPLE
TOLD = "/requests-that-fail"
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def shop(tenant_of: Callable[..., Tenant]) -> Tenant:
    """A tenant that people ask things of, with a live admin key."""
    return tenant_of("Meets obstacles", mode="live")


@pytest.fixture
def no_archives(environment: str) -> Iterator[Callable[[], None]]:
    """Whoever erases may not touch S3 any more, until the test says otherwise."""
    iam, whose = boto3.client("iam"), {"RoleName": f"fugace-{environment}-erase", "PolicyName": "obstacle"}
    there = [True]

    def lifted() -> None:
        if there:
            there.clear()
            iam.delete_role_policy(**whose)

    iam.put_role_policy(**whose, PolicyDocument=json.dumps(DENY))
    yield lifted
    lifted()


def ask(stack: Stack, tenant: Tenant, kind: str, to: str, **ours: Any) -> dict[str, Any]:
    """Filed by somebody who wants to be told."""
    return file(tenant, kind, to, stack.local["sink_url"] + TOLD, **ours)


def wake(environment: str, tenant: Tenant, filed: dict[str, Any]) -> None:
    """Time has come to look at it."""
    boto3.client("dynamodb").update_item(
        TableName=f"fugace-{environment}-cases",
        Key={"tenant": {"S": tenant.id}, "item": {"S": f"case/{filed['subject_request_id']}"}},
        UpdateExpression="SET look_at = :past",
        ConditionExpression="attribute_exists(look_at)",
        ExpressionAttributeValues={":past": {"N": str(round(datetime.now(UTC).timestamp() * 1000) - 1_000)}},
    )
    boto3.client("lambda").invoke(FunctionName=f"fugace-{environment}-watch:live", Payload=b"{}")


def ledger(tenant: Tenant, filed: dict[str, Any]) -> Counter[str]:
    """What the tenant's ledger has of it: how often, by action."""
    found: Counter[str] = Counter()
    where = "/v1/ledger?limit=100"
    while where:
        page = tenant.client("GET", where).json
        entries = [json.loads(each["entry"]) for each in page["entries"]]
        found.update(each["action"] for each in entries if each["object"] == filed["subject_request_id"])
        where = f"/v1/ledger?limit=100&after={entries[-1]['seq']}" if len(entries) == 100 else ""
    return found


def keys(environment: str, tenant: Tenant) -> set[str]:
    """Whose keys there are, requests' among them."""
    return set(rows(environment, "subject-keys", tenant))


def archived(environment: str, tenant: Tenant, filed: dict[str, Any]) -> list[str]:
    """What is in the bucket for a request: every version."""
    s3 = boto3.client("s3")
    names = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    (bucket,) = (name for name in names if name.startswith(f"fugace-{environment}-exports"))
    listed = s3.list_object_versions(Bucket=bucket, Prefix=f"{tenant.id}/{filed['subject_request_id']}/")
    return [each["VersionId"] for each in listed.get("Versions", [])]


def test_what_one_place_refuses_is_done_when_it_does_not_any_more(
    stack: Stack, shop: Tenant, environment: str, no_archives: Callable[[], None]
) -> None:
    """`partial`, with what remains; the next run does that alone: one beginning, one key, one certificate."""
    ids = send(shop, ALICE, 2)
    delivered(shop, ids)
    access = file(shop, "access", ALICE)
    reached(shop, access, "completed")
    filed = ask(stack, shop, "erasure", ALICE)
    reached(shop, filed, "partial")

    remaining = people.ours(shop, filed)["remaining"]
    assert [(each["place"], each["outcome"]) for each in remaining] == [("archives", "failed")]
    assert archived(environment, shop, access)
    assert not {f"{shop.id}/{each}" for each in ids} & set(rows(environment, "messages", shop))

    no_archives()
    wake(environment, shop, filed)
    reached(shop, filed, "completed")
    assert not archived(environment, shop, access)
    assert f"case/{shop.id}/{access['subject_request_id']}" not in keys(environment, shop)
    done = ledger(shop, filed)
    assert [done[each] for each in ("erasure-begun", "key-destroyed", "certified", "request-done")] == [1, 1, 1, 1]


def test_what_is_held_is_all_that_stays_and_goes_when_the_hold_does(
    stack: Stack, shop: Tenant, environment: str
) -> None:
    """`held`: hidden, and kept as it is; another key lifts it, and the same request ends."""
    ids = send(shop, BOB, 3)
    delivered(shop, ids)
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    hold = shop.client("POST", "/v1/holds", {"message": ids[0], "ground": "legal-claim", "until": until})
    assert hold.status == 201, hold.text
    filed = ask(stack, shop, "erasure", BOB)
    reached(shop, filed, "held")

    mine = {f"{shop.id}/{each}" for each in ids}
    assert mine & set(rows(environment, "messages", shop)) == {f"{shop.id}/{ids[0]}"}
    assert shop.client("GET", f"/v1/messages/{ids[0]}").status == 404
    said = {each["place"]: (each["outcome"], each["ground"]) for each in people.ours(shop, filed)["remaining"]}
    assert said == {"messages": ("held", "legal-claim"), "key": ("held", "legal-claim")}

    other = shop.client.as_(fugace(stack, "keys", "create", shop.id, "--role", "admin", "--mode", "live")["key"])
    where = f"/v1/holds/{hold.json['id']}"
    assert other("DELETE", where).status in {200, 202}
    wait_for(lambda: shop.client("GET", where).json["state"] == "over", seconds=60, every=1)
    wake(environment, shop, filed)
    reached(shop, filed, "completed")
    assert not mine & set(rows(environment, "messages", shop))
    assert ledger(shop, filed)["key-destroyed"] == 1


@pytest.fixture(scope="module")
def codes(stack: Stack, shop: Tenant, environment: str) -> list[str]:
    """Two that were asked for a code: one is called off, the other denied. The codes that went out."""
    cancelled, denied = (ask(stack, shop, "erasure", to, identity="otp") for to in (CAROL, DAVE))
    sent = [wait_for(lambda to=to: texts(stack, to), seconds=60, every=1)[-1] for to in (CAROL, DAVE)]
    assert {f"case/{shop.id}/{each['subject_request_id']}" for each in (cancelled, denied)} <= keys(environment, shop)

    assert shop.client("DELETE", f"/v1/requests/{cancelled['subject_request_id']}").status in {200, 202}
    answer = shop.client("POST", f"/v1/requests/{denied['subject_request_id']}/denial", {"reason": "suspected_fraud"})
    assert answer.status == 200, answer.text
    assert (state(shop, cancelled), state(shop, denied)) == ("cancelled", "denied")
    assert not {f"case/{shop.id}/{each['subject_request_id']}" for each in (cancelled, denied)} & keys(
        environment, shop
    )
    return [re.findall(r"\b[0-9]{6}\b", text)[0] for text in sent]


@pytest.mark.usefixtures("codes")
def test_what_ended_before_it_began_is_found_and_opens_nothing(shop: Tenant) -> None:
    """Their keys went at once; that somebody asked, and what was answered, is still known."""

    def found(to: str) -> list[str]:
        answer = shop.client("POST", "/v1/subjects/search", {"phone_e164": to}).json["requests"]
        return [each["extensions"]["fugace"]["state"] for each in answer]

    assert (found(CAROL), found(DAVE), found(ERIN)) == (["cancelled"], ["denied"], [])


def test_callbacks_tell_where_it_is_and_are_ours(stack: Stack, shop: Tenant, codes: list[str]) -> None:
    """Signed with a key that discovery shows; of every state that was passed, and never who it is about."""

    def told() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stack.sink("GET", f"/received?path={TOLD}").json["received"]
        return found

    ends = {"completed", "partial", "held", "cancelled", "denied"}
    words = "extensions", "fugace", "state"

    def said() -> set[str]:
        return {json.loads(each["body"])[words[0]][words[1]][words[2]] for each in told()}

    wait_for(lambda: ends <= said(), seconds=60, every=1)
    shown = shop.client("GET", "/v1/discovery").json["extensions"]["fugace"]["keys"]
    for each in told():
        headers = {name.lower(): value for name, value in each["headers"].items()}
        assert genuine(shown, base64.b64decode(headers["x-opendsr-signature"]), each["body"].encode())
        assert each["body"] == json.dumps(json.loads(each["body"]), separators=(",", ":"))
        assert not leaks(each["body"].encode(), codes)


def genuine(shown: list[dict[str, str]], signature: bytes, body: bytes) -> bool:
    for key in shown:
        x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "==")) for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        public.verify(signature, body, ec.ECDSA(hashes.SHA256()))
    return bool(shown)


def leaks(where: bytes, codes: list[str]) -> list[bytes]:
    """A number or a text in any form, or a code that stands by itself."""
    forms = [form for value in [*PEOPLE, TEXT, "Quagga-Okapi"] for form in scan.forms(value)]
    alone = rb"(?<![0-9A-Za-z.:+/=-])(?:" + "|".join(codes).encode() + rb")(?![0-9A-Za-z+/=-])"
    return [form for form in forms if form in where] + re.findall(alone, where)


def test_no_history_and_no_log_holds_a_number_a_text_or_a_code(
    environment: str, stack: Stack, codes: list[str]
) -> None:
    """Of every path of this file, failures included: what cannot be deleted has ids and words alone."""
    remembered = b"\n".join(people.histories(environment))
    assert b"TaskFailed" in remembered or b"LambdaFunctionFailed" in remembered
    assert not leaks(remembered, codes)
    logged = [raw for place, raw in scan.everything(environment) if place.startswith("log ")]
    assert any(b"AccessDenied" in each for each in logged)
    assert not leaks(b"\n".join(logged), codes)
    assert all(leaks(planted.encode(), codes) for planted in (*PEOPLE, f'"code": "{codes[0]}"', f"is {codes[1]}."))
    assert texts(stack, CAROL)  # the carrier has them: it is not that nothing was sent
