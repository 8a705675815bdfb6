"""How much a proposed policy would delete: never less than it will, and nothing that goes anyhow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.message import Status
from fugace.domain.retention import ANNOUNCED, Kind, Period
from fugace.domain.tenant import ApiKey, Role
from fugace.keeping import Book, Tally
from functions.purge import foresight
from functions.purge.foresight import Archived, Foreseen, Foresight, Overdue
from tests.fakes import BAKERY, NOON, SHOP, kept, key_number, sealed_record, tenant
from tests.fakes_keeping import FakeDisposal, Keeping
from tests.fakes_rights import FakePersons, FakeRequests

DAY, WEEK, MONTH, NOTHING = Period(seconds=86_400), Period(seconds=7 * 86_400), Period(months=1), Period()
YEAR = Period(months=12)


@pytest.fixture
def world() -> Keeping:
    return Keeping(tenant(), tenant(BAKERY))


def collect(world: Keeping, *ages: timedelta, **more: Any) -> None:
    for age in ages:
        key = key_number(len(world.messages.rows))
        world.messages.rows[key] = sealed_record(world.vault, key, at=world.clock() - age, **more)


def foresee(world: Keeping, kind: Kind, period: Period, requests: FakeRequests | None = None) -> Foreseen:
    """By the policy in force, for the shop."""
    present = world.policies.fresh(SHOP)
    assert present
    archived = Archived(requests or FakeRequests())
    kept: dict[Kind, Overdue] = {Kind.EXPORTS: archived, Kind.CASES: world.cases, Kind.OBJECTIONS: world.objections}
    made = Foresight(world.tenants, world.agenda, world.disposal, world.statistics, world.holds, kept, world.clock)
    (found,) = made.foresee(SHOP, present, {kind: period}).values()
    return found


def days(count: float) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(("kind", "period", "count"), [(Kind.CONTENT, DAY, 2), (Kind.RECORD, MONTH, 3)])
def test_what_only_the_proposed_policy_ends_is_counted(world: Keeping, kind: Kind, period: Period, count: int) -> None:
    """Texts of the last week that are over a day old; records of over a month."""
    collect(world, days(0.5), days(2), days(6), days(20), days(40), days(100), days(150))

    assert foresee(world, kind, period) == Foreseen(period, count, complete=True, exact=False)


def test_what_is_over_already_does_not_count(world: Keeping) -> None:
    """It goes with the present policy, too, whether or not the purge has been there."""
    collect(world, days(8), days(200))

    assert foresee(world, Kind.CONTENT, DAY).count == 0


def test_the_moment_that_counts_is_when_it_is_in_force(world: Keeping) -> None:
    """What comes to its end in the seconds until then goes, too."""
    soon = ANNOUNCED - timedelta(seconds=1)
    collect(world, days(1) - soon, days(1) - ANNOUNCED - timedelta(seconds=1), days(7) - soon)

    assert foresee(world, Kind.CONTENT, DAY).count == 1


def test_a_longer_policy_deletes_nothing(world: Keeping) -> None:
    """It acts on what is collected from then on."""
    collect(world, days(2), days(10))

    assert foresee(world, Kind.CONTENT, MONTH) == Foreseen(MONTH, 0, complete=True, exact=True)


def test_what_is_chosen_already_changes_nothing(world: Keeping) -> None:
    """And nobody has to count for that."""
    assert foresee(world, Kind.CONTENT, WEEK) == Foreseen(WEEK, 0, complete=True, exact=True)


def test_what_the_purge_has_dealt_with_is_not_counted_again(world: Keeping) -> None:
    """What is left there is held: no policy ends it."""
    collect(world, days(2), days(3), held=frozenset({"hold_a"}))
    collect(world, days(1.5))
    world.agenda.ensure(SHOP, "content/0", NOON)
    (due,) = world.agenda.of(SHOP)
    world.agenda.settle(due, reached=NOON - days(1.9), due_at=None)

    assert foresee(world, Kind.CONTENT, DAY).count == 1


def test_texts_of_records_that_go_are_not_counted(world: Keeping) -> None:
    """A record takes its text along: by the present policy both are over."""
    shop = world.tenants.tenants[SHOP]
    world.tenants.tenants[SHOP] = replace(shop, retention=kept(content=MONTH, record=WEEK))
    collect(world, days(2), days(10))

    assert foresee(world, Kind.CONTENT, DAY).count == 1


def test_texts_that_may_still_wait_for_their_hand_over_are_counted(world: Keeping) -> None:
    """With PT0S in force a text is there until its validity ends: that is at most three days."""
    shop = world.tenants.tenants[SHOP]
    world.tenants.tenants[SHOP] = replace(shop, retention=kept(content=NOTHING))
    collect(world, days(0.1), days(2.9), days(3.1))

    assert foresee(world, Kind.CONTENT, DAY).count == 1


def test_an_end_of_a_month_is_counted_rather_once_too_often(world: Keeping) -> None:
    """28 January and 31 January end on the same 28 February: a number that is too low would be a broken promise."""
    world.clock.now = datetime(2026, 2, 28, 12, tzinfo=UTC)
    collect(world, *(days(count) for count in range(25, 35)))

    found = foresee(world, Kind.RECORD, MONTH)

    present = world.policies.fresh(SHOP)
    assert present
    proposed, at = present.changed(Kind.RECORD, MONTH, world.clock()), world.clock() + ANNOUNCED
    anchors = [record.anchor for record in world.messages.rows.values()]
    real = sum(proposed.expiry(Kind.RECORD, anchor, anchor) <= at for anchor in anchors)
    assert real <= found.count <= real + 3
    assert not found.exact


def test_every_shard_is_counted(world: Keeping) -> None:
    """A tenant with more than one has its messages in all of them."""
    world.tenants.tenants[SHOP] = replace(world.tenants.tenants[SHOP], shards=3)
    for shard in range(3):
        collect(world, days(2), shard=shard)

    assert foresee(world, Kind.CONTENT, DAY).count == 3


def test_counting_stops_somewhere(world: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has millions gets an answer all the same, which says that there are more."""
    monkeypatch.setattr(foresight, "MOST", 3)
    collect(world, days(2), days(3), days(4))
    assert foresee(world, Kind.CONTENT, DAY) == Foreseen(DAY, 3, complete=True, exact=False)

    collect(world, days(5))
    assert foresee(world, Kind.CONTENT, DAY) == Foreseen(DAY, 3, complete=False, exact=False)


