"""Archives made for persons, their finished requests and objections go after their own time."""

from datetime import UTC, datetime, timedelta

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.retention import BEGINNING, Kind, Period, Retention
from functions.purge.finished import FinishedSweep
from functions.purge.task import Task
from tests.fakes import ALICE, BAKERY, NOON, SHOP, tenant
from tests.fakes_keeping import FakeVersion, Keeping, hour_of
from tests.fakes_rights import FakePersons

DAY = timedelta(days=1)
MONTH, YEARS = Period(months=1), Period(months=36)
ARCHIVE = f"{SHOP}/req_a/all.zip"


@pytest.fixture
def world() -> Keeping:
    """A tenant that keeps archives for a week, requests for a month, and objections for three years."""
    kept = Retention.of({Kind.EXPORTS: Period(seconds=7 * 86_400), Kind.CASES: MONTH, Kind.OBJECTIONS: YEARS})
    world = Keeping(tenant(retention=kept), tenant(BAKERY, retention=kept))
    for kind in (Kind.EXPORTS, Kind.CASES, Kind.OBJECTIONS):
        world.agenda.ensure(SHOP, kind.value, BEGINNING)
    return world


def sweep(world: Keeping, kind: Kind, now: datetime) -> int:
    world.clock.now = now
    kept = {Kind.EXPORTS: world.exports, Kind.CASES: world.cases, Kind.OBJECTIONS: world.objections}[kind]
    job = FinishedSweep(kind, world.agenda, world.policies, kept, world.clock)
    return job.run(Task(kind.value, SHOP), lambda: timedelta(minutes=5)).done


def due(world: Keeping, kind: Kind) -> datetime | None:
    found = world.agenda.get(SHOP, kind.value)
    assert found
    return found.due_at


def test_an_archive_goes_when_its_time_is_over_and_not_a_second_before(world: Keeping) -> None:
    """It is looked at again just then; and once nothing is left, never."""
    world.exports.objects[ARCHIVE] = [FakeVersion(NOON)]

    assert sweep(world, Kind.EXPORTS, NOON + 7 * DAY - timedelta(seconds=1)) == 0
    assert due(world, Kind.EXPORTS) == NOON + 7 * DAY
    assert sweep(world, Kind.EXPORTS, NOON + 7 * DAY) == 1

    assert world.exports.objects == {}
    assert due(world, Kind.EXPORTS) is None
    (book,) = world.tallies.books(hour_of(NOON + 7 * DAY))
    assert (book.tenant, book.told.counts) == (SHOP, {"exports": 1})


def test_an_upload_that_was_never_finished_is_waited_for_too(world: Keeping) -> None:
    """Its parts are as personal as the archive would have been."""
    world.exports.uploads = [(ARCHIVE, NOON)]
    sweep(world, Kind.EXPORTS, NOON + DAY)
    assert due(world, Kind.EXPORTS) == NOON + 7 * DAY

    assert sweep(world, Kind.EXPORTS, NOON + 7 * DAY) == 0  # it is no object
    assert world.exports.uploads == []


@pytest.mark.parametrize("kind", [Kind.EXPORTS, Kind.CASES])
def test_a_shorter_choice_acts_on_what_is_there(world: Keeping, kind: Kind) -> None:
    """From the moment when it is in force: the job looks again just then."""
    world.exports.objects[ARCHIVE], world.cases.rows[SHOP, "a"] = [FakeVersion(NOON)], NOON
    seen = world.tenants.tenants[SHOP].retention
    chosen = seen.changed(kind, Period(seconds=86_400), NOON + 2 * DAY)
    world.policies.choose(SHOP, seen, chosen).item.apply()  # type: ignore[attr-defined]  # a fake's write

    assert sweep(world, kind, NOON + 2 * DAY) == 0
    since = chosen.caps[kind][-1].since
    assert due(world, kind) == since
    assert sweep(world, kind, since) == 1


def test_a_finished_case_goes_and_an_open_one_waits_for_its_end(world: Keeping) -> None:
    """Nobody can say of an open one when it is over."""
    world.cases.rows = {(SHOP, "done"): NOON, (SHOP, "open"): None, (BAKERY, "theirs"): NOON}

    assert sweep(world, Kind.CASES, MONTH.after(NOON)) == 1

    assert set(world.cases.rows) == {(SHOP, "open"), (BAKERY, "theirs")}
    assert due(world, Kind.CASES) is None


def test_an_objection_is_remembered_for_its_years(world: Keeping) -> None:
    """To the second; then nothing is left of the person, if nothing else was."""
    persons, who = FakePersons(world.vault), world.vault.subject(SHOP, ALICE)
    persons.object(SHOP, who, NOON)
    end = YEARS.after(NOON)

    assert sweep(world, Kind.OBJECTIONS, end - timedelta(seconds=1)) == 0
    assert due(world, Kind.OBJECTIONS) == end
    assert persons.standing(who).objected == NOON
    assert sweep(world, Kind.OBJECTIONS, end) == 1

    assert who not in world.vault.rows
    assert due(world, Kind.OBJECTIONS) is None


def test_at_the_end_of_a_short_month_later_ones_go_sooner(world: Keeping) -> None:
    """29 January 03:00 and a month is 28 February 03:00; 28 January 22:00 and a month is later."""
    late, early = datetime(2026, 1, 28, 22, tzinfo=UTC), datetime(2026, 1, 29, 3, tzinfo=UTC)
    world.cases.rows = {(SHOP, "late"): late, (SHOP, "early"): early}

    assert sweep(world, Kind.CASES, datetime(2026, 2, 28, 3, tzinfo=UTC)) == 1
    assert set(world.cases.rows) == {(SHOP, "late")}
    assert sweep(world, Kind.CASES, datetime(2026, 2, 28, 22, tzinfo=UTC)) == 1


def test_a_run_that_dies_is_made_again(world: Keeping) -> None:
    """The job stays due. What had been deleted is not there to be counted: too few are told of, and never too many."""
    world.exports.objects[ARCHIVE], world.exports.broken = [FakeVersion(NOON)], True
    with pytest.raises(UnavailableError):
        sweep(world, Kind.EXPORTS, NOON + 7 * DAY)
    assert due(world, Kind.EXPORTS) == BEGINNING

    world.exports.broken = False
    assert sweep(world, Kind.EXPORTS, NOON + 7 * DAY) == 0
    assert due(world, Kind.EXPORTS) is None
    assert world.tallies.books(hour_of(NOON + 7 * DAY)) == []


def test_a_tenant_that_never_chose_or_has_gone_keeps_the_plan_waiting_for_nothing(world: Keeping) -> None:
    """Else its job would be due for ever, and an alarm."""
    world.tenants.tenants[SHOP] = tenant(retention=Retention.of({Kind.RECORD: MONTH}))
    world.cases.rows = {(SHOP, "done"): NOON}

    assert sweep(world, Kind.CASES, NOON + 365 * DAY) == 0
    assert due(world, Kind.CASES) is None
    assert world.cases.rows


def test_nothing_is_looked_at_before_it_is_due(world: Keeping) -> None:
    """A body may come twice."""
    world.cases.rows = {(SHOP, "done"): NOON}
    sweep(world, Kind.CASES, NOON)
    world.cases.rows[SHOP, "older"] = NOON - 365 * DAY

    assert sweep(world, Kind.CASES, NOON + DAY) == 0
