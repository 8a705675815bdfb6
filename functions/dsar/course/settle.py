"""Use case: what the machine decides of a request, step by step, and what of it is written into the ledger.

Each step reads the request, decides, and writes if nobody else did meanwhile; else it reads again. A step that is
repeated finds its own work and gives the same answer. Whoever cancels or denies wins until the request begins, and not
from then on.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.datamap.entry import Branch
from fugace.domain.case import ARCHIVED, Case, CaseState, Found, Outcome, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Action, Draft, Fact, written
from fugace.domain.lookout import CERTIFYING, ROUND, certifying, next_look
from fugace.domain.retention import Kind, Period
from fugace.domain.times import whole
from fugace.keeping import Agenda, Ledger, Policies
from fugace.ports import Clock, ConflictError
from fugace.rights import CaseShredder, Requests
from functions.dsar.herald import Herald
from functions.dsar.task import ACTOR, NoRequestError, Task

DUPLICATE = "duplicate"
"""Why a request ends that was proven after another one of its person and kind."""
CODE, WAIT, RESUME, CLOSED, LEAVE = "code", "wait", "resume", "closed", "leave"
EXPORT, AMEND, ERASE = "export", "amend", "erase"
CERTIFY, FINISH, PAUSE = "certify", "finish", "pause"
ERASING = frozenset({Right.ERASURE, Right.OFFBOARDING})
UNSURE = timedelta(minutes=1)
"""By how much the machine's clock and ours, and what is between them, may differ."""
_ATTEMPTS = 8
_LEFT = frozenset({CaseState.PARTIAL, CaseState.HELD})
_BEFORE = frozenset({CaseState.VERIFYING, CaseState.WAITING})


class UnknownStepError(Exception):
    """The machine asks for something that nobody does: a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the machine is told: words and times, nothing else."""

    next: str = ""
    until: datetime | None = None
    partial: bool = False
    """The request has just become `partial`: somebody is woken."""

    def shown(self) -> dict[str, str]:
        """As the machine reads it."""
        shown = {"next": self.next} if self.next else {}
        return shown | ({"until": written(self.until)} if self.until else {})


