"""Use case: what is decided of a request is written, with its entry in the ledger and the news of it.

Each step reads the request, decides, and writes if nobody else did meanwhile; else it reads again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fugace.datamap.entry import Branch
from fugace.domain.case import ARCHIVED, Case, CaseState, Found, Outcome, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Draft
from fugace.domain.retention import Kind
from fugace.domain.times import whole
from fugace.keeping import Agenda, Ledger, Policies
from fugace.ports import Clock, ConflictError
from fugace.rights import CaseShredder, Requests
from functions.dsar.course.decisions import CLOSED, STEPS, Answer, Decisions, Move, looked
from functions.dsar.herald import Herald
from functions.dsar.task import NoRequestError, Task

FAILED = "failed"
"""The step of a branch that gave up."""
_ATTEMPTS = 8


class UnknownStepError(Exception):
    """The machine asks for something that nobody does: a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Carries the decisions out."""

    requests: Requests
    decisions: Decisions
    ledger: Ledger
    shredder: CaseShredder
    agenda: Agenda
    policies: Policies
    herald: Herald
    clock: Clock

    def run(self, task: Task) -> Answer:
        """One step.

        Raises:
            UnknownStepError: a mistake of ours.
            UnavailableError: others change the request all the time, or something does not answer.
        """
        decide = STEPS.get(task.step)
        if decide is None and task.step != FAILED:
            raise UnknownStepError
        try:
            return self._moved(task, decide) if decide else self._failed(task)
        except NoRequestError:  # its tenant has left, and taken it along
            return Answer(CLOSED, whole(self.clock()))

    def _failed(self, task: Task) -> Answer:
        """A branch gave up: its place says so, and keeps its counts."""
        place = Branch(task.place).value
        case = task.case(self.requests)
        if case.state is CaseState.RUNNING:
            before = case.places.get(place, Found(Outcome.FAILED))
            self.requests.note(case.key, place, replace(before, outcome=Outcome.FAILED))
        return Answer()

    def _moved(self, task: Task, decide: Callable[[Decisions, Case, datetime], Move]) -> Answer:
        """Decide on the request as it is, and have it written; if others were faster, on what they made of it."""
        for _ in range(_ATTEMPTS):
            seen, now = task.case(self.requests), whole(self.clock())
            move = decide(self.decisions, seen, now)
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
            if self.requests.move(looked(bare, whole(self.clock())), seen):
                return
        raise UnavailableError


def _bound(case: Case) -> bool:
    """Whether something in it is sealed with its key."""
    return bool(case.sealed or case.correction)
