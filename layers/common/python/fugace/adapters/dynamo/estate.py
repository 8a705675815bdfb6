"""What is kept of a tenant that leaves, in four tables: deleted partition by partition, and nothing in it is read.

BatchWriteItem takes 25 rows a request and no conditions: none is needed, as nobody writes for a tenant that has left.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pynamodb.models import Model

from fugace.adapters.dynamo.cases import CASE
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.cases import CaseItem
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.dynamo.tables.purge import DueItem
from fugace.adapters.dynamo.tables.tenants import TenantItem
from fugace.adapters.dynamo.tenants import TENANT
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.faults import Asking
from fugace.adapters.session import Aws
from fugace.datamap.entry import Branch
from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId, TenantId
from fugace.keeping import Write

M = TypeVar("M", bound=Model)
Name = dict[str, dict[str, str]]
"""Of a row, as DynamoDB's JSON has it."""

_BATCH = 25
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each further attempt at what a batch left."""
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
        """A consistent Query for each kind of row that is looked for, and a BatchWriteItem for 25."""
        names = self._account(tenant, limit)
        keys = [name for name in names if name["item"]["S"].startswith(_KEYS)]
        others = [name for name in names if not name["item"]["S"].startswith(_KEYS)]
        return self._delete(self._tenants, keys or others)

    def _account(self, tenant: TenantId, limit: int) -> list[Name]:
        first = self._tenants.query(tenant, TenantItem.item.startswith(_KEYS), limit=limit, consistent=True)
        if keys := [_name(item.tenant, item.item) for item in first]:
            return keys
        # One more: the tenant's own row may be among them.
        found = self._tenants.query(tenant, limit=limit + 1, consistent=True)
        return [_name(item.tenant, item.item) for item in found if item.item != TENANT][:limit]

    def jobs(self, tenant: TenantId, limit: int) -> int:
        """One consistent Query, and a BatchWriteItem for 25."""
        found = self._jobs.query(tenant, limit=limit, consistent=True)
        return self._delete(self._jobs, [_name(item.tenant, item.item) for item in found])

    def requests(self, own: CaseKey, limit: int) -> int:
        """The same; its own rows are passed over."""
        return self._delete(self._cases, self._others(own, limit))

    def _others(self, own: CaseKey, limit: int) -> list[Name]:
        mine = CASE + own.id, f"recall/{own.id}/"
        found: list[Name] = []
        for item in self._cases.query(own.tenant, consistent=True):
            if len(found) == limit:
                break
            if item.item != mine[0] and not item.item.startswith(mine[1]):
                found.append(_name(item.tenant, item.item))
        return found

    def persons(self, subjects: Sequence[SubjectId]) -> None:
        """A BatchWriteItem for 25."""
        self._delete(self._persons, [{"subject": {"S": each}} for each in dict.fromkeys(subjects)])

    def objectors(self, tenant: TenantId, limit: int) -> int:
        """One Query of the index, and a BatchWriteItem for 25."""
        found = [SubjectId(item.subject) for item in self._objectors(tenant, limit)]
        self.persons(found)
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

    def _delete(self, table: Table[M], names: Sequence[Name]) -> int:
        waiting, pauses = list(names), iter(_PAUSES)
        while waiting:
            batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
            left = self._ask(table.name, batch)
            if left:
                waiting += left
                _pause(pauses)
        return len(names)

    def _ask(self, table: str, names: Iterable[Name]) -> list[Name]:
        """One request; what it left."""
        request: dict[str, Any] = {table: [{"DeleteRequest": {"Key": name}} for name in names]}
        with Asking():
            answer = self._aws.client("dynamodb").batch_write_item(RequestItems=request)
        return [each["DeleteRequest"]["Key"] for each in answer.get("UnprocessedItems", {}).get(table, [])]


def _name(tenant: str, item: str) -> Name:
    return {"tenant": {"S": tenant}, "item": {"S": item}}


def _pause(pauses: Iterator[float]) -> None:
    seconds = next(pauses, None)
    if seconds is None:
        raise UnavailableError
    time.sleep(seconds)
