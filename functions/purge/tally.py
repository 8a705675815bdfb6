"""Use case: count what left the messages table, whoever removed it, as the table's stream tells it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.message import Record, Status
from fugace.domain.retention import Kind
from fugace.keeping import Departure, Departures, Gone, Tallies
from functions.purge.task import hour_of


@dataclass(frozen=True, slots=True)
class Removal:
    """One change of the stream in which something left."""

    number: str
    """Its place in the stream."""
    key: MessageKey
    at: datetime
    record: Record | None
    """As it was before; None where that cannot be read."""
    deleted: bool
    """Else its text alone was removed."""
    text: bool
    """It had one."""

    def gone(self) -> Iterator[Gone]:
        """What is counted of it."""
        kinds = [*([Kind.RECORD] if self.deleted else []), *([Kind.CONTENT] if self.text else [])]
        for kind in kinds:
            yield self._gone(kind)

    def _gone(self, kind: Kind) -> Gone:
        was = self.record
        if was is None:  # that it has gone is known, and nothing else
            return Gone(kind, self.key.id, self.at, Status.UNKNOWN, 0)
        return Gone(kind, self.key.id, was.anchor, was.status, was.segments, was.campaign)


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of a batch of the stream."""

    counts: Mapping[str, int]
    """By kind."""
    back: str | None = None
    """The place in the stream from which on everything has to be told again."""
    errors: Sequence[Exception] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Notes ids and not counts: the stream tells everything at least once, in batches that are cut anew each time."""

    tallies: Tallies
    departures: Departures

    def run(self, removals: Sequence[Removal]) -> Noted:
        """Note them, by the hour of the deletion and the tenant: what fails for one does not keep another waiting."""
        groups = defaultdict[tuple[datetime, TenantId], list[Removal]](list)
        for removal in removals:
            groups[hour_of(removal.at), removal.key.tenant].append(removal)
        counts, undone, errors = Counter[str](), list[str](), list[Exception]()
        for (hour, tenant), group in groups.items():
            try:
                counts += self._note(hour, tenant, group)
            except Exception as error:  # noqa: BLE001  # told again with all that is behind it, and logged by our caller
                undone += [removal.number for removal in group]
                errors.append(error)
        return Noted(counts, min(undone, key=int, default=None), errors)

    def _note(self, hour: datetime, tenant: TenantId, group: Sequence[Removal]) -> Counter[str]:
        gone = [each for removal in group for each in removal.gone()]
        batch = _name(gone)
        left = {removal.record.subject for removal in group if removal.deleted and removal.record}
        if left:
            self.departures.add(Departure(hour, batch, tenant, frozenset[SubjectId](left), marked=False))
        if gone:
            self.tallies.tell(hour, tenant, batch, gone)
        return Counter(each.kind.value for each in gone)


def _name(gone: Sequence[Gone]) -> str:
    """Of what is in it: a batch that is cut otherwise the next time must not take the place of this one."""
    words = "\n".join(f"{each.kind}/{each.message}" for each in gone)
    return hashlib.sha256(words.encode()).hexdigest()[:32]
