"""Use case: what is known of a person is corrected, restricted, or not used for advertising; and the lifts of that."""

from dataclasses import dataclass

from fugace.datamap.entry import Branch
from fugace.domain.case import Case, Found, Outcome, Right
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action
from fugace.domain.retention import Kind
from fugace.domain.times import whole
from fugace.domain.wishes import Obstacle, objects
from fugace.keeping import Agenda, Policies
from fugace.ports import Clock
from fugace.rights import Persons, Requests
from functions.dsar.amendment.journal import Journal
from functions.dsar.amendment.rectify import Rectify
from functions.dsar.amendment.restraint import Restraint
from functions.dsar.task import Left, Task


class NotAmendedError(Exception):
    """A request of another kind: a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Amend:
    """One step of a request. Each of its writes can be made again, and is, where a run has died."""

    requests: Requests
    persons: Persons
    agenda: Agenda
    policies: Policies
    rectify: Rectify
    restraint: Restraint
    journal: Journal
    clock: Clock

    def run(self, task: Task, left: Left) -> bool:
        """Go as far as the time that is `left` allows; whether there is more to do.

        Raises:
            NotAmendedError: the request asks for something else.
        """
        case = task.case(self.requests)
        if case.subject is None or case.state.final:
            return False  # nobody can tell any more whose it is, or somebody was faster
        match case.right:
            case Right.RECTIFICATION:
                return self.rectify.run(case, case.subject, left)
            case Right.RESTRICTION:
                self._restrict(case, case.subject)
            case Right.LIFT_RESTRICTION:
                self._lift(case, case.subject)
            case Right.OBJECTION:
                self._object(case, case.subject)
            case Right.LIFT_OBJECTION:
                self.persons.object(case.tenant, case.subject, None)
                self.journal.enter(case, Action.UNOBJECTED, {})
            case _:
                raise NotAmendedError
        return False

    def _restrict(self, case: Case, subject: SubjectId) -> None:
        """Hidden and not sent from the first write on; then the purge is kept from destroying what there is."""
        if self.persons.standing(subject).erasing:  # nothing of it will be left
            self.requests.note(case.key, Branch.MESSAGES, Found(Outcome.ERASED, ground=Obstacle.ERASURE.value))
            return
        self.persons.restrict(case.tenant, subject, whole(self.clock()))
        if self.journal.enter(case, Action.RESTRICTED, {"ground": case.reason}):
            self.restraint.set(case, subject)

    def _lift(self, case: Case, subject: SubjectId) -> None:
        """What a hold is still on is neither shown nor sent until it is off, a moment later."""
        self.persons.restrict(case.tenant, subject, None)
        self.journal.enter(case, Action.UNRESTRICTED, {})
        self.restraint.lift(case, subject)

    def _object(self, case: Case, subject: SubjectId) -> None:
        """Also of somebody who is being erased: of all that there is, this alone has to outlast it.

        The look at its end is planned before it is written. One that is over already would not count: it makes room.
        """
        now, retention = whole(self.clock()), self.policies.fresh(case.tenant)
        if retention and Kind.OBJECTIONS in retention.caps:
            self.agenda.ensure(case.tenant, Kind.OBJECTIONS.value, retention.expiry(Kind.OBJECTIONS, now, now))
            standing = self.persons.standing(subject)
            if standing.objected and not objects(standing, retention, now):
                self.persons.object(case.tenant, subject, None)
        self.persons.object(case.tenant, subject, now)
        self.journal.enter(case, Action.OBJECTED, {})
