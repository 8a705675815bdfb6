"""Use case: a carrier calls. Who it is comes first, then what it says, and then it is not lost any more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fugace.domain import callbacks
from fugace.domain.errors import NotFoundError, UnavailableError
from fugace.domain.ids import MessageKey
from fugace.domain.message import Change, Status, as_code
from fugace.ports import Callback, Carrier, Clock, Event, Messages, Queue, Vault
from functions.dlr.record import Outcome, Report, record

_STRANGE = timedelta(hours=24)
"""A carrier's time that is further from ours than any time zone is not a time we can use."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one report of a call."""

    outcome: Outcome
    strange: str | None = None
    """The code that came with the state `unknown`: mostly a state that the carrier's table does not have."""
    key: MessageKey | None = field(default=None, compare=False)
    """Of the message it speaks of, where that can be one's."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """From a carrier's call to reports that are written down, or at least queued."""

    carriers: Mapping[str, Carrier]
    """By configured name."""
    vault: Vault
    messages: Messages
    late: Queue
    """The receipts queue."""
    clock: Clock

    def receive(self, carrier: str, token: str, callback: Callback) -> list[Taken]:
        """Take a call, and say what became of each report in it.

        Raises:
            NotFoundError: no such carrier is configured.
            ReceiptRefusedError: the token is not ours, the call is not the carrier's, or it cannot be read.
            UnavailableError: neither table nor queue can take it: the carrier has to come again.
        """
        adapter = self.carriers.get(carrier)
        if adapter is None:
            raise NotFoundError
        named = callbacks.read(self.vault.sign, carrier, token)
        adapter.verify(callback)
        events = adapter.read_callback(callback)
        return [self._take(carrier, named, event) for event in events]

    def _take(self, carrier: str, named: MessageKey | None, event: Event) -> Taken:
        try:
            key = named or MessageKey.from_reference(event.reference)
        except ValueError:
            return Taken(Outcome.UNKNOWN, _strange(event))
        change = Change(event.status, _time(event.at, self.clock()), event.evidence, as_code(event.code))
        report = Report(key, carrier, change, event.part)
        try:
            outcome = record(self.messages, report)
        except UnavailableError:
            self.late.send([report.body()])
            outcome = Outcome.LATER
        return Taken(outcome, _strange(event), key)


def _time(theirs: datetime | None, ours: datetime) -> datetime:
    """When it happened: the carrier's word for it where that can be; never in the future."""
    if theirs is None or abs(theirs - ours) > _STRANGE:
        return ours
    return min(theirs, ours)


def _strange(event: Event) -> str | None:
    return as_code(event.code) if event.status is Status.UNKNOWN and event.code else None
