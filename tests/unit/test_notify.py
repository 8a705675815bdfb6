"""What a tenant is told of its messages, and that it was us."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from fugace.domain import webhooks as rules
from fugace.domain.ids import MessageKey
from fugace.domain.message import Record, Sealed
from fugace.domain.tenant import Secret
from fugace.ports import HttpAnswer, HttpRequest
from functions.dlr.letter import Letter
from tests.fakes import ALICE, BAKERY, BOB, FIRST, NOON, SECOND, SHOP, FakeMessages, key_number, sealed_record
from tests.notifying import DONE, GOOD, HOOK, OTHER, SECRET, Room, news


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_webhook_is_told_what_became_of_a_message(room: Room) -> None:
    """One signed call; the log has a line of it, and nothing else is written."""
    done = room.tell(news())

    assert [said["type"] for said in room.web.said()] == ["message.delivered"]
    assert room.log() == [(FIRST.id, 4, 1, "200")]
    assert (done.told, done.undone) == (1, {})


def test_the_reference_implementation_accepts_what_is_sent(room: Room) -> None:
    """Headers, signature and body belong together as the specification says."""
    room.clock.now = now = datetime.now(UTC)  # the library has a clock of its own
    room.messages.rows[FIRST] = sealed_record(room.vault, at=now, status=DONE)

    room.tell(news())

    request = room.web.requests[0]
    said = Verifier(rules.shown(SECRET)).verify(request.body, dict(request.headers))
    assert said["data"]["id"] == FIRST.id
    assert request.headers["webhook-id"] == rules.event_id(FIRST.id, 4)


def test_during_a_rotation_both_secrets_sign_and_afterwards_the_new_one_alone(room: Room) -> None:
    """Neither side needs to change over in the same second as the other."""
    old = Secret(room.vault.seal(SHOP, rules.sealing(HOOK), b"o" * 32), NOON + timedelta(hours=1))
    room.hook(secrets=(*room.kept().secrets, old))

    room.tell(news())
    room.clock.tick(hours=1)
    room.tell(news())

    assert [len(request.headers["webhook-signature"].split()) for request in room.web.requests] == [2, 1]


def test_a_webhook_is_told_only_of_what_it_asked_for(room: Room) -> None:
    """Each event costs its receiver something."""
    room.hook(events=frozenset({"message.undeliverable"}))
    wanted = room.hook(OTHER, events=frozenset({"message.delivered", "message.expired"}))

    room.tell(news())

    assert [request.url for request in room.web.requests] == [wanted]


@pytest.mark.parametrize("sequence", [1, 2])
def test_what_follows_at_once_from_a_request_is_not_told(room: Room, sequence: int) -> None:
    """`accepted` was the answer to it, and `queued` is our own affair."""
    room.tell(news(sequence=sequence))

    assert room.web.requests == []


def test_another_tenant_s_webhook_hears_nothing(room: Room) -> None:
    """Tenants are walls (I8), in a batch of both too."""
    bakery = room.hook(OTHER, BAKERY)
    mine = key_number(7, BAKERY)
    room.messages.rows[mine] = sealed_record(room.vault, mine, status=DONE)

    room.tell(news(), news(mine))

    told = {(request.url, json.loads(request.body)["data"]["id"]) for request in room.web.requests}
    assert told == {(room.kept().url, FIRST.id), (bakery, mine.id)}
    assert room.log(OTHER, BAKERY) == [(mine.id, 4, 1, "200")]


def test_the_tenant_s_own_reference_is_opened_for_the_moment_of_telling(room: Room) -> None:
    """It is kept sealed: a customer number is a personal datum too."""
    record = sealed_record(room.vault, status=DONE)
    key = room.vault.keys_of([record])[FIRST]
    sealed = replace(record.sealed, reference=key.seal(str(FIRST), "reference", "order-7"))
    room.messages.rows[FIRST] = replace(record, sealed=sealed)

    room.tell(news(), news(SECOND))

    told = {said["data"]["id"]: said["data"].get("reference") for said in room.web.said()}
    assert told == {FIRST.id: "order-7", SECOND.id: None}


def referenced(room: Room, key: MessageKey, **more: Any) -> Record:
    record = sealed_record(room.vault, key, status=DONE, **more)
    person = room.vault.keys_of([record])[key]
    room.messages.rows[key] = replace(
        record, sealed=Sealed(b"", reference=person.seal(str(key), "reference", "order-7"))
    )
    return record


@pytest.mark.parametrize("erasing", ["block", "destroy"])
def test_of_a_person_who_is_being_erased_nothing_is_told(room: Room, erasing: str) -> None:
    """The letter may have been written before (I4)."""
    record = referenced(room, FIRST)
    getattr(room.vault, erasing)(record.subject)

    assert room.tell(news()).undone == {}
    assert room.web.requests == []


def test_of_a_message_that_is_over_nothing_is_told(room: Room) -> None:
    """A retry may come after the message's end (I4)."""
    room.clock.tick(days=200)

    assert room.tell(news()).undone == {}
    assert room.web.requests == []


def test_a_missing_key_stops_one_letter_and_not_its_neighbours(room: Room) -> None:
    """It is an operational fault of one person's row, and fails closed."""
    lost = referenced(room, FIRST, to=BOB)
    referenced(room, SECOND, to=ALICE)
    room.vault.lose(lost.subject)

    done = room.tell(news(), news(SECOND))

    assert done.undone == {"0": "MissingKeyError"}
    assert [said["data"]["id"] for said in room.web.said()] == [SECOND.id]


class Behind(FakeMessages):
    """Its replicas do not know of the second message yet, nor of the last change of the first."""

    def get_many(self, keys: Any) -> dict[MessageKey, Record]:
        found = super().get_many(keys)
        found.pop(SECOND, None)
        return {key: replace(record, history=record.history[:3]) for key, record in found.items()}


def test_a_cheap_read_that_is_behind_is_followed_by_a_true_one(room: Room) -> None:
    """The letter can be faster than the table's replicas: what it speaks of must not be taken for missing."""
    room.messages = Behind(room.clock, *room.messages.rows.values())

    room.tell(news(), news(SECOND))

    assert sorted(said["data"]["id"] for said in room.web.said()) == [FIRST.id, SECOND.id]


@pytest.mark.parametrize("letters", [(news(sequence=9), news(sequence=4)), (news(sequence=4), news(sequence=9))])
def test_a_change_that_never_was_is_told_to_nobody(room: Room, letters: tuple[Letter, ...]) -> None:
    """After a restore the table can be behind the queue for good. What it still knows of is told."""
    assert room.tell(*letters).undone == {}
    assert [said["data"]["sequence"] for said in room.web.said()] == [4]


def test_two_changes_of_one_message_are_both_told(room: Room) -> None:
    """A batch often has them side by side; the cheap read may know of one only."""
    room.messages = Behind(room.clock, *room.messages.rows.values())

    room.tell(news(sequence=4), news(sequence=3))

    assert sorted(said["data"]["sequence"] for said in room.web.said()) == [3, 4]


def test_all_calls_of_a_batch_are_made_at_the_same_time(room: Room) -> None:
    """One webhook that takes its fifteen seconds must not keep the others waiting."""
    together = threading.Barrier(2, timeout=5)
    room.hook(OTHER)

    def meet(_: HttpRequest) -> HttpAnswer:
        together.wait()
        return GOOD

    room.answering(meet)
    room.answering(meet, OTHER)

    assert room.tell(news()).told == 2
