"""What goes to a webhook: body, headers, signature, and when it goes again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from fugace.domain import webhooks
from fugace.domain.ids import uuid7
from fugace.domain.message import Change, Evidence, Status
from tests.fakes import ALICE, FIRST, NOON, sealed_record

SECRET = bytes(range(32))
OLD = bytes(range(32, 64))


def test_the_body_says_what_happened_and_nothing_of_the_person() -> None:
    """Thin: ids, states, and the tenant's own words. The format is public and never changes silently."""
    history = (
        Change(Status.ACCEPTED, NOON),
        Change(Status.DELIVERED, NOON + timedelta(seconds=1), Evidence.HANDSET, "000"),
    )
    record = sealed_record(history=history, campaign="spring")

    body = webhooks.payload(record, 2, "order-7")

    assert json.loads(body) == {
        "type": "message.delivered",
        "timestamp": "2026-01-15T12:00:01.000Z",
        "data": {
            "id": FIRST.id,
            "status": "delivered",
            "sequence": 2,
            "at": "2026-01-15T12:00:01.000Z",
            "evidence": "handset",
            "live": True,
            "code": "000",
            "reference": "order-7",
            "campaign": "spring",
        },
    }
    assert ALICE.reveal()[1:].encode() not in body


def test_an_event_of_the_past_says_what_was_then() -> None:
    """Retried after a later change, it still tells of its own."""
    record = sealed_record(status=[Status.ACCEPTED, Status.SUBMITTED, Status.DELIVERED])

    assert json.loads(webhooks.payload(record, 2))["type"] == "message.submitted"


def test_an_event_s_id_is_its_message_s_and_its_change_s() -> None:
    """Receivers drop what they have seen by it: it must be one for all attempts, and another for another change."""
    assert webhooks.event_id(FIRST.id, 2) == "evt_019bc1927a0070008000000000000001_2"
    assert webhooks.event_id(FIRST.id, 3) != webhooks.event_id(FIRST.id, 2)


def test_a_test_event_is_the_same_on_every_attempt() -> None:
    """Its time is the one in its id."""
    test = uuid7(NOON)

    assert webhooks.test_payload(test) == webhooks.test_payload(test)
    assert json.loads(webhooks.test_payload(test))["timestamp"] == "2026-01-15T12:00:00.000Z"


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_the_reference_implementation_accepts_the_signature_of_every_valid_secret(secret: bytes) -> None:
    """During a rotation, receivers that have the old secret and those that have the new one both read on."""
    body = webhooks.payload(sealed_record(), 1)
    headers = webhooks.headers("evt_1", datetime.now(UTC), body, [SECRET, OLD])

    assert Verifier(webhooks.shown(secret)).verify(body, headers)["data"]["id"] == FIRST.id


def test_the_signature_covers_the_body() -> None:
    """Else anybody on the way could change what happened."""
    body = webhooks.payload(sealed_record(), 1)
    headers = webhooks.headers("evt_1", datetime.now(UTC), body, [SECRET])

    with pytest.raises(WebhookVerificationError):
        Verifier(webhooks.shown(SECRET)).verify(body.replace(b"accepted", b"rejected"), headers)


def test_the_timestamp_signed_is_the_attempt_s() -> None:
    """Receivers refuse what is older than minutes, and a retry comes hours later."""
    assert webhooks.headers("evt_1", NOON, b"{}", [SECRET])["webhook-timestamp"] == str(int(NOON.timestamp()))


def test_a_secret_is_as_long_as_the_specification_wants() -> None:
    """24 to 64 bytes, shown in base64 after `whsec_`."""
    assert len(webhooks.new_secret()) == 32
    assert webhooks.new_secret() != webhooks.new_secret()
    assert webhooks.shown(b"\x00" * 3) == "whsec_AAAA"


def test_the_waits_are_those_of_the_specification() -> None:
    """Ten attempts in some three days: a weekend's outage loses nothing."""
    waits = [webhooks.wait_after(attempt) for attempt in range(1, 11)]

    minutes = [wait and wait / timedelta(minutes=1) for wait in waits]
    assert minutes == [5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440, None]


def test_jitter_makes_a_wait_longer_and_never_shorter() -> None:
    """What failed together must not come back together."""
    assert webhooks.wait_after(2, chance=1.0) == timedelta(minutes=6)


@pytest.mark.parametrize(
    ("attempt", "asked", "wait"),
    [
        (1, timedelta(hours=1), timedelta(hours=1)),
        (4, timedelta(hours=1), timedelta(hours=2)),
        (1, timedelta(days=9), timedelta(days=1)),
    ],
)
def test_a_receiver_can_ask_for_more_time_but_not_for_ever(attempt: int, asked: timedelta, wait: timedelta) -> None:
    """Retry-After is honoured within a day."""
    assert webhooks.wait_after(attempt, asked=asked) == wait


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "120", 120),
        (503, "Thu, 15 Jan 2026 12:01:00 GMT", 60),
        (502, "Thu, 15 Jan 2026 11:00:00 GMT", 0),
        (504, "99999999999999999999", 86_400),
        (503, "soon", 0),
        (503, "-5", 0),
        (503, "²", 0),
        (503, "Thu, 15 Jan 2026 12:01:00", 0),
        (503, "", 0),
        (500, "120", 0),
        (200, "120", 0),
    ],
)
def test_what_an_answer_asks_for_is_read_as_http_says(status: int, header: str, seconds: int) -> None:
    """Seconds or a date, only where the status means 'not now'; nonsense asks for nothing."""
    assert webhooks.asked_wait(status, header, NOON) == timedelta(seconds=seconds)
