"""What a `fugace.keeping.Ledger` promises; DynamoDB's and the fake alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.domain import chain
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageId, SubjectId, TenantId
from fugace.domain.ledger import GENESIS, Action, Draft, Entry, UnfitError
from fugace.keeping import Head, Holds, Ledger
from fugace.ports import ConflictError, Write
from tests.contract.aws.conftest import World, refusal
from tests.fakes import BAKERY, FIRST, NOON, SHOP
from tests.fakes_keeping import FakeHolds, FakeLedger

DAY = timedelta(days=1)
HOLD = Hold(SHOP, "hold_abcdefghabcdefgh", Ground.CLAIM, NOON, "key_abcd2345", NOON + DAY, HoldState.SETTING)


@dataclass
class Kit:
    """A ledger, and something else that is written with it."""

    ledger: Ledger
    holds: Holds

    def chain(self, tenant=SHOP) -> list[Entry]:
        return self.ledger.page(tenant, after=0, limit=1000)


@pytest.fixture(params=["fake", "dynamo"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "fake":
        return Kit(FakeLedger(), FakeHolds())
    return request.getfixturevalue("dynamo")


@pytest.fixture
def dynamo(world: World) -> Kit:
    return Kit(DynamoLedger(world.aws, "ledger"), DynamoHolds(world.aws, "tenants"))


def purged(number: int = 1, tenant=SHOP, **more: Any) -> Draft:
    plain = Draft(tenant, NOON, Action.PURGED, "purge", "2026-01-15T12", {"record": number, "content": 2})
    return replace(plain, **more)


def whole(entries: list[Entry]) -> bool:
    return chain.verify([entry.text for entry in entries], [entry.hash for entry in entries]) is None


# The chain.


def test_each_entry_follows_from_the_one_before(kit: Kit) -> None:
    """Whoever changes one has to change all that come after it."""
    first, second = kit.ledger.append(purged(1)), kit.ledger.append(purged(2))

    assert (first.seq, first.prev) == (1, GENESIS)
    assert (second.seq, second.prev) == (2, first.hash)
    assert kit.chain() == [first, second]
    assert whole(kit.chain())


def test_an_entry_is_given_as_it_is_kept(kit: Kit) -> None:
    """Times are to the millisecond: a hash of anything finer could not be made again from what is stored."""
    entry = kit.ledger.append(purged(at=NOON + timedelta(microseconds=1_999)))

    assert entry.draft.at == NOON + timedelta(milliseconds=1)
    assert kit.chain() == [entry]


def test_a_tenants_chain_is_its_own(kit: Kit) -> None:
    """Tenants are walls (I8): neither numbers nor hashes tell of another."""
    kit.ledger.append(purged(1))
    other = kit.ledger.append(purged(1, tenant=BAKERY))

    assert (other.seq, other.prev) == (1, GENESIS)
    assert kit.chain(BAKERY) == [other]
    assert kit.ledger.head(SHOP) != kit.ledger.head(BAKERY)


def test_the_head_is_the_end_of_the_chain(kit: Kit) -> None:
    """None where there is no chain."""
    assert kit.ledger.head(SHOP) is None
    kit.ledger.append(purged(1))
    last = kit.ledger.append(purged(2))

    assert kit.ledger.head(SHOP) == Head(SHOP, 2, last.hash)


def test_a_chain_is_read_in_pages(kit: Kit) -> None:
    """Behind a number, in their order; ten comes after nine."""
    entries = [kit.ledger.append(purged(number)) for number in range(1, 13)]

    assert kit.ledger.page(SHOP, after=0, limit=2) == entries[:2]
    assert kit.ledger.page(SHOP, after=8, limit=3) == entries[8:11]
    assert kit.ledger.page(SHOP, after=12, limit=3) == []


def test_the_heads_of_a_day_are_those_of_the_chains_that_grew(kit: Kit) -> None:
    """As they are now: a checkpoint that is late signs for the end, not for the middle."""
    kit.ledger.append(purged(1))
    last = kit.ledger.append(purged(2, at=NOON + DAY))
    other = kit.ledger.append(purged(3, tenant=BAKERY))
    kit.ledger.append(purged(4, tenant=BAKERY, at=NOON + 2 * DAY))

    assert [head.tenant for head in kit.ledger.heads(NOON)] == [BAKERY, SHOP]
    assert kit.ledger.heads(NOON + DAY) == [Head(SHOP, 2, last.hash)]
    assert kit.ledger.heads(NOON)[0].seq == other.seq + 1
    others = [TenantId(f"ten_{letter * 16}") for letter in "edcg"]
    for each in others:
        kit.ledger.append(purged(5, tenant=each))
    assert [head.tenant for head in kit.ledger.heads(NOON)] == sorted([BAKERY, SHOP, *others])
    assert kit.ledger.heads(NOON - DAY) == []


def test_what_is_unfit_is_not_kept(kit: Kit) -> None:
    """A text or a number would stay for good: nothing is ever taken out."""
    with pytest.raises(UnfitError):
        kit.ledger.append(purged(facts={"record": 1, "note": "call +33639980001"}))

    assert kit.chain() == []


# With other writes.


def test_an_entry_and_what_it_tells_of_are_written_together(kit: Kit) -> None:
    """A hold that is not in the ledger, or the reverse, would be a lie."""
    entry = kit.ledger.append(purged(), kit.holds.put(HOLD, None))

    assert kit.chain() == [entry]
    assert kit.holds.of(SHOP) == [HOLD]


def test_a_write_that_finds_another_state_keeps_the_entry_out(kit: Kit) -> None:
    """None of it is written, whichever of the writes it was."""
    kit.ledger.append(purged(), kit.holds.put(HOLD, None))
    other = replace(HOLD, id="hold_hgfedcbahgfedcba")

    with pytest.raises(ConflictError):
        kit.ledger.append(purged(2), kit.holds.put(other, None), kit.holds.put(HOLD, replace(HOLD, covers=1)))

    assert len(kit.chain()) == 1
    assert kit.holds.of(SHOP) == [HOLD]


# Many at once, in DynamoDB.


def test_writers_at_once_do_not_fork_the_chain(dynamo: Kit) -> None:
    """Two entries behind the same one would be two truths; an entry that is lost is none."""

    def write(writer: int) -> None:
        for number in range(5):
            hold = replace(HOLD, id=f"hold_{'abcdef'[writer] * 15}{'abcdef'[number]}")
            also = [dynamo.holds.put(hold, None)] if writer % 2 else []
            dynamo.ledger.append(purged(writer * 10 + number), *also)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(write, range(6)))

    entries = dynamo.chain()
    assert whole(entries)
    told = sorted(entry.draft.facts["record"] for entry in entries)
    assert told == sorted(writer * 10 + number for writer in range(6) for number in range(5))
    assert len(dynamo.holds.of(SHOP)) == 15


@pytest.mark.parametrize("together", [False, True])
def test_who_is_overtaken_between_look_and_write_looks_again(dynamo: Kit, world: World, together: bool) -> None:
    """The place that was free has been taken: the entry goes behind it, and what is written with it is written."""
    first = dynamo.ledger.append(purged(1))
    left = [2, 3, 4]

    def overtake(operation: str) -> None:
        if operation in {"PutItem", "TransactWriteItems"} and left:
            DynamoLedger(world.aws, "ledger").append(purged(left.pop()))

    world.fault = overtake
    # With another write the same words are another event, also for who was overtaken.
    mine = dynamo.ledger.append(*([purged(1), dynamo.holds.put(HOLD, None)] if together else [purged(5)]))

    assert mine.seq == 5
    assert dynamo.chain()[0] == first
    assert dynamo.chain()[-1] == mine
    assert whole(dynamo.chain())
    assert dynamo.holds.of(SHOP) == ([HOLD] if together else [])


def test_a_chain_that_others_always_overtake_is_unavailable(dynamo: Kit, world: World) -> None:
    """Nobody waits for ever; the caller comes again."""
    world.fault = lambda operation: refusal("ConditionalCheckFailedException") if operation == "PutItem" else None

    with pytest.raises(UnavailableError):
        dynamo.ledger.append(purged())


# Answers that are lost.


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("together", [False, True])
def test_a_lost_answer_leaves_one_entry(dynamo: Kit, world: World, times: int, together: bool) -> None:
    """Whether the SDK asks again or gives up: what is there is ours."""
    world.lost += ["TransactWriteItems" if together else "PutItem"] * times
    also = [dynamo.holds.put(HOLD, None)] if together else []

    entry = dynamo.ledger.append(purged(), *also)

    assert dynamo.chain() == [entry]


@pytest.mark.parametrize("together", [False, True])
def test_a_caller_that_asks_again_is_given_the_first_entry(dynamo: Kit, together: bool) -> None:
    """The process died before it heard, and others have written since: one event at one moment is one entry."""

    def also() -> list[Write]:
        return [dynamo.holds.put(HOLD, None)] if together else []

    first = dynamo.ledger.append(purged(), *also())
    dynamo.ledger.append(purged(2))

    assert dynamo.ledger.append(purged(), *also()) == first
    assert len(dynamo.chain()) == 2
    assert dynamo.ledger.append(purged(at=NOON + timedelta(milliseconds=1))).seq == 3


def test_the_same_words_with_other_writes_are_another_event(dynamo: Kit) -> None:
    """With writes of its own it is they that say whether it has happened already."""
    dynamo.ledger.append(purged(), dynamo.holds.put(HOLD, None))
    moved = replace(HOLD, covers=1)

    assert dynamo.ledger.append(purged(), dynamo.holds.put(moved, HOLD)).seq == 2
    assert dynamo.holds.of(SHOP) == [moved]


def test_an_entry_that_cannot_be_reached_is_no_entry(dynamo: Kit, world: World) -> None:
    """Nobody knows: the caller is told so, and nothing is made up."""
    world.fault = lambda operation: refusal("InternalServerError", 500) if operation != "Query" else None

    with pytest.raises(UnavailableError):
        dynamo.ledger.append(purged())


# What is asked, and stored.


def test_an_entry_costs_two_requests(dynamo: Kit, world: World) -> None:
    """B13: where the chain ends, and the write; with other writes it is one transaction."""
    dynamo.ledger.append(purged())
    dynamo.ledger.append(purged(2), dynamo.holds.put(HOLD, None))

    assert world.asked == ["Query", "PutItem", "Query", "TransactWriteItems"]


def test_a_row_has_the_text_that_its_hash_is_made_of(dynamo: Kit, world: World) -> None:
    """Whoever has the table can check it without us, and an entry broken by hand stops nobody."""
    entry = dynamo.ledger.append(purged())
    (row,) = world.rows("ledger")
    assert (row["entry"]["S"], row["hash"]["S"], row["day"]["S"]) == (entry.text, entry.hash, "2026-01-15")

    world.aws.client("dynamodb").put_item(TableName="ledger", Item=row | {"entry": {"S": "{}"}})
    assert dynamo.ledger.append(purged(2)).prev == entry.hash


# Holds.

FULL = replace(
    HOLD,
    id="hold_hgfedcbahgfedcba",
    set_at=NOON - DAY,
    state=HoldState.LIFTING,
    message=MessageId(FIRST.id),
    subject=SubjectId("s" * 43),
    lifted_by="key_efgh2345",
    lifted_at=NOON,
    covers=12,
)


def keep(kit: Kit, *holds: Hold) -> None:
    for number, hold in enumerate(holds):
        kit.ledger.append(purged(number), kit.holds.put(hold, None))


def test_holds_are_given_as_they_were_kept(kit: Kit) -> None:
    """Oldest first; and none of another tenant's (I8)."""
    keep(kit, HOLD, FULL)

    assert kit.holds.of(SHOP) == [FULL, HOLD]
    assert kit.holds.get(SHOP, FULL.id) == FULL
    assert kit.holds.of(BAKERY) == []
    assert kit.holds.get(BAKERY, FULL.id) is None


