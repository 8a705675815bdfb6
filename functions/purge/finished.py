"""Use case: what was made for a person's request goes after its own time; so do the finished request, and a wish."""

from dataclasses import dataclass

from fugace.domain.retention import Kind
from fugace.domain.times import whole
from fugace.keeping import Agenda, Cases, Exports, Objections, Policies
from fugace.ports import Clock
from functions.purge.spans import Rule
from functions.purge.task import Left, Outcome, Task, hour_of


@dataclass(frozen=True, slots=True)
class FinishedSweep:
    """Jobs `exports`, `cases` and `objections`: each is counted from one moment of their own, and collected in it."""

    kind: Kind
    agenda: Agenda
    policies: Policies
    kept: Exports | Cases | Objections
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:  # noqa: ARG002  # a job is given its time; this one is short
        """Delete what is over; look again when the oldest of what remains may be. A killed run is simply made again."""
        now = whole(self.clock())
        seen, retention = self.agenda.get(task.tenant, task.job), self.policies.fresh(task.tenant)
        if seen is None or seen.due_at is None or seen.due_at > now:
            return Outcome()
        if retention is None or self.kind not in retention.caps:
            self.agenda.settle(seen, reached=None, due_at=None)
            return Outcome()
        done = self.kept.purge(task.tenant, lambda at: retention.expiry(self.kind, at, at) <= now, hour_of(now))
        first = self.kept.first(task.tenant)
        due_at = Rule(retention, self.kind).soonest(first, now) if first else None
        self.agenda.settle(seen, reached=None, due_at=due_at)
        return Outcome(done)
