"""What is due, in the purge table: a sparse index, so that a job that waits for nothing costs nothing."""

from binascii import crc32
from collections.abc import Sequence
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.attributes import from_millis
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.purge import DueItem
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import TenantId
from fugace.keeping import Due

LOTS = 8
"""Partitions of the index: each takes a thousand changes a second. Not to be changed while there are rows."""
_PREFIX = "job/"
_TRIES = 3
_NOTICED: Action = DueItem.due_at.add(from_millis(-1))
"""A millisecond earlier: what is added to a number is written as one."""


class DynamoAgenda:
    """A `fugace.keeping.Agenda`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, DueItem)

    def ensure(self, tenant: TenantId, job: str, due_at: datetime) -> None:
        """One conditional UpdateItem, and a second one where an earlier look was planned."""
        later = DueItem.due_at.does_not_exist() | (DueItem.due_at > due_at)
        earlier = DueItem.due_at <= due_at
        for _ in range(_TRIES):
            if self._change(tenant, job, _at(tenant, due_at), later) or self._change(tenant, job, [_NOTICED], earlier):
                return
        raise UnavailableError

    def begin(self, tenant: TenantId, job: str, due_at: datetime) -> None:
        """One PutItem."""
        self._table.put(DueItem(tenant, _PREFIX + job, lot=_lot(tenant), due_at=due_at))

    def due(self, now: datetime, limit: int) -> list[Due]:
        """One Query for each lot. What a job has `reached` is not in the index: `get` has it."""
        over = DueItem.due_at <= now
        found = [
            Due(TenantId(item.tenant), _job(item), item.due_at)
            for number in range(LOTS)
            for item in self._table.query(str(number), over, index="by-due", limit=limit)
        ]
        return sorted(found, key=lambda due: (due.due_at or now, due.tenant, due.job))[:limit]

    def get(self, tenant: TenantId, job: str) -> Due | None:
        """One consistent GetItem."""
        item = self._table.get(tenant, _PREFIX + job)
        return _due(item) if item else None

    def of(self, tenant: TenantId) -> list[Due]:
        """One consistent Query."""
        return [_due(item) for item in self._table.query(tenant, DueItem.item.startswith(_PREFIX), consistent=True)]

    def settle(self, seen: Due, *, reached: datetime | None, due_at: datetime | None) -> bool:
        """One conditional UpdateItem; further ones only where another run, or a wish for an earlier look, was first."""
        as_seen = DueItem.due_at == seen.due_at if seen.due_at else DueItem.due_at.does_not_exist()
        plan = _at(seen.tenant, due_at) if due_at else [DueItem.due_at.remove(), DueItem.lot.remove()]
        if reached is None:
            return self._change(seen.tenant, seen.job, plan, as_seen)
        further = DueItem.reached.does_not_exist() | (DueItem.reached < reached)
        note: list[Action] = [DueItem.reached.set(reached)]
        if self._change(seen.tenant, seen.job, [*plan, *note], as_seen & further):
            return True
        if self._change(seen.tenant, seen.job, plan, as_seen):
            return True
        self._change(seen.tenant, seen.job, note, further)
        return False

    def _change(self, tenant: TenantId, job: str, actions: Sequence[Action], only_if: Condition) -> bool:
        try:
            self._table.update(tenant, _PREFIX + job, actions=actions, only_if=only_if, give="NONE")
        except ConditionFailedError:
            return False
        return True


def _at(tenant: TenantId, due_at: datetime) -> list[Action]:
    """A place in the index."""
    return [DueItem.due_at.set(due_at), DueItem.lot.set(_lot(tenant))]


def _lot(tenant: TenantId) -> str:
    """A tenant's is always the same."""
    return str(crc32(tenant.encode()) % LOTS)


def _job(item: DueItem) -> str:
    return item.item.removeprefix(_PREFIX)


def _due(item: DueItem) -> Due:
    return Due(TenantId(item.tenant), _job(item), item.due_at, item.reached)
