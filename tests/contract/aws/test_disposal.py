"""What a `fugace.keeping.Disposal` promises of looking and of holding; DynamoDB's and the fake alike.

What it removes by the batch is shown against the embedded AWS: moto cannot read those statements.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.domain.errors import UnavailableError
from fugace.domain.message import Change, Record, Status
from fugace.keeping import Brief, Disposal
from fugace.ports import Messages, Place
from tests.contract.aws.conftest import World, answer, refusal
from tests.fakes import BAKERY, BOB, FIRST, NOON, SHOP, FakeClock, FakeMessages, key_number, sealed_record
from tests.fakes_keeping import FakeDisposal

HOUR = timedelta(hours=1)
UNTIL = NOON + timedelta(days=400)
BEYOND = UNTIL + timedelta(days=28)
"""No later than a month after it."""


class Store(NamedTuple):
    """One table, as tenants and as the purge see it."""

    messages: Messages
    disposal: Disposal

    def add(self, *records: Record) -> None:
        for record in records:
            assert self.messages.add(record) is None

    def now(self, record: Record | None = None) -> Record:
        key = record.key if record else FIRST
        return self.disposal.records([key])[key]


@pytest.fixture(params=["fake", "dynamo"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Store:
    if request.param == "fake":
        messages = FakeMessages(clock)
        return Store(messages, FakeDisposal(messages))
    aws = request.getfixturevalue("world").aws
    return Store(DynamoMessages(aws, "messages", clock), DynamoDisposal(aws, "messages"))


def number(n: int, **more: Any) -> Record:
    """The n-th message, n hours after noon."""
    return sealed_record(key=key_number(n), at=NOON + n * HOUR, **more)


def place(record: Record) -> Place:
    return Place(record.anchor, record.key)


def oldest(store: Store, **more: Any) -> list[Place]:
    window = {"since": NOON, "until": NOON + timedelta(days=9), "after": None, "limit": 99}
    return store.disposal.oldest(SHOP, 0, **(window | more))


# Looking.


def test_places_come_oldest_first_with_both_ends(store: Store) -> None:
    """What began at the very end of the window is over too."""
    records = [number(n) for n in range(5)]
    store.add(*reversed(records))

    assert oldest(store, since=NOON + HOUR, until=NOON + 3 * HOUR) == [place(each) for each in records[1:4]]
    assert oldest(store, limit=2) == [place(each) for each in records[:2]]
    assert oldest(store, after=place(records[2])) == [place(each) for each in records[3:]]


def test_a_window_may_begin_and_end_between_two_milliseconds(store: Store) -> None:
    """Rows know whole ones."""
    record = sealed_record(at=NOON + timedelta(milliseconds=7))
    store.add(record)
    fine = timedelta(microseconds=1)

    assert oldest(store, since=record.anchor + fine) == []
    assert oldest(store, until=record.anchor - fine) == []
    assert oldest(store, since=record.anchor - fine, until=record.anchor + fine) == [place(record)]


def test_one_goes_on_from_a_place_that_the_window_has_left_behind(store: Store) -> None:
    """The place was reached in another run, with another window; DynamoDB would refuse it."""
    records = [number(n) for n in range(4)]
    store.add(*records)
    gone = Place(NOON - HOUR, key_number(99))

    assert oldest(store, since=NOON + HOUR, after=gone) == [place(each) for each in records[1:]]
    assert oldest(store, since=NOON + HOUR, after=place(records[0])) == [place(each) for each in records[1:]]
    assert oldest(store, until=NOON + HOUR, after=place(records[3])) == []


def test_messages_of_one_moment_are_all_given(store: Store) -> None:
    """A batch is accepted within one millisecond, and a page may end within it."""
    records = [sealed_record(key=key_number(n)) for n in range(5)]
    store.add(*records)
    seen: list[Place] = []
    while page := oldest(store, until=NOON, after=seen[-1] if seen else None, limit=2):
        seen += page

    assert sorted(seen, key=str) == sorted((place(each) for each in records), key=str)


def test_another_shard_or_tenant_is_another_list(store: Store) -> None:
    """Tenants are walls (I8)."""
    store.add(sealed_record(), sealed_record(key=key_number(1, BAKERY)), sealed_record(key=key_number(2), shard=1))

    assert oldest(store) == [Place(NOON, FIRST)]
    assert store.disposal.count(BAKERY, 0, since=NOON, until=NOON, most=9) == 1


def test_the_purge_sees_what_nobody_else_does(store: Store, clock: FakeClock) -> None:
    """Overdue and held rows are its work."""
    over, held = number(0, expires_at=NOON + HOUR), number(1, held=frozenset({"hold_a"}))
    store.add(over, held)
    clock.tick(days=2)

    assert store.messages.get(over.key) is None
    assert store.disposal.records([over.key, held.key, key_number(9)]) == {over.key: over, held.key: held}
    assert oldest(store) == [place(over), place(held)]


def test_counting_stops_at_what_is_enough(store: Store) -> None:
    """A tenant's question about a million messages is answered from the first few thousand."""
    store.add(*(number(n) for n in range(5)))
    counts = [store.disposal.count(SHOP, 0, since=NOON, until=NOON + 3 * HOUR, most=most) for most in (0, 3, 4, 99)]

    assert counts == [0, 3, 4, 4]
    assert store.disposal.count(SHOP, 0, since=NOON + HOUR, until=NOON, most=9) == 0


