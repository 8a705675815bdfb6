"""Use case: before our own rows of a person go, write down what others have to be asked, and how much there is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from fugace.domain.case import Case, Found, Outcome
from fugace.domain.ids import MessageId, MessageKey, SubjectId, TenantId
from fugace.domain.message import SENDABLE, Record, Status
from fugace.ports import Clock, Place, Terms
from fugace.rights import Abroad, Recalls, Requests
from functions.dsar.task import ENOUGH, Left

CARRIERS, SCHEDULES, MESSAGES = "carriers", "schedules", "messages"
SCHEDULE = "schedule"
PAGE = 2_000
"""Messages of one look: what others have of them fits into one row, of 400 KB at most."""
MOST = 5_000
"""Places of one look where nothing is read: a megabyte of the index holds some 6,000."""


class Messages(Protocol):
    """Where messages are looked for: a person's, or a whole tenant's."""

    def of_subject(self, subject: SubjectId, /, *, after: Place | None, limit: int) -> list[Place]:
        """At most `limit`, oldest first."""
        ...

    def records(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """Those that are there."""
        ...


@dataclass(frozen=True, slots=True)
class Sums:
    """What a run has seen so far."""

    messages: int = 0
    held: int = 0
    asked: int = 0
    """Records of carriers that erase when they are asked."""
    kept: int = 0
    """Records of carriers that do not."""
    timed: int = 0
    """Schedules."""

    def __str__(self) -> str:
        return ".".join(map(str, astuple(self)))


@dataclass(frozen=True, slots=True)
class Gathering:
    """Reads a person's messages, opens none.

    A page is named after the run, the last message in it, and the sums up to it: whoever goes on after a crash, or
    because the time was over, goes on behind the last page. What a legal hold keeps is nobody asked for: the run that
    comes when it is lifted sees to it.
    """

    requests: Requests
    recalls: Recalls
    disposal: Messages
    terms: Mapping[str, Terms]
    """What each configured carrier offers."""
    clock: Clock

    def run(self, case: Case, subject: SubjectId, left: Left) -> tuple[bool, Sums]:
        """Whether there is more, and what was seen."""
        after, sums = _read(case.tenant, self.recalls.last(case.key, _prefix(CARRIERS, case)))
        for places in self._pages(subject, after):
            records = list(self.disposal.records([place.key for place in places]).values())
            sums = self._write(case, places[-1], records, sums)
            if left() <= ENOUGH:
                return True, sums
        self._note(case, sums)
        return False, sums

    def _pages(self, subject: SubjectId, after: Place | None) -> Iterator[list[Place]]:
        while places := self.disposal.of_subject(subject, after=after, limit=PAGE):
            yield places
            if len(places) < PAGE:
                return
            after = places[-1]

    def _write(self, case: Case, last: Place, records: Sequence[Record], sums: Sums) -> Sums:
        free = [record for record in records if not record.held]
        asked = [Abroad(each.carrier, each.carrier_ref) for each in free if each.carrier_ref and self._erases(each)]
        kept = [record for record in free if _handed_over(record)]
        timed = [Abroad(SCHEDULE, f"m-{each.key.id}") for each in free if self._timed(each)]
        sums = Sums(
            sums.messages + len(records),
            sums.held + len(records) - len(free),
            sums.asked + len(asked),
            sums.kept + len(kept) - len(asked),
            sums.timed + len(timed),
        )
        place = f"{_millis(last.anchor):015d}/{last.key.id}/{sums}"
        # Schedules first: it is the carriers' page that says how far we came.
        for kind, lines in ((SCHEDULES, timed), (CARRIERS, asked)):
            if lines:
                self.recalls.add(case.key, _prefix(kind, case) + place, lines)
        return sums

    def _erases(self, record: Record) -> bool:
        terms = self.terms.get(record.carrier)
        return terms is not None and terms.erases

    def _timed(self, record: Record) -> bool:
        """Whether its first hand-over is planned. What asks for another after a refusal fires within a day, and drops.

        Those schedules are named after an attempt that nothing but the schedule itself remembers.
        """
        return record.status in SENDABLE and record.anchor > self.clock()

    def _note(self, case: Case, sums: Sums) -> None:
        messages = case.places.get(MESSAGES, Found(Outcome.ERASED)).seen(sums.messages)
        self.requests.note(case.key, MESSAGES, replace(messages, outcome=Outcome.FAILED, until=None, ground=""))
        for place, new, kept in ((CARRIERS, sums.asked + sums.kept, sums.kept), (SCHEDULES, sums.timed, 0)):
            before = case.places.get(place, Found(Outcome.ERASED))
            run = f"run-{case.run}"
            if new and before.ground != run:  # else it has been added, by a call whose answer was lost
                left = before.left + new
                found = Found(Outcome.FAILED, before.count, left, ground=run, kept=before.kept + kept)
                self.requests.note(case.key, place, found)


def _handed_over(record: Record) -> bool:
    """Whether a carrier has it, or may have it."""
    return bool(record.carrier_ref) or record.status is Status.UNKNOWN


def _prefix(kind: str, case: Case) -> str:
    return f"{kind}/{case.run:06d}/"


def _read(tenant: TenantId, page: str) -> tuple[Place | None, Sums]:
    if not page:
        return None, Sums()
    _, _, millis, message, sums = page.split("/")
    anchor = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(millis))
    return Place(anchor, MessageKey(tenant, MessageId(message))), Sums(*map(int, sums.split(".")))


def _millis(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
