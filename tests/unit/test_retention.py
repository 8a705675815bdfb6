"""Durations on the calendar, and what a tenant's choices mean for what was collected before and after them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fugace.domain.retention import ANNOUNCED, BEGINNING, Cap, Kind, Period, Retention
from tests.fakes import NOON

AHEAD = timedelta(days=7)
DAY, WEEK, MONTH = Period(seconds=86_400), Period(seconds=7 * 86_400), Period(months=1)


def at(text: str) -> datetime:
    """`2026-01-31 12:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Durations.


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("PT0S", Period()),
        ("P0D", Period()),
        ("P7D", Period(seconds=604_800)),
        ("P1W", Period(seconds=604_800)),
        ("P6M", Period(months=6)),
        ("PT6M", Period(seconds=360)),
        ("P1Y2M3DT4H5M6S", Period(14, 3 * 86_400 + 4 * 3_600 + 306)),
    ],
)
def test_a_duration_is_read_as_iso_8601_means_it(text: str, period: Period) -> None:
    """A month before the T, a minute behind it: `P6M` mistaken for `PT6M` would delete everything at once."""
    assert Period.parse(text) == period
    assert Period.parse(str(period)) == period


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "6M", "P-1D", "-P1D", "P1.5D", "p7d", "P1D ", "P1M1Y", "P٣D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Half-understood, it would be kept or deleted by something that nobody chose."""
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("anchor", "text", "end"),
    [
        ("2026-01-31 12:00", "P1M", "2026-02-28 12:00"),  # no such day: the month's last
        ("2028-01-31 12:00", "P1M", "2028-02-29 12:00"),  # a leap year has one more
        ("2026-01-28 12:00", "P1M", "2026-02-28 12:00"),
        ("2026-08-31 00:00", "P6M", "2027-02-28 00:00"),
        ("2026-02-28 12:00", "P6M", "2026-08-28 12:00"),  # and not the month's last day: what began early ends early
        ("2028-02-29 12:00", "P1Y", "2029-02-28 12:00"),
        ("2028-02-29 12:00", "P4Y", "2032-02-29 12:00"),
        ("2026-12-31 23:59", "P2M", "2027-02-28 23:59"),
        ("2027-02-28 12:00", "P1D", "2027-03-01 12:00"),
        ("2028-02-28 12:00", "P1D", "2028-02-29 12:00"),
        ("2026-01-31 12:00", "P1M1D", "2026-03-01 12:00"),  # months first, days from there
        ("2026-01-31 12:00", "PT0S", "2026-01-31 12:00"),
        ("2026-10-31 12:00", "P26M", "2028-12-31 12:00"),
    ],
)
def test_months_follow_the_calendar(anchor: str, text: str, end: str) -> None:
    """`P6M` is six calendar months, not 180 days."""
    assert Period.parse(text).after(at(anchor)) == at(end)


@pytest.mark.parametrize("night", ["2026-03-28 12:00", "2026-10-24 12:00"])
def test_a_day_is_24_hours_when_the_clocks_change(night: str) -> None:
    """Times are UTC: the nights before 29 March and 25 October 2026 make no difference."""
    anchor = at(night)
    assert DAY.after(anchor) - anchor == timedelta(hours=24)
    assert DAY.after(anchor).time() == anchor.time()


def test_an_offset_says_the_same_moment() -> None:
    """What arrives with a local offset is turned into UTC first, and then has one end, whoever asks from where."""
    paris = datetime(2026, 3, 1, 0, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert MONTH.after(paris.astimezone(UTC)) == at("2026-03-28 23:30")
    assert Retention.of({Kind.RECORD: DAY}).expiry(Kind.RECORD, paris, paris) == at("2026-03-01 23:30")


@pytest.mark.parametrize(
    ("short", "long", "fits"),
    [
        ("P181D", "P6M", True),  # from 31 August to 28 February
        ("P182D", "P6M", False),
        ("P184D", "P6M", False),
        ("P6M", "P184D", True),
        ("P6M", "P183D", False),
        ("P28D", "P1M", True),
        ("P29D", "P1M", False),
        ("P1Y", "P365D", False),  # not in a leap year
        ("P1Y", "P366D", True),
        ("P12M", "P1Y", True),
        ("P1Y", "P12M", True),
        ("P1M", "P1M", True),
        ("PT0S", "P1D", True),
        ("PT24H", "P1D", True),
        ("PT86401S", "P1D", False),
    ],
)
def test_within_means_never_longer_whatever_the_day(short: str, long: str, *, fits: bool) -> None:
    """A month has 28 to 31 days; what fits only into the long ones is longer than was allowed."""
    assert Period.parse(short).within(Period.parse(long)) is fits


def test_before_brackets_what_may_have_ended() -> None:
    """31 January 11:59 and 28 January 12:00 both end on 28 February, and not in the order in which they began."""
    first, last = MONTH.before(at("2026-02-28 11:59"))
    assert first == at("2026-01-28 11:59")
    assert last >= at("2026-01-31 11:59")
    assert DAY.before(at("2026-02-28 11:59")) == (at("2026-02-27 11:59"),) * 2


# Choices.


def choices(first: Period, *later: tuple[datetime, Period], kind: Kind = Kind.RECORD) -> Retention:
    """A first choice, from the beginning, and those that followed."""
    retention = Retention.of({kind: first})
    for when, period in later:
        retention = retention.changed(kind, period, when)
    return retention


def test_a_shorter_choice_acts_on_everything_at_once() -> None:
    """What is over by it ends when it comes into force, and not before: nobody could have known."""
    retention = choices(WEEK, (NOON, DAY))
    since = NOON + ANNOUNCED

    old, recent, later = NOON - timedelta(days=3), NOON - timedelta(hours=6), NOON + timedelta(days=1)
    assert retention.expiry(Kind.RECORD, old, old) == since
    assert retention.expiry(Kind.RECORD, recent, recent) == recent + timedelta(days=1)
    assert retention.expiry(Kind.RECORD, later, later) == later + timedelta(days=1)


def test_what_was_over_before_a_shorter_choice_stays_over() -> None:
    """A choice that begins to act makes nothing end later than it had ended."""
    long_ago = NOON - timedelta(days=30)
    assert choices(WEEK, (NOON, DAY)).expiry(Kind.RECORD, long_ago, long_ago) == long_ago + timedelta(days=7)


def test_a_longer_choice_acts_on_what_is_collected_later() -> None:
    """What was collected under the shorter promise keeps it, up to the moment at which the longer one is in force."""
    retention = choices(DAY, (NOON, WEEK))
    since = NOON + ANNOUNCED
    last = since - timedelta(milliseconds=1)

    assert retention.expiry(Kind.RECORD, last, last) == last + timedelta(days=1)
    assert retention.expiry(Kind.RECORD, since, since) == since + timedelta(days=7)


def test_the_promise_is_that_of_the_moment_of_collection() -> None:
    """A message that is sent later, but was accepted before the choice became longer, was promised the shorter."""
    anchor = NOON + timedelta(days=5)
    assert choices(DAY, (NOON, WEEK)).expiry(Kind.RECORD, anchor, NOON) == anchor + timedelta(days=1)


def test_back_and_forth_resurrects_nothing() -> None:
    """Shorter and back within minutes: what was over stays over, and what was collected before keeps the shortest."""
    minute = timedelta(minutes=1)
    retention = choices(WEEK, (NOON, DAY), (NOON + 5 * minute, WEEK), (NOON + 6 * minute, Period(seconds=6 * 86_400)))
    old = NOON - timedelta(days=3)

    assert retention.expiry(Kind.RECORD, old, old) == NOON + ANNOUNCED
    assert retention.expiry(Kind.RECORD, NOON, NOON) == NOON + timedelta(days=1)


def test_the_same_choice_again_is_no_change() -> None:
    """A client that repeats its request makes no new cap."""
    retention = choices(WEEK)
    assert retention.changed(Kind.RECORD, WEEK, NOON) is retention


def test_two_caps_that_say_the_same_do_not_drop_each_other() -> None:
    """Changes of one moment end together; of two equal ones each could be forgotten, but not both."""
    moment = [(NOON, period) for period in (WEEK, Period(months=2), WEEK, Period(months=3))]
    retention = choices(Period(months=12), *moment)
    later = retention.changed(Kind.RECORD, Period(months=4), NOON + timedelta(days=1))

    assert retention.expiry(Kind.RECORD, NOON, NOON) == NOON + timedelta(days=7)
    assert later.expiry(Kind.RECORD, NOON, NOON) == NOON + timedelta(days=7)


def test_a_cap_that_is_not_in_force_yet_covers_nothing() -> None:
    """Dropped too soon, the shorter one before it would let something be read again until the new one is in force."""
    retention = choices(WEEK, (NOON, DAY), (NOON + timedelta(seconds=5), MONTH))
    old = NOON - timedelta(days=10)
    assert retention.expiry(Kind.RECORD, old, old) == old + timedelta(days=7)


def test_caps_do_not_pile_up() -> None:
    """A tenant's row holds them all: changing one's mind every week for years must not fill it."""
    retention, now = choices(WEEK), NOON
    for _ in range(100):
        for period in (DAY, MONTH):
            now += timedelta(days=7)
            retention = retention.changed(Kind.RECORD, period, now)
    assert len(retention.caps[Kind.RECORD]) <= 4


def test_other_kinds_are_left_alone() -> None:
    """Texts kept shorter say nothing about records."""
    retention = Retention.of({Kind.CONTENT: WEEK, Kind.RECORD: MONTH}).changed(Kind.CONTENT, DAY, NOON)
    assert retention.caps[Kind.RECORD] == (Cap(MONTH),)
    assert retention.period(Kind.CONTENT) == DAY
    assert retention.period(Kind.RECORD) == MONTH


# How far a sweep has to look.


def test_the_horizon_is_no_later_than_it_can_be() -> None:
    """A sweep that looked at everything would cost by the size of the table, not by what expires."""
    retention = choices(WEEK)
    assert retention.horizon(Kind.RECORD, NOON, AHEAD) == NOON - timedelta(days=7)


def test_the_horizon_sees_what_a_past_shorter_choice_binds() -> None:
    """Collected under it, at most seven days before its anchor: beyond that the longer choice decides."""
    retention = choices(DAY, (NOON, MONTH))
    later = NOON + timedelta(days=20)
    assert retention.horizon(Kind.RECORD, NOON + timedelta(hours=1), AHEAD) == NOON - timedelta(hours=23)
    assert retention.horizon(Kind.RECORD, later, AHEAD) == NOON + ANNOUNCED + AHEAD


def test_the_horizon_ignores_what_is_not_in_force() -> None:
    """A choice that is announced ends nothing yet."""
    retention = choices(WEEK, (NOON, DAY))
    assert retention.horizon(Kind.RECORD, NOON, AHEAD) == NOON - timedelta(days=7)
    assert retention.horizon(Kind.RECORD, NOON + ANNOUNCED, AHEAD) == NOON + ANNOUNCED - timedelta(days=1)


def test_without_a_cap_in_force_nothing_is_over() -> None:
    """A kind that was chosen for the first time a second ago ends nothing."""
    retention = Retention({Kind.RECORD: (Cap(DAY, NOON),)})
    assert retention.horizon(Kind.RECORD, NOON - timedelta(seconds=1), AHEAD) == BEGINNING
