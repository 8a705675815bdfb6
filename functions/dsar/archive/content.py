"""What an export holds, section by section: for each kind of row of the map, exactly what the map says is exported.

A section that says more, or less, than the map cannot be written: export and erasure are read off the same entries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from fugace.datamap.cases import Case as CaseRow
from fugace.datamap.entry import Field
from fugace.datamap.fields import entries
from fugace.datamap.keys import SubjectKey as KeyRow
from fugace.datamap.messages import Message as MessageRow
from fugace.datamap.tenants import Hold as HoldRow
from fugace.domain import portable
from fugace.domain.case import Case
from fugace.domain.expiry import content_expiry, record_expiry
from fugace.domain.hold import Hold
from fugace.domain.ids import SubjectId
from fugace.domain.message import Record
from fugace.domain.portable import Clear, Found, TextState
from fugace.domain.retention import Retention
from fugace.domain.standing import Standing
from fugace.domain.webhooks import rfc3339
from fugace.ports import SubjectKey

Shown = dict[str, Any]
"""Ready for JSON."""


class DisagreementError(Exception):
    """A reader and the map do not name the same things: a mistake of ours. The message names the section."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of `data.json`, and the CSV of the same name."""

    name: str
    row: type
    """Of the map."""
    beside: tuple[str, ...] = ()
    """What is told along with it: nobody's datum by itself, but without it the rest is not understood."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the map says is exported of such a row."""
        return tuple(entry for entry in entries(self.row).values() if entry.exported)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns, in the order of the map."""
        return _names(self)

    def shape(self, values: Mapping[str, Any]) -> Shown:
        """The values in their order. Raises DisagreementError where there are others than the map names."""
        names = self.names
        if values.keys() != set(names):
            raise DisagreementError(self.name)
        return {name: values[name] for name in names}


@cache
def _names(section: Section) -> tuple[str, ...]:
    return (*dict.fromkeys(entry.exported for entry in section.fields), *section.beside)


MESSAGES = Section("messages", MessageRow, ("text_state",))
PERSON = Section("person", KeyRow, ("found",))
REQUESTS = Section("requests", CaseRow)
HOLDS = Section("holds", HoldRow, ("id", "ground", "state", "since", "until"))
SECTIONS = (MESSAGES, PERSON, REQUESTS, HOLDS)


@dataclass(frozen=True, slots=True)
class Messages:
    """Reads messages: which there are, and which texts of them."""

    section: Section
    retention: Retention

    def there(self, record: Record, now: datetime) -> bool:
        """What is over is not there, whether or not the database has removed it (I4).

        What a legal hold keeps is kept: it is not shown to the tenant and not sent, but the person has a right to know.
        """
        return bool(record.held) or record_expiry(record, self.retention) > now

    def shown(self, record: Record, key: SubjectKey, now: datetime) -> Shown:
        """One, opened."""
        until = content_expiry(record, self.retention)
        readable = bool(record.held) or now < until
        name, sealed = str(record.key), record.sealed
        text = key.open(name, "text", sealed.text) if sealed.text is not None and readable else None
        reference = key.open(name, "reference", sealed.reference) if sealed.reference is not None else None
        clear = Clear(key.open(name, "to", sealed.to), text, reference)
        gone = TextState.EXPIRED if now >= until else TextState.REMOVED
        values = portable.message(
            record,
            clear,
            TextState.KEPT if text is not None else gone,
            expires_at=record_expiry(record, self.retention),
            content_until=until,
        )
        return self.section.shape(values)


def person(subject: SubjectId | None, standing: Standing, *, known: bool) -> Shown:
    """The row of the person's key. `known`: there is something else of the person."""
    row = standing.live or standing.erasing or standing.erased or standing.restricted or standing.objected
    gone = subject is None or standing.erasing or (standing.erased and not standing.live)
    found = Found.ERASED if gone else Found.YES if row or known else Found.NO_MATCH
    values = {
        "subject": subject if row else None,
        "erasing_since": _time(standing.erasing),
        "erased_at": _time(standing.erased),
        "restricted_since": _time(standing.restricted),
        "objected_at": _time(standing.objected),
        "found": found.value,
    }
    return PERSON.shape(values)


def request(case: Case) -> Shown:
    """A request of the person's."""
    values = {
        "subject_request_id": case.key.id,
        "subject_request_type": case.right.value,
        "state": case.state.value,
        "submitted_time": rfc3339(case.submitted),
        "received_time": rfc3339(case.received),
        "due_at": rfc3339(case.due),
        "identity": case.identity.value,
        "subject": case.subject,
        "reason": case.reason or None,
        "extended": case.extended or None,
    }
    return REQUESTS.shape(values)


def hold(its: Hold) -> Shown:
    """A legal hold on the person, on a message to them, or on everything."""
    values = {
        "message": its.message,
        "subject": its.subject,
        "id": its.id,
        "ground": its.ground.value,
        "state": its.state.value,
        "since": rfc3339(its.set_at),
        "until": rfc3339(its.until),
    }
    return HOLDS.shape(values)


def concerning(holds: Sequence[Hold], subject: SubjectId | None, seen: frozenset[str]) -> list[Hold]:
    """Those on the person, and those in `seen`: on messages to them."""
    return [each for each in holds if each.id in seen or (subject is not None and each.subject == subject)]


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
