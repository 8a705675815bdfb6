"""What is due in an environment, and what it would come to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from cli import output
from fugace.domain.expiry import AHEAD
from fugace.domain.hold import HoldState
from fugace.domain.ids import TenantId
from fugace.domain.retention import BEGINNING, Kind
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from fugace.edge.settings import Settings
from fugace.keeping import Due
from functions.purge.access import ended

MOST_JOBS = 10_000
"""Listing what is due stops there."""
MOST = 100_000
"""Counting messages stops there, for each kind of a tenant."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Jobs that are due."""

    due: Sequence[Due]

    @classmethod
    def read(cls, settings: Settings, now: datetime, tenant: TenantId | None = None) -> "Backlog":
        """Those that are due at `now`, of one tenant or of all."""
        agenda = wiring.agenda(settings)
        if tenant is None:
            return cls(agenda.due(now, MOST_JOBS))
        return cls([job for job in agenda.of(tenant) if job.due_at and job.due_at <= now])

    @property
    def jobs(self) -> int:
        """How many."""
        return len(self.due)

    def rows(self, now: datetime) -> list[dict[str, object]]:
        """By kind, the latest first."""
        kinds: dict[str, list[datetime]] = {}
        for job in self.due:
            kinds.setdefault(job.job.partition("/")[0], []).append(job.due_at or now)
        oldest = sorted((min(times), kind) for kind, times in kinds.items())
        return [
            {
                "kind": kind,
                "jobs": len(kinds[kind]),
                "oldest": output.time(at),
                "lag_seconds": int((now - at).total_seconds()),
            }
            for at, kind in oldest
        ]


def look_at_everything(settings: Settings, now: datetime) -> None:
    """Have every job of every tenant due now, from the beginning: where the agenda, or what it is about, was lost."""
    agenda, holds = wiring.agenda(settings), wiring.holds(settings)
    for tenant in wiring.tenants(settings).everyone():
        for kind, shard in product((Kind.RECORD, Kind.CONTENT), range(tenant.shards)):
            agenda.begin(tenant.id, f"{kind}/{shard}", now)
        for kind in (Kind.ACCESS, Kind.STATISTICS, Kind.EXPORTS, Kind.CASES, Kind.OBJECTIONS):
            agenda.ensure(tenant.id, kind.value, now)
        for hold in holds.of(tenant.id):
            if hold.state is not HoldState.OVER:
                # What is held rests until its end; what was begun goes on.
                agenda.ensure(tenant.id, f"hold/{hold.id}", hold.until if hold.state is HoldState.HELD else now)


def expected(settings: Settings, tenant: Tenant, now: datetime) -> Iterator[dict[str, object]]:
    """What a purge would find now, by kind; kinds of which there is nothing are left out."""
    retention = tenant.retention
    horizons = {kind: retention.horizon(kind, now, AHEAD) for kind in retention.caps}
    counts = {kind: _messages(settings, tenant, kind, horizons[kind]) for kind in (Kind.RECORD, Kind.CONTENT)}
    if Kind.STATISTICS in horizons:
        until = retention.horizon(Kind.STATISTICS, now, timedelta(0))
        counts[Kind.STATISTICS] = wiring.statistics(settings).overdue(tenant.id, until)
    if Kind.ACCESS in horizons:
        ends = [ended(key) for key in wiring.tenants(settings).api_keys(tenant.id)]
        counts[Kind.ACCESS] = sum(retention.expiry(Kind.ACCESS, end, end) <= now for end in ends if end)
    for kind, count in counts.items():
        if count:
            exact = kind in {Kind.ACCESS, Kind.STATISTICS}
            yield {"tenant": tenant.id, "kind": kind.value, "count": count, "exact": exact}


def _messages(settings: Settings, tenant: Tenant, kind: Kind, until: datetime) -> int:
    """At most so many: some may be held, and around the end of a short month some are not over yet."""
    reached = {job.job: job.reached for job in wiring.agenda(settings).of(tenant.id)}
    disposal, total = wiring.disposal(settings), 0
    for shard in range(tenant.shards):
        since = reached.get(f"{kind}/{shard}") or BEGINNING
        if since <= until and total < MOST:
            total += disposal.count(tenant.id, shard, since=since, until=until, most=MOST - total)
    return total
