"""Persons' objections as the purge sees them: forgotten by when they were made, and no key is ever read."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from fugace.adapters.dynamo.subject_keys import more_than, nothing_but
from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.dynamo.writes import carried_out
from fugace.adapters.session import Aws
from fugace.domain.ids import TenantId
from fugace.domain.retention import Kind
from fugace.keeping import Over, Tallies


class DynamoObjections:
    """A `fugace.keeping.Objections`."""

    def __init__(self, aws: Aws, table: str, tallies: Tallies) -> None:
        self._aws = aws
        self._table = Table(aws, table, SubjectKeyItem)
        self._tallies = tallies

    def overdue(self, tenant: TenantId, over: Over) -> int:
        """One Query for each megabyte of the index."""
        return sum(over(item.objected) for item in self._of(tenant))

    def first(self, tenant: TenantId) -> datetime | None:
        """One Query of the index."""
        return next((item.objected for item in self._of(tenant, limit=1)), None)

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """One Query for each megabyte of the index, and a transaction for each 90; two, where some rows stay."""
        objected = SubjectKeyItem.objected
        found = [(item.subject, objected == item.objected) for item in self._of(tenant) if over(item.objected)]
        counted = partial(self._tallies.counted, hour, tenant, Kind.OBJECTIONS.value)
        bare = [self._table.delete_write(each, only_if=same & nothing_but(objected)) for each, same in found]
        gone = carried_out(self._aws, bare, counted)
        forgotten = [
            self._table.update_write(each, actions=[objected.remove()], only_if=same & more_than(objected))
            for place, (each, same) in enumerate(found)
            if place not in gone
        ]
        return len(gone) + len(carried_out(self._aws, forgotten, counted))

    def _of(self, tenant: TenantId, limit: int | None = None) -> Iterator[SubjectKeyItem]:
        return self._table.query(tenant, index="by-objection", limit=limit)
