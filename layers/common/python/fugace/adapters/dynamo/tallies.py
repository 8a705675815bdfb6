"""What was destroyed, as it was told, and what of it the ledger has.

Ids are kept, and not counts, so that a repeat adds nothing.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

from fugace.adapters.dynamo.counts import (
    Statistics,
    read_counts,
    read_gone,
    read_hour,
    read_statistics,
    write_counts,
    write_gone,
    write_hour,
    write_statistics,
)
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.purge import BookItem, NewsItem, TallyItem
from fugace.adapters.dynamo.tables.tenants import StatisticsItem
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.session import Aws
from fugace.domain.ids import TenantId
from fugace.domain.retention import Kind
from fugace.keeping import Book, Gone, Tally
from fugace.ports import Clock, Write

KEPT = timedelta(days=3)
"""From the hour of the deletions. The stream repeats itself for one day, so nothing is told twice after that."""
STATISTICS = "statistics/"
_NEWS = "news"
_LARGEST = 300_000
"""Bytes of a row's lines: an item has 400 KB."""
_MOST_LINES = 2_500
"""Of an hour's statistics, in one row: the campaigns beyond them are counted together."""


class DynamoTallies:
    """A `fugace.keeping.Tallies`, in the purge table; statistics are in that of the tenants."""

    def __init__(self, aws: Aws, table: str, tenants_table: str, clock: Clock) -> None:
        self._rows = Table(aws, table, TallyItem)
        self._books = Table(aws, table, BookItem)
        self._news = Table(aws, table, NewsItem)
        self._statistics = Table(aws, tenants_table, StatisticsItem)
        self._clock = clock

    def tell(self, hour: datetime, tenant: TenantId, batch: str, gone: Sequence[Gone]) -> None:
        """Two PutItems, and one more for each further 300 KB: 22 write units for a thousand messages."""
        if not gone:
            return
        name = write_hour(hour)
        for lines in _packed(write_gone(gone)):
            # Named after what is in it: a batch of the same name with less in it does not take its place.
            digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
            item = f"{tenant}/{batch}/{digest}"
            self._rows.put(TallyItem(f"tally/{name}", item, lines=lines, expires_at=_over(hour)))
        self._news.put(_news(name, hour))

    def counted(self, hour: datetime, tenant: TenantId, word: str, count: int, batch: str) -> Write:
        """Two PutItems: the count, and a news row of the tenant's own, for which transactions do not compete."""
        name = write_hour(hour)
        item = TallyItem(f"tally/{name}", f"{tenant}/{batch}", word=word, count_=count, expires_at=_over(hour))
        return write_of(
            self._rows.put_write(item, TallyItem.tenant.does_not_exist()),
            self._news.put_write(_news(f"{name}/{tenant}", hour)),
        )

    def open_hours(self) -> dict[datetime, str]:
        """One consistent Query."""
        items = [item for item in self._news.query(_NEWS, consistent=True) if item.expires_at > self._clock()]
        hours = groupby(sorted(items, key=_by_item), key=lambda item: item.item.partition("/")[0])
        return {read_hour(name): " ".join(f"{item.item}={item.mark}" for item in found) for name, found in hours}

    def books(self, hour: datetime) -> list[Book]:
        """Of those tenants of whom there is news. One Query for each megabyte that was told, and one of the books."""
        now, name = self._clock(), write_hour(hour)
        # Before the rows: what is entered meanwhile is then among them, and the book's version says that it was.
        entered = {
            item.item: (Tally(read_counts(item.counts), read_statistics(item.statistics)), item.version)
            for item in self._books.query(f"book/{name}", consistent=True)
        }
        rows = (item for item in self._rows.query(f"tally/{name}", consistent=True) if item.expires_at > now)
        found = []
        for tenant, mine in groupby(rows, key=lambda item: item.item.partition("/")[0]):
            had, version = entered.get(tenant, (Tally(), 0))
            told = _never_less(_tally(mine, had.statistics), had)
            if told != had:
                found.append(Book(TenantId(tenant), told, had, version))
        return found

    def entered(self, hour: datetime, book: Book) -> list[Write]:
        """A PutItem of the book, and one of what is new in its statistics, where something is."""
        name, version = write_hour(hour), book.version + 1
        item = BookItem(
            f"book/{name}",
            book.tenant,
            counts=write_counts(book.told.counts),
            statistics=write_statistics(book.told.statistics),
            version=version,
            expires_at=_over(hour),
        )
        unchanged = BookItem.version == book.version if book.version else BookItem.version.does_not_exist()
        writes = [write_of(self._books.put_write(item, unchanged))]
        if lines := write_statistics(_new(book)):
            row = StatisticsItem(book.tenant, f"{STATISTICS}{name}/{version}", lines=lines)
            writes.append(write_of(self._statistics.put_write(row, StatisticsItem.tenant.does_not_exist())))
        return writes

    def close(self, hour: datetime, mark: str) -> None:
        """A conditional DeleteItem; with one for each tenant of whom something was counted."""
        for item, _, seen in (each.partition("=") for each in mark.split()):
            if item.partition("/")[0] == write_hour(hour):
                with suppress(ConditionFailedError):  # there were news after it
                    self._news.delete(_NEWS, item, only_if=NewsItem.mark == seen)


