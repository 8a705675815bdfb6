"""Use case: write down what a carrier says became of a message.

The order of states is the condition of the write (I5), so that a report that
comes early, late, twice or out of order needs no care of its own.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from fugace.domain.ids import MessageKey
from fugace.domain.message import Change, Evidence, Record, Status, of_parts
from fugace.ports import Messages

_MOST_PARTS = 255  # 3GPP TS 23.040 clause 9.2.3.24.1: one octet counts them


class Outcome(StrEnum):
    """What became of a report."""

    NOTED = "noted"
    PART = "part"  # kept, and the other parts are waited for
    REPEATED = "repeated"  # it says nothing new, or comes too late
    UNKNOWN = "unknown"  # no such message: never was, is over, is erased, or is another carrier's
    LATER = "later"  # the table cannot take it now; it is on the receipts queue


@dataclass(frozen=True, slots=True)
class Report:
    """One verified report on one message."""

    key: MessageKey
    carrier: str
    change: Change
    part: int = 0
    """Which part it speaks of, from 1; 0: the whole message."""

    def body(self) -> dict[str, str | int]:
        """What goes onto the receipts queue: ids, states and a time."""
        return {
            "message": str(self.key),
            "carrier": self.carrier,
            "status": self.change.status.value,
            "evidence": self.change.evidence.value,
            "at": round(self.change.at.timestamp() * 1000),
            "code": self.change.code,
            "part": self.part,
        }

    @classmethod
    def read(cls, body: object) -> "Report":
        """The inverse of `body`. Raises ValueError for anything else, without quoting it."""
        match body:
            case {
                "message": str(message),
                "carrier": str(carrier),
                "status": str(status),
                "evidence": str(evidence),
                "at": int(at),
                "code": str(code),
                "part": int(part),
            }:
                change = Change(Status(status), datetime.fromtimestamp(at / 1000, UTC), Evidence(evidence), code)
                return cls(MessageKey.read(message), carrier, change, part)
        raise ValueError("not a body of the receipts queue")


def record(messages: Messages, report: Report) -> Outcome:
    """Write down one report. Nothing is ever created here: what is gone stays gone.

    A report that comes before our own note of the hand-over is written all
    the same: every final state may follow `accepted`.

    Raises:
        UnavailableError: the table cannot take it now.
    """
    whole = report.change.status.final and not report.part
    # The usual report, in one request. Its refusal does not say why, so what follows looks.
    if whole and _note(messages, report.key, report.change, report.carrier):
        return Outcome.NOTED
    there = messages.get(report.key)
    if there is None or there.carrier != report.carrier or not 0 <= report.part <= _MOST_PARTS:
        return Outcome.UNKNOWN
    change: Change | None = report.change
    if report.part and there.segments > 1 and report.change.status.final:
        there = messages.note_part(report.key, report.part, report.change.status)
        if there is None:
            return Outcome.UNKNOWN
        change = _of_all(there, report.change)
    if change is None:
        return Outcome.PART
    # Asked before it is written: a refused write costs five times a read, and carriers repeat what we know.
    if not change.status.may_follow(there.status) or not _note(messages, report.key, change):
        return Outcome.REPEATED
    return Outcome.NOTED


def _note(messages: Messages, key: MessageKey, change: Change, carrier: str = "") -> bool:
    """Whether it could be. A text that was kept for the hand-over alone goes now, if that write never came."""
    after = messages.note(key, change, carrier=carrier)
    if after and after.drop_content and after.sealed.text is not None:
        messages.note(key, change, drop_content=True)
    return after is not None


def _of_all(there: Record, last: Change) -> Change | None:
    """What the reports on parts say of the whole, once they do."""
    status = of_parts(there.segments, there.parts)
    if status is None:
        return None
    # The code of another part says nothing of the one that decided.
    return last if status is last.status else replace(last, status=status, code="")
