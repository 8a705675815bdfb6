"""What keeps a restricted person's data from being destroyed: a legal hold, set and lifted by the person's requests."""

import base64
import hashlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from fugace.domain.case import Case, CaseKey, CaseState, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft, Fact, written
from fugace.domain.retention import Period
from fugace.domain.times import whole
from fugace.keeping import Agenda, Holds, Ledger
from fugace.ports import Clock, ConflictError, Queue
from fugace.rights import Requests
from functions.dsar.amendment.journal import ATTEMPTS

LONGEST = Period(months=120)
"""A restriction has no end of its own; a hold has to have one, and this is the latest."""
_OPEN = frozenset({HoldState.SETTING, HoldState.HELD})


@dataclass(frozen=True, slots=True)
class Restraint:
    """Sets and lifts such holds, as a tenant's own are: a job of the purge puts them on the rows, and takes them off.

    The job is planned before the hold is written, so that whoever dies on the way leaves one that is dealt with.
    """

    requests: Requests
    holds: Holds
    ledger: Ledger
    agenda: Agenda
    queue: Queue
    """The sweep queue."""
    clock: Clock

    def set(self, case: Case, subject: SubjectId) -> None:
        """On all that there is of the person: one for each request, however often it is asked for.

        Where the person's erasure has ended the request meanwhile, it is lifted again: the erasure looked before that.
        """
        if self.holds.get(case.tenant, hold_of(case.key)):
            return
        now = whole(self.clock())
        hold = Hold(
            tenant=case.tenant,
            id=hold_of(case.key),
            ground=Ground.RESTRICTION,
            set_at=now,
            set_by=case.filed_by,
            until=LONGEST.after(now),
            state=HoldState.SETTING,
            subject=subject,
        )
        facts: dict[str, Fact] = {"scope": hold.scope, "ground": hold.ground.value, "until": written(hold.until)}
        self._plan(hold)
        with suppress(ConflictError):  # a repeat of this step was faster
            draft = Draft(hold.tenant, now, Action.HOLD_SET, case.filed_by, hold.id, facts)
            self.ledger.append(draft, self.holds.put(hold, None))
        self._hasten(hold)
        there = self.requests.get(case.key)
        if there is None or there.state is CaseState.CANCELLED:
            self._lift(case, hold.id)

    def lift(self, case: Case, subject: SubjectId) -> None:
        """Those that the person's requests have set; another one, on whatever ground, is the tenant's own."""
        for hold_id in {*self._asked(case, subject), *self._forgotten(case, subject)}:
            self._lift(case, hold_id)

    def end(self, case: Case, subject: SubjectId, but: Collection[str]) -> None:
        """The same, but for restrictions on a ground in `but`, and those of which nobody knows the ground any more."""
        for hold_id in self._asked(case, subject, but):
            self._lift(case, hold_id)

    def _asked(self, case: Case, subject: SubjectId, but: Collection[str] = ()) -> Iterator[str]:
        for each in self.requests.of_person(subject):
            if each.right is Right.RESTRICTION and each.tenant == case.tenant and each.reason not in but:
                yield hold_of(each.key)

    def _forgotten(self, case: Case, subject: SubjectId) -> Iterator[str]:
        """Of requests that have gone, or are not known any more to be the person's: by what `set` makes of all."""
        for each in self.holds.of(case.tenant):
            ours = each.ground is Ground.RESTRICTION and each.until == LONGEST.after(each.set_at)
            if ours and each.subject == subject:
                yield each.id

    def _lift(self, case: Case, hold_id: str) -> None:
        for _ in range(ATTEMPTS):
            seen = self.holds.get(case.tenant, hold_id)
            if seen is None or seen.state not in _OPEN:
                return
            now = whole(self.clock())
            lifted = replace(seen, state=HoldState.LIFTING, lifted_by=case.filed_by, lifted_at=now)
            facts: dict[str, Fact] = {"scope": seen.scope, "ground": seen.ground.value, "set_by": seen.set_by}
            self._plan(lifted)
            with suppress(ConflictError):
                draft = Draft(case.tenant, now, Action.HOLD_LIFTED, case.filed_by, hold_id, facts)
                self.ledger.append(draft, self.holds.put(lifted, seen))
                self._hasten(lifted)
                return
        raise UnavailableError

    def _plan(self, hold: Hold) -> None:
        self.agenda.ensure(hold.tenant, _job(hold), whole(self.clock()))

    def _hasten(self, hold: Hold) -> None:
        """Have the job done at once; where the queue does not take it, the plan finds it in a quarter of an hour."""
        with suppress(UnavailableError):
            self.queue.send([{"tenant": hold.tenant, "job": _job(hold)}])


def hold_of(key: CaseKey) -> str:
    """The id of the hold that a request for a restriction sets: made of the request's, so that a repeat finds it."""
    digest = hashlib.sha256(str(key).encode()).digest()
    return "hold_" + base64.b32encode(digest[:10]).decode().lower()


def _job(hold: Hold) -> str:
    return f"hold/{hold.id}"
