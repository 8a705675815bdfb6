"""Legal holds, in the tenants table."""

from contextlib import suppress
from functools import reduce
from operator import and_

from pynamodb.expressions.condition import Condition

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.tenants import HoldItem
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.session import Aws
from fugace.domain.hold import Hold, HoldState
from fugace.domain.ids import MessageId, SubjectId, TenantId
from fugace.ports import Write

_HOLD = "hold/"


class DynamoHolds:
    """A `fugace.keeping.Holds`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, HoldItem)

    def of(self, tenant: TenantId) -> list[Hold]:
        """One consistent Query."""
        items = self._table.query(tenant, HoldItem.item.startswith(_HOLD), consistent=True)
        return sorted(map(_hold, items), key=lambda hold: (hold.set_at, hold.id))

    def get(self, tenant: TenantId, hold_id: str) -> Hold | None:
        """One consistent GetItem."""
        item = self._table.get(tenant, _HOLD + hold_id)
        return _hold(item) if item else None

    def put(self, hold: Hold, seen: Hold | None) -> Write:
        """A PutItem, conditional on every field that was seen."""
        return write_of(self._table.put_write(_item(hold), _as(seen)))

    def move(self, hold: Hold, seen: Hold) -> bool:
        """One conditional PutItem."""
        item = _item(hold)
        try:
            self._table.put(item, only_if=_as(seen))
        except ConditionFailedError as refused:
            # The SDK asked twice, because the first answer was lost: then what is there is ours.
            return refused.there == item.serialize()
        return True

    def purge(self, tenant: TenantId, hold_id: str) -> None:
        """One conditional DeleteItem: nothing but one that is over is forgotten."""
        with suppress(ConditionFailedError):
            self._table.delete(tenant, _HOLD + hold_id, only_if=HoldItem.state == HoldState.OVER)


def _as(seen: Hold | None) -> Condition:
    """That a row is exactly what was seen; absent, where nothing was."""
    if seen is None:
        return HoldItem.tenant.does_not_exist()
    item = _item(seen)
    fields = [
        (attribute, getattr(item, name))
        for name, attribute in HoldItem.get_attributes().items()
        if not (attribute.is_hash_key or attribute.is_range_key)
    ]
    # A comparison with None would ask for a stored NULL: where nothing was, nothing must be.
    same: list[Condition] = [
        attribute.does_not_exist() if value is None else attribute == value for attribute, value in fields
    ]
    return reduce(and_, same)


def _item(hold: Hold) -> HoldItem:
    return HoldItem(
        hold.tenant,
        _HOLD + hold.id,
        ground=hold.ground,
        state=hold.state,
        set_at=hold.set_at,
        set_by=hold.set_by,
        until=hold.until,
        message=hold.message,
        subject=hold.subject,
        lifted_by=hold.lifted_by or None,
        lifted_at=hold.lifted_at,
        covers=hold.covers,
    )


def _hold(item: HoldItem) -> Hold:
    return Hold(
        tenant=TenantId(item.tenant),
        id=item.item.removeprefix(_HOLD),
        ground=item.ground,
        set_at=item.set_at,
        set_by=item.set_by,
        until=item.until,
        state=item.state,
        message=MessageId(item.message) if item.message else None,
        subject=SubjectId(item.subject) if item.subject else None,
        lifted_by=item.lifted_by or "",
        lifted_at=item.lifted_at,
        covers=item.covers,
    )
