"""Use case: a tenant's messages, newest first, a page at a time."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from fugace.domain.ids import MessageKey
from fugace.domain.message import Record
from fugace.domain.tenant import Tenant
from fugace.ports import Messages, Place
from functions.send import cursor
from functions.send.cursor import Filter
from functions.send.read import Gaze, Reader, Seen

MOST = 1000
"""Messages looked at for one page. A rare state in a long history takes several calls, none of them a long one."""
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages, and where the next ones are; there may be a next page after an empty one."""

    seen: list[Seen]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists messages."""

    reader: Reader

    def page(self, gaze: Gaze, sought: Filter, *, limit: int, after: str | None = None) -> Page:
        """At most `limit` messages. Raises BadCursorError."""
        tenant, now = self.reader.tenant(gaze.tenant), self.reader.clock()
        places = cursor.open_(self.reader.vault, tenant.id, sought, after, now) if after else {}
        narrow = sought.status is not None or sought.campaign is not None or not gaze.live
        chunk = _CHUNK if narrow else limit
        way = _newest_first(self.reader.messages, tenant, sought, places, chunk + 1)
        seen: list[Seen] = []
        looked, more = 0, True
        while more and len(seen) < limit and looked < MOST:
            head = list(islice(way, chunk + 1))  # one more, to know whether there is one
            steps, way = head[:chunk], chain(head[chunk:], way)
            found = self._matching(gaze, tenant, sought, steps)
            more = len(head) > chunk
            for shard, place in steps:
                if len(seen) == limit:
                    more = True
                    break
                places[shard] = place
                looked += 1
                seen += [found[place.key]] if place.key in found else []
        return Page(seen, cursor.close(self.reader.vault, tenant.id, sought, places, now) if more else None)

    def _matching(
        self, gaze: Gaze, tenant: Tenant, sought: Filter, steps: Sequence[tuple[int, Place]]
    ) -> dict[MessageKey, Seen]:
        records = self.reader.messages.get_many([place.key for _, place in steps]) if steps else {}
        return self.reader.alive(gaze, tenant, [each for each in records.values() if _fits(each, sought)])


def _fits(record: Record, sought: Filter) -> bool:
    state = sought.status is None or record.status is sought.status
    return state and (sought.campaign is None or record.campaign == sought.campaign)


def _newest_first(
    messages: Messages, tenant: Tenant, sought: Filter, after: Mapping[int, Place], size: int
) -> Iterator[tuple[int, Place]]:
    """(shard, place) over all shards of a tenant's time index; each is asked for more only when it has run out."""

    def shard(number: int) -> Iterator[tuple[int, Place]]:
        place = after.get(number)
        while True:
            batch = messages.timeline(
                tenant.id, number, since=sought.since, until=sought.until, after=place, limit=size
            )
            yield from ((number, each) for each in batch)
            if len(batch) < size:
                return
            place = batch[-1]

    return heapq.merge(*map(shard, range(tenant.shards)), key=lambda step: step[1].anchor, reverse=True)
