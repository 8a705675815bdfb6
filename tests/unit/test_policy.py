"""A tenant's choices: inside the bounds, written down, and never lost between two who change them at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.actor import Actor
from fugace.domain.bounds import Bound
from fugace.domain.errors import (
    ForbiddenError,
    LimitReachedError,
    OutOfBoundsError,
    UnauthorizedError,
    UnavailableError,
)
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, written
from fugace.domain.retention import ANNOUNCED, Kind, Period, Retention
from fugace.edge import wiring
from fugace.ports import Write
from functions.purge.policy import MOST, PolicyDesk, check
from tests.fakes import BAKERY, SHOP, tenant
from tests.fakes_keeping import FakePolicies, Keeping

BOUNDS = wiring.bounds()
OFFICER = Actor(SHOP, "key_officera", live=True)
DAY, WEEK, MONTH = Period(seconds=86_400), Period(seconds=7 * 86_400), Period(months=1)


@pytest.fixture
def world() -> Keeping:
    return Keeping(tenant(), tenant(BAKERY))


def desk(world: Keeping) -> PolicyDesk:
    return PolicyDesk(world.policies, world.tenants, world.ledger, world.agenda, BOUNDS, world.clock)


def days(count: int) -> Period:
    return Period(seconds=count * 86_400)


# --- bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("bound", ["min", "max"])
def test_each_bound_can_be_chosen_and_nothing_beyond_it(kind: Kind, bound: str) -> None:
    """And whoever is refused is told which bound it was, its value and why it exists."""
    limit: Period = getattr(BOUNDS[kind], bound)
    beyond = replace(limit, seconds=limit.seconds + (1 if bound == "max" else -1))
    check({kind: limit}, BOUNDS, {kind: "/here"})
    if bound == "min" and not limit:
        return  # nothing is shorter than nothing

    with pytest.raises(OutOfBoundsError) as refusal:
        check({kind: beyond}, BOUNDS, {kind: "/here"})

    ground = BOUNDS[kind].ground
    assert refusal.value.facts == {"kind": kind.value, "bound": bound, "allowed": str(limit), "ground": ground}
    (error,) = refusal.value.errors
    assert error.pointer == "/here"
    assert str(limit) in error.reason
    assert ground in error.reason


def test_what_is_longer_on_some_days_alone_is_too_long() -> None:
    """184 days are six months only where those are the longest: a bound holds on every day of the calendar."""
    check({Kind.CONTENT: days(181)}, BOUNDS, {Kind.CONTENT: ""})

    with pytest.raises(OutOfBoundsError) as refusal:
        check({Kind.CONTENT: days(182)}, BOUNDS, {Kind.CONTENT: ""})

    assert refusal.value.facts["bound"] == "max"


def test_what_is_shorter_on_some_days_alone_is_too_short() -> None:
    """A month has 31 days at most, and 30 are less than that of January."""
    with pytest.raises(OutOfBoundsError) as refusal:
        check({Kind.CONTACTS: days(30)}, BOUNDS, {Kind.CONTACTS: ""})

    assert refusal.value.facts["bound"] == "min"
    check({Kind.CONTACTS: days(31)}, BOUNDS, {Kind.CONTACTS: ""})


def test_all_that_is_not_allowed_is_named_and_nothing_is_changed(world: Keeping) -> None:
    """Half a policy is none."""
    with pytest.raises(OutOfBoundsError) as refusal:
        desk(world).choose(OFFICER, {Kind.CONTENT: DAY, Kind.RECORD: Period(), Kind.EXPORTS: Period(months=2)})

    assert [error.pointer for error in refusal.value.errors] == ["/record", "/exports"]
    assert refusal.value.facts["kind"] == "record"
    assert not world.ledger.chains[SHOP]
    assert not world.agenda.rows


def test_an_operator_may_leave_no_choice() -> None:
    """Then that one period is the only one."""
    only = {Kind.CONTENT: Bound(DAY, DAY, DAY, "so it is")}
    check({Kind.CONTENT: Period(seconds=86_400)}, only, {Kind.CONTENT: ""})

    for other in (days(2), Period()):
        with pytest.raises(OutOfBoundsError):
            check({Kind.CONTENT: other}, only, {Kind.CONTENT: ""})


# --- choosing -----------------------------------------------------------------------------------


def test_a_choice_is_in_force_a_little_later_and_is_in_the_ledger(world: Keeping) -> None:
    """By then every process knows it; who made it, and what was before, is told by the entry."""
    chosen = desk(world).choose(OFFICER, {Kind.CONTENT: DAY, Kind.RECORD: MONTH})

    kept = world.policies.fresh(SHOP)
    assert kept == chosen.retention
    assert [cap.since for cap in chosen.retention.caps[Kind.CONTENT]][-1] == world.clock() + ANNOUNCED
    (entry,) = world.ledger.chains[SHOP]
    assert (entry.draft.action, entry.draft.actor, entry.draft.object) == (Action.POLICY_CHANGED, "key_officera", SHOP)
    assert entry.draft.facts == {
        "in_force_from": written(world.clock() + ANNOUNCED),
        "content.from": "P7D",
        "content.to": "P1D",
        "record.from": "P6M",
        "record.to": "P1M",
    }


def test_a_time_is_told_as_it_is_kept(world: Keeping) -> None:
    """What is finer than a millisecond is dropped on the way to the table; an answer must not promise it."""
    world.clock.now += timedelta(microseconds=1_999)

    chosen = desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    assert chosen.at.microsecond == 1000


def test_what_is_chosen_already_is_not_written_again(world: Keeping) -> None:
    """A ledger that is filled by repetitions tells nothing."""
    desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    again = desk(world).choose(OFFICER, {Kind.CONTENT: Period.parse("PT24H")})

    assert again.changed == ()
    assert len(world.ledger.chains[SHOP]) == 1


def test_only_what_differs_is_told(world: Keeping) -> None:
    """Of a whole policy that is sent again with one change."""
    same = {kind: Period(months=12) for kind in (Kind.ACCESS, Kind.STATISTICS)}

    desk(world).choose(OFFICER, {**same, Kind.CONTENT: DAY})

    assert set(world.ledger.chains[SHOP][0].draft.facts) == {"in_force_from", "content.from", "content.to"}


def test_everything_concerned_is_looked_at_once_it_is_in_force(world: Keeping) -> None:
    """In each shard; and nothing for kinds of which nothing is stored."""
    world.tenants.tenants[SHOP] = replace(world.tenants.tenants[SHOP], shards=2)
    wanted = {Kind.RECORD: MONTH, Kind.CONTENT: DAY, Kind.ACCESS: Period(months=6), Kind.STATISTICS: MONTH}
    wanted |= {Kind.EXPORTS: DAY, Kind.CASES: Period(months=36)}

    desk(world).choose(OFFICER, {**wanted, Kind.REPLIES: MONTH})

    jobs = {job: row.due_at for (_, job), row in world.agenda.rows.items()}
    assert set(jobs) == {"record/0", "record/1", "content/0", "content/1", "access", "statistics", "exports", "cases"}
    since = world.clock() + ANNOUNCED
    assert all(since - timedelta(milliseconds=1) <= due <= since for due in jobs.values() if due)


def test_holds_that_are_over_are_looked_at_when_cases_change(world: Keeping) -> None:
    """They are remembered as long as cases; a job each waits for that."""
    world.agenda.ensure(SHOP, "hold/hold_a", world.clock() + timedelta(days=900))
    world.agenda.ensure(BAKERY, "hold/hold_b", world.clock() + timedelta(days=900))

    desk(world).choose(OFFICER, {Kind.CASES: Period(months=36)})

    soon = {
        job for (_, job), row in world.agenda.rows.items() if row.due_at and row.due_at <= world.clock() + ANNOUNCED
    }
    assert soon == {"cases", "hold/hold_a"}


def test_a_purge_is_planned_before_the_choice_is_written(world: Keeping) -> None:
    """Whoever dies in between loses no purge: a look too many is harmless."""
    seen = []
    world.ledger.race = lambda: seen.append(set(world.agenda.rows))

    desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    assert seen == [{(SHOP, "content/0")}]


def test_a_run_that_knew_the_old_choice_alone_is_followed_by_another(world: Keeping) -> None:
    """It began before the transaction and settles after it, for what the old choice ends next."""
    far = world.clock() + timedelta(days=30)

    def settle() -> None:
        (due,) = world.agenda.of(SHOP)
        world.agenda.settle(due, reached=None, due_at=far)

    world.ledger.race = settle

    desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    (due,) = world.agenda.of(SHOP)
    assert due.due_at == world.clock() + ANNOUNCED


def test_a_first_choice_comes_from_nowhere(world: Keeping) -> None:
    """A kind that came with a later release: the entry does not make up what was before."""
    shop = world.tenants.tenants[SHOP]
    caps = {kind: caps for kind, caps in shop.retention.caps.items() if kind is not Kind.REPLIES}
    world.tenants.tenants[SHOP] = replace(shop, retention=replace(shop.retention, caps=caps))

    desk(world).choose(OFFICER, {Kind.REPLIES: MONTH})

    assert set(world.ledger.chains[SHOP][0].draft.facts) == {"in_force_from", "replies.to"}


# --- several at a time --------------------------------------------------------------------------


def rival(world: Keeping, wanted: dict[Kind, Period]) -> Callable[[], object]:
    """Another that changes the policy between a look and a write."""
    return lambda: desk(world).choose(Actor(SHOP, "key_rivalriv", live=True), wanted)


def test_of_two_at_a_time_neither_is_lost(world: Keeping) -> None:
    """The second looks again: what it did not name stays as the first chose it."""
    world.ledger.race = rival(world, {Kind.RECORD: MONTH})

    desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    kept = world.policies.fresh(SHOP)
    assert kept
    assert (kept.period(Kind.CONTENT), kept.period(Kind.RECORD)) == (DAY, MONTH)
    assert [entry.draft.actor for entry in world.ledger.chains[SHOP]] == ["key_rivalriv", "key_officera"]


def test_of_two_that_choose_the_same_the_ledger_tells_what_each_found(world: Keeping) -> None:
    """The last one wins, and its entry says from what it changed."""
    world.ledger.race = rival(world, {Kind.CONTENT: MONTH})

    desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    told = [entry.draft.facts for entry in world.ledger.chains[SHOP]]
    assert [(facts["content.from"], facts["content.to"]) for facts in told] == [("P7D", "P1M"), ("P1M", "P1D")]


class Contested(FakePolicies):
    """Somebody else was always faster."""

    def choose(self, tenant: TenantId, seen: Retention, chosen: Retention) -> Write:
        return super().choose(tenant, replace(seen, caps={}), chosen)


def test_who_never_gets_through_is_told_to_come_again(world: Keeping) -> None:
    """Nothing of it was done."""
    world.policies = Contested(world.tenants)

    with pytest.raises(UnavailableError):
        desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    assert not world.ledger.chains[SHOP]


# --- who, and how often -------------------------------------------------------------------------


def test_a_test_key_changes_nothing(world: Keeping) -> None:
    """What is kept is live data too: a key from somebody's notebook must not delete it."""
    with pytest.raises(ForbiddenError):
        desk(world).choose(replace(OFFICER, live=False), {Kind.CONTENT: DAY})

    assert not world.ledger.chains[SHOP]


def test_promises_have_an_end(world: Keeping) -> None:
    """Every longer choice leaves a promise that has to be kept: a loop of them stops. A shorter choice clears them."""
    for count in range(2, MOST + 1):
        desk(world).choose(OFFICER, {Kind.CONTENT: days(count + 6)})
        world.clock.tick(minutes=1)

    with pytest.raises(LimitReachedError) as refusal:
        desk(world).choose(OFFICER, {Kind.CONTENT: days(MOST + 7)})

    assert refusal.value.facts == {"allowed": MOST}


def test_one_tenants_choice_is_nobody_elses(world: Keeping) -> None:
    """I8."""
    before = world.policies.fresh(BAKERY)

    desk(world).choose(OFFICER, {Kind.CONTENT: DAY})

    assert world.policies.fresh(BAKERY) == before
    assert {owner for owner, _ in world.agenda.rows} == {SHOP}


def test_a_tenant_that_has_gone_has_no_policy() -> None:
    """Its keys may live a minute longer than it did."""
    world = Keeping(tenant(BAKERY))

    with pytest.raises(UnauthorizedError):
        desk(world).present(SHOP)
