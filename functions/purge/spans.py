"""Which anchors to look at: what became over between two moments, by each promise, and what will be over next.

Records that are over by the calendar do not lie in one stretch: at noon on 28 February, what was kept for a month from
the mornings of 28, 29, 30 and 31 January is over, and from their afternoons is not. Within one day the order holds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain.expiry import AHEAD, LONGEST_VALIDITY
from fugace.domain.retention import BEGINNING, Cap, Kind, Period, Retention

INSTANT = timedelta(milliseconds=1)
"""Anchors are kept in milliseconds."""
VISIBLE = timedelta(minutes=10)
"""Longer than it takes from an anchor, which is set before the write, until the row is seen in the index."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Anchors from `since` to `until`, both included."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """What of one kind is over when, in terms of anchors alone.

    When a message was collected is not in the index, but it lies between `AHEAD` of its anchor and the anchor: what is
    over for the latest of those moments is `sure`, and what is over for the earliest has to be read.
    """

    retention: Retention
    kind: Kind

    def spans(self, *, swept: datetime, now: datetime, reached: datetime) -> list[Span]:
        """Where everything lies that may be over at `now` and was not at `swept`, when nothing that was over was left.

        A promise made since then acts on everything. `reached`: nothing is left before it. From there on, what is sure
        is looked at in any case: something may have been missed, or may have come late.
        """
        found = [Span(reached, self.front(now))]
        for cap in self._in_force(now):
            found += self._spans(cap, swept, now, reached)
        found = [Span(max(span.since, reached), span.until) for span in found if span.until >= reached]
        return list(_merged(sorted(found, key=lambda span: (span.since, span.until))))

    def sure(self, anchor: datetime, now: datetime) -> bool:
        """Whether it is over, whenever it was collected."""
        return any(
            cap.binds(anchor) and max(cap.since, self._longest(cap).after(anchor)) <= now for cap in self._in_force(now)
        )

    def front(self, now: datetime) -> datetime:
        """Everything up to this anchor is sure."""
        fronts = (_bounded(self._longest(cap).before(now)[0], cap) for cap in self._in_force(now))
        return max(fronts, default=BEGINNING)

    def fronts(self, now: datetime) -> Iterator[tuple[Cap, datetime]]:
        """Each promise that still has something before it, with the last anchor that all is surely done up to."""
        done = self.front(now)
        for cap in self._in_force(now):
            front = max(done, cap.period.before(now)[0])
            if cap.until is None or front < cap.until + AHEAD:
                yield cap, front

    def soonest(self, anchor: datetime, now: datetime) -> datetime:
        """Nothing with this anchor, or a later one, that is not over at `now` is over before then."""
        binding = (cap for cap in self.retention.caps[self.kind] if cap.binds(anchor - AHEAD))
        return min(soonest(cap, anchor, now) for cap in binding)

    def announced(self, now: datetime) -> list[datetime]:
        """When promises come into force that are not yet."""
        return [cap.since for cap in self.retention.caps[self.kind] if cap.since > now]

    def by_state(self, collected: datetime, now: datetime) -> bool:
        """Whether it goes with its hand-over, of which no anchor tells."""
        binding = (cap for cap in self._in_force(now) if cap.binds(collected))
        return self.kind is Kind.CONTENT and any(not cap.period for cap in binding)

    def _in_force(self, now: datetime) -> list[Cap]:
        return [cap for cap in self.retention.caps[self.kind] if cap.since <= now]

    def _longest(self, cap: Cap) -> Period:
        """A text that goes with its hand-over may wait for it as long as a message may be valid."""
        by_state = self.kind is Kind.CONTENT and not cap.period
        return Period(seconds=int(LONGEST_VALIDITY.total_seconds())) if by_state else cap.period

    def _spans(self, cap: Cap, swept: datetime, now: datetime, reached: datetime) -> Iterator[Span]:
        new = cap.since >= swept
        if not cap.period and self.kind is Kind.CONTENT:
            # Only the message tells whether it has left; one that is due later may have been given up before.
            old = swept - LONGEST_VALIDITY - VISIBLE
            spans: Iterable[Span] = [Span(reached, now + AHEAD) if new else Span(old, now)]
        else:
            spans = _over(cap.period, reached, now) if new else _between(cap.period, swept, now)
        for span in spans:
            until = min(span.until, cap.until + AHEAD) if cap.until else span.until
            if span.since <= until:
                yield Span(span.since, until)


def soonest(cap: Cap, anchor: datetime, now: datetime) -> datetime:
    """The same for one promise."""
    return max(now, cap.since, cap.period.soonest(anchor))


def _bounded(front: datetime, cap: Cap) -> datetime:
    return min(front, cap.until - INSTANT) if cap.until else front


def _over(period: Period, floor: datetime, now: datetime) -> Iterator[Span]:
    """Anchors from `floor` on whose end is reached at `now`."""
    sure, last = period.before(now)
    yield Span(min(floor, sure), sure)
    if last > sure:
        yield from (span for span in _days(period, sure, last, BEGINNING, now) if span.until > sure)


def _between(period: Period, swept: datetime, now: datetime) -> Iterator[Span]:
    """Anchors whose end lies from `swept` to `now`."""
    if not period.months:
        yield Span(period.before(swept)[0], period.before(now)[0])
    else:
        yield from _days(period, period.before(swept)[0], period.before(now)[1], swept, now)


def _days(period: Period, first: datetime, last: datetime, swept: datetime, now: datetime) -> Iterator[Span]:
    """The same, day by day (UTC) from that of `first` to that of `last`: within a day ends are in order of anchors."""
    day = _midnight(first)
    while day <= last:
        ends = period.after(day)
        since, until = max(swept - ends, timedelta(0)), min(now - ends, _DAY - INSTANT)
        if since <= until:
            yield Span(day + since, day + until)
        day += _DAY


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    last = None
    for span in spans:
        if last and span.since <= last.until + INSTANT:
            last = Span(last.since, max(last.until, span.until))
        else:
            if last:
                yield last
            last = span
    if last:
        yield last
