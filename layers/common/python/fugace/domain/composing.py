"""How a message becomes what is kept of it: numbers and words sealed, ends stamped. For whoever accepts one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from fugace.domain.encoding import Segments
from fugace.domain.expiry import stamp
from fugace.domain.ids import MessageKey, SubjectId
from fugace.domain.message import Category, Change, OnUnknown, Record, Sealed, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Period
from fugace.domain.tenant import Tenant


class Person(Protocol):
    """Whom it is for: what of `fugace.ports.SubjectKey` is needed here."""

    @property
    def subject(self) -> SubjectId:
        """Whose key it is."""
        ...

    @property
    def epoch(self) -> int:
        """Which of that person's keys."""
        ...

    def seal(self, record: str, field: str, value: str) -> bytes:
        """Seal one field of a record."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in clear, with everything that was decided about it."""

    key: MessageKey
    to: Msisdn
    text: str
    cut: Segments
    category: Category
    carrier: str
    validity: timedelta
    on_unknown: OnUnknown
    anchor: datetime
    """To the millisecond, as it is kept."""
    live: bool = True
    content: Period | None = None
    """How long the text is kept; None: the tenant's own choice."""
    sender: str = ""
    reference: str = ""
    campaign: str = ""
    fingerprint: bytes = b""


def compose(letter: Letter, person: Person, tenant: Tenant, now: datetime) -> Record:
    """The record of a message that is accepted at `now`, which is to the millisecond."""
    name = str(letter.key)
    kept = stamp(
        tenant.retention, anchor=letter.anchor, collected=now, validity=letter.validity, content=letter.content
    )
    return Record(
        key=letter.key,
        subject=person.subject,
        epoch=person.epoch,
        sealed=Sealed(
            to=person.seal(name, "to", letter.to.reveal()),
            text=person.seal(name, "text", letter.text),
            reference=person.seal(name, "reference", letter.reference) if letter.reference else None,
        ),
        anchor=letter.anchor,
        history=(Change(Status.ACCEPTED, now),),
        encoding=letter.cut.alphabet.value,
        segments=len(letter.cut.parts),
        category=letter.category,
        carrier=letter.carrier,
        on_unknown=letter.on_unknown,
        validity=letter.validity,
        expires_at=kept.expires_at,
        content_until=kept.content_until,
        live=letter.live,
        drop_content=kept.drop_content,
        brief=kept.brief,
        sender=letter.sender,
        campaign=letter.campaign,
        shard=UUID(letter.key.id).int % tenant.shards,
        fingerprint=letter.fingerprint,
    )
