"""The main path and its edges, on the deployed stack."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from fugace.domain.ids import MessageId, MessageKey, TenantId
from tests.journeys.conftest import Client, Stack, Tenant, wait_for

WISH = {"to": "+33639985600", "text": "Your parcel is here.", "category": "transactional"}


@pytest.fixture(scope="module")
def shop(tenant_of: Callable[..., Tenant]) -> Tenant:
    return tenant_of("Shop of the journeys")


def status(client: Client, message: str) -> str:
    return str(client("GET", f"/v1/messages/{message}").json["status"])


def until(client: Client, message: str, wanted: str) -> None:
    wait_for(lambda: status(client, message) == wanted)


def at_simulator(stack: Stack, tenant: Tenant, message: str) -> list[dict[str, Any]]:
    reference = MessageKey(TenantId(tenant.id), MessageId(message)).reference
    return [sms for sms in stack.simulator("GET", "/messages").json["messages"] if sms["reference"] == reference]


def test_an_sms_arrives_as_it_was_written(shop: Tenant, stack: Stack) -> None:
    """What the person reads is what the client wrote: number, text and sender, character for character."""
    text = "Zażółć gęślą jaźń, 1 € 😀\nBonjour"
    sent = shop.client("POST", "/v1/messages", {**WISH, "text": text, "sender": "Fugace"}).json
    until(shop.client, sent["id"], "delivered")

    order = at_simulator(stack, shop, sent["id"])[0]["order"]

    assert (order["to"], order["text"], order["from"]) == (WISH["to"], text, "Fugace")
    assert sent["encoding"] == "UCS-2"


def test_number_and_text_need_the_scope(shop: Tenant) -> None:
    """A reader of states is not a reader of people."""
    sent = shop.client("POST", "/v1/messages", WISH).json["id"]
    keys = {
        role: shop.client("POST", "/v1/keys", {"role": role, "mode": "test"}).json["key"]
        for role in ("reader", "privacy")
    }
    path = f"/v1/messages/{sent}?include=personal"

    reader, privacy = (shop.client.as_(keys[role])("GET", path) for role in ("reader", "privacy"))

    assert (reader.status, privacy.status) == (403, 200)
    assert WISH["text"] not in reader.text
    assert (privacy.json["to"], privacy.json["text"]) == (WISH["to"], WISH["text"])


def test_a_repeated_request_sends_nothing_twice(shop: Tenant, stack: Stack) -> None:
    """A client whose connection broke asks again with the same key, and one SMS leaves."""
    answers = [shop.client("POST", "/v1/messages", WISH, Idempotency_Key="parcel-7") for _ in range(4)]
    until(shop.client, answers[0].json["id"], "delivered")
    answers.append(shop.client("POST", "/v1/messages", WISH, Idempotency_Key='"parcel-7"'))

    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(at_simulator(stack, shop, answers[0].json["id"])) == 1


def test_another_payload_under_the_same_key_is_refused(shop: Tenant) -> None:
    """Otherwise the second message would silently never be sent."""
    shop.client("POST", "/v1/messages", WISH, Idempotency_Key="parcel-8")

    answer = shop.client("POST", "/v1/messages", {**WISH, "text": "Other"}, Idempotency_Key="parcel-8")

    assert (answer.status, answer.json["type"]) == (422, "/problems/idempotency-mismatch")


def test_one_bad_recipient_does_not_fail_the_rest(shop: Tenant) -> None:
    """A list of a hundred with one typing error is ninety-nine messages."""
    items = [WISH, {**WISH, "to": "+33000"}, WISH]

    answer = shop.client("POST", "/v1/messages", {"messages": items})

    assert (answer.status, answer.json["accepted"], answer.json["refused"]) == (202, 2, 1)
    assert "id" not in answer.json["results"][1]


def test_what_is_scheduled_waits_and_can_be_cancelled(shop: Tenant, stack: Stack) -> None:
    """A cancelled message leaves neither an SMS nor a schedule behind."""
    at = datetime.now(UTC) + timedelta(hours=3)
    sent = shop.client("POST", "/v1/messages", {**WISH, "send_at": at.isoformat()}).json["id"]
    scheduler = boto3.Session(region_name=stack.local["region"])
    environment = stack.environment()
    client = scheduler.client(
        "scheduler",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        verify=environment["AWS_CA_BUNDLE"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )

    def schedules() -> list[str]:
        group = f"fugace-{environment['FUGACE_ENVIRONMENT']}"
        return [each["Name"] for each in client.list_schedules(GroupName=group)["Schedules"] if sent in each["Name"]]

    wait_for(schedules)
    cancelled = shop.client("DELETE", f"/v1/messages/{sent}")

    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    wait_for(lambda: not schedules())
    assert at_simulator(stack, shop, sent) == []


def test_what_is_due_in_a_moment_leaves_in_a_moment(shop: Tenant, stack: Stack) -> None:
    """`send_at` a few seconds ahead: not before, and then it does."""
    at = datetime.now(UTC) + timedelta(seconds=6)
    sent = shop.client("POST", "/v1/messages", {**WISH, "send_at": at.isoformat()}).json["id"]
    until(shop.client, sent, "delivered")

    left = datetime.fromisoformat(at_simulator(stack, shop, sent)[0]["at"])

    assert left >= at


def test_what_has_left_cannot_be_cancelled(shop: Tenant) -> None:
    """409, and the state stays what it is."""
    sent = shop.client("POST", "/v1/messages", WISH).json["id"]
    until(shop.client, sent, "delivered")

    answer = shop.client("DELETE", f"/v1/messages/{sent}")

    assert (answer.status, answer.json["type"]) == (409, "/problems/too-late")
    assert status(shop.client, sent) == "delivered"


def test_a_listing_pages_through_everything_once(tenant_of: Callable[..., Tenant]) -> None:
    """Cursors neither lose nor repeat a message, in any filter."""
    client = tenant_of("Lister").client
    items = [{**WISH, "campaign": f"camp-{number % 2}"} for number in range(14)]
    ids = [row["id"] for row in client("POST", "/v1/messages", {"messages": items}).json["results"]]

    def walk(query: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = client("GET", f"/v1/messages?limit=4{query}{cursor}").json
            found += [row["id"] for row in page["messages"]]
            if not page.get("next_cursor"):
                return found
            cursor = f"&cursor={page['next_cursor']}"

    wait_for(lambda: len(walk("")) == len(ids))

    assert sorted(walk("")) == sorted(ids)
    assert sorted(walk("&campaign=camp-1")) == sorted(ids[1::2])


def test_with_content_retention_zero_the_text_goes_with_the_hand_over(
    tenant_of: Callable[..., Tenant], stack: Stack
) -> None:
    """PT0S: once the carrier has it, we do not."""
    tenant = tenant_of("Forgetful", "--content-retention", "PT0S")
    sent = tenant.client("POST", "/v1/messages", WISH).json["id"]
    until(tenant.client, sent, "delivered")

    shown = tenant.client("GET", f"/v1/messages/{sent}?include=personal").json

    assert (shown["to"], shown["text"]) == (WISH["to"], None)
    assert at_simulator(stack, tenant, sent)[0]["order"]["text"] == WISH["text"]


def test_a_revoked_key_stops_within_a_minute(shop: Tenant) -> None:
    """The authorizer's answers are cached for less than that."""
    made = shop.client("POST", "/v1/keys", {"role": "reader", "mode": "test"}).json
    reader = shop.client.as_(made["key"])
    assert reader("GET", "/v1/messages").status == 200

    assert shop.client("DELETE", f"/v1/keys/{made['id']}").status == 204

    wait_for(lambda: reader("GET", "/v1/messages").status == 401, seconds=60, every=1)


