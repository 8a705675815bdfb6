"""The key of each person, in a table of its own that no back-up copies.

Kinds of row, one person each: a live key (`wrapped`), an erasure under way
(`erasing`) and a tombstone (`erased`). The last two are what refuses; that
nothing is there is never an answer. A live key may be marked (`leaving`):
nothing of the person seems to be left, and the purge deletes the row, unless
somebody uses the key and takes the mark off. A person's wishes (`restricted`,
`objected`) stand in the same row, so that one read tells all, and outlive the
key: a row of nothing else is bare.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_, or_

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.attributes import Millis
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.standing import Standing
from fugace.ports import Clock

_NOTHING = "NONE"
_TRIES = 3
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
    restricted: datetime | None = None
    objected: datetime | None = None

    @property
    def bare(self) -> bool:
        """Nothing is left of the person but what they wished for."""
        return self.wrapped is None and not self.buried and (self.restricted or self.objected) is not None

    @property
    def buried(self) -> bool:
        """Whether an erasure has begun or is done: nothing bound to this epoch may be read or sent."""
        return self.erasing is not None or self.erased is not None


class DynamoSubjectKeys:
    """Reads and changes of that table, each one decided by a condition in it. A `fugace.rights.Persons`, too."""

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

    def renew(self, subject: SubjectId, seen: KeyRow, wrapped: bytes) -> int | None:
        """The next key of somebody who came back: its epoch; None where somebody else was quicker, or we twice."""
        epoch = max(seen.epoch + 1, epoch_at(self._clock()))
        actions = [
            SubjectKeyItem.epoch.set(epoch),
            SubjectKeyItem.wrapped.set(wrapped),
            SubjectKeyItem.erased.remove(),
            SubjectKeyItem.leaving.remove(),
        ]
        still = SubjectKeyItem.wrapped.does_not_exist() & (SubjectKeyItem.epoch == seen.epoch)
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

    # What a person's request changes.

    def standing(self, subject: SubjectId) -> Standing:
        """One consistent GetItem."""
        row = self.rows([subject]).get(subject)
        if row is None:
            return Standing()
        live = row.wrapped is not None and not row.buried
        return Standing(row.epoch, live, row.erasing, row.erased, row.restricted, row.objected)

    def restrict(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> None:
        """One UpdateItem; to take it back, one more, or a DeleteItem, where nothing else was known of the person."""
        self._wish(tenant, subject, SubjectKeyItem.restricted, at)

    def object(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> None:
        """The same."""
        self._wish(tenant, subject, SubjectKeyItem.objected, at)

    def _wish(self, tenant: TenantId, subject: SubjectId, wish: Millis, at: datetime | None) -> None:
        if at is None:
            self._take_back(subject, wish)
            return
        actions = [*_named(tenant), wish.set(wish | at)]
        self._table.update(subject, actions=actions, give=_NOTHING)

    def _take_back(self, subject: SubjectId, wish: Millis) -> None:
        """A row that would have nothing left goes: it would look like one whose key was lost."""
        for _ in range(_TRIES):
            with suppress(ConditionFailedError):  # nobody is there to take it back for, or there is no more to it
                self._table.update(subject, actions=[wish.remove()], only_if=more_than(wish), give=_NOTHING)
                return
            with suppress(ConditionFailedError):
                self._table.delete(subject, only_if=nothing_but(wish))
                return
            # Neither: nobody is there, or they came, or wished for something else, between the two.
            if not self.rows([subject]):
                return
        raise UnavailableError

    def block(self, tenant: TenantId, subject: SubjectId, at: datetime, *, keep_key: bool = False) -> int:
        """One UpdateItem."""
        actions = [
            *_named(tenant),
            SubjectKeyItem.erasing.set(SubjectKeyItem.erasing | at),
            SubjectKeyItem.leaving.remove(),
        ]
        if not keep_key:
            actions.append(SubjectKeyItem.wrapped.remove())
        item = self._table.update(subject, actions=actions)
        return item.epoch if item else 0

    def shred(self, subject: SubjectId, epoch: int) -> None:
        """One conditional UpdateItem."""
        under_way = SubjectKeyItem.erasing.exists() & (SubjectKeyItem.epoch == epoch)
        with suppress(ConditionFailedError):  # "already so" is success
            self._table.update(subject, actions=[SubjectKeyItem.wrapped.remove()], only_if=under_way, give=_NOTHING)

    def bury(self, subject: SubjectId, epoch: int, at: datetime) -> None:
        """One conditional UpdateItem."""
        actions = [SubjectKeyItem.erased.set(at), SubjectKeyItem.erasing.remove(), SubjectKeyItem.wrapped.remove()]
        actions.append(SubjectKeyItem.restricted.remove())
        under_way = SubjectKeyItem.erasing.exists() & (SubjectKeyItem.epoch == epoch)
        with suppress(ConditionFailedError):  # "already so" is success
            self._table.update(subject, actions=actions, only_if=under_way)


_REST = (SubjectKeyItem.wrapped, SubjectKeyItem.erasing, SubjectKeyItem.erased)
_WISHES = (SubjectKeyItem.restricted, SubjectKeyItem.objected)


def more_than(wish: Millis) -> Condition:
    """That a row has something besides `wish`: a key, an erasure, another wish."""
    return reduce(or_, [each.exists() for each in (*_REST, *_WISHES) if each is not wish])


def nothing_but(wish: Millis) -> Condition:
    """That a row has `wish` and nothing besides.

    Its number may be forgotten: a key that is made later has a higher one all the same (see `epoch_at`), as the purge
    takes none away in the hour in which it was made.
    """
    others = [each.does_not_exist() for each in (*_REST, *_WISHES) if each is not wish]
    return reduce(and_, [wish.exists(), *others])


def _named(tenant: TenantId) -> list[Action]:
    """What every row has, where there was none."""
    return [SubjectKeyItem.tenant.set(tenant), SubjectKeyItem.epoch.set(SubjectKeyItem.epoch | 0)]


def _row(item: SubjectKeyItem) -> KeyRow:
    return KeyRow(item.epoch, item.wrapped, item.erasing, item.erased, item.leaving, item.restricted, item.objected)
