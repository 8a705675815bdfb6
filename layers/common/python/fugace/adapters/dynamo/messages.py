"""Messages in DynamoDB: DynamoDB, not we, decides who came first and what may follow (I5)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_urlsafe

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.attributes import to_millis
from fugace.adapters.dynamo.lines import write_change
from fugace.adapters.dynamo.rows import read_image, read_record, write_record
from fugace.adapters.dynamo.table import ConditionFailedError, Raw, Table
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import SENDABLE, Change, Record, Status
from fugace.ports import Clock, Place

__all__ = ["DynamoMessages", "read_image"]

_INSTANT = timedelta(microseconds=1)
_TRIES = 3
_CLAIMER = 6
"""Random bytes by which a claim knows itself again: eight letters in the row."""


class DynamoMessages:
    """A `fugace.ports.Messages`."""

    def __init__(self, aws: Aws, table: str, clock: Clock) -> None:
        self._table = Table(aws, table, MessageItem)
        self._clock = clock

    def add(self, record: Record) -> Record | None:
        """One conditional PutItem; DynamoDB's refusal brings what was there.

        Only where that is over, and the purge has not come by yet, it is deleted first: replaced in one write, it would
        be a change of a row on the stream, and never be counted as destroyed.
        """
        for _ in range(_TRIES):
            there = self._put(record)
            if there is None or there.held or there.expires_at > self._clock():
                return there
            over = (MessageItem.expires_at <= self._clock()) & MessageItem.held.does_not_exist()
            with suppress(ConditionFailedError):  # somebody else was quicker
                self._table.delete(str(record.key), only_if=over)
        raise UnavailableError

    def _put(self, record: Record) -> Record | None:
        """None where it was put, else what was there first."""
        item = write_record(record)
        try:
            self._table.put(item, only_if=MessageItem.key.does_not_exist())
        except ConditionFailedError as refused:
            row = self._table.read(refused.there) if refused.there else self._table.get(str(record.key))
            if row is None:
                raise UnavailableError from None
            there = read_record(row)
            # The SDK asked twice, because the first answer was lost: then what was there first is ours.
            return None if there == read_record(item) else there
        return None

    def get(self, key: MessageKey) -> Record | None:
        """One consistent GetItem."""
        item = self._table.get(str(key))
        return self._alive(item) if item else None

    def get_many(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """One BatchGetItem per 100."""
        found = map(self._alive, self._table.get_many([str(key) for key in keys]))
        return {record.key: record for record in found if record}

    def claim(self, key: MessageKey, at: datetime, *, stale: datetime) -> Record | None:
        """One conditional UpdateItem; what it gives is put together from the row before it and the claim itself.

        Where DynamoDB took it and nobody heard, the SDK asks again, and is refused because of our own claim: the row
        that comes with the refusal shows it.
        """
        by = token_urlsafe(_CLAIMER)
        free = MessageItem.claimed_at.does_not_exist() | (MessageItem.claimed_at <= stale)
        free &= MessageItem.held.does_not_exist()
        actions = [
            MessageItem.status.set(Status.QUEUED),
            MessageItem.queued_at.set(MessageItem.queued_at | at),
            MessageItem.claimed_over.set(MessageItem.claimed_at | at),  # what was there, or our own where none was
            MessageItem.claimed_at.set(at),
            MessageItem.claimed_by.set(by),
        ]
        open_ = MessageItem.status.is_in(Status.ACCEPTED, Status.QUEUED)
        try:
            before = self._write(key, actions, open_ & free, give="ALL_OLD", show_refusal=True)
        except ConditionFailedError as refused:
            return self._ours(refused.there, by)
        if before is None:
            return None
        if before.status is Status.ACCEPTED:
            before = before.changed(Change(Status.QUEUED, at))
        return replace(before, claimed_at=before.claimed_at or at)

    def _ours(self, there: Raw | None, by: str) -> Record | None:
        """The claim that stands in its own way, as it would have been given at once; None where it is another's."""
        row = self._table.read(there) if there else None
        if row is None or row.claimed_by != by:
            return None
        record = self._alive(row)
        return replace(record, claimed_at=row.claimed_over) if record else None

    def release(self, key: MessageKey, claimed_at: datetime) -> None:
        """One conditional UpdateItem."""
        self._change(key, _let_go(), MessageItem.claimed_at == claimed_at)

    def note(
        self,
        key: MessageKey,
        change: Change,
        *,
        carrier_ref: str = "",
        drop_content: bool = False,
        only_from: frozenset[Status] | None = None,
        carrier: str = "",
    ) -> Record | None:
        """One conditional UpdateItem, and further ones only where it was refused but has more to say.

        A legal hold keeps the text too: on a held row, everything but its removal happens. A text that may still be
        handed over stays where the change is refused: somebody else is at it.
        """
        also = _let_go()
        if carrier_ref:
            also.append(MessageItem.carrier_ref.set(carrier_ref))
        ways: list[tuple[list[Action], list[Condition]]] = [(also, [])]
        if drop_content:
            dropped = [*also, MessageItem.text.remove(), MessageItem.brief.remove()]
            ways = [(dropped, [MessageItem.held.does_not_exist()]), (also, [MessageItem.held.exists()])]
        more = [] if carrier_ref else [~MessageItem.status.is_in(*sorted(SENDABLE))]
        before = change.status.predecessors if only_from is None else change.status.predecessors & only_from
        for actions, only_if in ways:
            after = self._append(key, change, actions, [_from(before, carrier), *only_if]) if before else None
            if after or ((carrier_ref or drop_content) and self._change(key, actions, *only_if, *more)):
                return after
        return None

    def _append(
        self, key: MessageKey, change: Change, also: Sequence[Action], only_if: Sequence[Condition]
    ) -> Record | None:
        line = MessageItem.history.append([write_change(change)])
        actions = [MessageItem.status.set(change.status), MessageItem.history.set(line), *also]
        return self._change(key, actions, *only_if)

    def note_part(self, key: MessageKey, part: int, status: Status) -> Record | None:
        """One conditional UpdateItem."""
        state = MessageItem.parts[str(part)]
        return self._change(key, [state.set(state | status.value)])

    def timeline(
        self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, after: Place | None, limit: int
    ) -> list[Place]:
        """One Query of the index for each megabyte of it: some 6,000 places."""
        if since >= until or limit < 1:
            return []
        partition = f"{tenant}/{shard}"
        start = _start(partition, after) if after else None
        within = MessageItem.anchor.between(since, until - _INSTANT)
        items = self._table.query(partition, within, index="by-time", newest_first=True, after=start, limit=limit)
        return [Place(item.anchor, MessageKey.read(item.key)) for item in items]

    def _change(self, key: MessageKey, actions: Sequence[Action], *only_if: Condition) -> Record | None:
        """None where a condition does not hold, or the record is not there (any more)."""
        try:
            return self._write(key, actions, *only_if)
        except ConditionFailedError:
            return None

    def _write(
        self,
        key: MessageKey,
        actions: Sequence[Action],
        *only_if: Condition,
        give: str = "ALL_NEW",
        show_refusal: bool = False,
    ) -> Record | None:
        """None where DynamoDB gives no row. Raises ConditionFailedError."""
        condition = MessageItem.key.exists() & (MessageItem.expires_at > self._clock())
        for each in only_if:
            condition &= each
        item = self._table.update(str(key), actions=actions, only_if=condition, give=give, show_refusal=show_refusal)
        return read_record(item) if item else None

    def _alive(self, item: MessageItem) -> Record | None:
        record = read_record(item)
        return record if record.expires_at > self._clock() else None


def _let_go() -> list[Action]:
    """Nothing of a claim outlives it."""
    return [each.remove() for each in (MessageItem.claimed_at, MessageItem.claimed_by, MessageItem.claimed_over)]


def _from(before: frozenset[Status], carrier: str) -> Condition:
    within: Condition = MessageItem.status.is_in(*sorted(before))
    return within & (MessageItem.carrier == carrier) if carrier else within


def _start(partition: str, after: Place) -> Raw:
    at = str(to_millis(after.anchor))
    return {"pk": {"S": str(after.key)}, "shard": {"S": partition}, "at": {"N": at}}
