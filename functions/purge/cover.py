"""What a legal hold is on: what its tenant, or a person, or a message, had when it was set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from fugace.domain.errors import UnavailableError
from fugace.domain.expiry import AHEAD, content_expiry, record_expiry
from fugace.domain.hold import Hold
from fugace.domain.ids import MessageKey
from fugace.domain.message import Record
from fugace.domain.retention import BEGINNING, Retention
from fugace.keeping import Disposal
from fugace.ports import Place

PAGE = 100
_ATTEMPTS = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Some places, in their order, of one shard."""

    places: Sequence[Place]
    shard: int = 0


@dataclass(frozen=True, slots=True)
class Cover:
    """The messages that a hold is put on, or taken off."""

    disposal: Disposal
    hold: Hold
    retention: Retention
    ends: Mapping[str, datetime]
    """Until when each hold of the tenant is."""
    now: datetime
    at_once: int = 1

    def pages(self, after: Place | None, shard: int, shards: int) -> Iterator[Page]:
        """All places that it may be on, oldest first, behind `after` in `shard`; then those of the shards behind it."""
        if self.hold.message:
            found = self.disposal.records([MessageKey(self.hold.tenant, self.hold.message)])
            yield from (Page([Place(record.anchor, key)]) for key, record in found.items())
            return
        for number in range(shard, 1 if self.hold.subject else shards):
            while places := self._places(number, after):
                yield Page(places, number)
                after = places[-1]
            after = None

    def _places(self, shard: int, after: Place | None) -> list[Place]:
        if self.hold.subject:
            return self.disposal.of_subject(self.hold.subject, after=after, limit=PAGE)
        until = self.hold.set_at + AHEAD
        return self.disposal.oldest(self.hold.tenant, shard, since=BEGINNING, until=until, after=after, limit=PAGE)

    def put_on(self, places: Sequence[Place]) -> int:
        """On how many of them it is."""
        keys = [place.key for place in places]
        covered = [record.key for record in self.disposal.records(keys).values() if self._covers(record)]
        return sum(self._each(self._put_on, covered))

    def _covers(self, record: Record) -> bool:
        """Not what came later; and what was over when it was set is gone for everybody, and is not brought back."""
        there = bool(record.held) or record_expiry(record, self.retention) > self.hold.set_at
        return there and record.collected <= self.hold.set_at

    def _put_on(self, key: MessageKey) -> bool:
        return self.disposal.hold(key, self.hold.id, self.hold.until)

    def take_off(self, places: Sequence[Place]) -> int:
        """From how many of them it was taken. What is over goes at once; the rest has its own end again."""
        records = self.disposal.records([place.key for place in places]).values()
        return sum(self._each(self._take_off, [record for record in records if self.hold.id in record.held]))

    def _take_off(self, record: Record) -> bool:
        seen: Record | None = record
        for _ in range(_ATTEMPTS):
            if seen is None or self.hold.id not in seen.held or self._let_go(seen):
                return True
            seen = self.disposal.records([record.key]).get(record.key)
        raise UnavailableError

    def _let_go(self, record: Record) -> bool:
        others = record.held - {self.hold.id}
        over = record_expiry(record, self.retention)
        if not others and over <= self.now:
            return self.disposal.delete_freed(record, self.hold.id)
        return self.disposal.free(
            record,
            self.hold.id,
            expires_at=over.replace(microsecond=0),
            until=max((self.ends[each] for each in others if each in self.ends), default=None),
            redact=not others and content_expiry(record, self.retention) <= self.now,
        )

    def _each(self, act: Callable[[T], bool], what: Sequence[T]) -> list[bool]:
        if self.at_once == 1:
            return [act(each) for each in what]
        with ThreadPoolExecutor(self.at_once) as pool:
            return list(pool.map(act, what))
