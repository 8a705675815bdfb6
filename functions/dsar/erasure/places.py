"""Use cases: the places of an erasure, each for itself, each until nothing is left there but what a hold keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fugace.datamap.entry import Branch
from fugace.domain.case import ARCHIVED, Case, Found, Outcome
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import HoldState
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.message import Record
from fugace.keeping import Disposal, Holds
from fugace.ports import Place, Timer
from fugace.rights import ArchiveShredder, CaseShredder, Recalls, Requests
from functions.dsar.erasure.gather import MOST
from functions.dsar.erasure.tombstone import ATTEMPTS, Tombstone
from functions.dsar.task import ENOUGH, Left

_BATCH = 500
"""Deletions between two looks at the clock."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """The messages table, and with it its indexes."""

    requests: Requests
    disposal: Disposal
    holds: Holds
    tombstone: Tombstone

    def run(self, case: Case, subject: SubjectId, left: Left) -> bool:
        """Whether there is more. An index may still name what is gone: that it is deleted twice does no harm.

        Raises:
            UnavailableError: the table is too busy.
        """
        held: list[Place] = []
        after: Place | None = None
        while places := self.disposal.of_subject(subject, after=after, limit=MOST):
            for start in range(0, len(places), _BATCH):
                if left() <= ENOUGH:
                    return True
                held += self._delete(places[start : start + _BATCH])
            if len(places) < MOST:
                break
            after = places[-1]
        found = self.found(case, list(self.disposal.records([each.key for each in held]).values()) if held else [])
        if not found.left:
            self.tombstone.shred(case, subject)
        self.requests.note(case.key, Branch.MESSAGES, found)
        return False

    def _delete(self, places: Sequence[Place]) -> list[Place]:
        kept: list[Place] = []
        for _ in range(_TRIES):
            told = self.disposal.delete(places)
            kept += told.kept
            places = told.left
            if not places:
                return kept
        raise UnavailableError

    def found(self, case: Case, there: Sequence[Record]) -> Found:
        """What is to be said of messages when these are there."""
        seen = case.places.get(Branch.MESSAGES, Found(Outcome.ERASED)).seen(len(there))
        if not there:
            return replace(seen, outcome=Outcome.ERASED, until=None, ground="")
        if not all(record.held for record in there):
            return replace(seen, outcome=Outcome.FAILED, until=None, ground="")
        return held_by(self.holds, case.tenant, seen, {hold for record in there for hold in record.held})


def held_by(holds: Holds, tenant: TenantId, found: Found, names: set[str]) -> Found:
    """Because of these holds: until the last of them ends, on its ground."""
    known = [hold for hold in holds.of(tenant) if hold.id in names and hold.state is not HoldState.OVER]
    last = max(known, key=lambda hold: (hold.until, hold.id), default=None)
    if last is None:  # they are over, and are being taken off
        return replace(found, outcome=Outcome.HELD, until=None, ground="")
    return replace(found, outcome=Outcome.HELD, until=last.until, ground=last.ground.value)


@dataclass(frozen=True, slots=True)
class Schedules:
    """One-off schedules of what was to be sent later. One that has fired is not there, and forgotten all the same."""

    requests: Requests
    recalls: Recalls
    timer: Timer

    def run(self, case: Case, _subject: SubjectId, left: Left) -> bool:
        """Whether there is more."""
        while pages := self.recalls.pages(case.key, 1, f"{Branch.SCHEDULES}/"):
            name, lines = pages[0]
            for number, line in enumerate(lines):
                if left() <= ENOUGH:
                    self.recalls.add(case.key, name, lines[number:])
                    return True
                self.timer.cancel(line.reference)
            self.recalls.done(case.key, name)
        found = case.places.get(Branch.SCHEDULES, Found(Outcome.ERASED)).seen(0)
        self.requests.note(case.key, Branch.SCHEDULES, replace(found, outcome=Outcome.ERASED, ground=""))
        return False


@dataclass(frozen=True, slots=True)
class Archives:
    """What was made for the person before: each archive, its key, and then whose it was."""

    requests: Requests
    archives: ArchiveShredder
    shredder: CaseShredder
    tombstone: Tombstone

    def run(self, case: Case, subject: SubjectId, _left: Left) -> bool:
        """There is never more: a person has a few of them."""
        mine = [each for each in others(self.requests, case, subject) if each.right in ARCHIVED]
        found = _begun(self.requests, case, Branch.ARCHIVES, len(mine))
        for each in mine:
            self.tombstone.over(each)
            self.archives.remove(each.key)
            self.shredder.destroy(each.key)
            self.requests.unlink(each.key)  # last: by this it is found
        self.requests.note(case.key, Branch.ARCHIVES, replace(found.seen(0), outcome=Outcome.ERASED))
        return False


@dataclass(frozen=True, slots=True)
class Cases:
    """All other requests of the person; and of this one, what names the person but for the keyed hash.

    That goes with its end: until then the erasure is found by it, and finds by it what is left.
    """

    requests: Requests
    shredder: CaseShredder
    tombstone: Tombstone

    def run(self, case: Case, subject: SubjectId, _left: Left) -> bool:
        """There is never more: a person has a few of them."""
        mine = [each for each in others(self.requests, case, subject) if each.right not in ARCHIVED]
        found = _begun(self.requests, case, Branch.CASES, len(mine))
        for each in mine:
            self.tombstone.over(each)
            self.shredder.destroy(each.key)
            self.requests.unlink(each.key)
        self._forget_number(case)
        self.shredder.destroy(case.key)
        self.requests.note(case.key, Branch.CASES, replace(found.seen(0), outcome=Outcome.ERASED))
        return False

    def _forget_number(self, case: Case) -> None:
        seen: Case | None = case
        for _ in range(ATTEMPTS):
            if seen is None or not (seen.sealed or seen.correction):
                return
            if self.requests.move(replace(seen, sealed=b"", correction=b""), seen):
                return
            seen = self.requests.get(case.key)
        raise UnavailableError


def others(requests: Requests, case: Case, subject: SubjectId) -> list[Case]:
    """What else the person has asked for."""
    return [each for each in requests.of_person(subject) if each.key != case.key]


def _begun(requests: Requests, case: Case, place: str, there: int) -> Found:
    """How much there was is written down before the first of it goes: afterwards nobody could tell."""
    before = case.places.get(place, Found(Outcome.ERASED))
    found = replace(before.seen(there), outcome=Outcome.FAILED)
    if there:
        requests.note(case.key, place, found)
    return found
