"""What the purge has to look at because of what happens here. A look too many is harmless, one too few is not."""

from datetime import datetime

from fugace.domain.retention import Kind
from fugace.domain.tenant import Tenant
from fugace.keeping import Agenda


def look_after(agenda: Agenda, tenant: Tenant | None, now: datetime) -> None:
    """Messages that may be collected from now on."""
    if tenant is None:
        return
    for kind in (Kind.RECORD, Kind.CONTENT):
        soonest = tenant.retention.soonest(kind, now)
        for shard in range(tenant.shards):
            agenda.ensure(tenant.id, f"{kind}/{shard}", soonest)


def look_after_access(agenda: Agenda, tenant: Tenant | None, end: datetime) -> None:
    """An API key that opens nothing any more from `end` on."""
    if tenant is not None and Kind.ACCESS in tenant.retention.caps:
        agenda.ensure(tenant.id, Kind.ACCESS.value, tenant.retention.expiry(Kind.ACCESS, end, end))
