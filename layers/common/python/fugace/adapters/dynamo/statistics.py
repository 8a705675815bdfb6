"""Counts of messages that are gone, a row an entered hour, in the tenants table."""

from datetime import datetime
from functools import partial

from fugace.adapters.dynamo.counts import read_hour, read_statistics, write_hour
from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.tenants import StatisticsItem
from fugace.adapters.dynamo.tallies import STATISTICS
from fugace.adapters.dynamo.writes import delete_counted
from fugace.adapters.session import Aws
from fugace.domain.ids import TenantId
from fugace.domain.message import Status
from fugace.domain.retention import BEGINNING, Kind
from fugace.keeping import Statistic, Tallies

_LAST = "0"
"""Behind the slash of every item's name: a hyphen and a dot come before it, a digit not."""


class DynamoStatistics:
    """A `fugace.keeping.Statistics`; `DynamoTallies` writes the rows."""

    def __init__(self, aws: Aws, table: str, tallies: Tallies) -> None:
        self._aws = aws
        self._table = Table(aws, table, StatisticsItem)
        self._tallies = tallies

    def of(self, tenant: TenantId) -> list[Statistic]:
        """One Query for each megabyte."""
        items = self._table.query(tenant, StatisticsItem.item.startswith(STATISTICS), consistent=True)
        return [
            Statistic(_hour(item), campaign, month, Status(status), messages, segments)
            for item in items
            for (campaign, month, status), (messages, segments) in sorted(read_statistics(item.lines).items())
        ]

    def overdue(self, tenant: TenantId, before: datetime) -> int:
        """One Query for each megabyte of them."""
        return len(self._between(tenant, BEGINNING, before))

    def purge(self, tenant: TenantId, *, since: datetime, before: datetime, hour: datetime) -> int:
        """A transaction for each 90 rows."""
        there = StatisticsItem.tenant.exists()
        items = self._between(tenant, since, before)
        deletions = [self._table.delete_write(tenant, item, only_if=there) for item in items]
        return delete_counted(self._aws, deletions, partial(self._tallies.counted, hour, tenant, Kind.STATISTICS.value))

    def first(self, tenant: TenantId) -> datetime | None:
        """One Query of one row."""
        items = self._table.query(tenant, StatisticsItem.item.startswith(STATISTICS), limit=1, consistent=True)
        return next(map(_hour, items), None)

    def _between(self, tenant: TenantId, since: datetime, before: datetime) -> list[str]:
        first, last = (STATISTICS + write_hour(at) for at in (since, before))
        items = self._table.query(tenant, StatisticsItem.item.between(first, last + _LAST), consistent=True)
        return [item.item for item in items if since <= _hour(item) < before]


def _hour(item: StatisticsItem) -> datetime:
    return read_hour(item.item.split("/")[1])
