"""Persons of whom something was deleted, until somebody has looked whether anything is left."""

from datetime import datetime, timedelta

from fugace.adapters.dynamo.counts import read_hour, write_hour
from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.purge import DepartureItem
from fugace.adapters.session import Aws
from fugace.domain.ids import SubjectId, TenantId
from fugace.keeping import Departure
from fugace.ports import Clock

KEPT = timedelta(days=14)
"""Usually two hours. Whoever is forgotten here keeps a key for good, so the purge may stand still for so long."""
_PARTITION = "departures"
_MARKED = "/marked"
_LAST = "0"  # comes after a slash


class DynamoDepartures:
    """A `fugace.keeping.Departures`, in the purge table."""

    def __init__(self, aws: Aws, table: str, clock: Clock) -> None:
        self._table = Table(aws, table, DepartureItem)
        self._clock = clock

    def add(self, departure: Departure) -> None:
        """One PutItem."""
        if not departure.subjects:
            return
        item = DepartureItem(
            _PARTITION,
            _name(departure),
            subjects=set(departure.subjects),
            marked=departure.marked or None,
            expires_at=departure.hour + KEPT,
        )
        self._table.put(item)

    def due(self, hour: datetime, limit: int) -> list[Departure]:
        """One consistent Query for each megabyte: some 20 batches of a thousand persons."""
        within = DepartureItem.item.between("0", write_hour(hour) + _LAST)
        items = self._table.query(_PARTITION, within, limit=limit, consistent=True)
        return [_departure(item) for item in items if item.expires_at > self._clock()]

    def done(self, departure: Departure) -> None:
        """One DeleteItem."""
        self._table.delete(_PARTITION, _name(departure))


def _name(departure: Departure) -> str:
    """Those that are marked have one of their own: the same batch may wait as both within one hour."""
    name = f"{write_hour(departure.hour)}/{departure.tenant}/{departure.id}"
    return name + _MARKED if departure.marked else name


def _departure(item: DepartureItem) -> Departure:
    hour, tenant, rest = item.item.split("/", 2)
    marked = bool(item.marked)
    return Departure(
        hour=read_hour(hour),
        id=rest.removesuffix(_MARKED) if marked else rest,
        tenant=TenantId(tenant),
        subjects=frozenset(map(SubjectId, item.subjects)),
        marked=marked,
    )
