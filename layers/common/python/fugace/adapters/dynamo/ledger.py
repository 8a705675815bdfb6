"""The ledger in DynamoDB: a number is given once, so that no two entries can follow the same one."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.ledger import LedgerItem
from fugace.adapters.dynamo.transactions import TransactionCancelledError, TransactItem, transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from fugace.domain.fitness import check
from fugace.domain.ids import TenantId
from fugace.domain.ledger import GENESIS, Draft, Entry
from fugace.keeping import Head
from fugace.ports import ConflictError, Write

_ATTEMPTS = 25
"""How often others may be quicker at the end of one chain."""
_LONGEST_PAUSE = 0.2
_RECENT = 8
"""Entries among which one of ours is looked for whose answer was lost: together they are one read unit."""
_AT_ONCE = 8
_OWN = 0
"""The entry's place in its transaction."""


class DynamoLedger:
    """A `fugace.keeping.Ledger`. Nothing here can change or delete an entry."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws = aws
        self._table = Table(aws, table, LedgerItem)

    def append(self, draft: Draft, *also: Write) -> Entry:
        """One Query and one conditional write: a transaction where something goes with it.

        A draft that is among the last entries already, to the millisecond, is the one that we put there before its
        answer was lost: by this call, or by the one that this one repeats.
        """
        check(draft)
        others = items_of(also)
        for attempt in range(_ATTEMPTS):
            recent = self._recent(draft.tenant)
            # With other writes it is their conditions that tell a repetition from a second event.
            there = None if others else _found(recent, draft)
            if there := there or self._put(_following(recent, draft), others):
                return there
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311  # to get out of step
        raise UnavailableError

    def page(self, tenant: TenantId, *, after: int, limit: int) -> list[Entry]:
        """One consistent Query for each megabyte of it: some 2,000 entries."""
        items = self._table.query(tenant, LedgerItem.seq > after, limit=limit, consistent=True)
        return [Entry.read(item.entry) for item in items]

    def head(self, tenant: TenantId) -> Head | None:
        """One consistent Query."""
        last = self._recent(tenant, 1)
        return Head(tenant, last[0].seq, last[0].hash) if last else None

    def heads(self, day: datetime) -> list[Head]:
        """One Query of the index for each megabyte of the day, and one of each chain that grew."""
        items = self._table.query(_day(day), index="by-day")
        tenants = sorted({TenantId(item.tenant) for item in items})
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [head for head in pool.map(self.head, tenants) if head]

    def _recent(self, tenant: TenantId, limit: int = _RECENT) -> list[LedgerItem]:
        return list(self._table.query(tenant, newest_first=True, limit=limit, consistent=True))

    def _put(self, entry: Entry, others: Sequence[TransactItem]) -> Entry | None:
        """The entry that is there now; None where another's has its place.

        Raises:
            ConflictError: it is one of `others` that stood in the way.
        """
        item = LedgerItem(
            entry.draft.tenant,
            entry.seq,
            day=_day(entry.draft.at),
            at=entry.draft.at,
            entry=entry.text,
            hash=entry.hash,
        )
        absent = LedgerItem.tenant.does_not_exist()
        try:
            if others:
                transact(self._aws, [self._table.put_write(item, absent), *others])
            else:
                self._table.put(item, only_if=absent)
        except UnavailableError:
            if self._has(entry):  # it was written, and the answer lost
                return entry
            raise
        except ConditionFailedError:
            return None
        except TransactionCancelledError as cancelled:
            return self._cancelled(entry, cancelled)
        return entry

    def _cancelled(self, entry: Entry, cancelled: TransactionCancelledError) -> Entry | None:
        """What stood in the way: one of the others, which do not find what was seen once they are done, or a rival."""
        if not cancelled.failed:
            raise cancelled
        if max(cancelled.failed) == _OWN:
            return None
        there = _found(self._recent(entry.draft.tenant), entry.draft)
        if there is None:
            raise ConflictError from None
        return there

    def _has(self, entry: Entry) -> bool:
        there = self.page(entry.draft.tenant, after=entry.seq - 1, limit=1)
        return [each.hash for each in there] == [entry.hash]


def _following(recent: Sequence[LedgerItem], draft: Draft) -> Entry:
    """Read back, so that it is given as it is kept: times to the millisecond."""
    seq, prev = (recent[0].seq, recent[0].hash) if recent else (0, GENESIS)
    return Entry.read(Entry(seq + 1, draft, prev).text)


def _found(recent: Sequence[LedgerItem], draft: Draft) -> Entry | None:
    for item in recent:
        with suppress(ValueError):  # one that somebody broke is for `verify` to name, and stops nobody
            entry = Entry.read(item.entry)
            if Entry(entry.seq, draft, entry.prev).text == item.entry:
                return entry
    return None


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
