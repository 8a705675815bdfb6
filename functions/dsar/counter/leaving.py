"""Use case: a tenant asks that everything it has be erased. It takes two keys, the second made before the first asked.

One key that was stolen can neither do it alone nor make itself a second one that would do.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain import deadlines
from fugace.domain.actor import Actor
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.errors import LegalHoldError, NotFoundError, SameKeyError, UnavailableError
from fugace.domain.hold import HoldState
from fugace.domain.ids import TenantId, uuid8
from fugace.domain.ledger import Action, Draft, Fact, written
from fugace.domain.times import whole
from fugace.keeping import Holds, Ledger
from fugace.ports import Clock, ConflictError, Tenants, Vault
from fugace.rights import CaseSeals, Machine, Requests
from functions.dsar.counter.ending import Ending
from functions.dsar.counter.intake import RUN, SOON, demand_callable
from functions.dsar.task import ACTOR

PATIENCE = timedelta(days=7)
"""How long a second key is waited for."""
_ATTEMPTS = 5
_MOST = 1_000
"""Times that a tenant may have thought of leaving, within the period of finished requests."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the first key may say besides."""

    callbacks: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where it stands."""

    case: Case
    started: bool = True
    """False: its machine could not be started, which will be made up for."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """DELETE /v1/tenants/me."""

    requests: Requests
    seals: CaseSeals
    ledger: Ledger
    tenants: Tenants
    vault: Vault
    holds: Holds
    machine: Machine
    ending: Ending
    clock: Clock
    exceptions: Collection[str] = ()
    """Origins that may be called although plain or private."""

    def ask(self, actor: Actor, wish: Wish) -> Asked:
        """File it, or, as the second key, confirm it. Asked again later, it is told where it stands.

        Raises:
            ForbiddenError: a test key.
            SameKeyError: the key that filed it, or one that was made after that.
            LegalHoldError: something has to be kept.
            WebhookRefusedError: a callback address that we will not call.
            NotFoundError: the key is not there any more.
        """
        actor.demand_live()
        demand_callable(wish.callbacks, self.exceptions)
        for _ in range(_ATTEMPTS):
            key, there = self._last(actor.tenant)
            now = whole(self.clock())
            if there is not None and there.state is not CaseState.VERIFYING:
                return Asked(there)
            self._demand_free(actor.tenant)
            with suppress(ConflictError):  # somebody else was faster: what is there now decides
                if there is None:
                    return Asked(self._file(actor, wish, key, now))
                if there.until is not None and there.until <= now:
                    self._forget(there, now)
                    continue
                return self._confirm(actor, there, now)
        raise UnavailableError

    def _last(self, tenant: TenantId) -> tuple[CaseKey, Case | None]:
        """The one that is not over, or where the next one goes: two first calls at once mean the same one."""
        for number in range(_MOST):
            digest = self.vault.digest(tenant, "offboarding", str(number).encode())
            key = CaseKey(tenant, uuid8(digest))
            there = self.requests.get(key)
            if there is None or not there.state.final:
                return key, there
        raise UnavailableError

    def _demand_free(self, tenant: TenantId) -> None:
        open_ = sum(hold.state is not HoldState.OVER for hold in self.holds.of(tenant))
        if open_:
            raise LegalHoldError(holds=open_)

    def _file(self, actor: Actor, wish: Wish, key: CaseKey, now: datetime) -> Case:
        case = Case(
            key=key,
            right=Right.OFFBOARDING,
            state=CaseState.VERIFYING,
            submitted=now,
            received=now,
            due=whole(deadlines.due(now)),
            identity=Identity.ATTESTED,
            filed_by=actor.key_id,
            callbacks=wish.callbacks,
            language=wish.language,
            until=now + PATIENCE,
            look_at=now + PATIENCE,
            version=1,
        )
        own = self.seals.new(key)  # of the archive
        self.ledger.append(_filed(case, actor, now), self.requests.file(case), own.write)
        return case

    def _confirm(self, actor: Actor, seen: Case, now: datetime) -> Asked:
        key = self.tenants.api_key(actor.tenant, actor.key_id)
        if key is None:
            raise NotFoundError
        if actor.key_id == seen.filed_by or key.created >= seen.received:
            raise SameKeyError
        waiting = replace(seen, state=CaseState.WAITING, until=None, run=RUN, look_at=now + SOON)
        self.ledger.append(_filed(seen, actor, now), self.requests.change(waiting, seen))
        try:
            self.machine.start(seen.key, RUN)
        except Exception:  # noqa: BLE001  # whatever it is, it is made up for within minutes
            return Asked(waiting, started=False)
        return Asked(waiting)

    def _forget(self, seen: Case, now: datetime) -> None:
        """No second key came: it is over, and what is asked now is asked anew."""
        facts: dict[str, Fact] = {"state": CaseState.UNVERIFIED.value}
        draft = Draft(seen.tenant, now, Action.REQUEST_CLOSED, ACTOR, seen.key.id, facts)
        self.ending.close(seen, CaseState.UNVERIFIED, draft)


def _filed(case: Case, actor: Actor, now: datetime) -> Draft:
    """Once for each key: the ledger names both."""
    facts = {
        "kind": case.right.value,
        "identity": case.identity.value,
        "submitted": written(case.submitted),
        "due": written(case.due),
    }
    return Draft(case.tenant, now, Action.REQUEST_FILED, actor.key_id, case.key.id, facts)
