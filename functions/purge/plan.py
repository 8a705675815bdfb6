"""Use case: find what is due, and put it on the sweep queue. What is not due is not looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain.retention import Kind
from fugace.keeping import Agenda, Departures, Due, Tallies
from fugace.ports import Clock, Queue, Tenants
from functions.purge import briefs
from functions.purge.task import BRIEFS, CLOSE, DEPARTURES, Task, hour_of

FIRST, MOST = 1_000, 64_000
"""Jobs of one look: four times as many where that was not enough."""
_POLICY = (Kind.RECORD, Kind.CONTENT, Kind.ACCESS, Kind.STATISTICS, Kind.EXPORTS, Kind.CASES, Kind.OBJECTIONS)
KINDS = (*(kind.value for kind in _POLICY), "hold")
"""Whose lag is told."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan found."""

    jobs: int
    """Tenants' jobs that are due."""
    lag: Mapping[str, timedelta]
    """By each of `KINDS`, for how long the oldest job that is due has been; zero where none is."""

    @property
    def behind(self) -> timedelta:
        """The longest of all."""
        return max(self.lag.values(), default=timedelta(0))


@dataclass(frozen=True, slots=True)
class Plan:
    """A job stays due until a sweep settles it, so a plan that dies, or runs again, does no harm."""

    agenda: Agenda
    tallies: Tallies
    departures: Departures
    tenants: Tenants
    queue: Queue
    """The sweep queue."""
    clock: Clock

    def run(self) -> Planned:
        """Enqueue everything that is due."""
        now = self.clock()
        oldest = dict.fromkeys(KINDS, now)
        jobs = 0
        for found in self._due(now):
            self.queue.send([Task(due.job, due.tenant).body() for due in found])
            jobs += len(found)
            for due in found:
                kind = due.job.partition("/")[0]
                oldest[kind] = min(oldest.get(kind, now), due.due_at or now)
        texts = briefs.behind(self.tenants.watermark(BRIEFS), now)
        self.queue.send([task.body() for task in self._global(now)])
        lag = {kind: now - since for kind, since in oldest.items() if kind in KINDS}
        return Planned(jobs, lag | {Kind.CONTENT.value: max(lag[Kind.CONTENT.value], texts)})

    def _due(self, now: datetime) -> Iterator[Sequence[Due]]:
        """What is due, in larger and larger looks: each begins at the longest overdue, and what is new is given."""
        seen, limit = set[tuple[str, str]](), FIRST
        while limit <= MOST:
            found = self.agenda.due(now, limit)
            new = [due for due in found if (due.tenant, due.job) not in seen]
            if new:
                yield new
            if len(found) < limit:
                return
            seen.update((due.tenant, due.job) for due in found)
            limit *= 4

    def _global(self, now: datetime) -> Iterator[Task]:
        yield Task(BRIEFS)
        for hour in self.tallies.open_hours():
            yield Task(CLOSE, hour=hour)
        if self.departures.due(hour_of(now), 1):
            yield Task(DEPARTURES)
