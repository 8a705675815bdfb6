"""Use case: a tenant has something kept beyond its time, and lets go of it again."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from fugace.domain import ids
from fugace.domain.actor import Actor
from fugace.domain.errors import (
    BadRequestError,
    FieldError,
    LimitReachedError,
    NotFoundError,
    SameKeyError,
    UnauthorizedError,
    UnavailableError,
)
from fugace.domain.expiry import record_expiry
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageId, MessageKey, TenantId
from fugace.domain.ledger import Action, Draft, Fact, written
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.times import whole
from fugace.keeping import Agenda, Disposal, Holds, Ledger, Policies
from fugace.ports import Clock, ConflictError, Queue, Vault
from functions.purge.task import Task

MOST = 100
"""Holds of one tenant that are not over; those of persons' restrictions not counted."""
LONGEST = Period(months=120)
_ATTEMPTS = 5
_INSTANT = timedelta(milliseconds=1)
_OPEN = frozenset({HoldState.SETTING, HoldState.HELD})


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have kept, why, and until when: a message, what there is of a person, or everything."""

    ground: Ground
    until: datetime
    message: MessageId | None = None
    to: Msisdn | None = None


@dataclass(frozen=True, slots=True)
class HoldDesk:
    """A tenant's legal holds.

    Setting and lifting are written down before anything is done, and a job is planned before that: whoever dies on the
    way leaves a hold that is put on, or taken off, a little later.
    """

    holds: Holds
    policies: Policies
    ledger: Ledger
    agenda: Agenda
    disposal: Disposal
    vault: Vault
    queue: Queue
    """The sweep queue."""
    clock: Clock

    def all(self, tenant: TenantId) -> list[Hold]:
        """Every hold of a tenant, oldest first; over ones for as long as finished cases are kept (I4)."""
        retention, now = self._retention(tenant), self.clock()
        return [hold for hold in self.holds.of(tenant) if not forgotten(hold, retention, now)]

    def get(self, tenant: TenantId, hold_id: str) -> Hold:
        """One of them. Raises NotFoundError, for another tenant's too (I8)."""
        found = self.holds.get(tenant, hold_id)
        if found is None or forgotten(found, self._retention(tenant), self.clock()):
            raise NotFoundError
        return found

    def set(self, actor: Actor, wish: Wish) -> tuple[Hold, bool]:
        """A new hold, and False; or the one that the same key set before, word for word, and True.

        Raises:
            BadRequestError: it would end in the past, or in more than ten years.
            NotFoundError: there is no such message, or none any more.
            LimitReachedError: there are as many as a tenant may have.
        """
        actor.demand_live()
        hold = self._wished(actor, wish)
        if wish.message is not None:
            self._demand_there(MessageKey(actor.tenant, wish.message))
        there = self.holds.of(actor.tenant)
        if again := next((each for each in there if _same(each, hold)), None):
            return again, True
        if not _restriction(hold) and sum(map(_counts, there)) >= MOST:
            raise LimitReachedError(allowed=MOST)
        self._plan(hold)
        self.ledger.append(_set(hold), self.holds.put(hold, None))
        if wish.message is None:
            return self._hasten(hold), False
        return self._mark(hold, MessageKey(actor.tenant, wish.message)), False

    def lift(self, actor: Actor, hold_id: str) -> Hold:
        """Take a hold off before its end; for one that is being taken off, or is over, nothing happens.

        Raises:
            NotFoundError: there is no such hold.
            SameKeyError: this key set it. Setting preserves, lifting destroys: nobody does both alone.
        """
        actor.demand_live()
        for _ in range(_ATTEMPTS):
            seen = self.get(actor.tenant, hold_id)
            if seen.state not in _OPEN:
                return seen
            if seen.set_by == actor.key_id:
                raise SameKeyError
            now = self._now()
            lifted = replace(seen, state=HoldState.LIFTING, lifted_by=actor.key_id, lifted_at=now)
            self._plan(lifted)
            with suppress(ConflictError):
                self.ledger.append(_lifted(lifted, now), self.holds.put(lifted, seen))
                return self._hasten(lifted)
        raise UnavailableError

    def _now(self) -> datetime:
        return whole(self.clock())

    def _retention(self, tenant: TenantId) -> Retention:
        found = self.policies.fresh(tenant)
        if found is None:
            raise UnauthorizedError
        return found

    def _wished(self, actor: Actor, wish: Wish) -> Hold:
        now = self._now()
        # Before it is converted: the first and the last hours of the calendar have no time in another zone.
        if not now + _INSTANT <= wish.until <= LONGEST.after(now):
            raise BadRequestError(FieldError("/until", "must be in the next ten years"))
        return Hold(
            tenant=actor.tenant,
            id=ids.short("hold"),
            ground=wish.ground,
            set_at=now,
            set_by=actor.key_id,
            until=whole(wish.until.astimezone(UTC)),
            state=HoldState.SETTING,
            message=wish.message,
            subject=self.vault.subject(actor.tenant, wish.to) if wish.to else None,
        )

    def _demand_there(self, key: MessageKey) -> None:
        """What is over is not there, still stored or not; what is held is, for whoever wants to hold it longer."""
        retention = self._retention(key.tenant)
        record = self.disposal.records([key]).get(key)
        if record is None or not (record.held or record_expiry(record, retention) > self.clock()):
            raise NotFoundError

    def _mark(self, hold: Hold, key: MessageKey) -> Hold:
        """A message's hold is on it when the answer is given. Raises NotFoundError where the message has just left."""
        there = self.disposal.hold(key, hold.id, hold.until)
        state = HoldState.HELD if there else HoldState.OVER
        done = replace(hold, state=state, covers=int(there))
        if there:
            return done if self.holds.move(done, hold) else self.get(hold.tenant, hold.id)
        with suppress(ConflictError):  # the job was faster, and writes the same
            self.ledger.append(_ended(hold, self._now()), self.holds.put(done, hold))
        raise NotFoundError

    def _plan(self, hold: Hold) -> None:
        self.agenda.ensure(hold.tenant, _job(hold), self._now())

    def _hasten(self, hold: Hold) -> Hold:
        """Have the job done at once; where the queue does not take it, the plan finds it in a quarter of an hour."""
        with suppress(UnavailableError):
            self.queue.send([Task(_job(hold), hold.tenant).body()])
        return hold


