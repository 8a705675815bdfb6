"""Legal holds as a tenant sets and lifts them: two keys, one ledger, and nothing lost whoever dies on the way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from fugace.domain.actor import Actor
from fugace.domain.errors import (
    BadRequestError,
    ForbiddenError,
    FugaceError,
    LimitReachedError,
    NotFoundError,
    SameKeyError,
    UnavailableError,
)
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageKey
from fugace.domain.ledger import Action, written
from fugace.domain.retention import Period
from fugace.ports import Write
from functions.purge.holds import MOST, HoldDesk, Wish
from tests.fakes import ALICE, BAKERY, BOB, FIRST, NOON, SECOND, SHOP, WEEK, kept, sealed_record, tenant
from tests.fakes_keeping import FakeDisposal, FakeHolds, Keeping

SETTER, LIFTER = Actor(SHOP, "key_setterse", live=True), Actor(SHOP, "key_lifterli", live=True)
UNTIL = NOON + timedelta(days=300)
MESSAGE = Wish(Ground.CLAIM, UNTIL, message=FIRST.id)
PERSON = Wish(Ground.RESTRICTION, UNTIL, to=ALICE)
EVERYTHING = Wish(Ground.AUTHORITY, UNTIL)


@pytest.fixture
def world() -> Keeping:
    world = Keeping(tenant(), tenant(BAKERY))
    for key in (FIRST, SECOND):
        world.messages.rows[key] = sealed_record(world.vault, key)
    return world


def desk(world: Keeping) -> HoldDesk:
    return HoldDesk(
        holds=world.holds,
        policies=world.policies,
        ledger=world.ledger,
        agenda=world.agenda,
        disposal=world.disposal,
        vault=world.vault,
        queue=world.queue,
        clock=world.clock,
    )


def put(world: Keeping, wish: Wish = PERSON, actor: Actor = SETTER) -> Hold:
    hold, again = desk(world).set(actor, wish)
    assert not again
    return hold


def told(world: Keeping) -> list[Action]:
    return [entry.draft.action for entry in world.ledger.chains[SHOP]]


def refused(kind: type[FugaceError], world: Keeping, wish: Wish, actor: Actor = SETTER) -> None:
    """And nothing was written."""
    with pytest.raises(kind):
        desk(world).set(actor, wish)
    assert not world.ledger.chains[SHOP]
    assert not world.holds.rows
    assert not world.messages.rows[FIRST].held


# --- setting ------------------------------------------------------------------------------------


def test_a_message_is_held_when_the_answer_comes(world: Keeping) -> None:
    """The row itself says so: no purge and no TTL can reach it from now on, and nobody reads or sends it."""
    hold = put(world, MESSAGE)

    row = world.messages.rows[FIRST]
    assert row.held == {hold.id}
    assert row.expires_at > UNTIL
    assert (hold.state, hold.covers, hold.scope) == (HoldState.HELD, 1, "message")
    assert world.holds.get(SHOP, hold.id) == hold
    assert not world.messages.rows[SECOND].held
    assert not world.queue.sent


def test_of_a_persons_hold_the_keyed_hash_is_kept(world: Keeping) -> None:
    """Rows are found by it; the number is not kept anywhere."""
    hold = put(world, PERSON)

    assert (hold.subject, hold.scope) == (world.vault.subject(SHOP, ALICE), "subject")
    assert ALICE.reveal()[1:] not in repr(hold) + repr(world.ledger.chains) + repr(world.queue.sent)


@pytest.mark.parametrize("wish", [PERSON, EVERYTHING])
def test_what_covers_more_than_a_message_is_put_on_by_its_job(world: Keeping, wish: Wish) -> None:
    """At once, and planned besides: until it is done the state says so."""
    hold = put(world, wish)

    assert hold.state is HoldState.SETTING
    assert world.queue.sent == [{"tenant": SHOP, "job": f"hold/{hold.id}"}]
    assert [(due.job, due.due_at) for due in world.agenda.of(SHOP)] == [(f"hold/{hold.id}", NOON)]


def test_a_queue_that_takes_nothing_stops_no_hold(world: Keeping) -> None:
    """The plan finds the job: the hold was written down already, and a refusal would be a lie."""
    world.queue.broken = True

    assert world.holds.get(SHOP, put(world, EVERYTHING).id)


@pytest.mark.parametrize("wish", [MESSAGE, PERSON, EVERYTHING])
def test_a_hold_is_in_the_ledger(world: Keeping, wish: Wish) -> None:
    """Which, by whom, why and until when; not on whom."""
    hold = put(world, wish)

    (entry,) = world.ledger.chains[SHOP]
    assert (entry.draft.action, entry.draft.actor, entry.draft.object) == (Action.HOLD_SET, "key_setterse", hold.id)
    assert entry.draft.facts == {"scope": hold.scope, "ground": wish.ground.value, "until": written(UNTIL)}


def test_what_has_only_just_left_is_not_there(world: Keeping) -> None:
    """Over is over, still stored or not: a hold brings nothing back."""
    world.messages.rows[FIRST] = replace(world.messages.rows[FIRST], expires_at=NOON)
    refused(NotFoundError, world, MESSAGE)

    world.messages.rows[FIRST] = sealed_record(world.vault, at=NOON - timedelta(days=3))
    world.tenants.tenants[SHOP] = tenant(retention=kept(record=WEEK))
    world.clock.tick(days=5)
    refused(NotFoundError, world, MESSAGE)


def test_what_is_held_can_be_held_longer(world: Keeping) -> None:
    """It is over, and is kept by another hold: before that ends, the dispute may go on."""
    put(world, MESSAGE)
    world.clock.tick(days=250)

    longer = put(world, replace(MESSAGE, until=UNTIL + timedelta(days=300)))

    assert len(world.messages.rows[FIRST].held) == 2
    assert longer.state is HoldState.HELD


def test_another_tenants_message_cannot_be_held(world: Keeping) -> None:
    """I8: it answers as one that nobody has."""
    refused(NotFoundError, world, MESSAGE, replace(SETTER, tenant=BAKERY))
    refused(NotFoundError, world, replace(MESSAGE, message=MessageKey.read(f"{SHOP}/{NOBODYS}").id))


NOBODYS = "019bc192-7a00-7000-8000-00000000ffff"


@pytest.mark.parametrize("until", [NOON, NOON - timedelta(days=1), NOON + timedelta(days=3654)])
def test_an_end_lies_ahead_and_not_too_far(world: Keeping, until: Any) -> None:
    """A hold without an end would be retention without bounds."""
    refused(BadRequestError, world, replace(PERSON, until=until))


def test_an_end_is_kept_in_utc_and_as_it_is_shown(world: Keeping) -> None:
    """Whatever zone it was given in."""
    summer = timezone(timedelta(hours=2))

    hold = put(world, replace(PERSON, until=(UNTIL + timedelta(microseconds=1_234)).astimezone(summer)))

    assert hold.until == UNTIL + timedelta(milliseconds=1)
    assert hold.until.utcoffset() == timedelta(0)


def test_a_repeated_request_sets_no_second_hold(world: Keeping) -> None:
    """A client that heard no answer asks again; each difference makes it another hold."""
    for wish in (MESSAGE, PERSON, EVERYTHING):
        first = put(world, wish)
        assert desk(world).set(SETTER, wish) == (first, True)

    for other in (
        replace(PERSON, to=BOB),
        replace(PERSON, ground=Ground.CLAIM),
        replace(PERSON, until=UNTIL + timedelta(days=1)),
        replace(MESSAGE, message=SECOND.id),
    ):
        put(world, other)
    put(world, PERSON, LIFTER)
    assert told(world) == [Action.HOLD_SET] * 8


def test_a_hold_that_was_lifted_can_be_set_again(world: Keeping) -> None:
    """The one that is being taken off protects nothing any more."""
    first = put(world)
    desk(world).lift(LIFTER, first.id)

    assert put(world).id != first.id


def test_holds_have_an_end_in_number(world: Keeping) -> None:
    """A loop that sets holds stops by itself; one that is over makes room."""
    claims = replace(PERSON, ground=Ground.CLAIM)
    holds = [put(world, replace(claims, until=UNTIL + timedelta(days=number))) for number in range(MOST)]
    with pytest.raises(LimitReachedError) as refusal:
        put(world, EVERYTHING)
    assert refusal.value.facts == {"allowed": MOST}

    world.holds.move(replace(holds[0], state=HoldState.OVER), holds[0])
    put(world, EVERYTHING)


def test_restrictions_of_persons_do_not_count(world: Keeping) -> None:
    """How many persons ask for one is not for the tenant to say; and evidence has to be preserved all the same."""
    for number in range(MOST + 1):
        put(world, replace(PERSON, until=UNTIL + timedelta(days=number)))

    put(world, EVERYTHING)


def test_a_test_key_neither_sets_nor_lifts(world: Keeping) -> None:
    """It would keep live data, or have them deleted."""
    refused(ForbiddenError, world, PERSON, replace(SETTER, live=False))
    hold = put(world)

    with pytest.raises(ForbiddenError):
        desk(world).lift(replace(LIFTER, live=False), hold.id)


@pytest.mark.parametrize("lifted", [None, NOON + timedelta(days=10)])
def test_an_old_hold_is_forgotten_though_it_is_still_there(world: Keeping, lifted: datetime | None) -> None:
    """I4: remembered like a case, from its end, or from when it was lifted; and while it holds something, always."""
    hold = put(world)
    over = replace(hold, state=HoldState.OVER, lifted_at=lifted)
    for state in (HoldState.HELD, HoldState.OVER):
        world.holds.rows[SHOP, hold.id] = replace(over, state=state)
        world.clock.now = Period(months=12).after(lifted or UNTIL) - timedelta(seconds=1)
        assert [each.id for each in desk(world).all(SHOP)] == [desk(world).get(SHOP, hold.id).id] == [hold.id]
        world.clock.tick(seconds=1)
        assert bool(desk(world).all(SHOP)) is (state is HoldState.HELD)
    with pytest.raises(NotFoundError):
        desk(world).get(SHOP, hold.id)


# --- dying on the way ---------------------------------------------------------------------------


class Breaking(FakeDisposal):
    """A table that breaks, or from which a message leaves, just when a hold is to be put on it."""

    def __init__(self, world: Keeping, act: Callable[[], object]) -> None:
        super().__init__(world.messages)
        self.act = act

    def hold(self, *args: Any, **more: Any) -> bool:
        self.act()
        return super().hold(*args, **more)


def test_a_job_is_planned_before_anything_is_written(world: Keeping) -> None:
    """Else a hold could be in the ledger and be put on nothing."""
    seen = []
    world.ledger.race = lambda: seen.append([due.job.partition("/")[0] for due in world.agenda.of(SHOP)])

    put(world)

    assert seen == [["hold"]]


def test_a_hold_is_written_down_before_it_is_put_on(world: Keeping) -> None:
    """Dead in between, its job finds it `setting`; the other way round a row would be held by nobody, for ever."""

    def die() -> None:
        raise UnavailableError

    world.disposal = Breaking(world, die)
    with pytest.raises(UnavailableError):
        put(world, MESSAGE)

    (hold,) = world.holds.of(SHOP)
    assert hold.state is HoldState.SETTING
    assert world.agenda.get(SHOP, f"hold/{hold.id}")
    assert desk(world).set(SETTER, MESSAGE) == (hold, True)


def test_a_message_that_leaves_meanwhile_was_not_held(world: Keeping) -> None:
    """The ledger tells that the hold covered nothing."""
    world.disposal = Breaking(world, lambda: world.messages.rows.pop(FIRST))

    with pytest.raises(NotFoundError):
        put(world, MESSAGE)

    (hold,) = world.holds.of(SHOP)
    assert (hold.state, hold.covers) == (HoldState.OVER, 0)
    assert told(world) == [Action.HOLD_SET, Action.HOLD_ENDED]


@pytest.mark.parametrize("there", [True, False])
def test_a_job_that_was_faster_is_believed(world: Keeping, there: bool) -> None:
    """Both do the same: whoever comes second finds it done."""

    def faster() -> None:
        (hold,) = world.holds.of(SHOP)
        state = HoldState.HELD if there else HoldState.OVER
        world.holds.move(replace(hold, state=state, covers=int(there)), hold)
        if not there:
            del world.messages.rows[FIRST]

    world.disposal = Breaking(world, faster)
    if there:
        assert put(world, MESSAGE).state is HoldState.HELD
    else:
        with pytest.raises(NotFoundError):
            put(world, MESSAGE)
    assert told(world) == [Action.HOLD_SET]


# --- lifting ------------------------------------------------------------------------------------


def test_the_key_that_set_a_hold_cannot_lift_it(world: Keeping) -> None:
    """Setting preserves, lifting destroys: nobody does both alone."""
    hold = put(world)

    with pytest.raises(SameKeyError):
        desk(world).lift(SETTER, hold.id)

    assert world.holds.get(SHOP, hold.id) == hold
    assert told(world) == [Action.HOLD_SET]


@pytest.mark.parametrize("wish", [MESSAGE, PERSON, EVERYTHING])
def test_another_key_lifts_it(world: Keeping, wish: Wish) -> None:
    """It is being taken off, at once; the ledger tells by whom."""
    hold = put(world, wish)
    world.queue.sent.clear()
    world.clock.tick(hours=1)

    lifted = desk(world).lift(LIFTER, hold.id)

    assert (lifted.state, lifted.lifted_by, lifted.lifted_at) == (HoldState.LIFTING, "key_lifterli", world.clock())
    assert world.holds.get(SHOP, hold.id) == lifted
    assert world.queue.sent == [{"tenant": SHOP, "job": f"hold/{hold.id}"}]
    entry = world.ledger.chains[SHOP][-1].draft
    assert (entry.action, entry.actor, entry.object) == (Action.HOLD_LIFTED, "key_lifterli", hold.id)
    assert entry.facts == {"scope": hold.scope, "ground": hold.ground.value, "set_by": "key_setterse"}


def test_a_job_that_waits_for_the_end_is_due_at_once(world: Keeping) -> None:
    """Else what was lifted would stay until its old end, should the queue lose it."""
    hold = put(world, MESSAGE)
    (due,) = world.agenda.of(SHOP)
    world.agenda.settle(due, reached=None, due_at=UNTIL)
    world.queue.broken = True
    world.clock.tick(hours=1)

    desk(world).lift(LIFTER, hold.id)

    assert [due.due_at for due in world.agenda.of(SHOP)] == [world.clock()]


@pytest.mark.parametrize("actor", [SETTER, LIFTER])
@pytest.mark.parametrize("state", [HoldState.LIFTING, HoldState.OVER])
def test_lifting_twice_is_harmless(world: Keeping, actor: Actor, state: HoldState) -> None:
    """A client that heard no answer asks again; by whichever key."""
    hold = put(world)
    lifted = desk(world).lift(LIFTER, hold.id)
    over = replace(lifted, state=state)
    world.holds.move(over, lifted)

    assert desk(world).lift(actor, hold.id) == over
    assert told(world) == [Action.HOLD_SET, Action.HOLD_LIFTED]


def test_a_hold_that_changes_meanwhile_is_looked_at_again(world: Keeping) -> None:
    """Its job has just put it on: it is lifted all the same, with what it covers."""
    hold = put(world)
    world.ledger.race = lambda: world.holds.move(replace(hold, state=HoldState.HELD, covers=7), hold)

    lifted = desk(world).lift(LIFTER, hold.id)

    assert (lifted.state, lifted.covers) == (HoldState.LIFTING, 7)
    assert told(world) == [Action.HOLD_SET, Action.HOLD_LIFTED]


class Restless(FakeHolds):
    """Holds that are always another than was seen."""

    def put(self, hold: Hold, seen: Hold | None) -> Write:
        return super().put(hold, seen and replace(seen, covers=seen.covers + 1))


def test_who_never_gets_through_is_told_to_come_again(world: Keeping) -> None:
    """Nothing of it was done."""
    hold = put(world)
    restless = Restless()
    restless.rows, world.holds = world.holds.rows, restless

    with pytest.raises(UnavailableError):
        desk(world).lift(LIFTER, hold.id)

    assert told(world) == [Action.HOLD_SET]


def test_another_tenants_hold_does_not_exist(world: Keeping) -> None:
    """I8: not to be seen, not to be lifted."""
    hold = put(world)
    theirs = Actor(BAKERY, "key_lifterli", live=True)

    with pytest.raises(NotFoundError):
        desk(world).lift(theirs, hold.id)
    with pytest.raises(NotFoundError):
        desk(world).get(BAKERY, hold.id)
    assert desk(world).all(BAKERY) == []
