"""What happens when a tenant wants to be told again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from fugace.domain.errors import BadRequestError, NotFoundError, UnavailableError, WebhookRefusedError
from fugace.domain.message import Status
from fugace.domain.tenant import Webhook
from functions.dlr import replay
from functions.dlr.letter import Letter
from functions.dlr.replay import Replay, Replayed, Span
from tests.fakes import (
    BAKERY,
    NOON,
    SHOP,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeTenants,
    FakeVault,
    FakeWebhooks,
    key_number,
    sealed_record,
    tenant,
)

HOOK = "wh_aaaaaaaaaaaaaaaa"
DONE = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED, Status.DELIVERED)


@dataclass
class Room:
    """A tenant with one webhook, two shards, and a message each minute from noon."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON + timedelta(hours=1)))
    vault: FakeVault = field(default_factory=FakeVault)
    queue: FakeQueue = field(default_factory=FakeQueue)

    def __post_init__(self) -> None:
        self.messages = FakeMessages(self.clock, *(self.message(number) for number in range(6)))
        self.webhooks = FakeWebhooks(self.clock)
        self.hook()
        shops = FakeTenants(tenant(SHOP, shards=2))
        self.replay = Replay(self.webhooks, self.messages, self.vault, shops, self.queue, self.clock)

    def message(self, number: int, **more: Any) -> Any:
        at = NOON + timedelta(minutes=number)
        more = {"status": DONE, "at": at, "shard": number % 2, **more}
        return sealed_record(self.vault, key_number(number), **more)

    def hook(self, **more: Any) -> None:
        self.webhooks.put(
            Webhook(SHOP, HOOK, "https://shop.example", secrets=(), created=NOON, **{"events": frozenset(), **more})
        )

    def span(self, since: datetime = NOON, **more: Any) -> Replayed:
        return self.replay.span(SHOP, HOOK, Span(since, **more))

    def sent(self) -> list[tuple[int, int]]:
        """Number of the message and of its change, of each letter on the queue; each is for the one webhook."""
        letters = [Letter.read(body) for body in self.queue.sent]
        assert all((letter.webhook, letter.attempt) == (HOOK, 1) for letter in letters)
        return [(int(letter.id[-12:], 16), letter.sequence) for letter in letters]


@pytest.fixture
def room() -> Room:
    return Room()


def test_all_that_was_told_of_one_message_is_told_again(room: Room) -> None:
    """With the ids that the events had."""
    assert room.replay.message(SHOP, HOOK, key_number(3).id) == Replayed(2)
    assert room.sent() == [(3, 3), (3, 4)]


def test_a_span_of_time_is_told_again(room: Room) -> None:
    """Its beginning belongs to it, its end does not; every shard is looked at."""
    room.hook(events=frozenset({"message.delivered"}))

    done = room.span(NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=4))

    assert done == Replayed(3)
    assert sorted(room.sent()) == [(1, 4), (2, 4), (3, 4)]


def test_without_an_end_a_span_ends_now(room: Room) -> None:
    """What is scheduled for later has nothing to tell."""
    room.clock.now = NOON + timedelta(minutes=2)

    room.span()

    assert {number for number, _ in room.sent()} == {0, 1}


@pytest.mark.parametrize(("limit", "value"), [("MOST_EVENTS", 3), ("MOST_EVENTS", 4), ("MOST_MESSAGES", 1)])
def test_a_long_span_is_told_in_several_calls_and_no_event_twice(
    room: Room, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """One call must end before API Gateway's patience does."""
    monkeypatch.setattr(replay, limit, value)
    monkeypatch.setattr(replay, "_PAGE", 2)
    calls, after = 0, ""

    while calls == 0 or after:
        done = room.span(after=after)
        assert done.events <= replay.MOST_EVENTS
        calls, after = calls + 1, done.after

    assert sorted(room.sent()) == [(number, sequence) for number in range(6) for sequence in (3, 4)]
    assert calls > 1


def test_messages_of_one_instant_are_told_apart(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign that was scheduled for noon is ten thousand messages at noon."""
    room.messages.rows = {
        record.key: record for record in (room.message(number, at=NOON, shard=0) for number in range(5))
    }
    monkeypatch.setattr(replay, "MOST_MESSAGES", 2)
    after = room.span().after

    while after:
        after = room.span(after=after).after

    assert sorted(room.sent()) == [(number, sequence) for number in range(5) for sequence in (3, 4)]


def test_what_is_over_is_passed_over(room: Room) -> None:
    """The index forgets later than we do (I4)."""
    room.messages.rows[key_number(2)] = room.message(2, expires_at=NOON)

    room.span()

    assert {number for number, _ in room.sent()} == {0, 1, 3, 4, 5}
    with pytest.raises(NotFoundError):
        room.replay.message(SHOP, HOOK, key_number(2).id)


def test_another_tenant_s_messages_are_not_told(room: Room) -> None:
    """Neither by id nor by time (I8)."""
    theirs = sealed_record(room.vault, key_number(9, BAKERY), status=DONE)
    room.messages.rows = {theirs.key: theirs}

    assert room.span() == Replayed(0)
    with pytest.raises(NotFoundError):
        room.replay.message(SHOP, HOOK, theirs.key.id)


def test_another_tenant_s_webhook_does_not_exist(room: Room) -> None:
    """Nor does one that was never there (I8)."""
    with pytest.raises(NotFoundError):
        room.replay.span(BAKERY, HOOK, Span(NOON))


def test_a_disabled_webhook_is_told_nothing_and_its_owner_told_why(room: Room) -> None:
    """Its letters would be dropped on the way, and the count be a lie."""
    room.hook(disabled="gone")

    with pytest.raises(WebhookRefusedError) as error:
        room.span()
    assert error.value.facts == {"reason": "disabled"}


@pytest.mark.parametrize("mark", ["x", "0.1", "0.1.ten_a/x", "0.99999999999999." + key_number(1).id, "0.1." + "-" * 36])
def test_a_mark_that_is_not_ours_is_refused(room: Room, mark: str) -> None:
    """It becomes part of a key."""
    with pytest.raises(BadRequestError) as error:
        room.span(after=mark)

    assert [each.pointer for each in error.value.errors] == ["/after"]


def test_an_id_that_cannot_be_one_is_refused(room: Room) -> None:
    """It becomes part of a key."""
    with pytest.raises(BadRequestError):
        room.replay.message(SHOP, HOOK, "../1")


def test_a_queue_that_takes_nothing_is_said_so(room: Room) -> None:
    """Answered 202, they would be waited for."""
    room.queue.broken = True

    with pytest.raises(UnavailableError):
        room.span()
