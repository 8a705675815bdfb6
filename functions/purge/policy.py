"""Use case: a tenant chooses how long its data are kept, inside the operator's bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fugace.domain.actor import Actor
from fugace.domain.bounds import Bound
from fugace.domain.errors import FieldError, LimitReachedError, OutOfBoundsError, UnauthorizedError, UnavailableError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft, Fact, written
from fugace.domain.retention import ANNOUNCED, Kind, Period, Retention
from fugace.domain.times import whole
from fugace.keeping import Agenda, Ledger, Policies
from fugace.ports import Clock, ConflictError, Tenants

MOST = 50
"""Caps of one kind: promises of the past that still bind, and the present choice."""
_ATTEMPTS = 5
_SHARDED = (Kind.RECORD, Kind.CONTENT)
_WHOLE = (Kind.ACCESS, Kind.STATISTICS, Kind.EXPORTS, Kind.CASES, Kind.OBJECTIONS)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a tenant has chosen, as it is now, or will be."""

    retention: Retention
    changed: tuple[Kind, ...]
    """Which kinds it was changed for; none where everything was chosen so before."""
    at: datetime
    """In milliseconds, as it is kept: what an answer says is what was written down."""


def check(wanted: Mapping[Kind, Period], bounds: Mapping[Kind, Bound], at: Mapping[Kind, str]) -> None:
    """Whether a tenant may choose it; `at` is where in the request each kind stands.

    Raises:
        OutOfBoundsError: the facts are those of the first that is not allowed, the errors name all.
    """
    crossed = [(kind, *found) for kind, period in wanted.items() if (found := _crossed(bounds[kind], period))]
    if not crossed:
        return
    errors = [FieldError(at[kind], f"{_WORDS[name]} {limit}: {bounds[kind].ground}") for kind, name, limit in crossed]
    kind, name, limit = crossed[0]
    raise OutOfBoundsError(*errors, kind=kind.value, bound=name, allowed=str(limit), ground=bounds[kind].ground)


_WORDS = {"min": "must not be shorter than", "max": "must not be longer than"}


def _crossed(bound: Bound, period: Period) -> tuple[str, Period] | None:
    if bound.allows(period):
        return None
    # A period that is neither shorter nor longer on every day of the calendar has crossed the one it is not within.
    return ("max", bound.max) if not period.within(bound.max) else ("min", bound.min)


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """A tenant's choices."""

    policies: Policies
    tenants: Tenants
    ledger: Ledger
    agenda: Agenda
    bounds: Mapping[Kind, Bound]
    clock: Clock

    def present(self, tenant: TenantId) -> Chosen:
        """As it is now. Raises UnauthorizedError where the tenant has gone."""
        found = self.policies.fresh(tenant)
        if found is None:
            raise UnauthorizedError
        return Chosen(found, (), whole(self.clock()))

    def choose(self, actor: Actor, wanted: Mapping[Kind, Period]) -> Chosen:
        """Change the periods of some kinds, and write down who did, in one transaction.

        Raises:
            OutOfBoundsError: the operator does not allow it.
            LimitReachedError: too many promises of the past are still to be kept.
            UnavailableError: others change it all the time.
        """
        actor.demand_live()
        check(wanted, self.bounds, {kind: f"/{kind}" for kind in wanted})
        for _ in range(_ATTEMPTS):
            seen = self.present(actor.tenant)
            chosen = _changed(seen, wanted)
            if not chosen.changed:
                return seen
            # A look too many is harmless, one too few is not. Before: who dies after the transaction has planned it.
            # Afterwards: a run that began with the old choice cannot settle for what that ends next.
            self._plan(actor.tenant, chosen)
            try:
                write = self.policies.choose(actor.tenant, seen.retention, chosen.retention)
                self.ledger.append(_entry(actor, seen.retention, chosen), write)
            except ConflictError:
                continue
            self._plan(actor.tenant, chosen)
            return chosen
        raise UnavailableError

    def _plan(self, tenant: TenantId, chosen: Chosen) -> None:
        """Have everything that a change may have ended looked at, as soon as it is in force."""
        known = self.tenants.get(tenant)
        shards = range(known.shards if known else 1)
        jobs = [f"{kind}/{shard}" for kind in chosen.changed if kind in _SHARDED for shard in shards]
        jobs += [kind.value for kind in chosen.changed if kind in _WHOLE]
        if Kind.CASES in chosen.changed:  # holds that are over are remembered like cases
            jobs += [due.job for due in self.agenda.of(tenant) if due.job.startswith("hold/")]
        for job in jobs:
            self.agenda.ensure(tenant, job, chosen.at + ANNOUNCED)


def _changed(seen: Chosen, wanted: Mapping[Kind, Period]) -> Chosen:
    retention, kinds = seen.retention, []
    for kind, period in wanted.items():
        after = retention.changed(kind, period, seen.at)
        if after is not retention:
            kinds.append(kind)
            retention = after
            if len(after.caps[kind]) > MOST:
                raise LimitReachedError(allowed=MOST)
    return Chosen(retention, tuple(kinds), seen.at)


def _entry(actor: Actor, before: Retention, chosen: Chosen) -> Draft:
    facts: dict[str, Fact] = {"in_force_from": written(chosen.at + ANNOUNCED)}
    for kind in chosen.changed:
        if kind in before.caps:
            facts[f"{kind}.from"] = str(before.period(kind))
        facts[f"{kind}.to"] = str(chosen.retention.period(kind))
    return Draft(actor.tenant, chosen.at, Action.POLICY_CHANGED, actor.key_id, actor.tenant, facts)
