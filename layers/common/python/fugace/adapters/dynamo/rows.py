"""A message's record as a row, and back."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fugace.adapters.dynamo.lines import read_change, write_change
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.domain.ids import MessageKey, SubjectId
from fugace.domain.message import Change, OnUnknown, Record, Sealed, Status

LOTS = 4
"""Partitions of an hour of the index of briefly kept texts: each takes a thousand writes a second."""
_USUAL_ENCODING = "GSM-7"
_USUAL_SEGMENTS = 1


def write_record(record: Record) -> MessageItem:
    """Every field, but none that has its usual value."""
    return MessageItem(
        key=str(record.key),
        subject=record.subject,
        epoch=record.epoch,
        to=record.sealed.to,
        text=record.sealed.text,
        reference=record.sealed.reference,
        anchor=record.anchor,
        shard=f"{record.key.tenant}/{record.shard}",
        status=record.status,
        history=[write_change(change) for change in record.history],
        claimed_at=record.claimed_at,
        encoding=None if record.encoding == _USUAL_ENCODING else record.encoding,
        segments=None if record.segments == _USUAL_SEGMENTS else record.segments,
        category=record.category,
        carrier=record.carrier,
        at_least_once=True if record.on_unknown is OnUnknown.AT_LEAST_ONCE else None,
        validity=record.validity,
        expires_at=record.expires_at,
        content_until=record.content_until,
        test=None if record.live else True,
        drop_content=record.drop_content or None,
        sender=record.sender or None,
        campaign=record.campaign or None,
        fingerprint=record.fingerprint or None,
        carrier_ref=record.carrier_ref or None,
        parts={str(part): status.value for part, status in record.parts.items()},
        brief=lot(record.key, record.content_until) if record.brief else None,
        held=set(record.held) or None,
    )


def read_record(item: MessageItem) -> Record:
    """The inverse of `write_record`. Raises ValueError or KeyError where it is not such a row."""
    return Record(
        key=MessageKey.read(item.key),
        subject=SubjectId(item.subject),
        epoch=item.epoch,
        sealed=Sealed(item.to, item.text, item.reference),
        anchor=item.anchor,
        history=_history(item),
        encoding=item.encoding or _USUAL_ENCODING,
        segments=item.segments or _USUAL_SEGMENTS,
        category=item.category,
        carrier=item.carrier,
        on_unknown=OnUnknown.AT_LEAST_ONCE if item.at_least_once else OnUnknown.AT_MOST_ONCE,
        validity=item.validity,
        expires_at=item.expires_at,
        content_until=item.content_until,
        live=not item.test,
        drop_content=bool(item.drop_content),
        sender=item.sender or "",
        campaign=item.campaign or "",
        shard=int(item.shard.rpartition("/")[2]),
        fingerprint=item.fingerprint or b"",
        carrier_ref=item.carrier_ref or "",
        claimed_at=item.claimed_at,
        parts={int(part): Status(word) for part, word in item.parts.items()},
        brief=item.brief is not None,
        held=frozenset(item.held or ()),
    )


def lot(key: MessageKey, until: datetime) -> str:
    """Where a text with a period of its own stands in the index: `2026-11-22T20/3`."""
    return f"{until:%Y-%m-%dT%H}/{UUID(key.id).int % LOTS}"


def lots(hour: datetime) -> list[str]:
    """All of the places in the index for texts that end within an hour."""
    return [f"{hour:%Y-%m-%dT%H}/{number}" for number in range(LOTS)]


def read_image(image: Mapping[str, Any]) -> Record:
    """A record out of a stream's image, as Lambda gives it: bytes are base64 text there.

    Raises:
        ValueError: it cannot be read. What it holds is not quoted.
    """
    try:
        raw = {name: {kind: _bytes(kind, value) for kind, value in typed.items()} for name, typed in image.items()}
        return read_record(MessageItem.from_raw_data(raw))
    except Exception:  # noqa: BLE001  # whatever it is, it may quote the row
        raise ValueError("not a message's row") from None


def _bytes(kind: str, value: Any) -> Any:  # noqa: ANN401  # a value of DynamoDB's JSON
    return base64.b64decode(value, validate=True) if kind == "B" and isinstance(value, str) else value


def _history(item: MessageItem) -> tuple[Change, ...]:
    """The lines, with the claim between the acceptance, which alone can be before it, and the rest."""
    changes = tuple(read_change(str(line)) for line in item.history)
    if not changes:
        raise ValueError("a message without history")
    if item.queued_at is None or any(change.status is Status.QUEUED for change in changes):
        return changes
    return (changes[0], Change(Status.QUEUED, item.queued_at), *changes[1:])
