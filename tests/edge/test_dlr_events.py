"""The queues of receipts and of notifications: what is given back, and what nobody gets to see."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fugace.domain import webhooks as rules
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageKey
from fugace.domain.message import Change, Evidence, Record, Status
from fugace.domain.tenant import Secret, Webhook
from fugace.ports import HttpAnswer
from functions.dlr import events
from functions.dlr.letter import Letter
from functions.dlr.notify import Notifier
from functions.dlr.record import Report
from tests.edge.events import CONTEXT
from tests.fakes import (
    ALICE,
    FIRST,
    NOON,
    SECOND,
    SHOP,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWeb,
    FakeWebhooks,
    sealed_record,
    tenant,
)

NUMBER = ALICE.reveal()
HOOK = "wh_aaaaaaaaaaaaaaaa"
SENT = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED)


class Store(FakeMessages):
    """Messages, of which the second cannot be reached when told so: an error with a number in its message."""

    fails: Exception | None = None

    def _alive(self, key: MessageKey) -> Record | None:
        if self.fails and key == SECOND:
            raise self.fails
        return super()._alive(key)

    def get_many(self, keys: Any) -> dict[MessageKey, Record]:
        if self.fails and SECOND in keys:
            raise self.fails
        return super().get_many(keys)


class Room:
    """Both entry points, and what they work with."""

    def __init__(self) -> None:
        self.clock, self.vault, self.web, self.timer = FakeClock(), FakeVault(), FakeWeb(), FakeTimer()
        records = [sealed_record(self.vault, key, text=f"call {NUMBER}", status=SENT) for key in (FIRST, SECOND)]
        self.messages = Store(self.clock, *records)
        secret = Secret(self.vault.seal(SHOP, rules.sealing(HOOK), bytes(32)))
        webhook = Webhook(SHOP, HOOK, f"https://shop.example/{NUMBER}", frozenset(), (secret,), NOON)
        self.webhooks = FakeWebhooks(self.clock, webhook)
        everybody = FakeTenants(tenant())
        self.notifier = Notifier(self.webhooks, everybody, self.messages, self.vault, self.web, self.timer, self.clock)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    room = Room()
    monkeypatch.setattr(events, "messages", lambda: room.messages)
    monkeypatch.setattr(events, "notifier", lambda: room.notifier)
    return room


def batch(*bodies: Any) -> dict[str, Any]:
    """An event of a queue; what is not text already is made JSON."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": f"m{number}", "body": text} for number, text in enumerate(texts)]}


def receipt(key: MessageKey) -> dict[str, str | int]:
    return Report(key, "simulator", Change(Status.DELIVERED, NOON, Evidence.HANDSET)).body()


def news(key: MessageKey = FIRST) -> dict[str, str | int]:
    return Letter(SHOP, key.id, 3).body()


def returned(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_late_receipts_are_written_down(room: Room) -> None:
    """As if they had come now."""
    assert returned(events.late(batch(receipt(FIRST), receipt(SECOND)), CONTEXT)) == []
    assert {record.status for record in room.messages.rows.values()} == {Status.DELIVERED}


@pytest.mark.parametrize("error", [UnavailableError(), RuntimeError(NUMBER)])
def test_only_the_receipt_that_failed_comes_again(room: Room, error: Exception) -> None:
    """The others are done."""
    room.messages.fails = error

    assert returned(events.late(batch(receipt(FIRST), receipt(SECOND)), CONTEXT)) == ["m1"]
    assert room.messages.rows[FIRST].status is Status.DELIVERED


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("entry", [events.late, events.notify])
@pytest.mark.parametrize("body", ["", "{", "[]", "{}", f'{{"message": "{NUMBER}", "sequence": 2}}'])
def test_what_nobody_can_read_becomes_a_dead_letter(entry: Any, body: str, printed: Callable[[], str]) -> None:
    """Dropped silently, a fault of ours would never be seen."""
    assert returned(entry(batch(body), CONTEXT)) == ["m0"]

    seen = printed()
    assert "unreadable" in seen
    assert NUMBER[1:] not in seen


def test_a_batch_of_letters_is_told(room: Room, printed: Callable[[], str]) -> None:
    """One line says so, however many there were."""
    assert returned(events.notify(batch(news(), news(SECOND)), CONTEXT)) == []
    assert len(room.web.requests) == 2
    assert len(printed().splitlines()) == 1


def test_only_the_letter_that_failed_comes_again(room: Room) -> None:
    """The other has been told."""
    room.messages.fails = UnavailableError()

    assert returned(events.notify(batch(news(), news(SECOND)), CONTEXT)) == ["m1"]
    assert len(room.web.requests) == 1


def test_a_dead_webhook_is_reported_to_whoever_runs_this(room: Room, printed: Callable[[], str]) -> None:
    """Its tenant cannot be told by webhook. The line names webhook and tenant, not the address."""
    room.web.otherwise = HttpAnswer(410, {}, b"")

    events.notify(batch(news()), CONTEXT)

    seen = printed()
    line = next(json.loads(text) for text in seen.splitlines() if "webhook-disabled" in text)
    assert (line["webhook"], line["tenant"], line["reason"]) == (HOOK, SHOP, "gone")
    assert '"WebhookDisabled"' in seen
    assert '"EventGivenUp"' in seen
    assert NUMBER[1:] not in seen


LETTERS: dict[str, Any] = {
    "RuntimeError": RuntimeError(NUMBER),
    "UnavailableError": UnavailableError(),
    "notified": None,
}


@pytest.mark.parametrize("outcome", LETTERS)
def test_telling_tenants_shows_no_number(room: Room, outcome: str, printed: Callable[[], str]) -> None:
    """Neither a recipient's nor one in the address of a webhook."""
    room.messages.fails = LETTERS[outcome]
    if outcome == "notified":
        room.web.otherwise = RuntimeError(NUMBER)

    events.notify(batch(news(SECOND)), CONTEXT)

    seen = printed()
    assert outcome in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen
    assert "shop.example" not in seen


def test_taking_late_receipts_shows_no_number(room: Room, printed: Callable[[], str]) -> None:
    """A bug's message may quote what it stumbled over."""
    room.messages.fails = RuntimeError(NUMBER)

    events.late(batch(receipt(SECOND)), CONTEXT)

    seen = printed()
    assert "receipt-failed" in seen  # so we are looking at the right place
    assert "RuntimeError" in seen
    assert NUMBER[1:] not in seen
