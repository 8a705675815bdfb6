"""Use case: a carrier calls. Who it is comes first, then what it says, and then it is not lost any more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain import callbacks
from fugace.domain.errors import NotFoundError, UnavailableError
from fugace.domain.ids import MessageKey
from fugace.domain.message import Change
from fugace.ports import Callback, Carrier, Clock, Event, Messages, Queue, Vault
from functions.dlr.record import Outcome, Report, record

_STRANGE = timedelta(hours=24)
"""A carrier's time that is further from ours than any time zone is not a time we can use."""
_CODE = re.compile(r"(?!.*\d{7})[A-Za-z0-9._-]{1,40}")


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

    def receive(self, carrier: str, token: str, callback: Callback) -> list[Outcome]:
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
        return [self._take(carrier, named, event) for event in adapter.read_callback(callback)]

    def _take(self, carrier: str, named: MessageKey | None, event: Event) -> Outcome:
        try:
            key = named or MessageKey.from_reference(event.reference)
        except ValueError:
            return Outcome.UNKNOWN
        change = Change(event.status, _time(event.at, self.clock()), event.evidence, _code(event.code))
        report = Report(key, carrier, change, event.part)
        try:
            return record(self.messages, report)
        except UnavailableError:
            self.late.send([report.body()])
            return Outcome.LATER


def _time(theirs: datetime | None, ours: datetime) -> datetime:
    """When it happened: the carrier's word for it where that can be; never in the future."""
    if theirs is None or abs(theirs - ours) > _STRANGE:
        return ours
    return min(theirs, ours)


def _code(raw: str) -> str:
    """A carrier's code as we keep it: `err:002` becomes `err-002`.

    What is no code is not made into one: a free text with its spaces taken out
    is still a text, and seven digits in a row may be somebody's number.
    """
    word = re.sub("[:/]", "-", raw)
    return word if _CODE.fullmatch(word) else ""
