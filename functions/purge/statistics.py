"""Use case: counts of messages that are gone go as well, after their own time."""

from dataclasses import dataclass

from fugace.domain.retention import BEGINNING, Kind
from fugace.keeping import Agenda, Policies, Statistics
from fugace.ports import Clock
from functions.purge.messages import whole
from functions.purge.spans import INSTANT, Rule
from functions.purge.task import Left, Outcome, Task, hour_of


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
        front = rule.front(now)
        done = self.statistics.purge(task.tenant, front + INSTANT, hour_of(now)) if front > BEGINNING else 0
        first = self.statistics.first(task.tenant)
        ends = [*rule.announced(now), *([rule.soonest(first, now)] if first else [])]
        self.agenda.settle(seen, reached=None, due_at=min(ends, default=None) if first else None)
        return Outcome(done)
