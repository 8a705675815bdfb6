"""What is kept of a tenant that leaves, in four tables: deleted partition by partition, and nothing in it is read.

A hundred rows a transaction, each on condition that it is the tenant's: that of a person's key says so by an attribute.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from fugace.adapters.dynamo.cases import CASE
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.cases import CaseItem
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.dynamo.tables.purge import DueItem
from fugace.adapters.dynamo.tables.tenants import TenantItem
from fugace.adapters.dynamo.tenants import TENANT
from fugace.adapters.dynamo.transactions import TransactItem, transact
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.session import Aws
from fugace.datamap.entry import Branch
from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId, TenantId
from fugace.ports import Write

M = TypeVar("M", bound=Model)

_MOST = 100
"""Rows of one transaction."""
_KEYS = "key/"


class DynamoEstate:
    """A `fugace.rights.Estate`."""

    def __init__(self, aws: Aws, *, tenants: str, subject_keys: str, purge: str, cases: str) -> None:
        """The tables' names."""
        self._aws = aws
        self._tenants = Table(aws, tenants, TenantItem)
        self._persons = Table(aws, subject_keys, SubjectKeyItem)
        self._jobs = Table(aws, purge, DueItem)
        self._cases = Table(aws, cases, CaseItem)

    def shards(self, tenant: TenantId) -> int | None:
        """One consistent GetItem."""
        item = self._tenants.get(tenant, TENANT)
        return item.shards if item else None

    def shred(self, tenant: TenantId) -> Write:
        """A conditional UpdateItem."""
        wrapped = TenantItem.wrapped
        return write_of(
            self._tenants.update_write(tenant, TENANT, actions=[wrapped.remove()], only_if=wrapped.exists())
        )

    def account(self, tenant: TenantId, limit: int) -> int:
        """A consistent Query, a second one where there is no API key, and a transaction for a hundred rows."""
        return self._delete([self._row(self._tenants, tenant, item) for item in self._account(tenant, limit)])

    def _account(self, tenant: TenantId, limit: int) -> list[str]:
        first = self._tenants.query(tenant, TenantItem.item.startswith(_KEYS), limit=limit, consistent=True)
        if keys := [item.item for item in first]:
            return keys
        # One more: the tenant's own row may be among them.
        found = self._tenants.query(tenant, limit=limit + 1, consistent=True)
        return [item.item for item in found if item.item != TENANT][:limit]

    def jobs(self, tenant: TenantId, limit: int) -> int:
        """One consistent Query, and a transaction for a hundred rows."""
        found = self._jobs.query(tenant, limit=limit, consistent=True)
        return self._delete([self._row(self._jobs, tenant, item.item) for item in found])

    def requests(self, own: CaseKey, limit: int) -> int:
        """The same; its own rows are passed over."""
        return self._delete([self._row(self._cases, own.tenant, item) for item in self._others(own, limit)])

    def _others(self, own: CaseKey, limit: int) -> list[str]:
        mine = CASE + own.id, f"recall/{own.id}/"
        names = (item.item for item in self._cases.query(own.tenant, consistent=True))
        return list(islice((name for name in names if name != mine[0] and not name.startswith(mine[1])), limit))

    @staticmethod
    def _row(table: Table[M], tenant: TenantId, item: str) -> TransactItem:
        return table.delete_write(tenant, item, only_if=_mine(tenant))

    def persons(self, tenant: TenantId, subjects: Sequence[SubjectId]) -> None:
        """A transaction for a hundred."""
        mine = _mine(tenant)
        self._delete([self._persons.delete_write(each, only_if=mine) for each in dict.fromkeys(subjects)])

    def objectors(self, tenant: TenantId, limit: int) -> int:
        """One Query of the index, and a transaction for a hundred."""
        found = [SubjectId(item.subject) for item in self._objectors(tenant, limit)]
        self.persons(tenant, found)
        return len(found)

    def _objectors(self, tenant: TenantId, limit: int) -> Iterator[SubjectKeyItem]:
        return self._persons.query(tenant, index="by-objection", limit=limit)

    def left(self, own: CaseKey) -> Mapping[str, int]:
        """Five queries of a row or two."""
        tenant = own.tenant
        rows = bool(self._account(tenant, 1)) or any(self._jobs.query(tenant, limit=1, consistent=True))
        return {
            Branch.KEY.value: int(rows or any(self._objectors(tenant, 1))),
            Branch.CASES.value: len(self._others(own, 1)),
        }

    def end(self, tenant: TenantId) -> None:
        """One conditional DeleteItem."""
        try:
            self._tenants.delete(tenant, TENANT, only_if=TenantItem.wrapped.does_not_exist())
        except ConditionFailedError:
            raise UnavailableError from None  # somebody has put a key there again: nobody is to lose it

    def _delete(self, deletions: Sequence[TransactItem]) -> int:
        for start in range(0, len(deletions), _MOST):
            transact(self._aws, deletions[start : start + _MOST])
        return len(deletions)


def _mine(tenant: TenantId) -> Condition:
    """Of a row that is there: nothing of another tenant's can be reached, whatever its name."""
    mine: Condition = SubjectKeyItem.tenant.does_not_exist() | (SubjectKeyItem.tenant == tenant)
    return mine
