"""Use case: a request ends before anything was done, by the controller's word."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from fugace.domain.case import Case, CaseState
from fugace.domain.ledger import Draft
from fugace.domain.retention import Kind, Retention
from fugace.keeping import Agenda, Ledger, Policies
from fugace.rights import CaseShredder, Machine, Requests
from functions.dsar.herald import Herald


def forgotten(case: Case, retention: Retention | None, now: datetime) -> bool:
    """Whether nobody needs to know of it any more: then it is not there, deleted or not (I4)."""
    if case.finished is None or not case.state.final or retention is None or Kind.CASES not in retention.caps:
        return False
    return retention.expiry(Kind.CASES, case.finished, case.finished) <= now


@dataclass(frozen=True, slots=True)
class Ending:
    """Closes requests that have not begun, and leaves nothing in them that opens.

    Its end is planned before it is written, and whoever dies behind that leaves a request that is closed: the machine
    finds it so at its next step, and whoever looks after requests tells the callbacks.
    """

    requests: Requests
    ledger: Ledger
    policies: Policies
    agenda: Agenda
    shredder: CaseShredder
    machine: Machine
    herald: Herald

    def close(self, seen: Case, state: CaseState, draft: Draft, *, reason: str = "") -> Case:
        """As it is then. Raises ConflictError where it is not as seen any more."""
        at = draft.at
        look_at = at if seen.callbacks else None
        closed = replace(seen.ended(state, at, reason), look_at=look_at, sealed=b"", correction=b"", until=None)
        retention = self.policies.fresh(seen.tenant)
        if retention is not None and Kind.CASES in retention.caps:
            self.agenda.ensure(seen.tenant, Kind.CASES, retention.expiry(Kind.CASES, at, at))
        self.ledger.append(draft, self.requests.change(closed, seen))
        self.tidy(seen)
        self.herald.tell(closed)
        return replace(closed, version=seen.version + 1)

    def tidy(self, seen: Case) -> None:
        """Its key goes, and the machine need not wait any more. A repeat is harmless."""
        self.shredder.destroy(seen.key)
        if seen.token:
            with suppress(Exception):  # it waits no longer than ten minutes, and then finds the request closed
                self.machine.answer(seen.token)
