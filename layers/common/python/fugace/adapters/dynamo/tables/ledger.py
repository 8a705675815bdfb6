"""Rows of the ledger table."""

from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from fugace.adapters.dynamo.attributes import Millis, Number, Text
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap.ledger import Ledger


class ByDay(GlobalSecondaryIndex["LedgerItem"]):
    """The entries of a day, of all tenants: which chains grew."""

    class Meta:
        """Keys only."""

        index_name = "by-day"
        projection = KeysOnlyProjection()

    day = Text(Ledger.day, hash_key=True)
    at = Millis(Ledger.at, range_key=True)


class LedgerItem(Stored):
    """An entry of a tenant's chain. `entry` is the text that `hash` is made of."""

    tenant = Text(Ledger.tenant, hash_key=True)
    seq = Number(Ledger.seq, range_key=True)
    day = Text(Ledger.day)
    at = Millis(Ledger.at)
    entry = Text(Ledger.entry)
    hash = Text(Ledger.hash)

    by_day = ByDay()
