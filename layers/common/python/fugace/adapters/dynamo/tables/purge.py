"""Rows of the purge table."""

from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from fugace.adapters.dynamo.attributes import Flag, Lines, Millis, Number, Pseudonyms, Seconds, Text
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap.purge import Book, Departure, Due, News, Tally


class ByDue(GlobalSecondaryIndex["DueItem"]):
    """Jobs that wait for something, by when; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-due"
        projection = KeysOnlyProjection()

    lot = Text(Due.lot, hash_key=True)
    due_at = Millis(Due.due_at, range_key=True)


class DueItem(Stored):
    """When a tenant's job is due: item `job/<job>`. Without `lot` and `due_at` it waits for nothing."""

    tenant = Text(Due.tenant, hash_key=True)
    item = Text(Due.item, range_key=True)
    lot = Text(Due.lot, null=True)
    due_at = Millis(Due.due_at, null=True)
    reached = Millis(Due.reached, null=True)

    by_due = ByDue()


class TallyItem(Stored):
    """What a batch of the stream told to be gone: partition `tally/2026-11-22T20`, item `<tenant>/<batch>/<digest>`.

    A line for messages that are alike (`lines`, written by `counts.py`), or a count made in the transaction that it
    counts (`word`, `count`; item `<tenant>/<batch>`).
    """

    tenant = Text(Tally.tenant, hash_key=True)
    item = Text(Tally.item, range_key=True)
    lines = Lines(Tally.lines, null=True)
    word = Text(Tally.word, null=True)
    count_ = Number(Tally.count_, null=True)
    expires_at = Seconds(Tally.expires_at)


class BookItem(Stored):
    """What of an hour the ledger has: partition `book/2026-11-22T20`, item a tenant's id."""

    tenant = Text(Book.tenant, hash_key=True)
    item = Text(Book.item, range_key=True)
    counts = Lines(Book.counts)
    statistics = Lines(Book.statistics)
    version = Number(Book.version)
    expires_at = Seconds(Book.expires_at)


class NewsItem(Stored):
    """An hour of which something was told since it was last entered: partition `news`, item `2026-11-22T20`.

    With a tenant behind it (`2026-11-22T20/<tenant>`) where it was told by a transaction.
    """

    tenant = Text(News.tenant, hash_key=True)
    item = Text(News.item, range_key=True)
    mark = Text(News.mark)
    expires_at = Seconds(News.expires_at)


class DepartureItem(Stored):
    """Persons of whom something was deleted: partition `departures`, item `2026-11-22T20/<tenant>/<id>`.

    With `/marked` behind it where it is `marked`: their keys have the mark, and rest.
    """

    tenant = Text(Departure.tenant, hash_key=True)
    item = Text(Departure.item, range_key=True)
    subjects = Pseudonyms(Departure.subjects)
    marked = Flag(Departure.marked, null=True)
    expires_at = Seconds(Departure.expires_at)
