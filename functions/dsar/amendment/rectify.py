"""Use case: what is wrong about a person is put right: the number in what is still to be sent, or a reference.

What has happened stays as it was: a message that went to a number went there, and its record says so.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from fugace.datamap.entry import Branch
from fugace.domain.case import Case, Found, Outcome
from fugace.domain.expiry import record_expiry
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Fact
from fugace.domain.message import Record, Sealed, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Retention
from fugace.domain.wishes import Obstacle, Wishes
from fugace.keeping import Departure, Departures, Disposal, Policies
from fugace.ports import Clock, SubjectKey, Vault
from fugace.rights import Amendments, CaseSeals, Persons, Requests
from functions.dsar.amendment.journal import Journal
from functions.dsar.task import ENOUGH, Left

RECTIFIED, HOLD = "rectified", "hold"
"""Words of ours: why what is counted is still there."""
PAGE = 100


class _RefusedError(Exception):
    """Nothing may be kept of whoever has the new number. The message is a word of ours."""


@dataclass(frozen=True, slots=True)
class Rectify:
    """One pass over all that there is of a person; what is right already is left alone, so a repeat is harmless."""

    requests: Requests
    persons: Persons
    seals: CaseSeals
    vault: Vault
    disposal: Disposal
    amendments: Amendments
    departures: Departures
    policies: Policies
    journal: Journal
    clock: Clock

    def run(self, case: Case, subject: SubjectId, left: Left) -> bool:
        """Go as far as the time that is `left` allows; whether there is more to do.

        Of somebody who is being erased nothing is written.
        """
        retention = self.policies.fresh(case.tenant)
        if case.amended or retention is None:
            return False
        if self.persons.standing(subject).erasing:
            self.requests.note(case.key, Branch.MESSAGES, Found(Outcome.ERASED, ground=Obstacle.ERASURE.value))
            return False
        asked = json.loads(self.seals.open(case.key, "correction", case.correction))
        walk = _Walk(self, case, subject, retention, left)
        return walk.refer(asked["value"]) if asked["field"] == "reference" else walk.readdress(asked["value"])


@dataclass(slots=True)
class _Tally:
    """What a pass found."""

    moved: int
    held: int = 0
    abroad: Counter[str] = field(default_factory=Counter)
    """What carriers have got, by their names."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """One pass."""

    its: Rectify
    case: Case
    subject: SubjectId
    retention: Retention
    left: Left

    # The number.

    def readdress(self, value: str) -> bool:
        """What is still to be sent goes to the new number; what carriers have got, they have got."""
        to = Msisdn.parse(value)
        new = self.its.vault.subject(self.case.tenant, to)
        if new == self.subject:  # it is right as it is
            return self._done("to", 0, 0)
        if self.its.persons.standing(self.subject).restricted:
            self._note(Branch.MESSAGES, Found(Outcome.HELD, ground=Obstacle.RESTRICTION.value))
            return False
        tally = _Tally(self._moved())
        for record in self._records():
            if self.left() <= ENOUGH:
                return True
            try:
                self._readdress(record, to, new, tally)
            except _RefusedError as refused:
                self._part(new)
                self._note(Branch.MESSAGES, Found(Outcome.FAILED, tally.moved, ground=str(refused)))
                return False
        self._tell(tally.abroad)
        self._part(new)
        return self._done("to", tally.moved, tally.held, tally.abroad.total())

    def _moved(self) -> int:
        """How many an earlier run has moved. One that it died with is not among them: too few, never too many."""
        before = self.case.places.get(Branch.MESSAGES)
        return before.count if before else 0

    def _readdress(self, record: Record, to: Msisdn, new: SubjectId, tally: "_Tally") -> None:
        if record.handed_over:
            tally.abroad[record.carrier] += 1
        elif record.status is not Status.ACCEPTED:
            return  # over, and no carrier has ever seen it
        elif record.held:
            tally.held += 1
        elif self._move(record, to, new):
            tally.moved += 1
            self._note(Branch.MESSAGES, Found(Outcome.RETAINED, tally.moved, ground=RECTIFIED))
        elif (now := self.its.disposal.records([record.key]).get(record.key)) and now.handed_over:
            tally.abroad[record.carrier] += 1  # a dispatch was faster

    def _move(self, record: Record, to: Msisdn, new: SubjectId) -> bool:
        """Both keys are asked for now: an erasure that begins waits for whoever asked a moment ago, and no longer."""
        person = self.its.vault.keys_for(self.case.tenant, [to], refusing=_restricted)[new]
        if person is None or person.restricted:
            raise _RefusedError((Obstacle.RESTRICTION if person else Obstacle.ERASURE).value)
        old = self.its.vault.keys_of([record]).get(record.key)
        return old is not None and self.its.amendments.readdress(record, _resealed(record, old, person, to))

    def _tell(self, abroad: Counter[str]) -> None:
        """Art. 19: no carrier takes a correction of what it has handed on; the tenant is told which have what."""
        if total := abroad.total():
            names = ",".join(sorted(name for name, count in abroad.items() if count))
            self._note(Branch.CARRIERS, Found(Outcome.NOT_SUPPORTED, left=total, ground=names))

    def _part(self, new: SubjectId) -> None:
        """Of the person nothing may be left, and whoever has the new number may have got a key for nothing."""
        hour, both = self.its.clock().replace(minute=0, second=0, microsecond=0), frozenset({self.subject, new})
        self.its.departures.add(Departure(hour, self.case.key.id, self.case.tenant, both, marked=False))

    # The reference.

    def refer(self, value: str) -> bool:
        """All that is kept of the person has the corrected reference."""
        right, held = 0, 0
        for record in self._records():
            if self.left() <= ENOUGH:
                return True
            person = self.its.vault.keys_of([record]).get(record.key)
            if person is None:
                continue
            name, sealed = str(record.key), record.sealed.reference
            if sealed is not None and person.open(name, "reference", sealed) == value:
                right += 1
            elif record.held:
                held += 1
            elif self.its.amendments.refer(record, person.seal(name, "reference", value)):
                right += 1
        return self._done("reference", right, held)

    # Both.

    def _records(self) -> Iterator[Record]:
        """Those that are not over; a hold keeps what is over besides, and nobody corrects that."""
        after, now = None, self.its.clock()
        while places := self.its.disposal.of_subject(self.subject, after=after, limit=PAGE):
            found = self.its.disposal.records([place.key for place in places])
            records = (found[place.key] for place in places if place.key in found)
            yield from (each for each in records if self._there(each, now))
            after = places[-1]

    def _there(self, record: Record, now: datetime) -> bool:
        return record.subject == self.subject and record_expiry(record, self.retention) > now

    def _done(self, what: str, count: int, held: int, abroad: int = 0) -> bool:
        """What a hold keeps as it is follows when it is lifted; until then it is not said to be done.

        The ledger is where the tenant reads how many messages carriers have uncorrected, `abroad`.
        """
        if held:
            self._note(Branch.MESSAGES, Found(Outcome.HELD, count, held, ground=HOLD))
            return False
        self._note(Branch.MESSAGES, Found(Outcome.RETAINED, count, ground=RECTIFIED))
        told: dict[str, Fact] = {"carriers.left": abroad} if abroad else {}
        self.its.journal.enter(self.case, Action.RECTIFIED, {"field": what, "records": count, **told})
        return False

    def _note(self, place: str, found: Found) -> None:
        self.its.requests.note(self.case.key, place, found)


def _restricted(_subject: SubjectId, person: Wishes) -> bool:
    return person.restricted is not None


def _resealed(record: Record, old: SubjectKey, new: SubjectKey, to: Msisdn) -> Record:
    name, sealed = str(record.key), record.sealed

    def again(which: str, value: bytes | None) -> bytes | None:
        return None if value is None else new.seal(name, which, old.open(name, which, value))

    fresh = Sealed(new.seal(name, "to", to.reveal()), again("text", sealed.text), again("reference", sealed.reference))
    return replace(record, subject=new.subject, epoch=new.epoch, sealed=fresh)
