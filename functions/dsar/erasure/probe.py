"""Use case: look once more, everywhere. What is found is said; where nothing is left, the erasure ends."""

from dataclasses import dataclass, replace

from fugace.datamap.entry import Branch
from fugace.domain.case import ARCHIVED, Case, Found, Outcome, Stage
from fugace.domain.ids import SubjectId
from fugace.keeping import Disposal
from fugace.rights import Persons, Recalls, Requests
from functions.dsar.erasure.gather import MOST
from functions.dsar.erasure.places import Rows, others
from functions.dsar.erasure.tombstone import Tombstone

_OPEN = frozenset({Outcome.FAILED, Outcome.HELD})


@dataclass(frozen=True, slots=True)
class Probe:
    """Trusts no branch: each says what it did, and this looks what is there."""

    requests: Requests
    recalls: Recalls
    persons: Persons
    disposal: Disposal
    rows: Rows
    tombstone: Tombstone

    def run(self, case: Case, subject: SubjectId) -> None:
        """A place in which something is left has not been done, whatever it said."""
        seen = {Branch.MESSAGES: self._messages(case, subject), **self._abroad(case), **self._asked(case, subject)}
        seen[Branch.KEY] = self._key(case, subject, seen[Branch.MESSAGES])
        for place, found in seen.items():
            if found != case.places.get(place):
                self.requests.note(case.key, place, found)
        if not any(found.outcome in _OPEN for found in seen.values()):
            self.tombstone.end(case, subject)

    def overtaken(self, case: Case) -> None:
        """It has ended; an execution that another overtook may have said since of a place what it knew before."""
        for place, found in case.places.items():
            if found.outcome in _OPEN:
                outcome = Outcome.NOT_SUPPORTED if found.kept else Outcome.ERASED
                told = replace(found.seen(found.kept), outcome=outcome, until=None, ground="")
                self.requests.note(case.key, place, told)

    def _messages(self, case: Case, subject: SubjectId) -> Found:
        """An index may name what is gone: the table decides. One look is enough to know that it is not done."""
        places = self.disposal.of_subject(subject, after=None, limit=MOST)
        there = list(self.disposal.records([place.key for place in places]).values()) if places else []
        return self.rows.found(case, there) if there else _said(case, Branch.MESSAGES)

    def _abroad(self, case: Case) -> dict[str, Found]:
        kinds = (Branch.CARRIERS, Branch.SCHEDULES)
        if not self.recalls.pages(case.key, 1):
            return {place: _said(case, place) for place in kinds}
        left = {place: bool(self.recalls.last(case.key, f"{place}/")) for place in kinds}
        return {place: _failed(case, place, 1) if more else _said(case, place) for place, more in left.items()}

    def _asked(self, case: Case, subject: SubjectId) -> dict[str, Found]:
        there = others(self.requests, case, subject)
        count = {Branch.ARCHIVES: sum(each.right in ARCHIVED for each in there)}
        count[Branch.CASES] = len(there) - count[Branch.ARCHIVES]
        return {place: _failed(case, place, n) if n else _said(case, place) for place, n in count.items()}

    def _key(self, case: Case, subject: SubjectId, messages: Found) -> Found:
        if self.persons.standing(subject).live:
            return _failed(case, Branch.KEY, 1)
        if case.stage.reached(Stage.DESTROYED):
            return _said(case, Branch.KEY)
        if messages.outcome is Outcome.HELD:
            return replace(messages, count=0, left=1)
        return _failed(case, Branch.KEY, 1)


def _said(case: Case, place: str) -> Found:
    """What its branch said; a branch that said nothing has not been there."""
    return case.places.get(place, Found(Outcome.FAILED))


def _failed(case: Case, place: str, left: int) -> Found:
    before = _said(case, place)
    if before.outcome is Outcome.FAILED and before.left:
        return before
    return replace(before.seen(max(left, before.left)), outcome=Outcome.FAILED, until=None, ground="")
