"""Tenants' choices, in the row of each tenant."""

from fugace.adapters.dynamo.lines import read_caps, write_caps
from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.tenants import TenantItem
from fugace.adapters.dynamo.tenants import TENANT
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.session import Aws
from fugace.domain.ids import TenantId
from fugace.domain.retention import Retention
from fugace.ports import Write


class DynamoPolicies:
    """A `fugace.keeping.Policies`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, TenantItem)

    def fresh(self, tenant: TenantId) -> Retention | None:
        """One consistent GetItem. For a tenant that has left, nothing is planned any more."""
        item = self._table.get(tenant, TENANT)
        return read_caps(item.caps) if item and item.wrapped is not None else None

    def choose(self, tenant: TenantId, seen: Retention, chosen: Retention) -> Write:
        """An UpdateItem, conditional on the very lines that were seen."""
        actions = [TenantItem.caps.set(write_caps(chosen))]
        unchanged = TenantItem.caps == write_caps(seen)
        return write_of(self._table.update_write(tenant, TENANT, actions=actions, only_if=unchanged))
