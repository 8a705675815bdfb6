"""How a pass over messages goes forward: in steps along their anchors, and within a step along the tenants by id.

A step that no run has the time for is taken up where it stopped, so a pass gets on however many tenants there are. It
looks only at tenants that were active on the days concerned. The watermark is never past what was not looked at.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from fugace.domain.ids import TenantId
from fugace.domain.message import Record
from fugace.domain.retention import Retention
from fugace.domain.tenant import Tenant
from fugace.ports import Messages, Place, Step, Tenants

FIRST_RUN = timedelta(days=2)
"""How far back a pass begins that has no watermark yet: longer than the stream remembers (24 hours)."""
AHEAD = timedelta(days=8)
"""How long before its anchor a message may have been accepted: `send_at`, and a key last noted the day before."""
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=1)
"""Steps. One costs a look at every tenant, so each is twice as long as the one before."""
BUSY = 100_000
"""Messages of one tenant in a step; with more, the next step is no longer. It must be done with a tenant in one run."""
PAGE = 500
AT_ONCE = 8
TOGETHER = 50
"""Tenants between two notes of how far it has come. Their first pages are in memory together."""

LookAt = Callable[[Iterable[Record], Retention], None]


@dataclass(frozen=True, slots=True)
class _Page:
    places: list[Place]
    records: Iterable[Record]


@dataclass(frozen=True, slots=True)
class Steps:
    """Goes forward with any pass."""

    tenants: Tenants
    messages: Messages
    at_once: int = AT_ONCE

    def forward(self, name: str, end: datetime, look_at: LookAt, late: Callable[[], bool]) -> timedelta:
        """Go on with the pass `name`, to `end` or until it is `late`. Gives what is left to go."""
        step = self.tenants.under_way(name)
        since = step.since if step else self.tenants.watermark(name) or end - FIRST_RUN
        length = max(step.until - since, SHORTEST) if step else SHORTEST
        while since < end and not late():
            step = step or Step(since, min(since + length, end))
            most = self._through(name, step, look_at, late)
            if most is None:
                break
            self.tenants.advance(name, step.until)
            since, step = step.until, None
            length = length if most > BUSY else min(length * 2, LONGEST)
        return max(end - since, timedelta(0))

    def _through(self, name: str, begun: Step, look_at: LookAt, late: Callable[[], bool]) -> int | None:
        """Look at what the step has not seen yet. The most messages of one tenant; None: there was no time."""
        step, most, waiting = begun, 0, self._waiting(begun)
        with ThreadPoolExecutor(self.at_once) as pool:
            for some in (waiting[at : at + TOGETHER] for at in range(0, len(waiting), TOGETHER)):
                if step is not begun:
                    self.tenants.pause(name, step)
                if late():
                    return None
                for tenant, found in zip(some, pool.map(partial(self._first, step=begun), some), strict=True):
                    seen = self._look(*found, begun, look_at, late) if found else 0
                    if seen is None:
                        self.tenants.pause(name, _shorter(step) if step is begun else step)
                        return None
                    step, most = replace(step, done=tenant), max(most, seen)
        return most

    def _waiting(self, step: Step) -> list[TenantId]:
        first, last = (step.since - AHEAD).date(), step.until.date()
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [tenant for tenant in self.tenants.active(days) if tenant > step.done]

    def _first(self, tenant: TenantId, step: Step) -> tuple[Tenant, list[_Page]] | None:
        """A tenant, with the first page of each shard; None where it has left. It only reads: threads do it."""
        known = self.tenants.get(tenant)
        return (known, [self._page(known, shard, step) for shard in range(known.shards)]) if known else None

    def _page(self, tenant: Tenant, shard: int, step: Step, after: Place | None = None) -> _Page:
        since, until = step.since, step.until
        places = self.messages.timeline(tenant.id, shard, since=since, until=until, after=after, limit=PAGE)
        records = self.messages.get_many([place.key for place in places]).values() if places else ()
        return _Page(places, records)

    def _look(
        self, tenant: Tenant, pages: list[_Page], step: Step, look_at: LookAt, late: Callable[[], bool]
    ) -> int | None:
        """Look at all of one tenant: how many there were; None where there was no time."""
        seen = 0
        for shard, first in enumerate(pages):
            page = first
            while page.places:
                if late():
                    return None
                look_at(page.records, tenant.retention)
                seen += len(page.places)
                if len(page.places) < PAGE:
                    break
                page = self._page(tenant, shard, step, page.places[-1])
        return seen


def _shorter(step: Step) -> Step:
    """Where the time was not enough for one tenant. Whoever is done with the longer one is with this."""
    length = max((step.until - step.since) / 2, SHORTEST)
    return replace(step, until=min(step.until, step.since + length))
