"""A tenant's messages as they pass: found by the time index, then looked at again until they are over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain.ids import MessageKey
from fugace.domain.message import Change, Record
from fugace.domain.tenant import Tenant
from fugace.ports import Messages, Place

AHEAD = timedelta(days=8)
"""Messages with a `send_at` stand in the index at that time, seven days ahead at most."""
MOST = 500
"""Messages that are looked at again: the newest."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A change of a message's state that had not been seen."""

    record: Record
    change: Change
    sequence: int


class Watch:
    """What happens to the messages of one tenant from `since` on."""

    def __init__(self, messages: Messages, tenant: Tenant, since: datetime) -> None:
        self._messages = messages
        self._tenant = tenant
        self._since = since
        self._told: dict[MessageKey, int] = {}
        """How many changes of each were seen."""

    def news(self, now: datetime) -> list[Seen]:
        """What changed since it was asked last, in the order it happened."""
        self._told = {key: self._told.get(key, 0) for key in self._newest(now)}
        fresh = []
        for key, record in self._messages.get_many(list(self._told)).items():
            told = self._told[key]
            self._told[key] = record.sequence
            fresh += [Seen(record, change, number) for number, change in enumerate(record.history, 1) if number > told]
        return sorted(fresh, key=lambda seen: (seen.change.at, str(seen.record.key), seen.sequence))

    def _newest(self, now: datetime) -> list[MessageKey]:
        """As many as are watched."""
        places: list[Place] = []
        for shard in range(self._tenant.shards):
            places += self._shard(shard, now)
        return [place.key for place in sorted(places, key=lambda place: place.anchor)[-MOST:]]

    def _shard(self, shard: int, now: datetime) -> list[Place]:
        found: list[Place] = []
        while len(found) < MOST:
            page = self._messages.timeline(
                self._tenant.id,
                shard,
                since=self._since,
                until=now + AHEAD,
                after=found[-1] if found else None,
                limit=_PAGE,
            )
            found += page
            if len(page) < _PAGE:
                break
        return found