class Asked(FakeDisposal):
    """An index that remembers which shards were asked."""

    def __init__(self, world: Keeping) -> None:
        super().__init__(world.messages)
        self.shards: list[int] = []

    def count(self, tenant: TenantId, shard: int, **more: Any) -> int:
        self.shards.append(shard)
        return super().count(tenant, shard, **more)


def test_once_it_is_enough_no_other_shard_is_asked(world: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a query that somebody waits for, and pays."""
    monkeypatch.setattr(foresight, "MOST", 1)
    world.tenants.tenants[SHOP] = replace(world.tenants.tenants[SHOP], shards=3)
    collect(world, days(2), days(3))
    asked = world.disposal = Asked(world)

    assert not foresee(world, Kind.CONTENT, DAY).complete
    assert asked.shards == [0]


class Slow(FakeDisposal):
    """An index that takes its time."""

    def count(self, *args: Any, **more: Any) -> int:
        self.messages.clock.tick(seconds=4)
        return super().count(*args, **more)


def test_counting_takes_no_longer_than_a_client_waits(world: Keeping) -> None:
    """What was not looked at in time is said to be missing."""
    world.tenants.tenants[SHOP] = replace(world.tenants.tenants[SHOP], shards=10)
    world.disposal = Slow(world.messages)
    for shard in range(10):
        collect(world, days(2), shard=shard)

    assert foresee(world, Kind.CONTENT, DAY) == Foreseen(DAY, 2, complete=False, exact=False)


def test_keys_are_counted_from_when_they_opened_nothing(world: Keeping) -> None:
    """Revoked or expired, whatever came first; what still opens something is not access of the past."""
    for number, (expires, revoked) in enumerate(
        [
            (None, None),
            (None, NOON - days(200)),
            (NOON - days(200), None),
            (NOON - days(200), NOON - days(10)),
            (NOON + days(10), None),
            (None, NOON - days(400)),
        ]
    ):
        key = ApiKey(SHOP, f"key_{number}", Role.ADMIN, True, b"", NOON - days(800), expires, revoked)
        world.tenants.add_api_key(key)

    found = foresee(world, Kind.ACCESS, Period(months=6))

    assert found == Foreseen(Period(months=6), 3, complete=True, exact=True)


def test_statistics_are_counted_by_their_hours(world: Keeping) -> None:
    """From when they were entered."""
    line = {("", "2025-01", Status.DELIVERED.value): (1, 1)}
    for age in (5, 40, 60, 500):
        hour = (NOON - days(age)).replace(minute=0)
        world.statistics.enter(hour, Book(SHOP, Tally({}, line), Tally(), 0))

    assert foresee(world, Kind.STATISTICS, MONTH) == Foreseen(MONTH, 2, complete=True, exact=True)


def test_holds_that_are_over_are_counted_like_cases(world: Keeping) -> None:
    """From when they were lifted, or came to their end; those that still hold something stay."""
    for number, (state, until, lifted) in enumerate(
        [
            (HoldState.OVER, 300, None),
            (HoldState.OVER, -300, 300),
            (HoldState.OVER, 100, None),
            (HoldState.OVER, 400, None),
            (HoldState.HELD, 300, None),
            (HoldState.LIFTING, -300, 300),
        ]
    ):
        at = lifted and NOON - days(lifted)
        hold = Hold(SHOP, f"hold_{number}", Ground.CLAIM, NOON, "key_a", NOON - days(until), state, lifted_at=at)
        world.holds.rows[SHOP, hold.id] = hold

    half = Period(months=6)
    assert foresee(world, Kind.CASES, half) == Foreseen(half, 2, complete=True, exact=True)


def test_requests_are_counted_from_when_they_were_finished(world: Keeping) -> None:
    """Open ones are not over, whatever is chosen; those of the holds come besides."""
    for number, age in enumerate([None, 100, 200, 300, 400]):
        world.cases.rows[SHOP, str(number)] = NOON - days(age) if age else None
    world.cases.rows[BAKERY, "theirs"] = NOON - days(200)

    half = Period(months=6)
    assert foresee(world, Kind.CASES, half) == Foreseen(half, 2, complete=True, exact=True)


def test_archives_are_counted_by_their_requests(world: Keeping) -> None:
    """What has none, and what is not done, counts nothing; one that an erasure has removed may be among them."""
    plain = Case(CaseKey(SHOP, ""), Right.ACCESS, CaseState.COMPLETED, NOON, NOON, NOON, Identity.ATTESTED, "key_a")
    rows: list[dict[str, Any]] = [
        {"finished": NOON - days(10), "records": 0},
        {"finished": NOON - days(40), "records": 5, "right": Right.PORTABILITY},
        {"finished": NOON - days(400), "records": 5},
        {"finished": NOON - days(0.5), "records": 5},
        {"finished": NOON - days(10), "state": CaseState.DENIED},
        {"records": 5, "state": CaseState.RUNNING},
        {"finished": NOON - days(10), "right": Right.ERASURE},
    ]
    requests = FakeRequests()
    for number, row in enumerate(rows):
        requests.rows[CaseKey(SHOP, str(number))] = replace(plain, key=CaseKey(SHOP, str(number)), **row)
    requests.rows[CaseKey(BAKERY, "0")] = replace(plain, key=CaseKey(BAKERY, "0"), **rows[0])

    assert foresee(world, Kind.EXPORTS, DAY, requests) == Foreseen(DAY, 2, complete=True, exact=False)


def test_objections_are_counted_from_when_they_were_made(world: Keeping) -> None:
    """A shorter memory of wishes: whoever chooses it is told how many are forgotten."""
    persons = FakePersons(world.vault)
    for number, age in enumerate([5, 40, 60]):
        persons.object(SHOP, SubjectId(f"person-{number}"), NOON - days(age))
    persons.object(BAKERY, SubjectId("theirs"), NOON - days(40))

    assert foresee(world, Kind.OBJECTIONS, MONTH) == Foreseen(MONTH, 2, complete=True, exact=True)


@pytest.mark.parametrize("kind", [Kind.REPLIES, Kind.CONTACTS])
def test_of_what_is_not_stored_yet_nothing_goes(world: Keeping, kind: Kind) -> None:
    """And that is exact."""
    assert foresee(world, kind, DAY) == Foreseen(DAY, 0, complete=True, exact=True)


def test_nobody_elses_are_counted(world: Keeping) -> None:
    """I8."""
    key = replace(key_number(1), tenant=BAKERY)
    world.messages.rows[key] = sealed_record(world.vault, key, at=NOON - days(3))

    assert foresee(world, Kind.CONTENT, DAY).count == 0


def test_nothing_is_changed_by_asking(world: Keeping) -> None:
    """It is a question."""
    collect(world, days(3))
    before = world.policies.fresh(SHOP), dict(world.messages.rows), dict(world.agenda.rows)

    foresee(world, Kind.CONTENT, DAY)

    assert before == (world.policies.fresh(SHOP), world.messages.rows, world.agenda.rows)
    assert not world.ledger.chains[SHOP]
