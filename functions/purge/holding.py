"""Use case: put a legal hold on what it covers, and take it off when it is lifted or at its end."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain.hold import Hold, HoldState
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind
from fugace.domain.times import whole
from fugace.keeping import Agenda, Disposal, Due, Holds, Ledger, Policies
from fugace.ports import Clock, ConflictError, Tenants
from functions.purge.closing import PURGE
from functions.purge.cover import Cover
from functions.purge.messages import A_MINUTE
from functions.purge.task import ENOUGH, LEASE, Left, Outcome, Task

LATELY = timedelta(minutes=2)
"""A job is planned before its hold is written: so long it may be missing."""
SKEW = timedelta(minutes=1)
"""By so much clocks may differ."""
ON, OFF = "on", "off"
_MOVING = frozenset({HoldState.SETTING, HoldState.LIFTING})


@dataclass(frozen=True, slots=True)
class Holding:
    """Job `hold/<id>`: where the hold is, and what is next.

    A walk is begun by a body that says which way it goes, and goes on with bodies that say how far it came: whatever
    happens to a run, its body is given again. While a walk lasts, the job is due later than anybody plans, so that
    nobody else begins one; where its body is lost, the plan finds the job in the end.
    """

    agenda: Agenda
    policies: Policies
    holds: Holds
    disposal: Disposal
    ledger: Ledger
    tenants: Tenants
    clock: Clock
    at_once: int = 1
    """How many messages are written at the same time."""

    def run(self, task: Task, left: Left) -> Outcome:
        """One step, or a part of a walk."""
        now = whole(self.clock())
        hold = self.holds.get(task.tenant, task.job.partition("/")[2])
        seen = self.agenda.get(task.tenant, task.job) or Due(task.tenant, task.job, None)
        if hold is None:
            return self._missing(task, seen, now)
        if hold.state in {HoldState.SETTING, HoldState.HELD} and hold.until <= now:
            return self._end(task, hold)
        # One that is over and still walked was lifted while it was put on: what that walk has put on afterwards,
        # nobody else will find.
        if hold.state in _MOVING or (task.step and hold.state is HoldState.OVER):
            return self._walk(task, hold, seen, now, left)
        return self._rest(hold, seen, now)

    def _missing(self, task: Task, seen: Due, now: datetime) -> Outcome:
        if seen.due_at is None:
            return Outcome()
        if now - seen.due_at < LATELY:
            return Outcome(again=task, delay=LATELY)
        self.agenda.settle(seen, reached=None, due_at=None)
        return Outcome()

    def _end(self, task: Task, hold: Hold) -> Outcome:
        """Nobody lifted it: it is at its end."""
        moved = self.holds.move(replace(hold, state=HoldState.LIFTING), hold)
        return _next(task, task.step, moved=moved)

    def _rest(self, hold: Hold, seen: Due, now: datetime) -> Outcome:
        """Held until its end; over until nobody needs to know of it any more."""
        due_at = hold.until
        if hold.state is HoldState.OVER:
            retention = self.policies.fresh(hold.tenant)
            over = hold.lifted_at or hold.until
            # It is the memory of a case: kept as long as one.
            due_at = retention.expiry(Kind.CASES, over, over) if retention else now
            if due_at <= now:
                self.holds.purge(hold.tenant, hold.id)
                self.agenda.settle(seen, reached=None, due_at=None)
                return Outcome()
        self.agenda.settle(seen, reached=None, due_at=due_at)
        return Outcome()

    # Walking.

    def _walk(self, task: Task, hold: Hold, seen: Due, now: datetime, left: Left) -> Outcome:
        way = ON if hold.state is HoldState.SETTING else OFF
        if not task.step and seen.due_at and seen.due_at > now + SKEW:
            return Outcome()  # somebody is at it
        self.agenda.settle(seen, reached=None, due_at=now + LEASE)
        if task.step != way:
            return Outcome(again=_begun(task, way))
        retention = self.policies.fresh(hold.tenant)
        if retention is None:
            return Outcome()
        ends = {each.id: each.until for each in self.holds.of(hold.tenant)}
        cover = Cover(self.disposal, hold, retention, ends, now, self.at_once)
        for page in cover.pages(task.after, task.shard, self._shards(hold)):
            if left() <= ENOUGH:
                return Outcome(again=task)
            if way == ON and self.holds.get(hold.tenant, hold.id) != hold:
                return Outcome(again=_begun(task, way))
            count = cover.put_on(page.places) if way == ON else cover.take_off(page.places)
            task = replace(task, after=page.places[-1], shard=page.shard, count=task.count + count)
        moved = self._held(hold, task.count, now) if way == ON else self._over(hold, hold.covers, now)
        return _next(task, "" if moved else way, moved=moved)

    def _shards(self, hold: Hold) -> int:
        known = self.tenants.get(hold.tenant)
        return known.shards if known else 1

    def _held(self, hold: Hold, covers: int, now: datetime) -> bool:
        if hold.message and not covers:  # it left before the hold could be put on it
            return self._over(hold, covers, now)
        return self.holds.move(replace(hold, state=HoldState.HELD, covers=covers), hold)

    def _over(self, hold: Hold, covers: int, now: datetime) -> bool:
        if hold.state is not HoldState.OVER:
            draft = Draft(hold.tenant, now, Action.HOLD_ENDED, PURGE, hold.id, {"covers": covers})
            with suppress(ConflictError):  # another run was faster, and wrote the same
                over = replace(hold, state=HoldState.OVER, covers=covers)
                self.ledger.append(draft, self.holds.put(over, hold))
        return True


def _next(task: Task, way: str, *, moved: bool) -> Outcome:
    """What has moved is looked at now; of what would not, nobody knows how often it will not."""
    return Outcome(again=_begun(task, way), delay=timedelta(0) if moved else A_MINUTE)


def _begun(task: Task, way: str) -> Task:
    """The body that begins a walk; without a way, what looks what is next."""
    return Task(task.job, task.tenant, step=way)
