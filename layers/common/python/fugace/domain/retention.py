"""How long things are kept: kinds of data, durations on the calendar, and the caps that a tenant's choices make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from dateutil.relativedelta import relativedelta

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
ANNOUNCED = timedelta(seconds=35)
"""How long before it is in force a choice is written down: longer than any process answers from memory."""

_ISO = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_FOUR_YEARS = tuple(datetime(2023, 3, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(1461))
"""Every day of the calendar's cycle, a 29 February among them."""


class Kind(StrEnum):
    """The classes of data that a tenant chooses a period for. Public: clients match on these words."""

    CONTENT = "content"  # the text of a message
    RECORD = "record"  # that there was a message: to whom, when, what became of it
    REPLIES = "replies"
    CONTACTS = "contacts"  # contacts and consents
    OBJECTIONS = "objections"
    STATISTICS = "statistics"  # counts per campaign, without persons
    ACCESS = "access"  # who had access: revoked and expired API keys
    EXPORTS = "exports"  # archives made for a person's request
    CASES = "cases"  # persons' requests, once finished


@dataclass(frozen=True, slots=True)
class Period:
    """A duration as ISO 8601 writes it; `P6M` is six calendar months, not 180 days."""

    months: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `P6M`, `P7D`, `PT0S`, `P1Y2M3DT4H`. Raises ValueError for anything else.

        >>> Period.parse("P1Y2M")
        Period(months=14, seconds=0)
        """
        match = _ISO.fullmatch(text)
        if not match:
            raise ValueError("not an ISO 8601 duration")
        part = {name: int(digits or 0) for name, digits in match.groupdict().items()}
        days = part["weeks"] * 7 + part["days"]
        clock = timedelta(days=days, hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"])
        return cls(part["years"] * 12 + part["months"], int(clock.total_seconds()))

    def __str__(self) -> str:
        days, seconds = divmod(self.seconds, 86_400)
        date = (f"{self.months}M" if self.months else "") + (f"{days}D" if days else "")
        return f"P{date}" + (f"T{seconds}S" if seconds or not date else "")

    def __bool__(self) -> bool:
        return bool(self.months or self.seconds)

    def after(self, anchor: datetime) -> datetime:
        """The moment this long after `anchor`; where the month has no such day, its last day counts."""
        return anchor + relativedelta(months=self.months) + timedelta(seconds=self.seconds)

    def before(self, moment: datetime) -> tuple[datetime, datetime]:
        """Anchors whose end may be reached at `moment`: all up to the first are over then, none after the second is.

        Between the two (at most three days, at the end of a short month) each anchor has to be asked for itself: 31
        January 11:59 and 28 January 12:00 both end on 28 February, and not in the order in which they began.
        """
        naive = moment - timedelta(seconds=self.seconds) - relativedelta(months=self.months)
        return naive, naive + timedelta(days=3) if self.months else naive

    def soonest(self, anchor: datetime) -> datetime:
        """The earliest end of anything that is counted from `anchor` or from later.

        Not always that of `anchor` itself: 29 January 00:00 and a month end before 28 January 12:00 and a month.
        """
        if not self.months:
            return self.after(anchor)
        midnight = anchor.replace(hour=0, minute=0, second=0, microsecond=0)
        return min(self.after(anchor), *(self.after(midnight + timedelta(days=day)) for day in (1, 2, 3)))

    def within(self, other: "Period") -> bool:
        """Never longer than `other`, whatever day it is counted from: `P181D` is within `P6M`, `P184D` is not."""
        return _within(self, other)


@lru_cache(maxsize=256)
def _within(short: Period, long: Period) -> bool:
    if short.months == long.months:  # the usual case, a thousand times faster
        return short.seconds <= long.seconds
    return all(short.after(day) <= long.after(day) for day in _FOUR_YEARS)


@dataclass(frozen=True, slots=True)
class Cap:
    """What was collected before `until` is kept no longer than `period`. In force from `since` on.

    A shorter choice acts on everything at once: what is over by it ends at `since`. When a longer one follows, this one
    gets an `until`: what was collected under the shorter promise keeps it.
    """

    period: Period
    since: datetime = BEGINNING
    until: datetime | None = None
    """None: it is the tenant's present choice, and binds whatever is collected from now on too."""

    def binds(self, collected: datetime) -> bool:
        """Whether it speaks of what was collected then."""
        return self.until is None or collected < self.until

    def expiry(self, anchor: datetime) -> datetime:
        """When it ends what is counted from `anchor`."""
        return max(self.since, self.period.after(anchor))

    def covers(self, other: "Cap", now: datetime) -> bool:
        """Whether `other` can be forgotten: whatever it has ended, or will end, this one ends no later.

        One that is not in force yet covers nothing: what the other has ended would be readable again until it is. Nor
        does no time at all cover a day: for what still waits for its hand-over it is the longer.
        """
        longer = self.until is None or (other.until is not None and other.until <= self.until)
        alike = bool(self.period) == bool(other.period)
        return self.since <= now and longer and alike and self.period.within(other.period)


@dataclass(frozen=True, slots=True)
class Retention:
    """A tenant's choices, present and past, as caps: for each kind the present one last."""

    caps: Mapping[Kind, tuple[Cap, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, periods: Mapping[Kind, Period], since: datetime = BEGINNING) -> "Retention":
        """First choices."""
        return cls({kind: (Cap(period, since),) for kind, period in periods.items()})

    def period(self, kind: Kind) -> Period:
        """The present choice, announced ones included. Raises KeyError where the kind was never chosen for."""
        return self.caps[kind][-1].period

    def expiry(self, kind: Kind, anchor: datetime, collected: datetime) -> datetime:
        """When it is over: the one function that says so, for reads, the sweeper and the TTL stamp alike."""
        return min(cap.expiry(anchor) for cap in self.caps[kind] if cap.binds(collected))

    def soonest(self, kind: Kind, now: datetime) -> datetime:
        """Nothing that is collected from `now` on is over before then."""
        return min(max(cap.since, cap.period.soonest(now)) for cap in self.caps[kind] if cap.binds(now))

    def changed(self, kind: Kind, period: Period, now: datetime) -> "Retention":
        """With another choice, in force `ANNOUNCED` from now; caps that can decide nothing any more are dropped."""
        since, caps = now + ANNOUNCED, self.caps.get(kind, ())
        if caps and caps[-1].period == period:
            return self
        old = [*caps[:-1], *(Cap(cap.period, cap.since, since) for cap in caps[-1:])]
        kept = list(old)
        for cap in old:  # one after the other: of two that say the same, one stays
            others = [other for other in kept if other is not cap]
            kept = others if any(other.covers(cap, now) for other in others) else kept
        return Retention({**self.caps, kind: (*kept, Cap(period, since))})

    def horizon(self, kind: Kind, now: datetime, ahead: timedelta) -> datetime:
        """No anchor after this one can be over. `ahead`: how long before its anchor a thing may have been collected.

        What is kept for no time at all may be over before its anchor, where it was given up before then; from when the
        cap is in force on, whoever gives it up takes it along.
        """
        latest = [
            (cap.period.before(now)[1] if cap.period else max(now, cap.since + ahead), cap)
            for cap in self.caps[kind]
            if cap.since <= now
        ]
        ends = [min(anchor, cap.until + ahead) if cap.until else anchor for anchor, cap in latest]
        return max(ends, default=BEGINNING)
