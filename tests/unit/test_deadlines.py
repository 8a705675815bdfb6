"""When a request has to be answered: every date of two years, against two readings of the law.

Vectors: Regulation (EEC, Euratom) 1182/71 Art. 3(2)(c) and 3(4), with the public holidays of France.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from dateutil.easter import easter

from fugace.domain import deadlines
from fugace.domain.deadlines import due, extended, may_extend

THIRTY = timedelta(days=30)
YEARS = (2027, 2028)


def days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=day) for day in range((date(year + 1, 1, 1) - first).days))


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def holidays(year: int) -> set[date]:
    """Those of metropolitan France (Code du travail, L3133-1)."""
    sunday = easter(year)
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    moving = (sunday + timedelta(days=after) for after in (1, 39, 50))
    return {date(year, month, day) for month, day in fixed} | set(moving)


def working(day: date) -> date:
    """That day, or the next one on which people work (Art. 3(4))."""
    while day.weekday() >= 5 or day in holidays(day.year):
        day += timedelta(days=1)
    return day


@pytest.mark.parametrize("year", YEARS)
def test_every_date_is_the_same_day_of_the_next_month_or_its_last(year: int) -> None:
    """For each of them, whatever the hour; and nothing of the hour is lost."""
    for day in days(year):
        for hour in (0, 12, 23):
            found = due(at(day, hour))
            month = day.month % 12 + 1
            assert (found.year, found.month) == (year + day.month // 12, month)
            last = (date(found.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
            assert (found.day, found.hour) == (min(day.day, last), hour)


@pytest.mark.parametrize("year", YEARS)
def test_thirty_days_would_be_late_for_thirty_dates_of_a_year(year: int) -> None:
    """All between 30 January and the end of February: that is why nobody counts days here."""
    late = [day for day in days(year) if day + THIRTY > due(at(day)).date()]

    assert len(late) == 30
    end = date(year, 3, 1) - timedelta(days=1)
    assert date(year, 1, 30) <= min(late) < max(late) == end


@pytest.mark.parametrize(("year", "late"), [(2027, 24), (2028, 22)])
def test_even_moved_to_the_next_working_day_it_would(year: int, late: int) -> None:
    """And what is promised here is never later than either reading."""
    found = [day for day in days(year) if day + THIRTY > working(due(at(day)).date())]

    assert len(found) == late
    assert all(due(at(day)).date() <= working(due(at(day)).date()) for day in days(year))


@pytest.mark.parametrize(
    ("receipt", "plain", "moved"),
    [
        ("2027-01-31", "2027-02-28", "2027-03-01"),
        ("2027-02-10", "2027-03-10", "2027-03-10"),
        ("2027-02-28", "2027-03-28", "2027-03-30"),  # Easter Sunday, and its Monday
        ("2028-01-31", "2028-02-29", "2028-02-29"),
    ],
)
def test_the_days_that_are_easy_to_get_wrong(receipt: str, plain: str, moved: str) -> None:
    """The ends of short months, a leap year, Easter."""
    found = due(at(date.fromisoformat(receipt))).date()

    assert found == date.fromisoformat(plain)
    assert working(found) == date.fromisoformat(moved)


@pytest.mark.parametrize("year", YEARS)
def test_an_extension_is_three_months_from_the_beginning(year: int) -> None:
    """From 31 January to 30 April, not to the 28th, which the shorter month on the way would make of it."""
    for day in days(year):
        found = extended(at(day)).date()
        assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == 3
        last = (found.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        assert found.day == min(day.day, last.day)


@pytest.mark.parametrize("year", YEARS)
def test_it_comes_inside_the_first_month(year: int) -> None:
    """On no date of the year a moment later: day 32 is late for all of them."""
    for day in days(year):
        submitted = at(day)
        assert may_extend(submitted, due(submitted) - timedelta(milliseconds=1))
        assert not may_extend(submitted, due(submitted))
        assert not may_extend(submitted, submitted + timedelta(days=32))


def test_a_zone_is_kept() -> None:
    """The month is that of the calendar on which the person's controller wrote."""
    paris = timezone(timedelta(hours=1))

    assert due(datetime(2027, 1, 31, 0, 30, tzinfo=paris)) == datetime(2027, 2, 28, 0, 30, tzinfo=paris)


def test_reminders_come_before_and_not_after() -> None:
    """A week, two days, and then it is too late; each is given once its time has come, the latest of them alone."""
    end = at(date(2027, 2, 28))
    told = [deadlines.reminder(end, end - before) for before in map(timedelta, (8, 7, 3, 2, 1, 0, -1))]

    assert told == ["", "P7D", "P7D", "P2D", "P2D", "overdue", "overdue"]
    assert deadlines.next_reminder(end, end - timedelta(days=8)) == end - timedelta(days=7)
    assert deadlines.next_reminder(end, end - timedelta(days=7)) == end - timedelta(days=2)
    assert deadlines.next_reminder(end, end - timedelta(days=1)) == end
    assert deadlines.next_reminder(end, end) is None
