"""Use case: a controller follows a request, calls it off, takes longer for it, or says no."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fugace.domain import deadlines
from fugace.domain.actor import Actor
from fugace.domain.case import BEFORE, Case, CaseKey, CaseState, Denial, Extension, Right
from fugace.domain.errors import NotFoundError, RequestClosedError, UnavailableError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft, written
from fugace.domain.msisdn import Msisdn
from fugace.domain.times import whole
from fugace.keeping import Ledger
from fugace.ports import Clock, ConflictError, Tenants, Vault
from fugace.rights import Requests
from functions.dsar.counter.ending import Ending, forgotten

"""Nothing was done yet."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """A tenant's requests, one by one."""

    requests: Requests
    ledger: Ledger
    tenants: Tenants
    vault: Vault
    ending: Ending
    clock: Clock

    def get(self, tenant: TenantId, request: str) -> Case:
        """One of them. Raises NotFoundError, for another tenant's too (I8), and for one that is forgotten (I4)."""
        try:
            key = CaseKey.read(f"{tenant}/{request}")
        except ValueError:
            raise NotFoundError from None
        found = self.requests.get(key)
        if found is None or self._forgotten(found):
            raise NotFoundError
        return found

    def of_person(self, actor: Actor, to: Msisdn) -> list[Case]:
        """A person's, oldest first: none for somebody never heard of, and no other step is taken for them."""
        actor.demand_live()
        found = self.requests.of_person(self.vault.subject(actor.tenant, to))
        return [case for case in found if not self._forgotten(case)]

    def cancel(self, actor: Actor, request: str) -> Case:
        """Nothing is done for it. Asked again it is the same. Raises RequestClosedError once work has begun."""

        def once(seen: Case, now: datetime) -> Case:
            if seen.state is CaseState.CANCELLED:
                self.ending.tidy(seen)
                return seen
            _demand(seen)
            draft = Draft(actor.tenant, now, Action.REQUEST_CANCELLED, actor.key_id, seen.key.id, {})
            return self.ending.close(seen, CaseState.CANCELLED, draft)

        return self._change(actor, request, once, leaving=True)

    def deny(self, actor: Actor, request: str, why: Denial) -> Case:
        """The controller says no, and why (Art. 12(4)). What has begun cannot be denied any more: part of it is done.

        Raises RequestClosedError.
        """

        def once(seen: Case, now: datetime) -> Case:
            if seen.state is CaseState.DENIED and seen.reason == why:
                self.ending.tidy(seen)
                return seen
            _demand(seen)
            facts = {"reason": why.value}
            draft = Draft(actor.tenant, now, Action.REQUEST_DENIED, actor.key_id, seen.key.id, facts)
            return self.ending.close(seen, CaseState.DENIED, draft, reason=why.value)

        return self._change(actor, request, once)

    def extend(self, actor: Actor, request: str, why: Extension) -> Case:
        """Two further months, once, and inside the first one (Art. 12(3)). Asked again it is the same.

        Raises RequestClosedError: it is over, was extended for another reason, or the first month has passed.
        """

        def once(seen: Case, now: datetime) -> Case:
            if seen.extended == why:
                return seen
            if seen.state.final or seen.extended or now >= seen.due:
                raise RequestClosedError(state=seen.state.value, reason=_why_not(seen))
            due = deadlines.extended(seen.submitted)
            longer = replace(seen, extended=why.value, due=due, reminded="", look_at=now)
            facts = {"reason": why.value, "due": written(due)}
            draft = Draft(actor.tenant, now, Action.REQUEST_EXTENDED, actor.key_id, seen.key.id, facts)
            self.ledger.append(draft, self.requests.change(longer, seen))
            return replace(longer, version=seen.version + 1)

        return self._change(actor, request, once)

    def _change(
        self, actor: Actor, request: str, once: Callable[[Case, datetime], Case], *, leaving: bool = False
    ) -> Case:
        """`leaving`: of a tenant that leaves, too. To call that off one key is enough; nothing else fits it."""
        actor.demand_live()
        for _ in range(_ATTEMPTS):
            seen = self.get(actor.tenant, request)
            if seen.right is Right.OFFBOARDING and not leaving:
                raise NotFoundError
            try:
                return once(seen, whole(self.clock()))
            except ConflictError:
                continue
        raise UnavailableError

    def _forgotten(self, case: Case) -> bool:
        tenant = self.tenants.get(case.tenant)
        return forgotten(case, tenant.retention if tenant else None, self.clock())


def _demand(seen: Case) -> None:
    if seen.state not in BEFORE:
        raise RequestClosedError(state=seen.state.value)


def _why_not(seen: Case) -> str:
    if seen.state.final:
        return "it is over"
    return "it was extended before" if seen.extended else "the first month is over"
