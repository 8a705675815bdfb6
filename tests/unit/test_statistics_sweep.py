"""Counts of messages that are gone go as well, on the calendar (job `statistics`)."""

from datetime import UTC, datetime, timedelta

from fugace.domain.message import Status
from fugace.domain.retention import BEGINNING, Kind, Period, Retention
from fugace.keeping import Gone
from functions.purge.statistics import StatisticsSweep
from functions.purge.task import Task
from tests.fakes import SHOP, tenant
from tests.fakes_keeping import Keeping

PLENTY = timedelta(minutes=5)


def entered(*hours: datetime) -> Keeping:
    """A tenant that keeps statistics for a month, and what was entered in some hours."""
    world = Keeping(tenant(retention=Retention.of({Kind.STATISTICS: Period(months=1)})))
    for number, hour in enumerate(hours):
        gone = Gone(Kind.RECORD, str(number), hour, Status.DELIVERED, 1)
        world.tallies.tell(hour, SHOP, str(number), [gone])
        (book,) = world.tallies.books(hour)
        world.statistics.enter(hour, book)
    world.agenda.ensure(SHOP, "statistics", BEGINNING)
    return world


def swept(world: Keeping, now: datetime) -> list[datetime]:
    """What is left at `now`."""
    world.clock.now = now
    sweep = StatisticsSweep(world.agenda, world.policies, world.statistics, world.clock)
    sweep.run(Task("statistics", SHOP), lambda: PLENTY)
    return [line.entered for line in world.statistics.of(SHOP)]


def test_at_the_end_of_a_short_month_later_hours_go_sooner() -> None:
    """29 January 03:00 and a month is 28 February 03:00; 28 January 22:00 and a month is later."""
    late, early = datetime(2026, 1, 28, 22, tzinfo=UTC), datetime(2026, 1, 29, 3, tzinfo=UTC)
    world = entered(late, early)

    assert swept(world, datetime(2026, 2, 28, 3, tzinfo=UTC)) == [late]
    assert world.agenda.due(datetime(2026, 2, 28, 22, tzinfo=UTC), 1)
    assert swept(world, datetime(2026, 2, 28, 22, tzinfo=UTC)) == []
    assert world.agenda.due(datetime(2027, 1, 1, tzinfo=UTC), 1) == []


def test_nothing_goes_a_second_early() -> None:
    """An hour that was entered at noon is kept until noon."""
    noon = datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert swept(entered(noon), datetime(2026, 4, 15, 11, 59, 59, tzinfo=UTC)) == [noon]
    assert swept(entered(noon), datetime(2026, 4, 15, 12, tzinfo=UTC)) == []
