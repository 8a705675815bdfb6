"""Use case: every quarter of an hour, whatever has to be looked at is: nothing is forgotten, whoever dies on the way.

Runs of the machine that were never begun, died or left something are begun again; dates that come near are told; what
callbacks were not told is told again; the last certificates are asked for.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fugace.domain import deadlines
from fugace.domain.case import Case, CaseKey, CaseState
from fugace.domain.hold import Hold, HoldState
from fugace.domain.lookout import FORGET, GRACE, ROUND, next_look
from fugace.domain.times import whole
from fugace.keeping import Holds
from fugace.ports import Clock
from fugace.rights import Machine, Requests
from functions.dsar.herald import Herald
from functions.dsar.task import ENOUGH, Left

MOST = 200
"""Requests of one run; the longest overdue first, the rest in the next one."""
DAILY = timedelta(days=1)
"""How often one that a message's hold may keep is tried: whose message it is, is not ours to know."""
METRICS = {"P7D": "RequestDueIn7Days", "P2D": "RequestDueIn2Days", "overdue": "RequestOverdue"}
_WORKING = frozenset({CaseState.RUNNING, CaseState.PARTIAL})


@dataclass(slots=True)
class Seen:
    """What a run found."""

    looked: int = 0
    started: int = 0
    told: int = 0
    reminded: Counter[str] = field(default_factory=Counter)
    """By name of the reminder."""
    oldest: timedelta = timedelta(0)
    """How long the oldest one has been worked on."""
    failed: list[tuple[CaseKey, Exception]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks after requests."""

    requests: Requests
    holds: Holds
    machine: Machine
    herald: Herald
    clock: Clock

    def run(self, left: Left) -> Seen:
        """One round. What one request fails by is not the others' trouble."""
        seen = Seen()
        for key in self.requests.due(self.clock(), MOST):
            if left() <= ENOUGH:
                break
            try:
                self._look(key, seen)
            except Exception as error:  # noqa: BLE001  # it is due in the next round, too
                seen.failed.append((key, error))
        return seen

    def _look(self, key: CaseKey, seen: Seen) -> None:
        case, now = self.requests.get(key), whole(self.clock())
        if case is None or case.look_at is None or case.look_at > now:
            return  # the index lags
        seen.looked += 1
        if case.state in _WORKING:
            seen.oldest = max(seen.oldest, now - max(case.until or case.received, case.received))
        if _forgotten(case, now):
            self.requests.unlink(key)
        after = replace(case, subject=None) if _forgotten(case, now) else case
        if self._again(case, now):
            # Named after its number: whoever dies behind this begins no second one in the next round.
            self.machine.start(key, case.run + 1)
            seen.started += 1
            after = replace(after, run=case.run + 1)
        name = case.reminded if case.state.final else deadlines.reminder(case.due, now)
        new = bool(name) and name != case.reminded
        after = replace(after, reminded=name)  # none, where the date was put off
        if new or case.untold:
            told = self.herald.tell(after)
            after = replace(after, told=case.state.value) if told else after
            seen.told += told
        # Where the machine was faster it says itself when to look again, and nobody is reminded before that.
        if self.requests.move(replace(after, look_at=next_look(after, now)), case) and new:
            seen.reminded[name] += 1

    # Whether the machine is to begin again.

    def _again(self, case: Case, now: datetime) -> bool:
        wanted = any(self._reasons(case, now))
        return wanted and not (case.run and self.machine.alive(case.key, case.run))

    def _reasons(self, case: Case, now: datetime) -> Iterator[bool]:
        if case.state.final:
            yield bool(case.sealed or case.correction)
            yield case.final_at is not None and case.final_at <= now
            return
        yield case.begun is None and case.received + GRACE <= now
        yield case.begun is not None and case.state in _WORKING
        late = case.until is None or case.until + ROUND <= now
        yield case.begun is not None and late and case.state in {CaseState.VERIFYING, CaseState.WAITING}
        yield case.state is CaseState.HELD and self._free(case, now)

    def _free(self, case: Case, now: datetime) -> bool:
        """Whether no hold keeps anything of the person any more, as far as can be told."""
        holds = [hold for hold in self.holds.of(case.tenant) if hold.state is not HoldState.OVER]
        if any(case.subject is None or _covers(hold, case) for hold in holds):
            return False
        of_messages = any(hold.message for hold in holds)
        return not of_messages or case.closed is None or case.closed + DAILY <= now


def _forgotten(case: Case, now: datetime) -> bool:
    unproven = case.state is CaseState.UNVERIFIED and case.subject is not None
    return unproven and case.finished is not None and case.finished + FORGET <= now


def _covers(hold: Hold, case: Case) -> bool:
    """Surely: it is the person's, or on everything."""
    return hold.message is None and hold.subject in {None, case.subject}
