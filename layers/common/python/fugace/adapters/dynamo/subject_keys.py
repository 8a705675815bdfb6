"""The key of each person, in a table of its own that no back-up copies.

Three kinds of row, one person each: a live key (`wrapped`), an erasure under
way (`erasing`) and a tombstone (`erased`). The last two have no key, and are
what refuses; that nothing is there is never an answer. A live key may be
marked (`leaving`): nothing of the person seems to be left, and the purge
deletes the row, unless somebody uses the key and takes the mark off.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables import SubjectKeyItem
from fugace.adapters.session import Aws
from fugace.domain.ids import SubjectId, TenantId
from fugace.ports import Clock

_EPOCHS_FROM = datetime(2020, 1, 1, tzinfo=UTC)


def epoch_at(moment: datetime) -> int:
    """The lowest number of a key that is made then: whole hours since 2020.

    Where a row is deleted nobody remembers the number that was in it; a key that is made later has a higher one all the
    same, as none is destroyed in the hour in which it was made.
    """
    return (moment - _EPOCHS_FROM) // timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is kept for one person."""

    epoch: int
    wrapped: bytes | None = None
    erasing: datetime | None = None
    erased: datetime | None = None
    leaving: datetime | None = None

    @property
    def buried(self) -> bool:
        """Whether an erasure has begun or is done: nothing bound to this epoch may be read or sent."""
        return self.erasing is not None or self.erased is not None


class DynamoSubjectKeys:
    """Reads and changes of that table, each one decided by a condition in it."""

    def __init__(self, aws: Aws, table: str, clock: Clock) -> None:
        self._table = Table(aws, table, SubjectKeyItem)
        self._clock = clock

    def rows(self, subjects: Sequence[SubjectId]) -> dict[SubjectId, KeyRow]:
        """Those that are there: a tombstone that was just put must be seen, so every read is consistent."""
        if len(subjects) == 1:
            item = self._table.get(subjects[0])
            return {subjects[0]: _row(item)} if item else {}
        return {SubjectId(item.subject): _row(item) for item in self._table.get_many(subjects, consistent=True)}

    def add(self, tenant: TenantId, subject: SubjectId, wrapped: bytes) -> int | None:
        """A key for somebody of whom there is no row: its epoch; None where somebody else was quicker, or we twice."""
        epoch = epoch_at(self._clock())
        item = SubjectKeyItem(subject, tenant=tenant, epoch=epoch, wrapped=wrapped)
        try:
            self._table.put(item, only_if=SubjectKeyItem.subject.does_not_exist())
        except ConditionFailedError:
            return None
        return epoch

    def renew(self, subject: SubjectId, erased: KeyRow, wrapped: bytes) -> int | None:
        """The next key of somebody who came back: its epoch; None where somebody else was quicker, or we twice."""
        epoch = max(erased.epoch + 1, epoch_at(self._clock()))
        actions = [
            SubjectKeyItem.epoch.set(epoch),
            SubjectKeyItem.wrapped.set(wrapped),
            SubjectKeyItem.erased.remove(),
            SubjectKeyItem.leaving.remove(),
        ]
        still = SubjectKeyItem.erased.exists() & (SubjectKeyItem.epoch == erased.epoch)
        try:
            self._table.update(subject, actions=actions, only_if=still & SubjectKeyItem.erasing.does_not_exist())
        except ConditionFailedError:
            return None
        return epoch

    def stay(self, subject: SubjectId, seen: KeyRow) -> bool:
        """The key is used again: its mark goes. False where it is not the one that was seen any more."""
        same = SubjectKeyItem.wrapped.exists() & (SubjectKeyItem.epoch == seen.epoch)
        try:
            self._table.update(subject, actions=[SubjectKeyItem.leaving.remove()], only_if=same, give="NONE")
        except ConditionFailedError:
            return False
        return True

    def block(self, tenant: TenantId, subject: SubjectId, at: datetime) -> int:
        """An erasure begins: the key goes, and nothing may be kept, read or sent until it ends. Gives its epoch.

        Also for somebody never seen (epoch 0) or erased before: what arrives meanwhile is refused all the same.
        A repeat changes nothing.
        """
        actions = [
            SubjectKeyItem.tenant.set(tenant),
            SubjectKeyItem.epoch.set(SubjectKeyItem.epoch | 0),
            SubjectKeyItem.erasing.set(SubjectKeyItem.erasing | at),
            SubjectKeyItem.wrapped.remove(),
            SubjectKeyItem.leaving.remove(),
        ]
        item = self._table.update(subject, actions=actions)
        return item.epoch if item else 0

    def bury(self, subject: SubjectId, epoch: int, at: datetime) -> None:
        """The erasure ends: a tombstone stands. Without effect where that is so, or a later epoch has begun."""
        actions = [SubjectKeyItem.erased.set(at), SubjectKeyItem.erasing.remove(), SubjectKeyItem.wrapped.remove()]
        under_way = SubjectKeyItem.erasing.exists() & (SubjectKeyItem.epoch == epoch)
        with suppress(ConditionFailedError):  # "already so" is success
            self._table.update(subject, actions=actions, only_if=under_way)


def _row(item: SubjectKeyItem) -> KeyRow:
    return KeyRow(item.epoch, item.wrapped, item.erasing, item.erased, item.leaving)
