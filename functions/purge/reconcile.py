"""Use case: look at each message when it should be over, and set right what got lost on its way.

Passes go forward in time along the anchors of messages, each at its own distance from now and from its own watermark.
The early one asks "was it taken in hand?"; the late one, at the time after which a carrier says nothing more, "is it
over?"; the last one ends what was handed over late. Each has its share of a run's time, so that none waits for ever
for another. A run that dies does no harm: the next one repeats what was not noted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from fugace.domain.expiry import LONGEST_VALIDITY, drops_content
from fugace.domain.message import SENDABLE, Change, Evidence, Record, Status
from fugace.domain.retention import Retention
from fugace.ports import Clock, Messages, Queue, Tenants, Terms
from functions.purge.steps import AT_ONCE, Steps

EARLY = timedelta(minutes=10)
"""Stream, queue and hand-over are usually done within seconds."""
ENOUGH = timedelta(seconds=30)
"""With less time left, the next run goes on."""


class Pass(StrEnum):
    """What is asked of a message."""

    EARLY = "early"
    LATE = "late"
    LAST = "last"


@dataclass(slots=True)
class Tally:
    """What a run has done."""

    seen: int = 0
    relayed: int = 0
    """Put on a carrier's queue again."""
    unknown: int = 0
    """Nobody reported."""
    expired: int = 0
    """Never handed over."""
    behind: timedelta = timedelta(0)
    """What the pass that is furthest behind has still to go."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One pass: what it asks, and when."""

    kind: Pass
    limit: timedelta
    """The carrier's receipt limit; for the early pass it says nothing."""

    @property
    def name(self) -> str:
        return self.kind.value if self.kind is Pass.EARLY else f"{self.kind}/{self.limit.total_seconds():.0f}"

    @property
    def age(self) -> timedelta:
        """How old the messages are that it looks at."""
        return {Pass.EARLY: EARLY, Pass.LATE: self.limit, Pass.LAST: self.limit + LONGEST_VALIDITY}[self.kind]


@dataclass(frozen=True, slots=True)
class Reconcile:
    """All passes, one after the other."""

    tenants: Tenants
    messages: Messages
    clock: Clock
    queues: Mapping[str, Queue]
    """By a carrier's configured name."""
    terms: Mapping[str, Terms]
    """By a carrier's configured name."""
    at_once: int = AT_ONCE
    """Tenants that are asked about at the same time."""

    def run(self, left: Callable[[], timedelta]) -> Tally:
        """Go as far as the time that is `left` allows."""
        limits = sorted({terms.receipt_limit for terms in self.terms.values()})
        looks = [_Look(kind, limit) for limit in limits for kind in (Pass.LATE, Pass.LAST)]
        looks.insert(0, _Look(Pass.EARLY, timedelta(0)))
        tally, steps = Tally(), Steps(self.tenants, self.messages, self.at_once)
        for look, late in zip(looks, _shares(len(looks), left), strict=True):
            look_at = partial(self._look_at, look=look, tally=tally)
            behind = steps.forward(look.name, self.clock() - look.age, look_at, late)
            tally.behind = max(tally.behind, behind)
        return tally

    def _look_at(self, records: Iterable[Record], retention: Retention, look: _Look, tally: Tally) -> None:
        again: dict[str, list[dict[str, str | int]]] = defaultdict(list)
        for record in records:
            tally.seen += 1
            if self._lost(record, look):
                again[record.carrier].append({"message": str(record.key), "attempt": 1})
                continue
            drop = drops_content(record, retention, self.clock())
            if look.kind is not Pass.EARLY and not record.status.final and self._over(record, look):
                self._end(record, tally, drop=drop)
            elif drop and record.left_at and record.sealed.text is not None:
                # Whoever handed it over died before taking the text along; its own end may be days away.
                self.messages.note(record.key, record.history[-1], drop_content=True)
        for carrier, bodies in again.items():
            self.queues[carrier].send(bodies)
            tally.relayed += len(bodies)

    def _lost(self, record: Record, look: _Look) -> bool:
        """Whether to ask dispatch again. It will not send twice, and ends what must not be sent any more."""
        if record.status not in SENDABLE or record.carrier not in self.queues:
            return False
        if look.kind is Pass.EARLY:
            claimed = record.claimed_at
            # `queued` without a claim waits for its next attempt; an old claim is one that somebody died with.
            waits = record.status is Status.QUEUED and (claimed is None or claimed > self.clock() - EARLY)
            return not waits
        return look.kind is Pass.LATE and self._limit(record) <= look.limit

    def _over(self, record: Record, look: _Look) -> bool:
        """Whether its carrier has had its time. What was handed over late has until the last pass."""
        if self._limit(record) > look.limit:
            return False
        return look.kind is Pass.LAST or record.history[-1].at <= record.anchor + look.limit / 2

    def _limit(self, record: Record) -> timedelta:
        known = self.terms.get(record.carrier)
        return known.receipt_limit if known else max(terms.receipt_limit for terms in self.terms.values())

    def _end(self, record: Record, tally: Tally, *, drop: bool) -> None:
        terms, now = self.terms.get(record.carrier), self.clock()
        claims = terms is not None and not terms.deduplicates
        if claims and record.status in SENDABLE and record.claimed_at is None:
            change, only_from = Change(Status.EXPIRED, now, code="validity"), SENDABLE
        else:
            change, only_from = Change(Status.UNKNOWN, now, Evidence.INFERRED, "no-receipt"), None
        if self.messages.note(record.key, change, drop_content=drop, only_from=only_from):
            tally.expired += change.status is Status.EXPIRED
            tally.unknown += change.status is Status.UNKNOWN


def _shares(number: int, left: Callable[[], timedelta]) -> Iterator[Callable[[], bool]]:
    """For each of so many passes, one after the other, whether its time is up. What one leaves the others have."""
    for waiting in range(number, 0, -1):
        share = (left() - ENOUGH) / waiting
        end = ENOUGH + share * (waiting - 1)
        yield partial(_late, left, end)


def _late(left: Callable[[], timedelta], end: timedelta) -> bool:
    return left() <= end