def _job(hold: Hold) -> str:
    return f"hold/{hold.id}"


def forgotten(hold: Hold, retention: Retention, now: datetime) -> bool:
    """Whether it is the memory of a case that nobody needs any more."""
    over = hold.lifted_at or hold.until
    return hold.state is HoldState.OVER and retention.expiry(Kind.CASES, over, over) <= now


def _restriction(hold: Hold) -> bool:
    """How many of these there are is for the persons to say: each request for a restriction sets one."""
    return hold.ground is Ground.RESTRICTION and hold.subject is not None


def _counts(hold: Hold) -> bool:
    return hold.state is not HoldState.OVER and not _restriction(hold)


def _same(there: Hold, wanted: Hold) -> bool:
    what = (there.message, there.subject, there.ground, there.until, there.set_by)
    return there.state in _OPEN and what == (wanted.message, wanted.subject, wanted.ground, wanted.until, wanted.set_by)


def _set(hold: Hold) -> Draft:
    facts: dict[str, Fact] = {"scope": hold.scope, "ground": hold.ground.value, "until": written(hold.until)}
    return Draft(hold.tenant, hold.set_at, Action.HOLD_SET, hold.set_by, hold.id, facts)


def _lifted(hold: Hold, at: datetime) -> Draft:
    """It shows that they were two."""
    facts: dict[str, Fact] = {"scope": hold.scope, "ground": hold.ground.value, "set_by": hold.set_by}
    return Draft(hold.tenant, at, Action.HOLD_LIFTED, hold.lifted_by, hold.id, facts)


def _ended(hold: Hold, at: datetime) -> Draft:
    return Draft(hold.tenant, at, Action.HOLD_ENDED, hold.set_by, hold.id, {"covers": 0})
