"""Keys of requests, in the table of persons' keys, which no back-up copies."""

from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.keys import CaseKeyItem
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey
from fugace.ports import Write


class DynamoCaseKeys:
    """Their rows. A `fugace.rights.CaseShredder`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, CaseKeyItem)

    def add(self, key: CaseKey, wrapped: bytes) -> Write:
        """One PutItem. It is the row of its request that is conditional, in the same transaction."""
        return write_of(self._table.put_write(CaseKeyItem(_name(key), tenant=key.tenant, wrapped=wrapped)))

    def get(self, key: CaseKey) -> bytes | None:
        """One consistent GetItem."""
        item = self._table.get(_name(key))
        return item.wrapped if item else None

    def destroy(self, key: CaseKey) -> None:
        """One DeleteItem."""
        self._table.delete(_name(key))


def _name(key: CaseKey) -> str:
    return f"case/{key}"