@pytest.mark.parametrize(
    "change",
    [
        {"state": HoldState.HELD},
        {"covers": 13},
        {"until": NOON},
        {"lifted_by": ""},
        {"lifted_at": None},
        {"subject": None},
        {"message": MessageId("other")},
        {"ground": Ground.AUTHORITY},
    ],
    ids=str,
)
def test_a_hold_moves_only_from_what_was_seen(kit: Kit, change: dict[str, Any]) -> None:
    """Whatever differs: somebody else was quicker, and lifting twice or covering twice is prevented."""
    keep(kit, FULL)
    over = replace(FULL, state=HoldState.OVER)

    assert not kit.holds.move(over, replace(FULL, **change))
    assert kit.holds.get(SHOP, FULL.id) == FULL
    assert kit.holds.move(over, FULL)
    assert kit.holds.get(SHOP, FULL.id) == over


def test_a_hold_that_is_not_there_does_not_move(kit: Kit) -> None:
    """What was forgotten stays so."""
    assert not kit.holds.move(replace(HOLD, state=HoldState.HELD), HOLD)
    assert kit.holds.of(SHOP) == []


def test_a_hold_that_is_over_can_be_forgotten(kit: Kit) -> None:
    """And a repeat finds nothing to do."""
    over = replace(HOLD, state=HoldState.OVER)
    keep(kit, over, FULL)

    kit.holds.purge(SHOP, over.id)
    kit.holds.purge(SHOP, over.id)

    assert kit.holds.of(SHOP) == [FULL]


def test_a_hold_that_is_not_over_is_never_forgotten(dynamo: Kit) -> None:
    """Whoever asks for it has read an old row."""
    keep(dynamo, HOLD)
    dynamo.holds.purge(SHOP, HOLD.id)

    assert dynamo.holds.of(SHOP) == [HOLD]


@pytest.mark.parametrize("times", [1, 3])
def test_a_move_whose_answer_was_lost_has_happened(dynamo: Kit, world: World, times: int) -> None:
    """The SDK asks again, and finds its own row; where it gives up, nobody says that it failed."""
    keep(dynamo, HOLD)
    held = replace(HOLD, state=HoldState.HELD)
    world.lost += ["PutItem"] * times

    if times == 1:
        assert dynamo.holds.move(held, HOLD)
    else:
        with pytest.raises(UnavailableError):
            dynamo.holds.move(held, HOLD)
    assert dynamo.holds.get(SHOP, HOLD.id) == held
