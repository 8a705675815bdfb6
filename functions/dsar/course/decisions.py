"""What is decided of a request, step by step, from what it is: nothing is written here.

Whoever cancels or denies wins until the request begins, and not from then on.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain.case import ARCHIVED, BEFORE, ERASING, REMAINING, Case, CaseState, Outcome, Right
from fugace.domain.ledger import Action, Draft, Fact, written
from fugace.domain.lookout import CERTIFYING, ROUND, certifying, next_look
from fugace.domain.retention import Period
from fugace.rights import Requests
from functions.dsar.task import ACTOR

DUPLICATE = "duplicate"
"""Why a request ends that was proven after another one of its person and kind."""
CODE, WAIT, RESUME, CLOSED, LEAVE = "code", "wait", "resume", "closed", "leave"
EXPORT, AMEND, ERASE = "export", "amend", "erase"
CERTIFY, FINISH, PAUSE = "certify", "finish", "pause"
UNSURE = timedelta(minutes=1)
"""By how much the machine's clock and ours, and what is between them, may differ."""


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
class Move:
    """What a step makes of a request; without a draft it is not for the ledger."""

    answer: Answer
    case: Case | None = None
    """None: it stays as it is."""
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """One method a step: a step that is repeated finds its own work, and gives the same answer."""

    requests: Requests
    waiting: Period
    """How long an erasure waits before it begins."""
    leave_waiting: Period
    """How long a tenant that leaves has to fetch its archive, and may think again."""

    # Before it begins.

    def begin(self, case: Case, now: datetime) -> Move:
        """Where it is: a run may be the second one."""
        if case.state.final:
            return self._again(case, now)
        if case.right is Right.OFFBOARDING and case.state in BEFORE:
            return self._leaving(case, now)
        if case.proven:  # the run before died between the code and its consequence
            return self.verified(case, now)
        begun = replace(case, run=max(case.run, 1), begun=case.begun or now)
        if case.state is CaseState.WAITING:
            begun = replace(begun, until=case.until or self._wait(case, case.received))
        begun = begun if begun != case else case
        words = {CaseState.VERIFYING: CODE, CaseState.WAITING: WAIT}
        answer = Answer(words.get(case.state, RESUME), begun.until or now)
        return Move(answer, looked(begun, now) if begun is not case else None)

    def _leaving(self, case: Case, now: datetime) -> Move:
        """Everything is exported first, once a second key has said so. Where none has in time, nothing happens."""
        if case.state is CaseState.WAITING:
            begun = replace(case, run=max(case.run, 1), begun=case.begun or now)
            return Move(Answer(LEAVE, now), None if begun == case else looked(begun, now))
        if case.until is None or case.until > now:
            return Move(Answer(CLOSED, now))
        facts: dict[str, Fact] = {"state": CaseState.UNVERIFIED.value}
        ended = _ended(case, CaseState.UNVERIFIED, now)
        return Move(Answer(CLOSED, now), ended, _draft(case, now, Action.REQUEST_CLOSED, facts))

    def leave(self, case: Case, now: datetime) -> Move:
        """The archive is there: the time to fetch it begins."""
        if case.state is not CaseState.WAITING:
            return Move(Answer(CLOSED, now))
        until = case.until or self.leave_waiting.after(now)
        waits = None if case.until else looked(replace(case, until=until), now)
        return Move(Answer(WAIT, until), waits)

    def _again(self, case: Case, now: datetime) -> Move:
        """Over; but its last certificate may be due."""
        if case.state is not CaseState.COMPLETED or case.final_at is None or case.final_at > now:
            return Move(Answer(CLOSED, now))
        return Move(Answer(CERTIFY, now), replace(case, look_at=now + CERTIFYING))

    def verified(self, case: Case, now: datetime) -> Move:
        """The code was given back: its waiting time begins, unless somebody else was proven first."""
        if case.state is CaseState.WAITING:
            return Move(Answer(WAIT, case.until or now))
        if case.state is not CaseState.VERIFYING:
            return Move(Answer(CLOSED, now))
        until = self._wait(case, now)
        proven = replace(case, state=CaseState.WAITING, until=until, run=max(case.run, 1), begun=case.begun or now)
        other = case.subject and self.requests.claimed(case.tenant, case.subject, case.right)
        if other and other != case.key:
            ended = _ended(replace(proven, reason=DUPLICATE), CaseState.CANCELLED, now)
            return Move(Answer(CLOSED, now), ended, _draft(case, now, Action.REQUEST_CANCELLED))
        return Move(Answer(WAIT, until), looked(replace(proven, token="", code=b"", tries=0), now))

    def _wait(self, case: Case, since: datetime) -> datetime:
        return self.waiting.after(since) if case.right in ERASING else since

    def unverified(self, case: Case, now: datetime) -> Move:
        """Nobody gave the code back in time, or none could be sent."""
        if case.state is not CaseState.VERIFYING:
            return Move(Answer())
        over = case.until is not None and case.until <= now + UNSURE
        if case.proven or not (over or case.reason):
            # Given back in the last second; a later run's code is out; or the fault is ours: it is begun again.
            return Move(Answer(), replace(case, look_at=now + ROUND))
        ended = _ended(case, CaseState.UNVERIFIED, now)
        facts: dict[str, Fact] = {"state": CaseState.UNVERIFIED.value}
        return Move(Answer(), ended, _draft(case, now, Action.REQUEST_CLOSED, facts))

    # On the way.

    def start(self, case: Case, now: datetime) -> Move:
        """From here on it cannot be cancelled."""
        if case.state.final or case.state is CaseState.VERIFYING:
            return Move(Answer(CLOSED))
        answer = Answer(_works(case.right))
        if case.state is CaseState.RUNNING:
            return Move(answer)
        closed = None if case.state is CaseState.HELD else case.closed
        return Move(answer, looked(replace(case, state=CaseState.RUNNING, closed=closed), now))

    def close(self, case: Case, now: datetime) -> Move:
        """Done, something held, or something failed."""
        if case.state in REMAINING:
            return Move(Answer(PAUSE))
        if case.state is not CaseState.RUNNING:
            return Move(Answer(FINISH if case.state is CaseState.COMPLETED else PAUSE))
        outcomes = {found.outcome for found in case.places.values()}
        if Outcome.FAILED in outcomes:
            return _partial(case, now, Answer(PAUSE, partial=True))
        return self._held(case, now) if Outcome.HELD in outcomes else self._done(case, now)

    def _held(self, case: Case, now: datetime) -> Move:
        held = looked(replace(case, state=CaseState.HELD, closed=now), now)
        return Move(Answer(PAUSE), held, _erased(case, CaseState.HELD, now) if case.right in ERASING else None)

    def _done(self, case: Case, now: datetime) -> Move:
        if case.right not in ERASING:
            return Move(Answer(FINISH))
        if case.closed:  # a repeat, or a run after one that failed behind this step
            return Move(Answer(CERTIFY))
        closed = looked(replace(case, closed=now), now)
        return Move(Answer(CERTIFY), closed, _erased(case, CaseState.COMPLETED, now))

    def finish(self, case: Case, now: datetime) -> Move:
        """Finished, and nobody's where it was an erasure."""
        if case.state is CaseState.COMPLETED:
            # A repeat, or behind the final certificate: nothing is waited for any more.
            return Move(Answer(), looked(replace(case, final_at=None), now) if certifying(case) else None)
        if case.state is not CaseState.RUNNING:
            return Move(Answer())
        unlinked = replace(case, subject=None, digest=b"") if case.right in ERASING else case
        done = _ended(unlinked, CaseState.COMPLETED, now)
        facts: dict[str, Fact] = {"kind": case.right.value, "state": CaseState.COMPLETED.value}
        return Move(Answer(), done, _draft(case, now, Action.REQUEST_DONE, facts))

    def broken(self, case: Case, now: datetime) -> Move:
        """A step gave up: what remains is taken up by a run of its own."""
        if case.state is CaseState.RUNNING:
            return _partial(case, now, Answer(partial=True))
        return Move(Answer(), replace(case, look_at=now + ROUND) if case.state in BEFORE else None)


STEPS: Mapping[str, Callable[[Decisions, Case, datetime], Move]] = {
    "begin": Decisions.begin,
    "leave": Decisions.leave,
    "verified": Decisions.verified,
    "unverified": Decisions.unverified,
    "start": Decisions.start,
    "close": Decisions.close,
    "finish": Decisions.finish,
    "broken": Decisions.broken,
}


def looked(case: Case, now: datetime) -> Case:
    """With the moment at which somebody looks after it, if nobody moved it before."""
    return replace(case, look_at=next_look(case, now))


def _works(right: Right) -> str:
    """Where in the machine it is done."""
    if right is Right.OFFBOARDING:
        return LEAVE
    return EXPORT if right in ARCHIVED else ERASE if right in ERASING else AMEND


def _ended(case: Case, state: CaseState, now: datetime) -> Case:
    return looked(replace(case.ended(state, now), look_at=None), now)


def _partial(case: Case, now: datetime, answer: Answer) -> Move:
    return Move(answer, looked(replace(case, state=CaseState.PARTIAL), now))


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
