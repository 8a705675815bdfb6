"""What a carrier's queue asks of us, and what may become of it."""

from dataclasses import dataclass
from enum import StrEnum

from fugace.domain.ids import MessageKey


class Outcome(StrEnum):
    """What became of a body."""

    SUBMITTED = "submitted"
    RETRIED = "retried"  # on the queue again, for later
    ENDED = "ended"  # a final state was written: refused, expired, erased, unknown
    DROPPED = "dropped"  # nothing is left to do
    HELD = "held"  # another has it in hand: look again later


class InDoubtError(Exception):
    """The carrier may have it, and what came of it could not be written down. The claim stays."""


@dataclass(frozen=True, slots=True)
class Task:
    """A body of a carrier's queue."""

    key: MessageKey
    attempt: int = 1
    silent: int = 0
    """How many earlier attempts ended without anybody knowing whether the carrier took it."""

    @classmethod
    def read(cls, body: object) -> "Task":
        """Raises ValueError for anything that is not such a body, without quoting it."""
        match body:
            case {"message": str(message), "attempt": int(attempt), "silent": int(silent)}:
                return cls(MessageKey.read(message), attempt, silent)
            case {"message": str(message), "attempt": int(attempt)}:
                return cls(MessageKey.read(message), attempt)
        raise ValueError("not a body of a carrier's queue")

    def body(self) -> dict[str, str | int]:
        """The inverse of `read`."""
        body: dict[str, str | int] = {"message": str(self.key), "attempt": self.attempt}
        return {**body, "silent": self.silent} if self.silent else body
