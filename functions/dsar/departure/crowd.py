"""All messages of a tenant as one walk through time, whatever the number of its shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice

from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.message import Record
from fugace.domain.retention import BEGINNING
from fugace.keeping import Disposal
from fugace.ports import Place

END = datetime(9999, 12, 31, tzinfo=UTC)
"""Behind every anchor."""
PAGE = 2_000
"""Places of one query of one shard."""


def order(place: Place) -> tuple[datetime, str]:
    """Of the walk. The index's own has no rule for messages of the same millisecond."""
    return place.anchor, str(place.key)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody of one tenant, where a `Disposal` has one person at a time. It looks, and changes nothing."""

    disposal: Disposal
    tenant: TenantId
    shards: int

    def of_subject(self, _everybody: SubjectId, *, after: Place | None, limit: int) -> list[Place]:
        """At most `limit` places behind `after`, oldest first."""
        return list(islice(self.walk(after), limit))

    def records(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """Those that are there."""
        return self.disposal.records(keys)

    def walk(self, after: Place | None = None) -> Iterator[Place]:
        """All of them, in bounded memory."""
        places = merge(*(self._shard(shard, after) for shard in range(self.shards)), key=order)
        return (place for place in places if after is None or order(place) > order(after))

    def _shard(self, shard: int, after: Place | None) -> Iterator[Place]:
        """One shard's, in order: those of the last millisecond of a page wait for the next one."""
        since, last, waiting = after.anchor if after else BEGINNING, None, list[Place]()
        while page := self.disposal.oldest(self.tenant, shard, since=since, until=END, after=last, limit=PAGE):
            last = page[-1]
            found = [*waiting, *page]
            waiting = [place for place in found if place.anchor == last.anchor]
            yield from sorted((place for place in found if place.anchor != last.anchor), key=order)
        yield from sorted(waiting, key=order)