def test_a_forged_receipt_is_refused_and_changes_nothing(shop: Tenant, stack: Stack) -> None:
    """Anybody may call the address; only the carrier is believed."""
    sent = shop.client("POST", "/v1/messages", {**WISH, "to": "+33639985633"}).json["id"]  # no receipt comes
    until(shop.client, sent, "submitted")
    reference = MessageKey(TenantId(shop.id), MessageId(sent)).reference
    report = json.dumps({"reference": reference, "status": "DELIVRD"}).encode()

    answers = [
        stack.admin.as_(None)("POST", f"/dlr/simulator/{token}", report)
        for token in (reference, f"{reference}.AAAAAAAAAAAAAAAAAAAAAA", "account.AAAAAAAAAAAAAAAAAAAAAA")
    ]

    assert {answer.status for answer in answers} == {403}
    assert status(shop.client, sent) != "delivered"


def test_every_answer_of_the_gateway_itself_is_a_problem(shop: Tenant) -> None:
    """Unknown address, method, media: one shape of error, whoever answers."""
    for method, path in (("GET", "/v1/nothing"), ("PATCH", "/v1/messages"), ("GET", "/")):
        answer = shop.client(method, path)
        assert answer.headers["content-type"].startswith("application/problem+json"), (method, path, answer.text)
        assert answer.json["type"].startswith("/problems/")
