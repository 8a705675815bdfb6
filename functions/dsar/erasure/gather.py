"""Use case: before our own rows of a person go, write down what others have to be asked, and how much there is."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from fugace.datamap.entry import Branch
from fugace.domain.case import Case, Found, Outcome
from fugace.domain.ids import MessageId, MessageKey, SubjectId, TenantId
from fugace.domain.message import SENDABLE, Record
from fugace.ports import Clock, Place, Terms
from fugace.rights import Abroad, Recalls, Requests
from functions.dsar.task import ENOUGH, Left

SCHEDULE = "schedule"
PAGE = 2_000
"""Messages of one look: what others have of them fits into one row, of 400 KB at most."""
_ALL = 1_000_000
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
        after, sums = _read(case.tenant, self.recalls.last(case.key, _prefix(Branch.CARRIERS, case)))
        known = self._known(case)
        for places in self._pages(subject, after):
            records = list(self.disposal.records([place.key for place in places]).values())
            sums = self._write(case, places[-1], records, sums, known)
            if left() <= ENOUGH:
                return True, sums
        self._note(case, sums, Counter(kind for kind, _ in known))
        return False, sums

    def _known(self, case: Case) -> set[tuple[str, Abroad]]:
        """What is left of earlier runs: it is not written down twice. Few runs have an earlier one."""
        if case.run <= 1:
            return set()
        pages = self.recalls.pages(case.key, _ALL)
        return {
            (kind, line)
            for name, lines in pages
            for kind in (Branch.CARRIERS, Branch.SCHEDULES)
            if name.startswith(f"{kind}/") and not name.startswith(_prefix(kind, case))
            for line in lines
        }

    def _pages(self, subject: SubjectId, after: Place | None) -> Iterator[list[Place]]:
        while places := self.disposal.of_subject(subject, after=after, limit=PAGE):
            yield places
            if len(places) < PAGE:
                return
            after = places[-1]

    def _write(
        self, case: Case, last: Place, records: Sequence[Record], sums: Sums, known: Container[tuple[str, Abroad]]
    ) -> Sums:
        free = [record for record in records if not record.held]
        asked = [Abroad(each.carrier, each.carrier_ref) for each in free if each.carrier_ref and self._erases(each)]
        kept = sum(each.handed_over for each in free) - len(asked)
        timed = [Abroad(SCHEDULE, f"m-{each.key.id}") for each in free if self._timed(each)]
        lines = {Branch.SCHEDULES: timed, Branch.CARRIERS: asked}
        new = {kind: [line for line in every if (kind, line) not in known] for kind, every in lines.items()}
        sums = Sums(
            sums.messages + len(records),
            sums.held + len(records) - len(free),
            sums.asked + len(new[Branch.CARRIERS]),
            sums.kept + kept,
            sums.timed + len(new[Branch.SCHEDULES]),
        )
        place = f"{_millis(last.anchor):015d}/{last.key.id}/{sums}"
        for kind, page in new.items():  # schedules first: it is the carriers' page that says how far we came
            if page:
                self.recalls.add(case.key, _prefix(kind, case) + place, page)
        return sums

    def _erases(self, record: Record) -> bool:
        terms = self.terms.get(record.carrier)
        return terms is not None and terms.erases

    def _timed(self, record: Record) -> bool:
        """Whether its first hand-over is planned. What asks for another after a refusal fires within a day, and drops.

        Those schedules are named after an attempt that nothing but the schedule itself remembers.
        """
        return record.status in SENDABLE and record.anchor > self.clock()

    def _note(self, case: Case, sums: Sums, known: Mapping[str, int]) -> None:
        """How much there is, until the branches say what became of it.

        What carriers keep is counted by rows: those that an earlier run had seen, and not deleted, are the same ones.
        """
        before = case.places.get(Branch.MESSAGES, Found(Outcome.FAILED))
        again = before.outcome is Outcome.FAILED
        found = replace(before.seen(sums.messages), outcome=Outcome.FAILED, until=None, ground="")
        # Last of all: while it is not there, a repeat begins as this did.
        for place, new, kept in ((Branch.CARRIERS, sums.asked, sums.kept), (Branch.SCHEDULES, sums.timed, 0)):
            its, run = case.places.get(place, Found(Outcome.ERASED)), f"run-{case.run}"
            if its.ground == run or not (new or kept or known.get(place)):
                continue
            all_kept = max(its.kept, kept) if again else its.kept + kept
            seen = its.seen(known.get(place, 0) + new + all_kept)
            told = replace(seen, outcome=Outcome.FAILED, until=None, ground=run, kept=all_kept)
            self.requests.note(case.key, place, told)
        self.requests.note(case.key, Branch.MESSAGES, found)


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
