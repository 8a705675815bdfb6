"""Corrections of messages: each one conditional write, on what was seen and on no legal hold."""

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.session import Aws
from fugace.domain.message import Record, Status


class DynamoAmendments:
    """A `fugace.rights.Amendments`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, MessageItem)

    def readdress(self, seen: Record, fresh: Record) -> bool:
        """One conditional UpdateItem, which moves the row in the index of persons."""
        to, text, reference = fresh.sealed.to, fresh.sealed.text, fresh.sealed.reference
        actions = [
            MessageItem.subject.set(fresh.subject),
            MessageItem.epoch.set(fresh.epoch),
            MessageItem.to.set(to),
            *([MessageItem.text.set(text)] if text is not None else []),
            *([MessageItem.reference.set(reference)] if reference is not None else []),
        ]
        waits = (MessageItem.status == Status.ACCEPTED) & MessageItem.claimed_at.does_not_exist()
        # What the purge has taken meanwhile must not come back.
        there = MessageItem.text.does_not_exist() if seen.sealed.text is None else MessageItem.text.exists()
        return self._change(seen, actions, _as_seen(seen) & waits & there)

    def refer(self, seen: Record, reference: bytes) -> bool:
        """One conditional UpdateItem."""
        return self._change(seen, [MessageItem.reference.set(reference)], _as_seen(seen))

    def _change(self, seen: Record, actions: Sequence[Action], only_if: Condition) -> bool:
        try:
            self._table.update(str(seen.key), actions=actions, only_if=only_if, give="NONE")
        except ConditionFailedError:
            return False
        return True


def _as_seen(seen: Record) -> Condition:
    same: Condition = (MessageItem.subject == seen.subject) & (MessageItem.epoch == seen.epoch)
    same &= MessageItem.held.does_not_exist()
    return same
