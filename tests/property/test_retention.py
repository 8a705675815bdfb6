"""The laws of periods and of a tenant's choices, held against code that knows nothing but the calendar and a memory."""

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from fugace.domain.expiry import AHEAD, Stamp, alive, content_expiry, drops_content, record_expiry, stamp
from fugace.domain.message import Change, Record, Status
from fugace.domain.retention import ANNOUNCED, Cap, Kind, Period, Retention
from tests.fakes import sealed_record

START = datetime(2023, 11, 1, tzinfo=UTC)
"""The four months that follow have a 31st, a 30th, a leap day and a change of year among them."""

MOMENTS = st.integers(0, 1_600 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
NEAR = st.integers(0, 130 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
MONTHS = st.sampled_from([0, 0, 1, 1, 2, 6, 12, 26])
SECONDS = st.sampled_from([0, 0, 1, 86_400, 7 * 86_400, 28 * 86_400, 31 * 86_400])
PERIODS = st.builds(Period, MONTHS, SECONDS)
RECORD_PERIODS = PERIODS.filter(bool)
BRIEF_GAPS = st.sampled_from([0, 1, 20, 34, 35, 36, 300])
GAPS = (BRIEF_GAPS | st.integers(1, 60).map(lambda days: days * 86_400)).map(lambda seconds: timedelta(seconds=seconds))
CHANGES = st.lists(st.tuples(GAPS, RECORD_PERIODS), max_size=8)


def naive_end(anchor: datetime, period: Period) -> datetime:
    """The end of a period by counting months on one's fingers."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + period.months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day) + timedelta(seconds=period.seconds)


@dataclass
class Memory:
    """Every choice ever made, and from when it was in force. Nothing is ever dropped."""

    choices: list[tuple[datetime, Period]]

    def choose(self, now: datetime, period: Period) -> None:
        if period != self.choices[-1][1]:
            self.choices.append((now + ANNOUNCED, period))

    def over(self, anchor: datetime, collected: datetime, now: datetime) -> bool:
        """Whether any choice in force by now, which was not superseded when it was collected, has ended it."""
        ends = [since for since, _ in self.choices[1:]]
        return any(
            since <= now and naive_end(anchor, period) <= now and (place == len(ends) or collected < ends[place])
            for place, (since, period) in enumerate(self.choices)
        )


def history(first: Period, changes: list[tuple[timedelta, Period]]) -> list[tuple[datetime, Retention, Memory]]:
    """What is in force after each change, from START on, with what a perfect memory has of it."""
    now, retention, memory = (
        START,
        Retention.of({Kind.RECORD: first}),
        Memory([(datetime.min.replace(tzinfo=UTC), first)]),
    )
    steps = [(now, retention, memory)]
    for gap, period in changes:
        now += gap
        memory = Memory([*memory.choices])
        memory.choose(now, period)
        retention = retention.changed(Kind.RECORD, period, now)
        steps.append((now, retention, memory))
    return steps


# Periods.


@settings(deadline=None)
@given(MOMENTS, PERIODS)
def test_a_period_ends_where_the_calendar_says(anchor: datetime, period: Period) -> None:
    """The library's arithmetic is the one that was promised."""
    assert period.after(anchor) == naive_end(anchor, period)


@settings(deadline=None)
@given(PERIODS)
def test_a_period_is_read_as_it_was_written(period: Period) -> None:
    """It is kept as text."""
    assert Period.parse(str(period)) == period


@settings(deadline=None)
@given(MOMENTS, PERIODS)
def test_before_agrees_with_trying_every_anchor(moment: datetime, period: Period) -> None:
    """Up to the first all are over, after the second none is: a sweep trusts either, to the second."""
    first, last = period.before(moment)
    around = [edge + timedelta(minutes=step) for edge in (first, last) for step in range(-4_400, 4_401, 220)]
    around += [edge + timedelta(seconds=step) for edge in (first, last) for step in (-1, 0, 1)]
    for anchor in around:
        ended = naive_end(anchor, period) <= moment
        assert ended or anchor > first
        assert not ended or anchor <= last


@settings(deadline=None)
@given(MOMENTS, PERIODS)
def test_nothing_later_ends_before_the_soonest(anchor: datetime, period: Period) -> None:
    """A job that waits for it wakes up in time for whatever is counted from then on; and it does end then."""
    soonest = period.soonest(anchor)
    later = [anchor + timedelta(minutes=step) for step in (0, 1, *range(0, 6_000, 47))]
    later += [(anchor + timedelta(days=day)).replace(hour=0, minute=0) for day in (1, 2, 3)]
    assert min(naive_end(each, period) for each in later if each >= anchor) == soonest


@settings(deadline=None)
@given(PERIODS, PERIODS, MOMENTS)
def test_within_holds_on_any_day(short: Period, long: Period, anchor: datetime) -> None:
    """What was allowed once is allowed whatever the date."""
    if short.within(long):
        assert naive_end(anchor, short) <= naive_end(anchor, long)


@settings(deadline=None)
@given(PERIODS, PERIODS)
def test_what_is_not_within_is_longer_on_some_day(short: Period, long: Period) -> None:
    """A refusal has a reason: there is a day in four years on which it would be longer."""
    days = (datetime(2023, 3, 1, tzinfo=UTC) + timedelta(days=day) for day in range(1_461))
    assert short.within(long) or any(naive_end(day, short) > naive_end(day, long) for day in days)


# Choices.


@settings(deadline=None)
@given(RECORD_PERIODS, CHANGES, NEAR, st.integers(0, int(AHEAD.total_seconds())), st.lists(GAPS, max_size=5))
def test_caps_forget_nothing_that_decides(
    first: Period, changes: list[tuple[timedelta, Period]], anchor: datetime, ahead: int, gaps: list[timedelta]
) -> None:
    """Dropping caps changes no answer, asked at any time after the last change, about whatever was collected."""
    now, retention, memory = history(first, changes)[-1]
    collected = anchor - timedelta(seconds=ahead)
    for gap in [timedelta(0), *gaps]:
        now += gap
        ended = retention.expiry(Kind.RECORD, anchor, collected) <= now
        assert ended is memory.over(anchor, collected, now)


@settings(deadline=None)
@given(RECORD_PERIODS, CHANGES, NEAR, st.integers(0, int(AHEAD.total_seconds())))
def test_what_is_over_stays_over(
    first: Period, changes: list[tuple[timedelta, Period]], anchor: datetime, ahead: int
) -> None:
    """However often a tenant changes its mind: asked at each change, and 34 and 35 seconds after it."""
    collected, over = anchor - timedelta(seconds=ahead), False
    steps = history(first, changes)
    for (now, retention, _), following in zip(steps, [*steps[1:], None], strict=True):
        for later in (timedelta(0), ANNOUNCED - timedelta(seconds=1), ANNOUNCED):
            if collected <= now + later and (following is None or now + later < following[0]):
                ended = retention.expiry(Kind.RECORD, anchor, collected) <= now + later
                assert ended or not over
                over = ended


@settings(deadline=None)
@given(RECORD_PERIODS, CHANGES, NEAR, st.integers(0, int(AHEAD.total_seconds())))
def test_no_choice_prolongs_what_was_collected(
    first: Period, changes: list[tuple[timedelta, Period]], anchor: datetime, ahead: int
) -> None:
    """A longer one acts only on what comes: what is not over when it is made ends no later than it would have."""
    collected, steps = anchor - timedelta(seconds=ahead), history(first, changes)
    for (_, before, _), (now, after, _) in pairwise(steps):
        if collected <= now:
            assert after.expiry(Kind.RECORD, anchor, collected) <= max(
                before.expiry(Kind.RECORD, anchor, collected), now
            )


@settings(deadline=None)
@given(RECORD_PERIODS, CHANGES, NEAR, st.integers(0, int(AHEAD.total_seconds())), GAPS)
def test_nothing_behind_the_horizon_is_over(
    first: Period, changes: list[tuple[timedelta, Period]], anchor: datetime, ahead: int, gap: timedelta
) -> None:
    """A sweep stops there: what it does not see must not be due."""
    now, retention, _ = history(first, changes)[-1]
    now += gap
    if retention.expiry(Kind.RECORD, anchor, anchor - timedelta(seconds=ahead)) <= now:
        assert anchor <= retention.horizon(Kind.RECORD, now, AHEAD)


# Messages.

VALID = timedelta(days=2)
CONTENT = st.sampled_from([Period(), Period(), Period(seconds=86_400), Period(months=1)])


@dataclass
class Life:
    """A message, its tenant's choices by `now`, and what it asked for itself."""

    row: Record
    said: Stamp
    retention: Retention
    full: Retention
    """The same choices, and every cap there ever was."""
    chosen: datetime
    """When the last choice was made."""
    now: datetime
    own: Period | None


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Accepted at some time between changes, and perhaps sent, or cancelled, which may be before its anchor."""
    retention = Retention.of({Kind.CONTENT: draw(CONTENT), Kind.RECORD: draw(RECORD_PERIODS)})
    full, now, place, changes = (
        retention,
        START,
        draw(st.integers(0, 3)),
        draw(st.lists(st.tuples(GAPS, CONTENT), max_size=3)),
    )
    said, collected, own = None, START, draw(st.none() | CONTENT)
    ahead = timedelta(seconds=draw(st.sampled_from([0, 0, 3_600, 7 * 86_400])))
    for number in range(4):
        if number == place:
            collected = now
            said = stamp(retention, anchor=now + ahead, collected=now, validity=VALID, content=own)
        if number < len(changes):
            now += changes[number][0]
            retention = retention.changed(Kind.CONTENT, changes[number][1], now)
            full = _unforgetting(full, changes[number][1], now)
    assert said is not None
    row = sealed_record(
        anchor=collected + ahead,
        history=(Change(Status.ACCEPTED, collected), *draw(_endings(collected, collected + ahead))),
        validity=VALID,
        expires_at=said.expires_at,
        content_until=said.content_until,
        drop_content=said.drop_content,
        brief=said.brief,
    )
    return Life(row, said, retention, full, now, max(now, row.history[-1].at) + draw(GAPS), own)


def _unforgetting(retention: Retention, period: Period, now: datetime) -> Retention:
    *past, last = retention.caps[Kind.CONTENT]
    if last.period == period:
        return retention
    caps = (*past, replace(last, until=now + ANNOUNCED), Cap(period, now + ANNOUNCED))
    return Retention({**retention.caps, Kind.CONTENT: caps})


def _endings(collected: datetime, anchor: datetime) -> st.SearchStrategy[tuple[Change, ...]]:
    sent = st.integers(0, 40).map(lambda hours: (Change(Status.SUBMITTED, anchor + timedelta(hours=hours)),))
    cancelled = st.just((Change(Status.CANCELLED, collected + timedelta(minutes=1)),))
    return st.just(()) | sent | (cancelled if anchor > collected else st.just(()))


@settings(deadline=None)
@given(lives())
def test_a_text_ends_no_later_than_anybody_promised(life: Life) -> None:
    """Not after its message, its own period, or the stamp that it was accepted with."""
    until, anchor = content_expiry(life.row, life.retention), life.row.anchor
    assert until <= record_expiry(life.row, life.retention)
    assert until <= life.said.content_until <= life.said.expires_at
    assert life.own is None or until <= (naive_end(anchor, life.own) if life.own else anchor + VALID)


@settings(max_examples=300, deadline=None)
@given(lives())
def test_no_text_behind_the_horizon_is_over(life: Life) -> None:
    """But for those that the index of briefly kept texts finds, and what went with its cancellation."""
    row, retention = life.row, life.retention
    over = content_expiry(row, retention) <= life.now and alive(row, retention, life.now)
    given_up = row.status is Status.CANCELLED and drops_content(row, retention, row.history[-1].at)
    if over and not given_up and not life.said.brief:
        assert row.anchor <= retention.horizon(Kind.CONTENT, life.now, AHEAD)


@settings(max_examples=300, deadline=None)
@given(lives())
def test_caps_forget_nothing_that_decides_about_a_text(life: Life) -> None:
    """No time at all is not the shortest period: what waits for its hand-over outlives a day under it."""
    ends = content_expiry(life.row, life.retention), content_expiry(life.row, life.full)
    assert ends[0] == ends[1] or max(ends) <= life.chosen
    assert drops_content(life.row, life.retention, life.now) or not drops_content(life.row, life.full, life.now)


@settings(deadline=None)
@given(lives())
def test_a_text_that_ends_with_its_stamp_alone_is_in_the_index(life: Life) -> None:
    """What neither the tenant's choices nor the hand-over end, the sweep of anchors would not find in time."""
    if not life.said.brief:
        bare = replace(life.row, content_until=life.row.expires_at)
        ends = content_expiry(life.row, life.retention), content_expiry(bare, life.retention)
        assert ends[1] - ends[0] <= timedelta(seconds=1) or max(ends) <= life.chosen