def test_a_persons_messages_are_given_oldest_first(store: Store) -> None:
    """Whoever is to be held, or has left, is looked up by what cannot be read back."""
    mine = [number(n) for n in range(3)]
    store.add(*reversed(mine), number(7, to=BOB))
    subject = mine[0].subject

    assert store.disposal.of_subject(subject, after=None, limit=2) == [place(each) for each in mine[:2]]
    assert store.disposal.of_subject(subject, after=place(mine[1]), limit=2) == [place(mine[2])]


def brief(n: int, ends: datetime, **more: Any) -> Record:
    return number(n, brief=True, content_until=ends, **more)


def test_brief_texts_that_are_over_are_found_by_their_hour(store: Store) -> None:
    """From all lots in one list, the longest overdue first; usual texts are not among them."""
    ends = [NOON + timedelta(minutes=minute) for minute in range(12)]
    records = [brief(n, end) for n, end in enumerate(ends)]
    store.add(*reversed(records), brief(50, NOON + HOUR), number(51, content_until=NOON))
    now = NOON + timedelta(minutes=9)

    found = store.disposal.briefs(NOON, now, 99)

    assert found == [Brief(each.key, each.content_until) for each in records[:10]]
    assert store.disposal.briefs(NOON, now, 3) == found[:3]
    assert store.disposal.briefs(NOON + HOUR, NOON + HOUR, 9) == [Brief(key_number(50), NOON + HOUR)]


# Holding.


def test_a_hold_keeps_it_beyond_its_end(store: Store) -> None:
    """The database's own expiry must not reach it while the job that takes the hold off is late."""
    store.add(sealed_record())

    assert store.disposal.hold(FIRST, "hold_a", UNTIL)

    now = store.now()
    assert now.held == {"hold_a"}
    assert now.expires_at >= BEYOND


def test_a_second_hold_changes_nothing_of_the_first(store: Store) -> None:
    """Neither its being there nor the later of the two ends; and a repeat is no third."""
    store.add(sealed_record())
    store.disposal.hold(FIRST, "hold_a", UNTIL)
    first = store.now()

    for _ in range(2):
        assert store.disposal.hold(FIRST, "hold_b", NOON + timedelta(days=30))

    assert store.now() == replace(first, held=frozenset({"hold_a", "hold_b"}))


def test_a_later_hold_keeps_it_longer(store: Store) -> None:
    """Until the last of them ends."""
    store.add(sealed_record())
    store.disposal.hold(FIRST, "hold_a", NOON + timedelta(days=300))

    assert store.disposal.hold(FIRST, "hold_b", UNTIL)

    assert store.now().expires_at >= BEYOND


def test_a_message_that_is_gone_cannot_be_held(store: Store) -> None:
    """And must not come to be by being held."""
    assert not store.disposal.hold(FIRST, "hold_a", UNTIL)

    assert store.disposal.records([FIRST]) == {}


def test_a_held_message_cannot_be_taken_in_hand(store: Store) -> None:
    """What is under a hold is not sent."""
    store.add(sealed_record())
    store.disposal.hold(FIRST, "hold_a", UNTIL)

    assert store.messages.claim(FIRST, NOON, stale=NOON - HOUR) is None

    assert store.now().status is Status.ACCEPTED


def test_a_held_message_is_not_replaced_by_a_new_one(store: Store, clock: FakeClock) -> None:
    """An id made from an Idempotency-Key may come again, even when the hold should long have been taken off."""
    record = sealed_record(held=frozenset({"hold_a"}), expires_at=NOON + HOUR)
    store.add(record)
    clock.tick(hours=2)

    assert store.messages.add(sealed_record(text="Another text")) == record

    assert store.now() == record


