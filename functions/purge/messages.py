"""Use case: what is over of one tenant's messages in one shard goes, records or texts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain.hold import HoldState
from fugace.domain.ids import TenantId
from fugace.domain.retention import BEGINNING, Kind
from fugace.domain.times import whole
from fugace.keeping import Agenda, Disposal, Due, Holds, Policies
from fugace.ports import Clock, Tenants
from functions.purge.spans import VISIBLE, Rule
from functions.purge.task import LEASE, Left, Outcome, Task
from functions.purge.walk import Walk

A_MINUTE = timedelta(minutes=1)
LATER = timedelta(hours=1)
"""A tenant of whom a run has found the last thing is looked at once more before it leaves the index."""
_HOLD = "hold/"
_OPEN = "open"
"""The step of a walk that has left something open."""


@dataclass(frozen=True, slots=True)
class MessageSweep:
    """Jobs `record/<shard>` and `content/<shard>`.

    `due_at` of such a job says that nothing that was over before then is left, so a run looks at what became over
    since. It is settled last: a run that dies is repeated as a whole, or from `reached`, and finds less to do.
    """

    agenda: Agenda
    policies: Policies
    holds: Holds
    disposal: Disposal
    tenants: Tenants
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:
        """One walk, or a part of it."""
        jobs = {due.job: due for due in self.agenda.of(task.tenant)}
        seen, at = jobs.get(task.job), task.at or whole(self.clock())
        if seen is None or seen.due_at is None or seen.due_at > at or _overtaken(task, seen):
            return Outcome()
        if self._setting(task.tenant, jobs.values(), at):
            return Outcome(again=task, delay=A_MINUTE)
        retention = self.policies.fresh(task.tenant)
        if retention is None:
            self.agenda.settle(seen, reached=None, due_at=None)
            return Outcome()
        rule = Rule(retention, Kind(task.kind))
        # A job that was never settled tells nothing of what is left.
        reached, swept = (seen.reached, seen.due_at) if seen.reached else (BEGINNING, BEGINNING)
        walk = Walk(self.disposal, rule, task.tenant, int(task.job.partition("/")[2]), at, reached, task.after)
        walk.open = task.step == _OPEN
        walk.waiting = task.after is not None and rule.by_state(at, at)  # what earlier runs saw is not in the body
        if walk.through(rule.spans(swept=swept, now=at, reached=reached), left):
            self._settle(seen, walk)
            return Outcome(walk.done)
        if seen.reached:  # else nobody may think that what is before it was looked at by every promise
            self.agenda.settle(seen, reached=_reached(walk), due_at=seen.due_at)
        again = replace(task, at=at, after=walk.after, step=_OPEN if walk.open else "")
        return Outcome(walk.done, again, A_MINUTE if walk.throttled else timedelta(0))

    def _setting(self, tenant: TenantId, jobs: Iterable[Due], at: datetime) -> bool:
        """Whether a hold is being put on: it may cover what would go. Its job is due, or in somebody's hands."""
        soon = at + 2 * LEASE
        if not any(due.due_at and due.due_at <= soon for due in jobs if due.job.startswith(_HOLD)):
            return False
        return any(hold.state is HoldState.SETTING for hold in self.holds.of(tenant))

    def _settle(self, seen: Due, walk: Walk) -> None:
        rule, at = walk.rule, walk.at
        ends = walk.following()
        # What was written a moment ago may not be in the index yet.
        unseen = rule.soonest(at - VISIBLE, at)
        if not ends and walk.done:
            ends = [min(unseen, at + LATER)]
        elif not ends or unseen < min(ends):
            today = at.date()
            if self.tenants.was_active(seen.tenant, [today, today - timedelta(days=1)]):
                ends = [*ends, unseen]
        reached = max(_reached(walk), min(rule.front(at), at - VISIBLE))
        self.agenda.settle(seen, reached=reached, due_at=min(ends, default=None))


def _reached(walk: Walk) -> datetime:
    return min(walk.clean, walk.at - VISIBLE)


def _overtaken(task: Task, seen: Due) -> bool:
    """Whether another run is further: the body of a job is sent again as long as it is due."""
    return task.after is not None and seen.reached is not None and task.after.anchor < seen.reached
