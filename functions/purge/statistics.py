"""Use case: counts of messages that are gone go as well, after their own time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from fugace.domain.ids import TenantId
from fugace.domain.retention import BEGINNING, Kind
from fugace.domain.times import whole
from fugace.keeping import Agenda, Policies, Statistics
from fugace.ports import Clock
from functions.purge.spans import INSTANT, Rule
from functions.purge.task import Left, Outcome, Task, hour_of

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StatisticsSweep:
    """Job `statistics`. What is counted from the hour is collected in it: nothing of it has to be read."""

    agenda: Agenda
    policies: Policies
    statistics: Statistics
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:  # noqa: ARG002  # a job is given its time; this one is short
        """Delete what is over; look again when the oldest of what remains is."""
        now = whole(self.clock())
        seen, retention = self.agenda.get(task.tenant, task.job), self.policies.fresh(task.tenant)
        if seen is None or seen.due_at is None or seen.due_at > now:
            return Outcome()
        if retention is None:
            self.agenda.settle(seen, reached=None, due_at=None)
            return Outcome()
        rule = Rule(retention, Kind.STATISTICS)
        done = self._purge(task.tenant, BEGINNING, rule.front(now) + INSTANT, now)
        first = self.statistics.first(task.tenant)
        if first and first <= (last := retention.horizon(Kind.STATISTICS, now, timedelta(0))):
            done += sum(self._purge(task.tenant, *span, now) for span in _sure(rule, first, last, now))
            first = self.statistics.first(task.tenant)
        ends = [*rule.announced(now), *([rule.soonest(first, now)] if first else [])]
        self.agenda.settle(seen, reached=None, due_at=min(ends, default=None) if first else None)
        return Outcome(done)

    def _purge(self, tenant: TenantId, since: datetime, before: datetime, now: datetime) -> int:
        return self.statistics.purge(tenant, since=since, before=before, hour=hour_of(now))


def _sure(rule: Rule, first: datetime, last: datetime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of hours that are over, from `first` to `last`: at the end of a short month, later ones sooner."""
    hours = [first + number * HOUR for number in range((last - first) // HOUR + 1)]
    for sure, stretch in groupby(hours, lambda hour: rule.sure(hour, now)):
        if sure:
            found = list(stretch)
            yield found[0], found[-1] + HOUR
