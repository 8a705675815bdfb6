"""What a `fugace.keeping.Disposal` promises of removing by the batch; DynamoDB's and the fake alike.

On the embedded AWS, which can read those statements, where moto cannot.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.session import Aws as Session
from fugace.domain.message import Record
from fugace.keeping import Brief, Disposal
from fugace.ports import Messages, Place
from tests.contract.aws.conftest import create
from tests.emulator.cloud import Aws
from tests.fakes import FIRST, NOON, FakeClock, FakeMessages, key_number, sealed_record
from tests.fakes_keeping import FakeDisposal

HOUR = timedelta(hours=1)
UNTIL = NOON + timedelta(days=400)


class Store(NamedTuple):
    """One table, as tenants and as the purge see it."""

    messages: Messages
    disposal: Disposal
    clock: FakeClock

    def add(self, *records: Record) -> None:
        for record in records:
            assert self.messages.add(record) is None

    def there(self, *records: Record) -> list[Record]:
        """Those that are left, as they are now."""
        return list(self.disposal.records([record.key for record in records]).values())


@pytest.fixture(scope="module")
def session(aws: Aws) -> Session:
    """Our own session, on the emulator."""
    session = Session()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.place.aws().items():
            patch.setenv(name, value)
        session.client("dynamodb")
    create(session, "disposal", MessageItem)
    return session


@pytest.fixture(params=["fake", "emulator"])
def store(request: pytest.FixtureRequest) -> Store:
    clock = FakeClock()
    if request.param == "fake":
        messages = FakeMessages(clock)
        return Store(messages, FakeDisposal(messages), clock)
    session: Session = request.getfixturevalue("session")
    dynamodb = session.client("dynamodb")
    for row in dynamodb.scan(TableName="disposal", ProjectionExpression="pk")["Items"]:
        dynamodb.delete_item(TableName="disposal", Key=row)
    return Store(DynamoMessages(session, "disposal", clock), DynamoDisposal(session, "disposal"), clock)


def number(n: int, **more: Any) -> Record:
    """The n-th message, n minutes after noon."""
    return sealed_record(key=key_number(n), at=NOON + timedelta(minutes=n), **more)


def place(record: Record) -> Place:
    return Place(record.anchor, record.key)


def without_text(record: Record) -> Record:
    return replace(record, sealed=replace(record.sealed, text=None), brief=False)


# Deleting.


def test_more_than_one_batch_is_deleted_and_nothing_else(store: Store) -> None:
    """25 statements are a request."""
    records = [number(n) for n in range(61)]
    store.add(*records)

    disposed = store.disposal.delete([place(each) for each in records[:60]])

    assert (set(disposed.done), disposed.kept, disposed.left) == ({place(each) for each in records[:60]}, [], [])
    assert store.there(*records) == records[60:]


def test_what_is_gone_already_is_as_good_as_deleted(store: Store) -> None:
    """TTL, or another run, was quicker; a place given twice is deleted once."""
    record, gone = number(1), place(number(2))
    store.add(record)

    disposed = store.disposal.delete([place(record), gone, place(record)])

    assert (set(disposed.done), disposed.kept, disposed.left) == ({place(record), gone}, [], [])
    assert store.there(record, number(2)) == []


def test_another_message_of_the_same_id_is_left_alone(store: Store) -> None:
    """An id made from an Idempotency-Key came again after the first message was over: the index was late."""
    store.add(sealed_record(expires_at=NOON + HOUR))
    store.clock.tick(hours=2)
    again = sealed_record(at=NOON + 2 * HOUR, text="Another text")
    store.add(again)

    disposed = store.disposal.delete([Place(NOON, FIRST)])
    redacted = store.disposal.redact([Place(NOON, FIRST)])

    assert disposed.kept == redacted.kept == [Place(NOON, FIRST)]
    assert disposed.done == redacted.done == []
    assert store.there(again) == [again]


def test_what_was_held_in_between_is_left_alone(store: Store) -> None:
    """Between the look and the removal: the statement itself knows of it."""
    records = [number(n) for n in range(3)]
    store.add(*records)
    places = [place(each) for each in records]
    store.disposal.hold(records[1].key, "hold_a", UNTIL)

    redacted, deleted = store.disposal.redact(places), store.disposal.delete(places)

    assert redacted.kept == deleted.kept == [places[1]]
    (left,) = store.there(*records)
    assert (left.key, left.sealed) == (records[1].key, records[1].sealed)


def test_what_is_free_again_can_be_deleted(store: Store) -> None:
    """The purge resumes by itself; nothing of the hold is left in the row that would stop it."""
    record = number(1)
    store.add(record)
    store.disposal.hold(record.key, "hold_a", UNTIL)
    (seen,) = store.there(record)
    assert store.disposal.free(seen, "hold_a", expires_at=NOON + HOUR, until=None, redact=False)

    assert store.disposal.delete([place(record)]).done == [place(record)]

    assert store.there(record) == []


def test_nothing_is_an_answer(store: Store) -> None:
    """DynamoDB refuses a batch of nothing."""
    assert store.disposal.delete([]).done == store.disposal.redact([]).done == []
    assert store.disposal.redact_briefs([]) == 0


# Removing the text.


def test_a_text_goes_and_everything_else_stays(store: Store) -> None:
    """The record is kept for its own time; a brief one also leaves the index."""
    usual, brief = number(1), number(2, brief=True)
    store.add(usual, brief)

    disposed = store.disposal.redact([place(usual), place(brief)])

    assert (set(disposed.done), disposed.kept, disposed.left) == ({place(usual), place(brief)}, [], [])
    assert store.disposal.records([usual.key, brief.key]) == {
        usual.key: without_text(usual),
        brief.key: without_text(brief),
    }
    assert store.disposal.briefs(brief.content_until, brief.content_until, 9) == []


def test_more_than_one_batch_of_texts_goes(store: Store) -> None:
    """25 statements are a request."""
    records = [number(n) for n in range(60)]
    store.add(*records)

    assert len(store.disposal.redact([place(each) for each in records]).done) == 60

    assert all(each.sealed.text is None for each in store.there(*records))


def test_a_text_that_is_gone_is_done_whatever_took_it(store: Store) -> None:
    """With the hand-over, or with its record; and a row is not made by removing something from it."""
    redacted, gone = without_text(number(1)), number(2)
    store.add(redacted)

    disposed = store.disposal.redact([place(redacted), place(gone), place(redacted)])

    assert (set(disposed.done), disposed.kept, disposed.left) == ({place(redacted), place(gone)}, [], [])
    assert store.there(redacted, gone) == [redacted]


def test_a_held_text_and_one_that_is_gone_are_told_apart(store: Store) -> None:
    """DynamoDB's answer to both is the same."""
    held, gone = number(1, held=frozenset({"hold_a"})), number(2)
    store.add(held)

    disposed = store.disposal.redact([place(held), place(gone)])

    assert (disposed.done, disposed.kept) == ([place(gone)], [place(held)])
    assert store.there(held) == [held]