@dataclass(frozen=True, slots=True)
class _Move:
    """What a step makes of a request; without a draft it is not for the ledger."""

    answer: Answer
    case: Case | None = None
    """None: it stays as it is."""
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """The decisions."""

    requests: Requests
    ledger: Ledger
    shredder: CaseShredder
    agenda: Agenda
    policies: Policies
    herald: Herald
    clock: Clock
    waiting: Period
    """How long an erasure waits before it begins."""
    leave_waiting: Period
    """How long a tenant that leaves has to fetch its archive, and may think again."""

    def run(self, task: Task) -> Answer:
        """One step.

        Raises:
            UnknownStepError: a mistake of ours.
            UnavailableError: others change the request all the time, or something does not answer.
        """
        step = _STEPS.get(task.step)
        if step is None:
            raise UnknownStepError
        try:
            return step(self, task)
        except NoRequestError:  # its tenant has left, and taken it along
            return Answer(CLOSED, whole(self.clock()))

    # Before it begins.

    def begin(self, task: Task) -> Answer:
        """Where it is: a run may be the second one."""
        return self._moved(task, self._begin)

    def _begin(self, case: Case, now: datetime) -> _Move:
        if case.state.final:
            return self._again(case, now)
        if case.right is Right.OFFBOARDING and case.state in _BEFORE:
            return self._leaving(case, now)
        if case.proven:  # the run before died between the code and its consequence
            return self._verified(case, now)
        begun = replace(case, run=max(case.run, 1), begun=case.begun or now)
        if case.state is CaseState.WAITING:
            begun = replace(begun, until=case.until or self._wait(case, case.received))
        begun = begun if begun != case else case
        words = {CaseState.VERIFYING: CODE, CaseState.WAITING: WAIT}
        answer = Answer(words.get(case.state, RESUME), begun.until or now)
        return _Move(answer, _looked(begun, now) if begun is not case else None)

    def _leaving(self, case: Case, now: datetime) -> _Move:
        """Everything is exported first, once a second key has said so. Where none has in time, nothing happens."""
        if case.state is CaseState.WAITING:
            begun = replace(case, run=max(case.run, 1), begun=case.begun or now)
            return _Move(Answer(LEAVE, now), None if begun == case else _looked(begun, now))
        if case.until is None or case.until > now:
            return _Move(Answer(CLOSED, now))
        facts: dict[str, Fact] = {"state": CaseState.UNVERIFIED.value}
        ended = _ended(case, CaseState.UNVERIFIED, now)
        return _Move(Answer(CLOSED, now), ended, _draft(case, now, Action.REQUEST_CLOSED, facts))

    def leave(self, task: Task) -> Answer:
        """The archive is there: the time to fetch it begins."""
        return self._moved(task, self._leave)

    def _leave(self, case: Case, now: datetime) -> _Move:
        if case.state is not CaseState.WAITING:
            return _Move(Answer(CLOSED, now))
        until = case.until or self.leave_waiting.after(now)
        waits = None if case.until else _looked(replace(case, until=until), now)
        return _Move(Answer(WAIT, until), waits)

    def _again(self, case: Case, now: datetime) -> _Move:
        """Over; but its last certificate may be due."""
        if case.state is not CaseState.COMPLETED or case.final_at is None or case.final_at > now:
            return _Move(Answer(CLOSED, now))
        return _Move(Answer(CERTIFY, now), replace(case, look_at=now + CERTIFYING))

    def verified(self, task: Task) -> Answer:
        """The code was given back: its waiting time begins, unless somebody else was proven first."""
        return self._moved(task, self._verified)

    def _verified(self, case: Case, now: datetime) -> _Move:
        if case.state is CaseState.WAITING:
            return _Move(Answer(WAIT, case.until or now))
        if case.state is not CaseState.VERIFYING:
            return _Move(Answer(CLOSED, now))
        until = self._wait(case, now)
        proven = replace(case, state=CaseState.WAITING, until=until, run=max(case.run, 1), begun=case.begun or now)
        other = case.subject and self.requests.claimed(case.tenant, case.subject, case.right)
        if other and other != case.key:
            ended = _ended(replace(proven, reason=DUPLICATE), CaseState.CANCELLED, now)
            return _Move(Answer(CLOSED, now), ended, _draft(case, now, Action.REQUEST_CANCELLED))
        return _Move(Answer(WAIT, until), _codeless(proven, now))

    def _wait(self, case: Case, since: datetime) -> datetime:
        return self.waiting.after(since) if case.right in ERASING else since

    def unverified(self, task: Task) -> Answer:
        """Nobody gave the code back in time, or none could be sent."""
        return self._moved(task, self._unverified)

    def _unverified(self, case: Case, now: datetime) -> _Move:
        if case.state is not CaseState.VERIFYING:
            return _Move(Answer())
        over = case.until is not None and case.until <= now + UNSURE
        if case.proven or not (over or case.reason):
            # Given back in the last second; a later run's code is out; or the fault is ours: it is begun again.
            return _Move(Answer(), replace(case, look_at=now + ROUND))
        ended = _ended(case, CaseState.UNVERIFIED, now)
        facts: dict[str, Fact] = {"state": CaseState.UNVERIFIED.value}
        return _Move(Answer(), ended, _draft(case, now, Action.REQUEST_CLOSED, facts))

    # On the way.

    def start(self, task: Task) -> Answer:
        """From here on it cannot be cancelled."""
        return self._moved(task, self._start)

    def _start(self, case: Case, now: datetime) -> _Move:
        if case.state.final or case.state is CaseState.VERIFYING:
            return _Move(Answer(CLOSED))
        answer = Answer(_works(case.right))
        if case.state is CaseState.RUNNING:
            return _Move(answer)
        closed = None if case.state is CaseState.HELD else case.closed
        return _Move(answer, _looked(replace(case, state=CaseState.RUNNING, closed=closed), now))

    def failed(self, task: Task) -> Answer:
        """A branch gave up: its place says so, and keeps its counts."""
        place = Branch(task.place).value
        case = task.case(self.requests)
        if case.state is CaseState.RUNNING:
            before = case.places.get(place, Found(Outcome.FAILED))
            self.requests.note(case.key, place, replace(before, outcome=Outcome.FAILED))
        return Answer()

    def close(self, task: Task) -> Answer:
        """Done, something held, or something failed."""
        return self._moved(task, self._close)

    def _close(self, case: Case, now: datetime) -> _Move:
        if case.state in _LEFT:
            return _Move(Answer(PAUSE))
        if case.state is not CaseState.RUNNING:
            return _Move(Answer(FINISH if case.state is CaseState.COMPLETED else PAUSE))
        outcomes = {found.outcome for found in case.places.values()}
        if Outcome.FAILED in outcomes:
            return _partial(case, now, Answer(PAUSE, partial=True))
        return self._held(case, now) if Outcome.HELD in outcomes else self._done(case, now)

    def _held(self, case: Case, now: datetime) -> _Move:
        held = _looked(replace(case, state=CaseState.HELD, closed=now), now)
        return _Move(Answer(PAUSE), held, _erased(case, CaseState.HELD, now) if case.right in ERASING else None)

    def _done(self, case: Case, now: datetime) -> _Move:
        if case.right not in ERASING:
            return _Move(Answer(FINISH))
        if case.closed:  # a repeat, or a run after one that failed behind this step
            return _Move(Answer(CERTIFY))
        closed = _looked(replace(case, closed=now), now)
        return _Move(Answer(CERTIFY), closed, _erased(case, CaseState.COMPLETED, now))

    def finish(self, task: Task) -> Answer:
        """Finished, and nobody's where it was an erasure."""
        return self._moved(task, self._finish)

    def _finish(self, case: Case, now: datetime) -> _Move:
        if case.state is CaseState.COMPLETED:
            # A repeat, or behind the final certificate: nothing is waited for any more.
            return _Move(Answer(), _looked(replace(case, final_at=None), now) if certifying(case) else None)
        if case.state is not CaseState.RUNNING:
            return _Move(Answer())
        unlinked = replace(case, subject=None, digest=b"") if case.right in ERASING else case
        done = _ended(unlinked, CaseState.COMPLETED, now)
        facts: dict[str, Fact] = {"kind": case.right.value, "state": CaseState.COMPLETED.value}
        return _Move(Answer(), done, _draft(case, now, Action.REQUEST_DONE, facts))

    def broken(self, task: Task) -> Answer:
        """A step gave up: what remains is taken up by a run of its own."""
        return self._moved(task, self._broken)

    def _broken(self, case: Case, now: datetime) -> _Move:
        if case.state is CaseState.RUNNING:
            return _partial(case, now, Answer(partial=True))
        return _Move(Answer(), replace(case, look_at=now + ROUND) if case.state in _BEFORE else None)

    # All of them.

    def _moved(self, task: Task, decide: Callable[[Case, datetime], _Move]) -> Answer:
        """Decide on the request as it is, and have it written; if others were faster, on what they made of it."""
        for _ in range(_ATTEMPTS):
            seen, now = task.case(self.requests), whole(self.clock())
            move = decide(seen, now)
            case = move.case or seen
            self._plan(seen, case, now)
            if move.case and not self._write(case, seen, move.draft):
                continue
            if case.state is not seen.state:
                self.herald.tell(case)
            if case.state.final:
                self._tidy(task)
            return move.answer
        raise UnavailableError

    def _write(self, case: Case, seen: Case, draft: Draft | None) -> bool:
        if draft is None:
            return self.requests.move(case, seen)
        try:
            self.ledger.append(draft, self.requests.change(case, seen))
        except ConflictError:
            return False
        return True

    def _plan(self, seen: Case, case: Case, now: datetime) -> None:
        """Before anything is there to be purged, somebody is to look for it when its time is over."""
        kinds = []
        if case.right in ARCHIVED and case.state in {CaseState.RUNNING, CaseState.COMPLETED}:
            kinds.append(Kind.EXPORTS)
        if case.state.final and (_bound(case) or not seen.state.final):
            kinds.append(Kind.CASES)
        retention = self.policies.fresh(case.tenant) if kinds else None
        for kind in kinds:
            if retention and kind in retention.caps:
                self.agenda.ensure(case.tenant, kind.value, retention.soonest(kind, now))

    def _tidy(self, task: Task) -> None:
        """What it said of the person becomes noise everywhere, and then goes from the row.

        The key first: a row that still has something sealed is tidied again, a key without one is not looked for. The
        key of an archive goes with the archive.
        """
        for _ in range(_ATTEMPTS):
            seen = task.case(self.requests)
            if not _bound(seen):
                if seen.right is Right.OFFBOARDING:  # nothing is sealed in it, but its key was made for an archive
                    self.shredder.destroy(seen.key)
                return
            if seen.state is not CaseState.COMPLETED or seen.right not in ARCHIVED:
                self.shredder.destroy(seen.key)
            bare = replace(seen, sealed=b"", correction=b"")
            if self.requests.move(_looked(bare, whole(self.clock())), seen):
                return
        raise UnavailableError


