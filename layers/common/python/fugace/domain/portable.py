"""A message as a person's export has it, and back. docs/schemas/data.schema.json has the same fields.

Source:
    Art. 20(1) GDPR: structured, commonly used, machine-readable.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from fugace.domain.errors import InvalidNumberError
from fugace.domain.ids import MessageId
from fugace.domain.message import Category, Change, Evidence, OnUnknown, Record, Status, as_code
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Period
from fugace.domain.webhooks import rfc3339

ARCHIVE = "fugace-archive/1"
"""How an archive is sealed."""
DATA = "fugace-data/1"
"""What `data.json` in it says of itself."""


_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class TextState(StrEnum):
    """What became of a text. Public words."""

    KEPT = "kept"
    EXPIRED = "expired"  # its period is over
    REMOVED = "removed"  # it went before that: it was kept for nothing but the hand-over


class Found(StrEnum):
    """What there is of a person. Public words."""

    YES = "yes"
    ERASED = "erased"
    NO_MATCH = "no_match"


@dataclass(frozen=True, slots=True, repr=False)
class Clear:
    """What of a message was sealed, opened."""

    to: str
    text: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Portable:
    """A message that was read out of an export: all of a record but what only its own table knows."""

    id: MessageId
    to: Msisdn
    clear: Clear
    anchor: datetime
    history: tuple[Change, ...]
    encoding: str
    segments: int
    category: Category
    carrier: str
    on_unknown: OnUnknown
    validity: timedelta
    expires_at: datetime
    content_until: datetime
    live: bool
    sender: str
    campaign: str
    carrier_ref: str
    parts: dict[int, Status] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The state it is in."""
        return self.history[-1].status


def message(
    record: Record, clear: Clear, text_state: TextState, *, expires_at: datetime, content_until: datetime
) -> dict[str, Any]:
    """Ready for JSON."""
    return {
        "id": record.key.id,
        "subject": record.subject,
        "to": clear.to,
        "text": clear.text,
        "text_state": text_state.value,
        "reference": clear.reference,
        "send_at": rfc3339(record.anchor),
        "status": record.status.value,
        "history": [_change(number, change) for number, change in enumerate(record.history, 1)],
        "encoding": record.encoding,
        "segments": record.segments,
        "category": record.category.value,
        "carrier": record.carrier,
        "on_unknown": record.on_unknown.value,
        "validity": str(Period(seconds=int(record.validity.total_seconds()))),
        "expires_at": rfc3339(expires_at),
        "content_until": rfc3339(content_until),
        "live": record.live,
        "sender": record.sender or None,
        "campaign": record.campaign or None,
        "carrier_reference": record.carrier_ref or None,
        "parts": [{"part": part, "status": status.value} for part, status in sorted(record.parts.items())],
        "holds": sorted(record.held),
    }


def _change(number: int, change: Change) -> dict[str, Any]:
    return {
        "sequence": number,
        "status": change.status.value,
        "at": rfc3339(change.at),
        "evidence": change.evidence.value,
        "code": change.code or None,
    }


def read(raw: object) -> Portable:
    """The inverse of `message`; what a legal hold or the tenant's key made of it is not read.

    Raises:
        ValueError: it is not such a message. Nothing of it is quoted.
    """
    try:
        return _read(_Fields.of(raw))
    except (ValueError, KeyError, TypeError, InvalidNumberError):
        raise ValueError("not a message of an export") from None


def _read(raw: "_Fields") -> Portable:
    history = tuple(_read_change(_Fields.of(each)) for each in raw.many("history"))
    if not history or history[-1].status.value != raw.text("status"):
        raise ValueError
    period = Period.parse(raw.text("validity"))
    if period.months or raw.count("segments") < 1 or not _E164.fullmatch(raw.text("to")):
        raise ValueError
    parts = [_Fields.of(each) for each in raw.many("parts")]
    return Portable(
        id=MessageId(str(uuid.UUID(raw.text("id")))),
        to=Msisdn.parse(raw.text("to")),
        clear=Clear(raw.text("to"), raw.maybe("text"), raw.maybe("reference")),
        anchor=raw.time("send_at"),
        history=history,
        encoding=raw.text("encoding"),
        segments=raw.count("segments"),
        category=Category(raw.text("category")),
        carrier=raw.text("carrier"),
        on_unknown=OnUnknown(raw.text("on_unknown")),
        validity=timedelta(seconds=period.seconds),
        expires_at=raw.time("expires_at"),
        content_until=raw.time("content_until"),
        live=raw.flag("live"),
        sender=raw.maybe("sender") or "",
        campaign=raw.maybe("campaign") or "",
        carrier_ref=raw.maybe("carrier_reference") or "",
        parts={part.count("part"): Status(part.text("status")) for part in parts},
    )


def _read_change(raw: "_Fields") -> Change:
    code = raw.maybe("code") or ""
    if code != as_code(code):  # no free text gets in by this way either
        raise ValueError
    return Change(Status(raw.text("status")), raw.time("at"), Evidence(raw.text("evidence")), code)


@dataclass(frozen=True, slots=True, repr=False)
class _Fields:
    """A JSON object whose fields have to be of the kind that is asked for. Raises ValueError or KeyError."""

    raw: Mapping[str, Any]

    @classmethod
    def of(cls, raw: object) -> "_Fields":
        if not isinstance(raw, dict):
            raise ValueError  # noqa: TRY004  # of all that can be wrong, one thing is told
        return cls(raw)

    def text(self, name: str) -> str:
        value = self.raw[name]
        if not isinstance(value, str) or not value:
            raise ValueError
        return value

    def maybe(self, name: str) -> str | None:
        return None if self.raw[name] is None else str(self.raw[name])

    def many(self, name: str) -> Sequence[object]:
        value = self.raw[name]
        if not isinstance(value, list):
            raise ValueError  # noqa: TRY004  # as above
        return value

    def count(self, name: str) -> int:
        value = self.raw[name]
        if type(value) is not int:
            raise ValueError
        return value

    def flag(self, name: str) -> bool:
        value = self.raw[name]
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004  # as above
        return value

    def time(self, name: str) -> datetime:
        at = datetime.fromisoformat(self.text(name))
        if at.tzinfo is None:
            raise ValueError
        return at
