"""Kinds of attributes: how a value of ours is stored, and whether it is personal."""

from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Generic, TypeVar

from pynamodb.attributes import Attribute, BinaryAttribute, UnicodeAttribute, UnicodeSetAttribute

E = TypeVar("E", bound=Enum)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_millis(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """The inverse of `to_millis`, without the detour over a binary fraction."""
    return _EPOCH + millis * _MILLISECOND


class Sealed(BinaryAttribute):
    """Personal, and readable only with the person's key."""

    def __init__(self, attr_name: str | None = None, *, null: bool = False) -> None:
        super().__init__(legacy_encoding=False, attr_name=attr_name, null=null)


class Pseudonym(UnicodeAttribute):
    """Personal for us: what we, or a carrier, know a person or their message by."""


class Pseudonyms(UnicodeSetAttribute):
    """Several of them."""


class Bytes(BinaryAttribute):
    """Not personal: digests with a key, wrapped keys, the tenant's own secrets."""

    def __init__(self, attr_name: str | None = None, *, null: bool = False) -> None:
        super().__init__(legacy_encoding=False, attr_name=attr_name, null=null)


class Number(Attribute[int]):
    """A whole number."""

    attr_type = "N"

    def serialize(self, value: int) -> str:
        """As DynamoDB wants it."""
        return str(value)

    def deserialize(self, value: str) -> int:
        """The inverse."""
        return int(value)


class Millis(Attribute[datetime]):
    """A moment, in milliseconds since 1970."""

    attr_type = "N"

    def serialize(self, value: datetime) -> str:
        """What is finer is dropped."""
        return str(to_millis(value))

    def deserialize(self, value: str) -> datetime:
        """The inverse."""
        return from_millis(int(value))


class Seconds(Attribute[datetime]):
    """A moment, in seconds since 1970: what DynamoDB's TTL reads."""

    attr_type = "N"

    def serialize(self, value: datetime) -> str:
        """Rounded down: never kept longer than was said."""
        return str(to_millis(value) // 1000)

    def deserialize(self, value: str) -> datetime:
        """The inverse."""
        return from_millis(int(value) * 1000)


class Span(Attribute[timedelta]):
    """A length of time, in seconds."""

    attr_type = "N"

    def serialize(self, value: timedelta) -> str:
        """Whole ones."""
        return str(value // timedelta(seconds=1))

    def deserialize(self, value: str) -> timedelta:
        """The inverse."""
        return timedelta(seconds=int(value))


class Day(Attribute[date]):
    """A date, as ISO 8601 writes it: its order as text is its order in time."""

    attr_type = "S"

    def serialize(self, value: date) -> str:
        """Year first."""
        return value.isoformat()

    def deserialize(self, value: str) -> date:
        """The inverse."""
        return date.fromisoformat(value)


class Word(Attribute[E], Generic[E]):
    """One of our public words, stored as it is."""

    attr_type = "S"

    def __init__(self, kind: type[E], **more: Any) -> None:  # noqa: ANN401  # PynamoDB's options, passed on
        super().__init__(**more)
        self._kind = kind

    def serialize(self, value: E) -> str:
        """The word."""
        return str(value.value)

    def deserialize(self, value: str) -> E:
        """The inverse."""
        return self._kind(value)
