"""Use case: all that a tenant has goes (Art. 28(3)(g)). A step that is repeated, at any point, changes nothing then.

First it is written down. Then, in one transaction with the ledger, the tenant's key goes: nothing of its people can be
read from then on, wherever a copy of it is. What follows is tidying: in bounded pieces, until nothing is left.

Nothing here can decrypt. The ledger stays, and so does the request, which has the certificate.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from fugace.datamap.entry import Branch
from fugace.domain.case import ARCHIVED, Case, CaseState, Found, Outcome, Right, Stage
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import HoldState
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft
from fugace.domain.times import whole
from fugace.keeping import Disposal, Holds, Ledger
from fugace.ports import Clock, ConflictError, Place, Terms, Timer, Write
from fugace.rights import ArchiveShredder, CaseShredder, Estate, Recalls, Requests
from functions.dsar.departure.crowd import Crowd
from functions.dsar.erasure.gather import Gathering
from functions.dsar.erasure.places import Schedules, held_by
from functions.dsar.erasure.tombstone import ATTEMPTS
from functions.dsar.task import ACTOR, ENOUGH, Left, Task

EVERYBODY = SubjectId("")
"""Where the steps of one person's erasure want to know whose."""
REASON = "tenant-left"
"""Of persons' requests that were open."""
PIECE = 500
"""Rows between two looks at the clock."""
_TRIES = 3


class UnknownStepError(Exception):
    """The machine asks for a step that is not ours: a mistake in its definition."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the machine is told."""

    more: bool = False
    held: bool = False
    """A legal hold is in the way: nothing was done."""

    def shown(self) -> dict[str, bool | str]:
        """As the machine reads it."""
        return {"more": self.more, "next": "close" if self.held else "drain"}