def test_a_receipt_for_a_held_message_is_noted_and_its_text_stays(store: Store) -> None:
    """The hold came while the message was being handed over: the text stays, and the receipt is true."""
    store.add(sealed_record(claimed_at=NOON, drop_content=True))
    store.disposal.hold(FIRST, "hold_a", UNTIL)
    gone = Change(Status.SUBMITTED, NOON + HOUR)

    after = store.messages.note(FIRST, gone, carrier_ref="c-1", drop_content=True)

    assert after == store.now()
    assert after is not None
    assert (after.status, after.carrier_ref, after.claimed_at) == (Status.SUBMITTED, "c-1", None)
    assert after.sealed.text is not None


def test_a_receipt_that_was_first_does_not_take_a_held_text_along(store: Store) -> None:
    """The change itself is refused; what comes with it is noted, but for the removal."""
    store.add(sealed_record(status=[Status.ACCEPTED, Status.DELIVERED], claimed_at=NOON, held=frozenset({"hold_a"})))

    assert store.messages.note(FIRST, Change(Status.SUBMITTED, NOON), carrier_ref="c-1", drop_content=True) is None

    now = store.now()
    assert (now.carrier_ref, now.claimed_at) == ("c-1", None)
    assert now.sealed.text is not None


def test_a_text_that_is_dropped_leaves_the_index_of_brief_ones(store: Store) -> None:
    """Nobody is to come back for what is not there."""
    store.add(brief(1, NOON + HOUR))

    after = store.messages.note(key_number(1), Change(Status.SUBMITTED, NOON), drop_content=True)

    assert after is not None
    assert (after.sealed.text, after.brief) == (None, False)
    assert store.disposal.briefs(NOON + HOUR, NOON + 2 * HOUR, 9) == []


# Taking a hold off.


def held(store: Store, *holds: str, **more: Any) -> Record:
    """A message under some holds, as it is now."""
    store.add(sealed_record(**more))
    for hold in holds:
        store.disposal.hold(FIRST, hold, UNTIL)
    return store.now()


def test_a_message_that_is_free_has_the_stamp_it_is_given(store: Store) -> None:
    """And is read and sent again."""
    seen = held(store, "hold_a")
    over = NOON + timedelta(days=181)

    assert store.disposal.free(seen, "hold_a", expires_at=over, until=None, redact=False)

    now = store.now()
    assert (now.held, now.expires_at, now.sealed) == (frozenset(), over, seen.sealed)
    assert store.messages.claim(FIRST, NOON, stale=NOON - HOUR) is not None


def test_the_stamp_stays_out_of_reach_while_another_hold_does(store: Store) -> None:
    """Counted from the end of the last that stays, not from that which is lifted."""
    seen = held(store, "hold_a", "hold_b")
    until = NOON + timedelta(days=200)

    assert store.disposal.free(seen, "hold_a", expires_at=NOON, until=until, redact=False)

    now = store.now()
    assert now.held == {"hold_b"}
    assert until + timedelta(days=28) <= now.expires_at < UNTIL


def test_an_overdue_text_goes_with_the_hold(store: Store) -> None:
    """In the same write: freed with its text, it would be readable for as long as nobody comes by."""
    seen = held(store, "hold_a", brief=True)

    assert store.disposal.free(seen, "hold_a", expires_at=NOON + HOUR, until=None, redact=True)

    now = store.now()
    assert (now.held, now.sealed.text, now.brief) == (frozenset(), None, False)


def test_a_hold_that_came_meanwhile_is_not_taken_along(store: Store) -> None:
    """The next look will find it."""
    seen = held(store, "hold_a")
    store.disposal.hold(FIRST, "hold_b", UNTIL)
    now = store.now()

    assert not store.disposal.free(seen, "hold_a", expires_at=NOON, until=None, redact=True)
    assert not store.disposal.delete_freed(seen, "hold_a")

    assert store.now() == now


def test_a_message_that_is_gone_is_not_made_by_freeing_it(store: Store) -> None:
    """A row of a hold's remains would be nobody's."""
    seen = sealed_record(held=frozenset({"hold_a"}))

    assert not store.disposal.free(seen, "hold_a", expires_at=NOON, until=None, redact=False)
    assert not store.disposal.delete_freed(seen, "hold_a")

    assert store.disposal.records([FIRST]) == {}