# Texts with a period of their own.


def test_brief_texts_go_when_they_end(store: Store) -> None:
    """From the index's answer to the removal; the hour is empty then."""
    records = [number(n, brief=True, content_until=NOON + timedelta(minutes=n)) for n in range(30)]
    store.add(*records)
    found = store.disposal.briefs(NOON, NOON + HOUR, 99)

    assert store.disposal.redact_briefs(found) == 0

    assert len(found) == 30
    assert all(each.sealed.text is None for each in store.there(*records))
    assert store.disposal.briefs(NOON, NOON + HOUR, 99) == []


def test_a_brief_text_that_is_held_or_another_or_gone_is_left_alone(store: Store) -> None:
    """None of these is to be tried again."""
    held = number(1, brief=True, held=frozenset({"hold_a"}))
    another = number(2, brief=True)
    store.add(held, another)
    ends = held.content_until
    briefs = [Brief(held.key, ends), Brief(another.key, ends), Brief(key_number(3), ends)]

    assert store.disposal.redact_briefs(briefs) == 0

    assert store.disposal.records([held.key, another.key, key_number(3)]) == {held.key: held, another.key: another}


# What is done by single writes, which moto shows too: here on what deletes.


def test_a_freed_message_that_is_over_is_deleted_once(store: Store) -> None:
    """Sets are compared by what is in them."""
    record = number(1)
    store.add(record)
    for hold in ("hold_b", "hold_a"):
        store.disposal.hold(record.key, hold, UNTIL)
    (seen,) = store.there(record)

    assert not store.disposal.delete_freed(seen, "hold_a")
    assert store.disposal.free(seen, "hold_b", expires_at=NOON, until=UNTIL, redact=False)
    assert not store.disposal.free(seen, "hold_b", expires_at=NOON, until=UNTIL, redact=False)
    (seen,) = store.there(record)
    assert seen.held == {"hold_a"}
    assert store.disposal.delete_freed(seen, "hold_a")
    assert not store.disposal.delete_freed(seen, "hold_a")
    assert store.there(record) == []
