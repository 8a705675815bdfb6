"""The key of each person, in a table of its own that no back-up copies.

Three kinds of row, one person each: a live key (`wrapped`), an erasure under
way (`erasing`) and a tombstone (`erased`). The last two have no key, and are
what refuses; that nothing is there is never an answer.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables import SubjectKeyItem
from fugace.adapters.session import Aws
from fugace.domain.ids import SubjectId, TenantId


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is kept for one person."""

    epoch: int
    wrapped: bytes | None = None
    erasing: datetime | None = None
    erased: datetime | None = None

    @property
    def buried(self) -> bool:
        """Whether an erasure has begun or is done: nothing bound to this epoch may be read or sent."""
        return self.erasing is not None or self.erased is not None


class DynamoSubjectKeys:
    """Reads and changes of that table, each one decided by a condition in it."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, SubjectKeyItem)

    def rows(self, subjects: Sequence[SubjectId]) -> dict[SubjectId, KeyRow]:
        """Those that are there: a tombstone that was just put must be seen, so every read is consistent."""
        if len(subjects) == 1:
            item = self._table.get(subjects[0])
            return {subjects[0]: _row(item)} if item else {}
        return {SubjectId(item.subject): _row(item) for item in self._table.get_many(subjects, consistent=True)}

    def add(self, tenant: TenantId, subject: SubjectId, wrapped: bytes) -> bool:
        """The first key of somebody never seen; False where somebody else was quicker."""
        item = SubjectKeyItem(subject, tenant=tenant, epoch=1, wrapped=wrapped)
        try:
            self._table.put(item, only_if=SubjectKeyItem.subject.does_not_exist())
        except ConditionFailedError:
            return False
        return True

    def renew(self, subject: SubjectId, erased: KeyRow, wrapped: bytes) -> bool:
        """The next key of somebody who came back; False where somebody else was quicker."""
        actions = [
            SubjectKeyItem.epoch.set(erased.epoch + 1),
            SubjectKeyItem.wrapped.set(wrapped),
            SubjectKeyItem.erased.remove(),
        ]
        still = SubjectKeyItem.erased.exists() & (SubjectKeyItem.epoch == erased.epoch)
        try:
            self._table.update(subject, actions=actions, only_if=still & SubjectKeyItem.erasing.does_not_exist())
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
    return KeyRow(item.epoch, item.wrapped, item.erasing, item.erased)