@dataclass(frozen=True, slots=True)
class Leave:
    """The steps `begin`, `gather`, `sweep` and `probe`; what carriers have is asked of them between the last two."""

    requests: Requests
    recalls: Recalls
    estate: Estate
    disposal: Disposal
    holds: Holds
    ledger: Ledger
    archives: ArchiveShredder
    shredder: CaseShredder
    timer: Timer
    clock: Clock
    terms: Mapping[str, Terms]
    """What each configured carrier offers."""

    def run(self, task: Task, left: Left) -> Answer:
        """One step, or a part of it.

        Raises:
            UnknownStepError, NoRequestError: a mistake of ours.
            UnavailableError: it cannot be done now; a repeat goes on where this stopped.
        """
        step = _STEPS.get(task.step)
        if step is None:
            raise UnknownStepError
        case = task.case(self.requests)
        if case.right is not Right.OFFBOARDING or case.state is not CaseState.RUNNING:
            return Answer()
        if case.stage.reached(Stage.ENDED):
            self.estate.end(case.tenant)  # the end itself may have been cut short
            return Answer()
        return step(self, case, left)

    # The key.

    def begin(self, case: Case, left: Left) -> Answer:
        """Its key goes, then its API keys, so that nobody gets in; what was asked for by persons ends."""
        if not case.stage.reached(Stage.BEGUN):
            if self._held(case):
                return Answer(held=True)
            case = self._enter(case, Stage.BEGUN, Action.ERASURE_BEGUN)
        if not case.stage.reached(Stage.DESTROYED):
            shredded = self.estate.shred(case.tenant)
            case = self._enter(case, Stage.DESTROYED, Action.KEY_DESTROYED, shredded)
        if Branch.KEY not in case.places or case.places[Branch.KEY].outcome is Outcome.HELD:
            self.requests.note(case.key, Branch.KEY, Found(Outcome.ERASED, 1))
        if self._emptied(lambda: self.estate.account(case.tenant, PIECE), left):
            return Answer(more=self._cancel_others(case, left))
        return Answer(more=True)

    def _held(self, case: Case) -> bool:
        """Whether a hold was set since it was asked for: then all waits for its end."""
        open_ = {hold.id for hold in self.holds.of(case.tenant) if hold.state is not HoldState.OVER}
        if open_:
            found = held_by(self.holds, case.tenant, Found(Outcome.HELD, left=1), open_)
            self.requests.note(case.key, Branch.KEY, found)
        return bool(open_)

    def _enter(self, seen: Case, stage: Stage, action: Action, *also: Write) -> Case:
        """In the ledger, once: together with the request's own word that it is there, and with what it tells of."""
        for _ in range(ATTEMPTS):
            draft = Draft(seen.tenant, self._now(), action, ACTOR, seen.key.id, {})
            changed = replace(seen, stage=stage)
            with suppress(ConflictError):
                self.ledger.append(draft, self.requests.change(changed, seen), *also)
                return replace(changed, version=seen.version + 1)
            seen = self._again(seen)
            if seen.stage.reached(stage):
                return seen
        raise UnavailableError

    def _cancel_others(self, case: Case, left: Left) -> bool:
        """Whether there are more: each ends by itself, so that whoever works on one finds it over, and not gone."""
        while found := self.requests.open(case.tenant, after=None, limit=PIECE):
            others = [each for each in found if each.key != case.key]
            if not others:
                break
            for other in others:
                if left() <= ENOUGH:
                    return True
                self._cancel(other)
        return False

    def _cancel(self, other: Case) -> None:
        now = self._now()
        over = replace(other.ended(CaseState.CANCELLED, now, REASON), look_at=None)
        draft = Draft(other.tenant, now, Action.REQUEST_CANCELLED, ACTOR, other.key.id, {})
        with suppress(ConflictError):  # it has just moved: it is looked at again
            self.ledger.append(draft, self.requests.change(over, other))

    # The rest.

    def gather(self, case: Case, left: Left) -> Answer:
        """What others have to be asked, and how much there is, before anything of it goes."""
        crowd = self._crowd(case)
        if crowd is None:
            return Answer()
        gathering = Gathering(self.requests, self.recalls, crowd, self.terms, self.clock)
        more, _ = gathering.run(case, EVERYBODY, left)
        return Answer(more=more)

    def sweep(self, case: Case, left: Left) -> Answer:
        """Place after place, until a look finds nothing there. An index may still name what is gone."""
        parts: tuple[Callable[[Case, Left], bool], ...] = (
            lambda case, left: not Schedules(self.requests, self.recalls, self.timer).run(case, EVERYBODY, left),
            self._messages,
            lambda case, left: self._emptied(lambda: self.estate.objectors(case.tenant, PIECE), left),
            self._archives,
            lambda case, left: self._emptied(lambda: self.estate.requests(case.key, PIECE), left),
            lambda case, left: self._emptied(lambda: self.estate.jobs(case.tenant, PIECE), left),
            lambda case, left: self._emptied(lambda: self.estate.account(case.tenant, PIECE), left),
        )
        if not all(part(case, left) for part in parts):
            return Answer(more=True)
        for place in (Branch.MESSAGES, Branch.ARCHIVES, Branch.CASES):
            self._note(self._again(case), place, 0)
        return Answer()

    def _messages(self, case: Case, left: Left) -> bool:
        """Whether none is left. With each go the keys of whom they were sent to."""
        crowd = self._crowd(case)
        if crowd is None:
            return True
        walk, found = crowd.walk(), False
        while places := list(islice(walk, PIECE)):
            if left() <= ENOUGH:
                return False
            there = crowd.records([place.key for place in places])
            self.estate.persons(case.tenant, [record.subject for record in there.values()])
            self._delete(places)
            found = found or bool(there)
        return not found

    def _delete(self, places: list[Place]) -> None:
        for _ in range(_TRIES):
            told = self.disposal.delete(places)
            if told.kept:  # a hold that is over is still being taken off
                raise UnavailableError
            places = told.left
            if not places:
                return
        raise UnavailableError

    def _archives(self, case: Case, left: Left) -> bool:
        """Whether none is left: each with its key, this request's own as well. How many is written down before."""
        if not {Branch.ARCHIVES, Branch.CASES} <= case.places.keys():
            rights = Counter(other.right in ARCHIVED for other in self._others(case))
            for place, count in ((Branch.ARCHIVES, rights[True] + 1), (Branch.CASES, rights[False])):
                self.requests.note(case.key, place, Found(Outcome.FAILED, left=count))
        for other in self._others(case):
            if left() <= ENOUGH:
                return False
            self.archives.remove(other.key)
            self.shredder.destroy(other.key)
        self.archives.remove(case.key)
        self.shredder.destroy(case.key)
        return True

    def _others(self, case: Case) -> Iterator[Case]:
        after = ""
        while found := self.requests.all(case.tenant, after=after, limit=PIECE):
            yield from (each for each in found if each.key != case.key)
            after = found[-1].key.id

    def probe(self, case: Case, _left: Left) -> Answer:
        """Look once more, everywhere; where nothing is left, the tenant's own row goes, last of all."""
        crowd = self._crowd(case)
        places = list(islice(crowd.walk(), PIECE)) if crowd else []
        rows = crowd.records([place.key for place in places]) if crowd and places else {}
        there: dict[str, int] = {Branch.MESSAGES: len(rows)}
        there |= self.estate.left(case.key)
        asked = (Branch.CARRIERS, Branch.SCHEDULES)
        there |= {place: int(bool(self.recalls.last(case.key, f"{place}/"))) for place in asked}
        for place, count in there.items():
            if count:
                self._note(self._again(case), place, count)
        case = self._again(case)
        if not any(there.values()) and not any(found.outcome is Outcome.FAILED for found in case.places.values()):
            self._end(case)
        return Answer()

    def _end(self, case: Case) -> None:
        for _ in range(ATTEMPTS):
            if case.stage.reached(Stage.ENDED) or self.requests.move(replace(case, stage=Stage.ENDED), case):
                self.estate.end(case.tenant)
                return
            case = self._again(case)
        raise UnavailableError

    # All of them.

    def _note(self, case: Case, place: str, count: int) -> None:
        """How much is there now; what is gone is the rest of all that there ever was."""
        before = case.places.get(place, Found(Outcome.FAILED))
        after = replace(before.seen(count), outcome=Outcome.FAILED if count else Outcome.ERASED, until=None, ground="")
        if after != before:
            self.requests.note(case.key, place, after)

    def _crowd(self, case: Case) -> Crowd | None:
        """None: the tenant's own row has gone, which is the last that goes."""
        shards = self.estate.shards(case.tenant)
        return Crowd(self.disposal, case.tenant, shards) if shards else None

    def _emptied(self, delete: Callable[[], int], left: Left) -> bool:
        """Whether nothing is left; False: the time is over."""
        while left() > ENOUGH:
            if not delete():
                return True
        return False

    def _again(self, seen: Case) -> Case:
        there = self.requests.get(seen.key)
        if there is None:
            raise UnavailableError
        return there

    def _now(self) -> datetime:
        """To the millisecond, as times are kept."""
        return whole(self.clock())


_STEPS: Mapping[str, Callable[[Leave, Case, Left], Answer]] = {
    "begin": Leave.begin,
    "gather": Leave.gather,
    "sweep": Leave.sweep,
    "probe": Leave.probe,
}