def test_what_is_over_goes_when_nothing_else_holds_it(store: Store) -> None:
    """In one write, so that nothing is ever free and overdue."""
    seen = held(store, "hold_a")

    assert store.disposal.delete_freed(seen, "hold_a")

    assert store.disposal.records([FIRST]) == {}


@pytest.mark.parametrize("holds", [(), ("hold_b",), ("hold_a", "hold_b")])
def test_what_something_else_holds_stays(store: Store, holds: tuple[str, ...]) -> None:
    """Each hold has a ground of its own; and what none holds is the sweep's to judge."""
    seen = held(store, *holds)

    assert not store.disposal.delete_freed(seen, "hold_a")

    assert store.now() == seen


def test_a_held_brief_text_does_not_stand_in_the_way(store: Store) -> None:
    """An hour's first page would be those for ever, and no other text of the hour would be removed."""
    store.add(brief(1, NOON), brief(2, NOON))
    store.disposal.hold(key_number(1), "hold_a", UNTIL)

    assert store.disposal.briefs(NOON, NOON, 9) == [Brief(key_number(2), NOON)]


def test_a_text_that_is_free_and_stays_is_found_when_it_ends(store: Store) -> None:
    """Whatever it was before: nothing tells that any more, and its own end is never later than is allowed."""
    ends = NOON + timedelta(days=3)
    seen = held(store, "hold_a", "hold_b", content_until=ends, brief=True)

    store.disposal.free(seen, "hold_a", expires_at=UNTIL, until=UNTIL, redact=False)
    assert store.disposal.briefs(ends, ends, 9) == []
    store.disposal.free(store.now(), "hold_b", expires_at=UNTIL, until=None, redact=False)

    assert store.disposal.briefs(ends, ends, 9) == [Brief(FIRST, ends)]


# What it asks of DynamoDB.


@pytest.fixture
def dynamo(world: World) -> DynamoDisposal:
    return DynamoDisposal(world.aws, "messages")


def test_each_look_and_each_hold_is_one_request(world: World, dynamo: DynamoDisposal, clock: FakeClock) -> None:
    """B12: a sweep pays for each of them."""
    DynamoMessages(world.aws, "messages", clock).add(sealed_record())
    window: dict[str, Any] = {"since": NOON, "until": NOON + HOUR}
    keys = [key_number(n) for n in range(100)]
    for act, asked in (
        (lambda: dynamo.oldest(SHOP, 0, **window, after=None, limit=1), ["Query"]),
        (lambda: dynamo.oldest(SHOP, 0, **window, after=None, limit=1000), ["Query"]),
        (lambda: dynamo.count(SHOP, 0, **window, most=1000), ["Query"]),
        (lambda: dynamo.records(keys), ["BatchGetItem"]),
        (lambda: dynamo.briefs(NOON, NOON, 9), ["Query"] * 4),
        (lambda: dynamo.hold(FIRST, "hold_a", UNTIL), ["UpdateItem"]),
        (lambda: dynamo.hold(FIRST, "hold_b", NOON), ["UpdateItem"] * 2),
    ):
        world.asked.clear()
        act()
        assert world.asked == asked


def test_nothing_is_asked_where_nothing_can_be_found(world: World, dynamo: DynamoDisposal) -> None:
    """DynamoDB refuses a range that ends before it begins, and a batch of nothing."""
    window: dict[str, Any] = {"since": NOON + HOUR, "until": NOON}
    world.asked.clear()

    assert dynamo.oldest(SHOP, 0, **window, after=None, limit=9) == []
    assert dynamo.oldest(SHOP, 0, since=NOON, until=NOON, after=None, limit=0) == []
    assert dynamo.oldest(SHOP, 0, since=NOON, until=NOON, after=Place(NOON + HOUR, FIRST), limit=9) == []
    assert dynamo.count(SHOP, 0, **window, most=9) == 0
    assert dynamo.records([]) == {}
    assert dynamo.delete([]).done == dynamo.redact([]).done == []
    assert dynamo.redact_briefs([]) == 0
    assert world.asked == []