def _news(item: str, hour: datetime) -> NewsItem:
    return NewsItem(_NEWS, item, mark=os.urandom(8).hex(), expires_at=_over(hour))


def _by_item(item: NewsItem) -> str:
    return item.item


def _over(hour: datetime) -> datetime:
    """Rows of an hour are all over at once, so that none is missing while the book of it still counts."""
    return read_hour(write_hour(hour)) + KEPT


def _packed(lines: Iterable[str]) -> Iterator[list[str]]:
    """Lines for one row each; the same lines are always packed alike."""
    room, packed = _LARGEST, list[str]()
    for line in lines:
        if packed and len(line) > room:
            yield packed
            room, packed = _LARGEST, []
        packed.append(line)
        room -= len(line) + 3  # what DynamoDB adds to an element of a list
    if packed:
        yield packed


def _tally(rows: Iterable[TallyItem], had: Statistics) -> Tally:
    counts = Counter[str]()
    gone: dict[tuple[Kind, str], Gone] = {}
    for row in rows:
        if row.word is not None:
            counts[row.word] += row.count_ or 0
        for line in row.lines or ():
            gone.update({(each.kind, each.message): each for each in read_gone(line)})
    counts.update(kind.value for kind, _ in gone)
    return Tally(dict(counts), _statistics(gone.values(), had))


def _statistics(gone: Iterable[Gone], had: Statistics) -> Statistics:
    """By campaign, month and state; those for which there is no room any more, without the campaign."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for each in gone:
        if each.kind is Kind.RECORD:
            line = each.campaign, f"{each.anchor:%Y-%m}", each.status.value
            messages, segments = found.get(line, (0, 0))
            found[line] = messages + 1, segments + each.segments
    room = _MOST_LINES - len(had)
    kept: dict[tuple[str, str, str], tuple[int, int]] = {}
    for line, (messages, segments) in sorted(found.items()):
        new = line not in had and line[0] != ""
        room -= new
        place = ("", *line[1:]) if new and room < 0 else line
        before = kept.get(place, (0, 0))
        kept[place] = before[0] + messages, before[1] + segments
    return kept


def _never_less(told: Tally, had: Tally) -> Tally:
    """Whatever is not told any more was told once: nothing is entered twice, and nothing is taken back."""
    counts = {word: max(told.counts.get(word, 0), had.counts.get(word, 0)) for word in {**told.counts, **had.counts}}
    statistics = {
        line: max(told.statistics.get(line, (0, 0)), had.statistics.get(line, (0, 0)))
        for line in {**told.statistics, **had.statistics}
    }
    return Tally(counts, statistics)


def _new(book: Book) -> Mapping[tuple[str, str, str], tuple[int, int]]:
    had = book.entered.statistics
    new = {
        line: (messages - had.get(line, (0, 0))[0], segments - had.get(line, (0, 0))[1])
        for line, (messages, segments) in book.told.statistics.items()
    }
    return {line: counts for line, counts in new.items() if counts != (0, 0)}