_STEPS: Mapping[str, Callable[[Settle, Task], Answer]] = {
    "begin": Settle.begin,
    "verified": Settle.verified,
    "unverified": Settle.unverified,
    "leave": Settle.leave,
    "start": Settle.start,
    "failed": Settle.failed,
    "close": Settle.close,
    "finish": Settle.finish,
    "broken": Settle.broken,
}


def _works(right: Right) -> str:
    """Where in the machine it is done."""
    if right is Right.OFFBOARDING:
        return LEAVE
    return EXPORT if right in ARCHIVED else ERASE if right in ERASING else AMEND


def _bound(case: Case) -> bool:
    """Whether something in it is sealed with its key."""
    return bool(case.sealed or case.correction)


def _codeless(case: Case, now: datetime) -> Case:
    return _looked(replace(case, token="", code=b"", tries=0), now)


def _ended(case: Case, state: CaseState, now: datetime) -> Case:
    return _codeless(replace(case, state=state, finished=now, look_at=None), now)


def _looked(case: Case, now: datetime) -> Case:
    return replace(case, look_at=next_look(case, now))


def _partial(case: Case, now: datetime, answer: Answer) -> _Move:
    return _Move(answer, _looked(replace(case, state=CaseState.PARTIAL), now))


def _draft(case: Case, now: datetime, action: Action, facts: Mapping[str, Fact] | None = None) -> Draft:
    return Draft(case.tenant, now, action, ACTOR, case.key.id, facts or {})


def _erased(case: Case, state: CaseState, now: datetime) -> Draft:
    """By branch: how much has gone, and how much is left where something is."""
    counts: dict[str, int] = defaultdict(int)
    for place, found in case.places.items():
        counts[place] += found.count
        if found.left:
            counts[f"{place}.left"] += found.left
    return _draft(case, now, Action.ERASED, {"state": state.value, **counts})