def test_counting_goes_on_where_a_page_ends_and_sends_no_place(world: World, dynamo: DynamoDisposal) -> None:
    """A megabyte is a page; to be told numbers is all that a question of how many needs."""
    asked: list[tuple[str, int, Any]] = []
    key = {"pk": {"S": str(FIRST)}, "shard": {"S": f"{SHOP}/0"}, "at": {"N": "1768478400000"}}
    pages = iter([{"Count": 6000, "LastEvaluatedKey": key}, {"Count": 900, "LastEvaluatedKey": key}, {"Count": 7}])
    events = world.aws.client("dynamodb").meta.events

    def look(params: Any, **_: Any) -> None:
        asked.append((params["Select"], params["Limit"], params.get("ExclusiveStartKey")))

    events.register("provide-client-params.dynamodb.Query", look)
    world.fault = lambda _: answer(json.dumps(next(pages)))
    counted = dynamo.count(SHOP, 0, since=NOON, until=NOON + HOUR, most=10_000)
    events.unregister("provide-client-params.dynamodb.Query", look)

    assert counted == 6907
    assert asked == [("COUNT", 10_000, None), ("COUNT", 4000, key), ("COUNT", 3100, key)]


def test_nothing_goes_on_from_outside_of_what_is_asked_for(world: World, dynamo: DynamoDisposal) -> None:
    """DynamoDB refuses a starting key that its own condition excludes; moto does not."""
    starts: list[Any] = []
    events = world.aws.client("dynamodb").meta.events

    def look(params: Any, **_: Any) -> None:
        starts.append(params.get("ExclusiveStartKey"))

    events.register("provide-client-params.dynamodb.Query", look)
    for after in (NOON - HOUR, NOON):
        dynamo.oldest(SHOP, 0, since=NOON, until=NOON + HOUR, after=Place(after, FIRST), limit=9)
    events.unregister("provide-client-params.dynamodb.Query", look)

    key = {"pk": {"S": str(FIRST)}, "shard": {"S": f"{SHOP}/0"}, "at": {"N": "1768478400000"}}
    assert starts == [None, key]


def test_what_is_judged_is_read_consistently(world: World, dynamo: DynamoDisposal) -> None:
    """A replica may not have heard of the hold yet; moto knows no replicas."""
    seen: list[bool] = []
    events = world.aws.client("dynamodb").meta.events

    def look(params: Any, **_: Any) -> None:
        seen.extend(table.get("ConsistentRead", False) for table in params["RequestItems"].values())

    events.register("provide-client-params", look)
    dynamo.records([FIRST])
    events.unregister("provide-client-params", look)

    assert seen == [True]


def test_a_hold_that_races_with_another_one_is_never_put_on_without_its_stamp(
    world: World, dynamo: DynamoDisposal, clock: FakeClock
) -> None:
    """The stamp was late enough when it was looked at, and is not any more when the hold is put on."""
    DynamoMessages(world.aws, "messages", clock).add(sealed_record())
    dynamo.hold(FIRST, "hold_a", UNTIL)
    updates = 0

    def freed_in_between(operation: str) -> None:
        nonlocal updates
        updates += operation == "UpdateItem"
        if operation == "UpdateItem" and updates == 2:
            seen = dynamo.records([FIRST])[FIRST]
            dynamo.free(seen, "hold_a", expires_at=NOON, until=None, redact=False)

    world.fault = freed_in_between
    assert dynamo.hold(FIRST, "hold_b", NOON + timedelta(days=30))

    now = dynamo.records([FIRST])[FIRST]
    assert now.held == {"hold_b"}
    assert now.expires_at > NOON + timedelta(days=57)


@pytest.mark.parametrize(
    "act",
    [
        lambda disposal: disposal.oldest(SHOP, 0, since=NOON, until=NOON, after=None, limit=9),
        lambda disposal: disposal.count(SHOP, 0, since=NOON, until=NOON, most=9),
        lambda disposal: disposal.hold(FIRST, "hold_a", UNTIL),
        lambda disposal: disposal.free(sealed_record(), "hold_a", expires_at=NOON, until=None, redact=False),
        lambda disposal: disposal.delete_freed(sealed_record(held=frozenset({"hold_a"})), "hold_a"),
        lambda disposal: disposal.delete([Place(NOON, FIRST)]),
        lambda disposal: disposal.redact([Place(NOON, FIRST)]),
        lambda disposal: disposal.redact_briefs([Brief(FIRST, NOON)]),
    ],
    ids=["oldest", "count", "hold", "free", "delete freed", "delete", "redact", "redact briefs"],
)
def test_a_table_that_cannot_take_it_is_unavailable(world: World, dynamo: DynamoDisposal, act: Any) -> None:
    """A queue gives the job out again."""
    world.fault = lambda _: refusal("ThrottlingException")

    with pytest.raises(UnavailableError):
        act(dynamo)
