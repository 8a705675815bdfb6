"""Use case: what was told to be gone in an hour is entered into the ledger, tenant by tenant."""

from dataclasses import dataclass, replace
from datetime import datetime

from fugace.domain.ledger import Action, Draft, Fact
from fugace.domain.retention import Kind, Retention
from fugace.domain.times import whole
from fugace.keeping import Agenda, Book, Ledger, Policies, Tallies
from fugace.ports import Clock, ConflictError
from functions.purge.task import ENOUGH, Left, Outcome, Task

PURGE = "purge"
"""Who did it, in the ledger."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Job `close`. An hour can be closed any number of times: only what is new of it is entered."""

    tallies: Tallies
    ledger: Ledger
    agenda: Agenda
    policies: Policies
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:
        """One hour. `done`: how many tenants' books were entered."""
        hour = task.hour
        mark = self.tallies.open_hours().get(hour) if hour else None
        if hour is None or mark is None:
            return Outcome()
        entered, conflicts = 0, 0
        for book in self.tallies.books(hour):
            if left() <= ENOUGH:
                return Outcome(entered, again=task)
            try:
                entered += self._enter(hour, book)
            except ConflictError:  # another run is entering the same book: what is left of it is entered by the next
                conflicts += 1
        if not conflicts:
            self.tallies.close(hour, mark)
        return Outcome(entered)

    def _enter(self, hour: datetime, book: Book) -> bool:
        if book.told == book.entered:
            return False
        retention = self.policies.fresh(book.tenant)
        if retention is None:
            # It has left: what its own erasure deleted is counted like anything else, but nothing is kept for it again.
            book = replace(book, told=replace(book.told, statistics=book.entered.statistics))
            if book.told == book.entered:
                return False
        self._plan(hour, book, retention)
        draft = Draft(book.tenant, whole(self.clock()), Action.PURGED, PURGE, f"{hour:%Y-%m-%dT%H}", _new(book))
        self.ledger.append(draft, *self.tallies.entered(hour, book))
        return True

    def _plan(self, hour: datetime, book: Book, retention: Retention | None) -> None:
        """Statistics end, too. Before they are there: a look too many is harmless."""
        if book.told.statistics == book.entered.statistics:
            return
        if retention and Kind.STATISTICS in retention.caps:
            due_at = retention.expiry(Kind.STATISTICS, hour, hour)
            self.agenda.ensure(book.tenant, Kind.STATISTICS.value, due_at)


def _new(book: Book) -> dict[str, Fact]:
    counts = {word: count - book.entered.counts.get(word, 0) for word, count in book.told.counts.items()}
    return {word: count for word, count in counts.items() if count}
