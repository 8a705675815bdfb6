"""Kinds of attributes: how a value of ours is stored. Each is declared with its entry in the personal-data map.

The entry gives the stored name, and says how the value is protected: a kind takes no entry that promises more than it
keeps, and none can be made without one.
"""

from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from fugace.datamap.entry import Field, Protection

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_millis(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """The inverse of `to_millis`, without the detour over a binary fraction."""
    return _EPOCH + millis * _MILLISECOND


class Declared(Attribute[T]):
    """An attribute with its entry in the map."""

    protections: ClassVar[tuple[Protection, ...]] = (Protection.AT_REST,)
    """What an entry of this kind may promise."""

    def __init__(self, entry: Field, **options: Any) -> None:  # noqa: ANN401  # PynamoDB's options, passed on
        if entry.protection not in self.protections:
            sentence = f"{entry.label} is declared as {type(self).__name__}, and its entry says: {entry.protection}"
            raise TypeError(sentence)
        super().__init__(attr_name=entry.name, **options)
        self.entry = entry


class Sealed(Declared[bytes], BinaryAttribute):
    """Personal, and readable only with the person's key."""

    protections = (Protection.SEALED,)

    def __init__(self, entry: Field, *, null: bool = False) -> None:
        super().__init__(entry, legacy_encoding=False, null=null)


class SealedCase(Sealed):
    """Personal, and readable only with the key of the request that it is in."""

    protections = (Protection.CASE,)


class Pseudonym(Declared[str], UnicodeAttribute):
    """Personal for us: what we, or a carrier, know a person or their message by."""

    protections = (Protection.PSEUDONYM,)


class Pseudonyms(Declared[set[str]], UnicodeSetAttribute):
    """Several of them."""

    protections = (Protection.PSEUDONYM,)


class Bytes(Declared[bytes], BinaryAttribute):
    """Digests with a key, wrapped keys."""

    protections = (Protection.DIGEST, Protection.WRAPPED)

    def __init__(self, entry: Field, *, null: bool = False) -> None:
        super().__init__(entry, legacy_encoding=False, null=null)


class Text(Declared[str], UnicodeAttribute):
    """An id, a word, or what a tenant wrote of itself."""

    protections = (Protection.AT_REST, Protection.READABLE)


class Texts(Declared[set[str]], UnicodeSetAttribute):
    """Several of them, in no order."""


class Lines(Declared[list[str]], ListAttribute[str]):
    """Lines of text, in their order; `lines.py` writes them."""

    protections = (Protection.AT_REST, Protection.SECRET, Protection.READABLE, Protection.PSEUDONYM)

    def __init__(self, entry: Field, *, null: bool = False) -> None:
        super().__init__(entry, null=null, of=UnicodeAttribute)


class Flag(Declared[bool], BooleanAttribute):
    """Yes or no."""


class Words(Declared[dict[str, str]]):
    """Words by names of ours."""

    attr_type = "M"

    def serialize(self, value: dict[str, str]) -> dict[str, dict[str, str]]:
        """As DynamoDB's JSON has it."""
        return {name: {"S": word} for name, word in value.items()}

    def deserialize(self, value: dict[str, dict[str, str]]) -> dict[str, str]:
        """The inverse."""
        return {name: typed["S"] for name, typed in value.items()}


class Number(Declared[int]):
    """A whole number."""

    attr_type = "N"

    def serialize(self, value: int) -> str:
        """As DynamoDB wants it."""
        return str(value)

    def deserialize(self, value: str) -> int:
        """The inverse."""
        return int(value)


class Millis(Declared[datetime]):
    """A moment, in milliseconds since 1970."""

    attr_type = "N"

    def serialize(self, value: datetime) -> str:
        """What is finer is dropped."""
        return str(to_millis(value))

    def deserialize(self, value: str) -> datetime:
        """The inverse."""
        return from_millis(int(value))


_LATEST = to_millis(datetime.max.replace(tzinfo=UTC))


class Seconds(Declared[datetime]):
    """A moment, in seconds since 1970: what DynamoDB's TTL reads."""

    attr_type = "N"

    def serialize(self, value: datetime) -> str:
        """Rounded down: never kept longer than was said."""
        return str(to_millis(value) // 1000)

    def deserialize(self, value: str) -> datetime:
        """The inverse. Beyond all years (milliseconds, taken for seconds) it is the last moment there is."""
        return from_millis(min(int(value) * 1000, _LATEST))


class Span(Declared[timedelta]):
    """A length of time, in seconds."""

    attr_type = "N"

    def serialize(self, value: timedelta) -> str:
        """Whole ones."""
        return str(value // timedelta(seconds=1))

    def deserialize(self, value: str) -> timedelta:
        """The inverse."""
        return timedelta(seconds=int(value))


class Day(Declared[date]):
    """A date, as ISO 8601 writes it: its order as text is its order in time."""

    attr_type = "S"

    def serialize(self, value: date) -> str:
        """Year first."""
        return value.isoformat()

    def deserialize(self, value: str) -> date:
        """The inverse."""
        return date.fromisoformat(value)


class Word(Declared[E], Generic[E]):
    """One of our public words, stored as it is."""

    attr_type = "S"

    def __init__(self, entry: Field, kind: type[E], **options: Any) -> None:  # noqa: ANN401  # PynamoDB's options
        super().__init__(entry, **options)
        self._kind = kind

    def serialize(self, value: E) -> str:
        """The word."""
        return str(value.value)

    def deserialize(self, value: str) -> E:
        """The inverse."""
        return self._kind(value)
