"""Keys of requests, in the table of persons' keys, which no back-up copies."""

from contextlib import suppress

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.keys import CaseKeyItem
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey


class DynamoCaseKeys:
    """Their rows. A `fugace.rights.CaseShredder`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, CaseKeyItem)

    def add(self, key: CaseKey, wrapped: bytes) -> None:
        """One conditional PutItem: the first one stays."""
        item = CaseKeyItem(_name(key), tenant=key.tenant, wrapped=wrapped)
        with suppress(ConditionFailedError):
            self._table.put(item, only_if=CaseKeyItem.subject.does_not_exist())

    def get(self, key: CaseKey) -> bytes | None:
        """One consistent GetItem."""
        item = self._table.get(_name(key))
        return item.wrapped if item else None

    def destroy(self, key: CaseKey) -> None:
        """One DeleteItem."""
        self._table.delete(_name(key))


def _name(key: CaseKey) -> str:
    return f"case/{key}"
