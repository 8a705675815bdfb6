"""What stands between an accepted message and its hand-over: erasure, a person's wishes, expiry, test keys (I4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain import callbacks
from fugace.domain.expiry import content_expiry, drops_content, record_expiry
from fugace.domain.message import Change, Record, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.tenant import Tenant
from fugace.domain.wishes import Obstacle, obstacle
from fugace.ports import Carrier, SubjectKey, Submission, Tenants, Vault


@dataclass(frozen=True, slots=True)
class Ruling:
    """Hand this over, or write that down instead."""

    verdict: Submission | Change | None
    """None: neither now. It is kept back, and may be handed over later."""
    drop_content: bool
    """The text goes in the write that records the outcome."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """Looks at a message in the moment before it is sent."""

    tenants: Tenants
    vault: Vault
    carriers: Mapping[str, Carrier]
    """By configured name."""
    simulators: frozenset[str]
    """The names of those that reach nobody: test keys go nowhere else."""
    public_url: str

    def rule(self, record: Record, now: datetime) -> Ruling | None:
        """What to do with `record`; None where it is over, so that nothing may be done or written.

        Raises:
            MissingKeyError: it fails closed.
            ValueError: the sealed fields do not open.
        """
        tenant = self.tenants.get(record.key.tenant)
        if tenant is None or record_expiry(record, tenant.retention) <= now:
            return None
        person = self.vault.keys_of([record]).get(record.key)
        if person is None:
            return Ruling(Change(Status.CANCELLED, now, code="erased"), drop_content=True)
        drop = drops_content(record, tenant.retention, now)
        refused = obstacle(person, record.category, tenant.retention, now)
        if record.held or refused is Obstacle.RESTRICTION:
            return Ruling(None, drop)
        if refused:
            return Ruling(Change(Status.BLOCKED, now, code=refused.value), drop)
        if ended := self._obstacle(record, tenant, now):
            return Ruling(ended, drop)
        text = person.open(str(record.key), "text", record.sealed.text or b"")
        return Ruling(self._submission(record, person, text, now), drop)

    def drops_content(self, record: Record, now: datetime) -> bool:
        """Whether the write that records how it ended takes the text along: the tenant may have chosen so since."""
        tenant = self.tenants.get(record.key.tenant)
        return record.drop_content if tenant is None else drops_content(record, tenant.retention, now)

    def _obstacle(self, record: Record, tenant: Tenant, now: datetime) -> Change | None:
        if not record.live and record.carrier not in self.simulators:
            return Change(Status.REJECTED, now, code="test-key")
        if record.anchor + record.validity <= now:
            return Change(Status.EXPIRED, now, code="validity")
        if record.sealed.text is None or content_expiry(record, tenant.retention) <= now:
            return Change(Status.REJECTED, now, code="content-expired")
        return None

    def _submission(self, record: Record, person: SubjectKey, text: str, now: datetime) -> Submission:
        return Submission(
            key=record.key,
            to=Msisdn.parse(person.open(str(record.key), "to", record.sealed.to)),
            text=text,
            sender=record.sender,
            category=record.category.value,
            encoding=record.encoding,
            segments=record.segments,
            validity=max(record.anchor + record.validity - now, timedelta(seconds=1)),
            callback=self._callback(record),
        )

    def _callback(self, record: Record) -> str:
        own = self.carriers[record.carrier].terms.callback_per_message
        reference = record.key.reference if own else callbacks.ACCOUNT
        token = callbacks.token(self.vault.sign, record.carrier, reference)
        return f"{self.public_url}/dlr/{record.carrier}/{token}"
