"""Messages as the purge sees them: overdue and held rows included, and nothing personal is opened."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.attributes import to_millis
from fugace.adapters.dynamo.rows import lot, lots, read_record
from fugace.adapters.dynamo.statements import Statement, execute
from fugace.adapters.dynamo.table import ConditionFailedError, Raw, Table
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.message import Record
from fugace.domain.retention import Period
from fugace.keeping import Brief, Disposed
from fugace.ports import Place

_ALMOST = timedelta(microseconds=999)
"""Anchors are kept in whole milliseconds: a finer beginning is that of the next one."""
_BEYOND = Period(months=1)
"""How long after a hold's end TTL stays away: the hold is taken off by a job, and that may be late."""
_TRIES = 3
_SEEN = f'"{MessageItem.key.attr_name}" = ? AND "{{}}" = ? AND "{MessageItem.held.attr_name}" IS MISSING'
_AS_PLACED = _SEEN.format(MessageItem.anchor.attr_name)
_AS_ENDING = _SEEN.format(MessageItem.content_until.attr_name)
_WITHOUT_TEXT = f'REMOVE "{MessageItem.text.attr_name}" REMOVE "{MessageItem.brief.attr_name}"'


class DynamoDisposal:
    """A `fugace.keeping.Disposal`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws = aws
        self._table = Table(aws, table, MessageItem)
        # A table's name is no value, so it cannot be a parameter; it is ours, and everything else is one.
        self._delete = f'DELETE FROM "{table}" WHERE {_AS_PLACED}'  # noqa: S608  # see above
        self._redact = f'UPDATE "{table}" {_WITHOUT_TEXT} WHERE {_AS_PLACED}'
        self._redact_brief = f'UPDATE "{table}" {_WITHOUT_TEXT} WHERE {_AS_ENDING}'

    # Looking.

    def oldest(
        self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, after: Place | None, limit: int
    ) -> list[Place]:
        """One Query of the index, as long as what is asked for fits into a megabyte: some 6,000 places."""
        if since > until or limit < 1 or (after and after.anchor > until):
            return []
        partition = f"{tenant}/{shard}"
        # DynamoDB refuses to go on from a place that is outside what is asked for.
        start = _start("shard", partition, after) if after and after.anchor >= since else None
        items = self._table.query(partition, _between(since, until), index="by-time", after=start, limit=limit)
        return [_place(item) for item in items]

    def count(self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, most: int) -> int:
        """One Query for each megabyte of the index, of which no place is sent."""
        if since > until:
            return 0
        return self._table.count(f"{tenant}/{shard}", _between(since, until), index="by-time", most=most)

    def records(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """One BatchGetItem per 100."""
        items = self._table.get_many([str(key) for key in keys], consistent=True)
        return {record.key: record for record in map(read_record, items)}

    def of_subject(self, subject: SubjectId, *, after: Place | None, limit: int) -> list[Place]:
        """One Query of the index, as long as what is asked for fits into a megabyte."""
        start = _start("subject", subject, after) if after else None
        return [_place(item) for item in self._table.query(subject, index="by-subject", after=start, limit=limit)]

    def briefs(self, hour: datetime, now: datetime, limit: int) -> list[Brief]:
        """One Query for each lot. A text under a legal hold is not in the index."""
        over = MessageItem.content_until <= now
        found = [
            Brief(MessageKey.read(item.key), item.content_until)
            for lot_ in lots(hour)
            for item in self._table.query(lot_, over, index="by-content", limit=limit)
        ]
        return sorted(found, key=lambda brief: (brief.until, str(brief.key)))[:limit]

    # Removing.

    def delete(self, places: Sequence[Place]) -> Disposed:
        """One BatchExecuteStatement for 25. A row that is not there any more is as good as deleted."""
        told = execute(self._aws, [_statement(self._delete, each) for each in dict.fromkeys(places)])
        return Disposed(told.done, told.refused, told.left)

    def redact(self, places: Sequence[Place]) -> Disposed:
        """One BatchExecuteStatement for 25; of what is refused, one BatchGetItem for 100 tells whether it is gone."""
        told = execute(self._aws, [_statement(self._redact, each) for each in dict.fromkeys(places)])
        there = {item.key for item in self._table.get_many([str(each.key) for each in told.refused], consistent=True)}
        gone = [each for each in told.refused if str(each.key) not in there]
        kept = [each for each in told.refused if str(each.key) in there]
        return Disposed([*told.done, *gone], kept, told.left)

    def redact_briefs(self, briefs: Sequence[Brief]) -> int:
        """One BatchExecuteStatement for 25."""
        told = execute(self._aws, [_brief_statement(self._redact_brief, each) for each in dict.fromkeys(briefs)])
        return len(told.left)

    # Holding.

    def hold(self, key: MessageKey, hold_id: str, until: datetime) -> bool:
        """One conditional UpdateItem; a second one where the row's stamp is later than this hold asks for.

        Its text leaves the index of brief ones, where it would stand in the way of those that can be removed.
        """
        beyond = _BEYOND.after(until)
        put_on = [MessageItem.held.add({hold_id}), MessageItem.brief.remove()]
        earlier = MessageItem.key.exists() & (MessageItem.expires_at < beyond)
        later = MessageItem.key.exists() & (MessageItem.expires_at >= beyond)
        for _ in range(_TRIES):
            if self._change(key, [*put_on, MessageItem.expires_at.set(beyond)], earlier):
                return True
            if self._change(key, put_on, later):
                return True
            if self._table.get(str(key)) is None:
                return False
        raise UnavailableError

    def free(self, seen: Record, hold_id: str, *, expires_at: datetime, until: datetime | None, redact: bool) -> bool:
        """One conditional UpdateItem. A text that stays is among the brief ones from now on, whatever it was before.

        Nothing tells any more which it was; and its own end, which they are removed at, is never later than is allowed.
        """
        left = seen.held - {hold_id}
        stamp = _BEYOND.after(until) if left and until else expires_at
        held = MessageItem.held.set(set(left)) if left else MessageItem.held.remove()
        actions = [held, MessageItem.expires_at.set(stamp)]
        if redact:
            actions += [MessageItem.text.remove(), MessageItem.brief.remove()]
        elif not left and seen.sealed.text is not None:
            actions.append(MessageItem.brief.set(lot(seen.key, seen.content_until)))
        return self._change(seen.key, actions, _as_seen(seen))

    def delete_freed(self, seen: Record, hold_id: str) -> bool:
        """One conditional DeleteItem."""
        if seen.held != {hold_id}:
            return False
        try:
            return self._table.delete(str(seen.key), only_if=_as_seen(seen))
        except ConditionFailedError:
            return False

    def _change(self, key: MessageKey, actions: Sequence[Action], only_if: Condition) -> bool:
        try:
            self._table.update(str(key), actions=actions, only_if=only_if, give="NONE")
        except ConditionFailedError:
            return False
        return True


def _between(since: datetime, until: datetime) -> Condition:
    return MessageItem.anchor.between(since + _ALMOST, until)


def _place(item: MessageItem) -> Place:
    return Place(item.anchor, MessageKey.read(item.key))


def _start(name: str, partition: str, after: Place) -> Raw:
    return {"pk": {"S": str(after.key)}, name: {"S": partition}, "at": {"N": str(to_millis(after.anchor))}}


def _statement(text: str, place: Place) -> Statement[Place]:
    key = str(place.key)
    return Statement(text, key, ({"S": key}, {"N": str(to_millis(place.anchor))}), place)


def _brief_statement(text: str, brief: Brief) -> Statement[Brief]:
    key = str(brief.key)
    return Statement(text, key, ({"S": key}, {"N": str(to_millis(brief.until) // 1000)}), brief)


def _as_seen(seen: Record) -> Condition:
    same: Condition = MessageItem.key.exists() & (MessageItem.anchor == seen.anchor)
    same &= MessageItem.held == set(seen.held) if seen.held else MessageItem.held.does_not_exist()
    return same
