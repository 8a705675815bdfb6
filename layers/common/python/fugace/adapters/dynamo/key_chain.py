"""Persons' keys as the purge sees them: marked, unmarked and deleted without ever being read."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.subject_keys import epoch_at
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.dynamo.writes import carried_out
from fugace.adapters.session import Aws
from fugace.domain.ids import SubjectId, TenantId
from fugace.keeping import Tallies

KEYS = "keys"
"""What destroyed keys are counted as."""
_AT_ONCE = 8
_NOTHING = "NONE"


class DynamoKeyChain:
    """A `fugace.keeping.KeyChain`. No answer that it asks for has a key in it."""

    def __init__(self, aws: Aws, table: str, tallies: Tallies) -> None:
        self._aws = aws
        self._table = Table(aws, table, SubjectKeyItem)
        self._tallies = tallies

    def leave(self, subjects: Sequence[SubjectId], at: datetime) -> set[SubjectId]:
        """One conditional UpdateItem a person: the first mark stays."""
        return set(_each(partial(self._leave, at), subjects))

    def _leave(self, at: datetime, subject: SubjectId) -> bool:
        actions = [SubjectKeyItem.leaving.set(SubjectKeyItem.leaving | at)]
        return self._change(subject, actions, SubjectKeyItem.wrapped.exists())

    def stay(self, subjects: Sequence[SubjectId]) -> None:
        """One conditional UpdateItem a person."""
        _each(self._stay, subjects)

    def _stay(self, subject: SubjectId) -> bool:
        return self._change(subject, [SubjectKeyItem.leaving.remove()], SubjectKeyItem.leaving.exists())

    def destroy(self, tenant: TenantId, subjects: Sequence[SubjectId], before: datetime, hour: datetime) -> int:
        """A transaction for each 90 persons; and another of those who wished for something, where there are any.

        A key of the hour of `before`, or of a later one, stays: the next key of that person could have its number.
        """
        wanted = list(dict.fromkeys(subjects))
        marked = SubjectKeyItem.wrapped.exists() & (SubjectKeyItem.leaving < before)
        mine = marked & (SubjectKeyItem.tenant == tenant) & (SubjectKeyItem.epoch < epoch_at(before))
        restricted, objected = SubjectKeyItem.restricted, SubjectKeyItem.objected
        nothing = mine & restricted.does_not_exist() & objected.does_not_exist()
        counted = partial(self._tallies.counted, hour, tenant, KEYS)
        deletions = [self._table.delete_write(each, only_if=nothing) for each in wanted]
        gone = carried_out(self._aws, deletions, counted)
        # Its number stays in the row, so that the next key is known to be a later one.
        key = [SubjectKeyItem.wrapped.remove(), SubjectKeyItem.leaving.remove()]
        wishes = mine & (restricted.exists() | objected.exists())
        there = [each for place, each in enumerate(wanted) if place not in gone]
        bared = [self._table.update_write(each, actions=key, only_if=wishes) for each in there]
        return len(gone) + len(carried_out(self._aws, bared, counted))

    def _change(self, subject: SubjectId, actions: Sequence[Action], only_if: Condition) -> bool:
        try:
            self._table.update(subject, actions=actions, only_if=only_if, give=_NOTHING)
        except ConditionFailedError:
            return False
        return True


def _each(change: Callable[[SubjectId], bool], subjects: Iterable[SubjectId]) -> list[SubjectId]:
    """Those for whom it gave True."""
    wanted = list(dict.fromkeys(subjects))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [subject for subject, changed in zip(wanted, pool.map(change, wanted), strict=True) if changed]
