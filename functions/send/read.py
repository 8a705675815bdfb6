"""Use case: what became of a message. What is over, erased, restricted or not yours is not there (I4, I8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fugace.domain.errors import NotFoundError, TooLateError, UnauthorizedError
from fugace.domain.expiry import alive, content_expiry, drops_content, record_expiry
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import Change, Record, Status
from fugace.domain.retention import Retention
from fugace.domain.tenant import Tenant
from fugace.ports import Clock, Messages, SubjectKey, Tenants, Vault


@dataclass(frozen=True, slots=True)
class Gaze:
    """Who looks, and how closely."""

    tenant: TenantId
    live: bool
    """A live key sees everything; a test key sees what test keys sent."""
    personal: bool = False
    """Number, text and reference in clear."""


@dataclass(frozen=True, slots=True, repr=False)
class Personal:
    """What a message says about a person. None: not given, or gone."""

    to: str
    text: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it may be shown now, under the policy in force."""

    record: Record
    expires_at: datetime
    content_until: datetime
    personal: Personal | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Looks at messages, and cancels them."""

    clock: Clock
    vault: Vault
    messages: Messages
    tenants: Tenants

    def tenant(self, tenant: TenantId) -> Tenant:
        """The tenant that asks. Raises UnauthorizedError where it has gone."""
        found = self.tenants.get(tenant)
        if found is None:
            raise UnauthorizedError
        return found

    def get(self, gaze: Gaze, key: MessageKey) -> Seen:
        """One message, as it is now. Raises NotFoundError."""
        record = self.messages.get(key)
        seen = self.alive(gaze, self.tenant(gaze.tenant), [record] if record else [])
        if key not in seen:
            raise NotFoundError
        return seen[key]

    def cancel(self, gaze: Gaze, key: MessageKey) -> Seen:
        """Cancel it, if no hand-over has begun; again, if it was cancelled before.

        One conditional write decides against a hand-over that begins at the same time. A text that is kept for the
        hand-over alone goes with it.

        Raises:
            NotFoundError: there is no such message.
            TooLateError: it is on its way, or over.
        """
        record, now = self.get(gaze, key).record, self.clock()
        drop = drops_content(record, self.tenant(gaze.tenant).retention, now)
        only_from = frozenset({Status.ACCEPTED})
        self.messages.note(key, Change(Status.CANCELLED, now), only_from=only_from, drop_content=drop)
        seen = self.get(gaze, key)
        if seen.record.status is not Status.CANCELLED:
            raise TooLateError(state=seen.record.status.value)
        return seen

    def alive(self, gaze: Gaze, tenant: Tenant, records: Iterable[Record]) -> dict[MessageKey, Seen]:
        """Those of `records` that there are for whoever looks: not over, erased, restricted, or another's."""
        now = self.clock()
        there = [record for record in records if _there(record, gaze, tenant.retention, now)]
        keys = self.vault.keys_of(there) if there else {}
        return {
            record.key: _seen(record, key, gaze, tenant.retention, now)
            for record in there
            if (key := keys.get(record.key)) and not key.restricted
        }


def _there(record: Record, gaze: Gaze, retention: Retention, now: datetime) -> bool:
    mine = record.key.tenant == gaze.tenant and (gaze.live or not record.live)
    return mine and alive(record, retention, now)


def _seen(record: Record, person: SubjectKey, gaze: Gaze, retention: Retention, now: datetime) -> Seen:
    until = content_expiry(record, retention)
    return Seen(
        record=record,
        expires_at=record_expiry(record, retention),
        content_until=until,
        personal=_personal(record, person, readable=now < until) if gaze.personal else None,
    )


def _personal(record: Record, person: SubjectKey, *, readable: bool) -> Personal:
    name, sealed = str(record.key), record.sealed
    return Personal(
        to=person.open(name, "to", sealed.to),
        text=person.open(name, "text", sealed.text) if sealed.text is not None and readable else None,
        reference=person.open(name, "reference", sealed.reference) if sealed.reference is not None else None,
    )
