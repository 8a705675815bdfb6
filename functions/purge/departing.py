"""Use case: a person's key goes when nothing of that person is left.

In two steps, more than an hour apart, so that no message that is being accepted loses its key: see `KeyChain`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain.ids import SubjectId
from fugace.keeping import Departure, Departures, Disposal, KeyChain
from fugace.ports import Clock
from functions.purge.task import ENOUGH, Left, Outcome, Task, hour_of

BATCHES = 200
REST = timedelta(hours=1)
"""A mark is left alone for so long: longer than any request takes, and any index needs."""


@dataclass(frozen=True, slots=True)
class Departing:
    """Job `departures`. Each batch is forgotten last: a run that dies in one is repeated with it."""

    departures: Departures
    keychain: KeyChain
    disposal: Disposal
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:
        """Go through the batches, from the oldest on. `done`: keys destroyed."""
        now, done = self.clock(), 0
        while batches := self._ripe(now):
            for batch in batches:
                if left() <= ENOUGH:
                    return Outcome(done, again=task)
                done += self._destroy(batch, now) if batch.marked else self._mark(batch, now)
                self.departures.done(batch)
        return Outcome(done)

    def _ripe(self, now: datetime) -> list[Departure]:
        """Marks of an hour are all older than `REST` when that long has passed since its end."""
        old = self.departures.due(hour_of(now - REST) - REST, BATCHES)
        return [*old, *(batch for batch in self._unmarked(hour_of(now)) if batch not in old)]

    def _unmarked(self, hour: datetime) -> list[Departure]:
        """Marks that still rest must not hide what comes behind them."""
        limit = BATCHES
        while True:
            found = self.departures.due(hour, limit)
            unmarked = [batch for batch in found if not batch.marked][:BATCHES]
            if unmarked or len(found) < limit:
                return unmarked
            limit *= 4

    def _mark(self, batch: Departure, now: datetime) -> int:
        gone = self._gone(batch)
        marked = self.keychain.leave(gone, now) if gone else set()
        if marked:
            later = replace(batch, hour=hour_of(now), id=f"{batch.id}-m", subjects=frozenset(marked), marked=True)
            self.departures.add(later)
        return 0

    def _destroy(self, batch: Departure, now: datetime) -> int:
        gone = self._gone(batch)
        if back := sorted(batch.subjects.difference(gone)):
            self.keychain.stay(back)
        if not gone:
            return 0
        count = self.keychain.destroy(batch.tenant, gone, now - REST, hour_of(now))
        if count < len(gone):
            # Some were used meanwhile, perhaps for a message that came to nothing: who has a key is looked at again.
            again = replace(batch, hour=hour_of(now), id=f"{batch.id}-r", subjects=frozenset(gone), marked=False)
            self.departures.add(again)
        return count

    def _gone(self, batch: Departure) -> Sequence[SubjectId]:
        return list(self._without_messages(sorted(batch.subjects)))

    def _without_messages(self, subjects: Iterable[SubjectId]) -> Iterable[SubjectId]:
        return (each for each in subjects if not self.disposal.of_subject(each, after=None, limit=1))
