"""Use case: forget a person. Each step of the machine may be repeated, at any point, and changes nothing then.

Nothing here can decrypt: a person is found by the keyed hash, and nothing that is sealed is opened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fugace.datamap.entry import Branch
from fugace.domain.case import Case, Right, Stage
from fugace.domain.ids import SubjectId
from fugace.keeping import Agenda, Disposal, Holds, Ledger, Policies
from fugace.ports import Clock, Queue, Terms, Timer
from fugace.rights import ArchiveShredder, CaseShredder, Persons, Recalls, Requests
from functions.dsar.amendment.restraint import Restraint
from functions.dsar.erasure.gather import Gathering
from functions.dsar.erasure.places import Archives, Cases, Rows, Schedules
from functions.dsar.erasure.probe import Probe
from functions.dsar.erasure.tombstone import Tombstone
from functions.dsar.task import Left, Task

BRANCHES: Mapping[Branch, str] = MappingProxyType(
    {
        Branch.KEY: "begin",
        Branch.MESSAGES: "messages",
        Branch.SCHEDULES: "schedules",
        Branch.ARCHIVES: "archives",
        Branch.CASES: "cases",
    }
)
"""Which step erases what a branch of the map stands for. The one that is missing is that of `erasure.recall`."""


class UnknownStepError(Exception):
    """The machine asks for a step that is not ours: a mistake in its definition."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What an erasure needs from outside."""

    requests: Requests
    recalls: Recalls
    persons: Persons
    case_shredder: CaseShredder
    archive_shredder: ArchiveShredder
    disposal: Disposal
    holds: Holds
    ledger: Ledger
    agenda: Agenda
    policies: Policies
    timer: Timer
    queue: Queue
    """The sweep queue."""
    clock: Clock
    terms: Mapping[str, Terms]
    """What each configured carrier offers."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """All steps but that of the carriers."""

    requests: Requests
    tombstone: Tombstone
    gathering: Gathering
    rows: Rows
    schedules: Schedules
    archives: Archives
    cases: Cases
    probe: Probe

    @classmethod
    def over(cls, its: Ports) -> "Erasure":
        """Put together."""
        restraint = Restraint(its.requests, its.holds, its.ledger, its.agenda, its.queue, its.clock)
        tombstone = Tombstone(
            its.requests, its.persons, its.holds, its.ledger, its.agenda, its.policies, restraint, its.clock
        )
        rows = Rows(its.requests, its.disposal, its.holds, tombstone)
        return cls(
            its.requests,
            tombstone,
            Gathering(its.requests, its.recalls, its.disposal, its.terms, its.clock),
            rows,
            Schedules(its.requests, its.recalls, its.timer),
            Archives(its.requests, its.archive_shredder, its.case_shredder, tombstone),
            Cases(its.requests, its.case_shredder, tombstone),
            Probe(its.requests, its.recalls, its.persons, its.disposal, rows, tombstone),
        )

    def run(self, task: Task, left: Left) -> bool:
        """One step; whether there is more of it.

        Raises:
            UnknownStepError: there is no such step.
            NoRequestError: there is no such request.
            UnavailableError: it cannot be done now; a repeat goes on where this stopped.
        """
        step = self._steps.get(task.step)
        if step is None:
            raise UnknownStepError
        case = task.case(self.requests)
        if case.subject is None or case.state.final or case.right is not Right.ERASURE:
            return False  # it is over, or was never to destroy anything
        if case.stage.reached(Stage.ENDED):
            # What is there now is somebody's who came back. The end itself may have been cut short.
            self.tombstone.end(case, case.subject)
            if task.step == "probe":
                self.probe.overtaken(case)
            return False
        return step(case, case.subject, left)

    @property
    def _steps(self) -> Mapping[str, Callable[[Case, SubjectId, Left], bool]]:
        return {
            "begin": self._begin,
            "gather": self._gather,
            "messages": self.rows.run,
            "schedules": self.schedules.run,
            "archives": self.archives.run,
            "cases": self.cases.run,
            "probe": self._probe,
        }

    def _begin(self, case: Case, subject: SubjectId, _left: Left) -> bool:
        self.tombstone.begin(case, subject)
        return False

    def _gather(self, case: Case, subject: SubjectId, left: Left) -> bool:
        more, sums = self.gathering.run(case, subject, left)
        if not more and not sums.held:
            self.tombstone.shred(case, subject)
        return more

    def _probe(self, case: Case, subject: SubjectId, _left: Left) -> bool:
        self.probe.run(case, subject)
        return False
