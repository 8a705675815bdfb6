"""The send use cases over the real stores and keys: what leaves the process, and what is kept."""

from datetime import timedelta

import pytest

from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.message import Category, Status
from fugace.domain.msisdn import Msisdn
from functions.send import view
from functions.send.accept import Accepted, Outbox, Sender
from functions.send.cursor import Filter
from functions.send.listing import Listing
from functions.send.once import Once
from functions.send.read import Gaze, Reader
from functions.send.schema import Wish
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, BOB, NOON, SHOP, FakeCarrier, FakeClock

LIVE = Sender(SHOP, live=True)
GAZE = Gaze(SHOP, live=True, personal=True)
TEXT = "Your parcel is here"


@pytest.fixture
def box(world: World, keyring: Keyring, subject_keys: DynamoSubjectKeys, clock: FakeClock) -> Outbox:
    clock.now = NOON.replace(microsecond=123_456)
    return Outbox(
        clock,
        KeyVault(keyring, subject_keys),
        DynamoMessages(world.aws, "messages", clock),
        DynamoTenants(world.aws, "tenants", clock),
        {"simulator": FakeCarrier().terms},
    )


@pytest.fixture
def reader(box: Outbox) -> Reader:
    return Reader(box.clock, box.vault, box.messages, box.tenants)


def to(person: Msisdn = ALICE, **more: object) -> Wish:
    return Wish("", person, TEXT, Category.TRANSACTIONAL, **more)  # type: ignore[arg-type]  # checked by Wish() itself


def accept(box: Outbox, *wishes: Wish, once: Once | None = None) -> list[Accepted]:
    results = box.accept(LIVE, wishes, once)
    assert all(isinstance(each, Accepted) for each in results)
    return [each for each in results if isinstance(each, Accepted)]


def test_i1_one_write_accepts(world: World, box: Outbox) -> None:
    """Invariant I1: one conditional PutItem; a person never seen before costs one more, for their key, first."""
    accept(box, to())
    assert [each for each in world.asked if each not in {"GetItem", "Decrypt"}] == ["PutItem", "PutItem"]

    world.asked.clear()
    accept(box, to())
    assert world.asked == ["GetItem", "PutItem"]


def test_i1_a_request_that_may_come_again_costs_nothing_more(world: World, box: Outbox) -> None:
    """The derived id makes the conditional write the idempotency check."""
    accept(box, to())
    for _ in range(2):
        world.asked.clear()
        accept(box, to(), once=Once("k", b"payload"))
        assert world.asked == ["GetItem", "PutItem"]


def test_a_batch_asks_for_its_keys_at_once(world: World, box: Outbox) -> None:
    """Twenty messages to two known people: one look-up, twenty writes."""
    accept(box, to(), to(BOB))
    world.asked.clear()
    accept(box, *[to(), to(BOB)] * 10)

    assert sorted(world.asked) == ["BatchGetItem", *["PutItem"] * 20]


def test_what_comes_back_is_what_was_accepted(box: Outbox, reader: Reader) -> None:
    """Kept to the millisecond, ends to the second; personal fields through the real sealing."""
    due = NOON + timedelta(days=1, milliseconds=5, microseconds=999)
    wish = to(reference="order-17", send_at=due, validity=timedelta(hours=1))
    (accepted,) = accept(box, wish)
    seen = reader.get(GAZE, accepted.record.key)

    assert seen.record == accepted.record
    assert seen.personal
    assert (seen.personal.to, seen.personal.text, seen.personal.reference) == (ALICE.reveal(), TEXT, "order-17")


def test_the_first_answer_again_is_the_first_answer(box: Outbox) -> None:
    """To the letter, though the second was read back from the table."""
    first, again = (accept(box, to(), once=Once("k", b"payload"))[0] for _ in range(2))

    assert (first.again, again.again) == (False, True)
    assert view.accepted(again) == view.accepted(first)


def test_pages_over_the_index_hold_each_message_once(box: Outbox, reader: Reader) -> None:
    """Eleven messages of one moment: the index has no order among them but its own."""
    accepted = accept(box, *[to()] * 11)
    listing, cursor, seen = Listing(reader), None, []
    for _ in range(4):
        page = listing.page(GAZE, Filter(), limit=3, after=cursor)
        seen += [each.record.key for each in page.seen]
        cursor = page.next_cursor

    assert cursor is None
    assert sorted(map(str, seen)) == sorted(str(each.record.key) for each in accepted)


def test_cancelling_is_one_conditional_write(world: World, box: Outbox, reader: Reader) -> None:
    """And shows in the table."""
    (accepted,) = accept(box, to())
    world.asked.clear()
    seen = reader.cancel(GAZE, accepted.record.key)

    assert seen.record.status is Status.CANCELLED
    assert world.asked.count("UpdateItem") == 1
