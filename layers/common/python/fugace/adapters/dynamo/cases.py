"""Persons' requests, a row each, as the purge sees them."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.cases import CaseItem
from fugace.adapters.dynamo.writes import delete_counted
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey
from fugace.domain.ids import TenantId
from fugace.domain.retention import Kind
from fugace.keeping import Over, Tallies
from fugace.rights import CaseShredder

CASE = "case/"


class DynamoCases:
    """A `fugace.keeping.Cases`."""

    def __init__(self, aws: Aws, table: str, tallies: Tallies, shredder: CaseShredder) -> None:
        self._aws = aws
        self._table = Table(aws, table, CaseItem)
        self._tallies = tallies
        self._shredder = shredder

    def overdue(self, tenant: TenantId, over: Over) -> int:
        """One Query for each megabyte of a tenant's cases."""
        return sum(over(finished) for _, finished in self._finished(tenant))

    def first(self, tenant: TenantId) -> datetime | None:
        """One Query for each megabyte of a tenant's cases."""
        return min((finished for _, finished in self._finished(tenant)), default=None)

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """The same; a DeleteItem for the key of each that is over, and a transaction for each 90 of them.

        Keys go first: a row that is still there is found again, a key without its row is not. One that was opened
        again meanwhile stays.
        """
        gone = [(item, finished) for item, finished in self._finished(tenant) if over(finished)]
        for item, _ in gone:
            self._shredder.destroy(CaseKey(tenant, item.removeprefix(CASE)))
        deletions = [
            self._table.delete_write(tenant, item, only_if=CaseItem.finished == finished) for item, finished in gone
        ]
        return delete_counted(self._aws, deletions, partial(self._tallies.counted, hour, tenant, Kind.CASES.value))

    def _finished(self, tenant: TenantId) -> Iterator[tuple[str, datetime]]:
        items = self._table.query(tenant, CaseItem.item.startswith(CASE), consistent=True)
        return ((item.item, item.finished) for item in items if item.finished)
