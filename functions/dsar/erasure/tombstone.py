"""Use case: an erasure begins. It is written down, then, in one write, nobody can read, keep or send any more."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from fugace.datamap.entry import Branch
from fugace.domain.case import Case, CaseState, Found, Outcome, RestrictionGround, Stage
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Hold, HoldState
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind
from fugace.domain.times import whole
from fugace.keeping import Agenda, Holds, Ledger, Policies
from fugace.ports import Clock, ConflictError
from fugace.rights import Persons, Requests
from functions.dsar.amendment.restraint import Restraint
from functions.dsar.task import ACTOR

REASON = "erased"
"""Of a person's other requests, which end when the person is erased."""
STAYS = frozenset({RestrictionGround.CLAIM.value})
"""Grounds of restrictions that an erasure does not end: what is needed for a claim is kept (Art. 17(3)(e))."""
ATTEMPTS = 5
_TOLD = {Stage.BEGUN: Action.ERASURE_BEGUN, Stage.DESTROYED: Action.KEY_DESTROYED}


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What comes before anything is deleted, and the end of the key."""

    requests: Requests
    persons: Persons
    holds: Holds
    ledger: Ledger
    agenda: Agenda
    policies: Policies
    restraint: Restraint
    clock: Clock

    def begin(self, case: Case, subject: SubjectId) -> None:
        """Block the person; what else the person has asked for ends.

        So does what keeps the person's data because the person has asked for it (Art. 18): who wants them erased now
        does not want them kept. The purge takes the hold off while the machine waits; where it is slower, what is held
        follows in a later run. One that is being set meanwhile is found by the second look.

        Whoever was at it a moment ago may still write, into an archive too: the machine waits for them afterwards.

        Raises:
            UnavailableError: a hold that was set before is still being put on what it covers.
        """
        self.restraint.end(case, subject, STAYS)
        holds = [hold for hold in self.holds.of(case.tenant) if hold.state is not HoldState.OVER]
        if not case.stage.reached(Stage.BEGUN):
            _demand_settled(holds, subject)
            case = self._enter(case, Stage.BEGUN)
        epoch = self.persons.block(case.tenant, subject, self._now(), keep_key=bool(holds))
        if not holds:
            self._destroyed(case, epoch)
        elif case.epoch != epoch:
            self._change(case, epoch=epoch)
        self._end_others(case, subject)
        self.restraint.end(case, subject, STAYS)

    def shred(self, case: Case, subject: SubjectId) -> None:
        """Nothing that is left needs the key: it goes, where it has not yet."""
        if not case.stage.reached(Stage.DESTROYED):
            self.persons.shred(subject, case.epoch)
            self._destroyed(case, case.epoch)

    def end(self, case: Case, subject: SubjectId) -> None:
        """Nothing is left: the tombstone stands. Whoever comes back is somebody else from now on, to all of us."""
        if not case.stage.reached(Stage.ENDED):
            case = self._change(case, stage=Stage.ENDED)
        self.persons.bury(subject, case.epoch, self._now())

    def _destroyed(self, case: Case, epoch: int) -> None:
        if not case.stage.reached(Stage.DESTROYED):
            case = self._enter(case, Stage.DESTROYED, epoch=epoch)
        if Branch.KEY not in case.places or case.places[Branch.KEY].outcome is not Outcome.ERASED:
            self.requests.note(case.key, Branch.KEY, Found(Outcome.ERASED, int(epoch > 0)))

    def _end_others(self, case: Case, subject: SubjectId) -> None:
        for other in self.requests.of_person(subject):
            if other.key != case.key:
                self.over(other)

    def over(self, other: Case) -> None:
        """Another request of the person's ends, if it has not yet; before it is nobody's, since its claim ends with it.

        Together with the news of it: whoever looks at it next tells the tenant.
        """
        if other.state.final:
            return
        for _ in range(ATTEMPTS):
            now = self._now()
            over = replace(other.ended(CaseState.CANCELLED, now, REASON), look_at=now)
            retention = self.policies.fresh(other.tenant)
            if retention and Kind.CASES in retention.caps:
                self.agenda.ensure(other.tenant, Kind.CASES, retention.expiry(Kind.CASES, now, now))
            draft = Draft(other.tenant, now, Action.REQUEST_CANCELLED, ACTOR, other.key.id, {})
            with suppress(ConflictError):
                self.ledger.append(draft, self.requests.change(over, other))
                return
            there = self.requests.get(other.key)
            if there is None or there.state.final:
                return
            other = there
        raise UnavailableError

    def _enter(self, seen: Case, stage: Stage, *, epoch: int | None = None) -> Case:
        """In the ledger, once: together with the case's own word that it is there."""
        for _ in range(ATTEMPTS):
            draft = Draft(seen.tenant, self._now(), _TOLD[stage], ACTOR, seen.key.id, {})
            changed = replace(seen, stage=stage, epoch=seen.epoch if epoch is None else epoch)
            with suppress(ConflictError):
                self.ledger.append(draft, self.requests.change(changed, seen))
                return replace(changed, version=seen.version + 1)
            seen = self._again(seen)
            if seen.stage.reached(stage):
                return seen
        raise UnavailableError

    def _change(self, seen: Case, *, stage: Stage | None = None, epoch: int | None = None) -> Case:
        for _ in range(ATTEMPTS):
            changed = replace(
                seen,
                stage=seen.stage if stage is None or seen.stage.reached(stage) else stage,
                epoch=seen.epoch if epoch is None else epoch,
            )
            if changed == seen or self.requests.move(changed, seen):
                return replace(changed, version=seen.version + 1)
            seen = self._again(seen)
        raise UnavailableError

    def _again(self, seen: Case) -> Case:
        there = self.requests.get(seen.key)
        if there is None:
            raise UnavailableError
        return there

    def _now(self) -> datetime:
        """To the millisecond, as times are kept."""
        return whole(self.clock())


def _demand_settled(holds: Sequence[Hold], subject: SubjectId) -> None:
    """A hold that is on its way says of no row yet that it is held. It was first, so it is waited for."""
    if any(hold.state is HoldState.SETTING and hold.subject in {None, subject} for hold in holds):
        raise UnavailableError
