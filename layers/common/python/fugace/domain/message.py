"""A message: what it is made of, the states it goes through, and which state may follow which."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from fugace.domain.ids import MessageKey, SubjectId


class Status(StrEnum):
    """Where a message is. Public: clients match on these words."""

    ACCEPTED = "accepted"  # we have it, durably
    QUEUED = "queued"  # a hand-over to the carrier has begun
    SUBMITTED = "submitted"  # the carrier has it
    BUFFERED = "buffered"  # the operator is retrying
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    EXPIRED = "expired"
    REJECTED = "rejected"  # it never left, or the carrier would not take it
    BLOCKED = "blocked"  # opt-out, spam, policy
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # it may or may not have been delivered, and nobody will tell

    @property
    def final(self) -> bool:
        """Nothing is expected to follow."""
        return self not in _RANK

    def may_follow(self, before: "Status") -> bool:
        """Whether a message in state `before` may come into this one (invariant I5).

        The rank never goes back; the first final state wins, except that a
        late `delivered` amends `unknown` and `expired`.
        """
        if before.final:
            return self is Status.DELIVERED and before in _AMENDED
        return self.final or _RANK[self] > _RANK[before]

    @property
    def predecessors(self) -> frozenset["Status"]:
        """The states that this one may follow: what a conditional write has to ask for."""
        return frozenset(before for before in Status if self.may_follow(before))


_RANK = {Status.ACCEPTED: 0, Status.QUEUED: 1, Status.SUBMITTED: 2, Status.BUFFERED: 3}
_AMENDED = {Status.UNKNOWN, Status.EXPIRED}
SENDABLE = frozenset({Status.ACCEPTED, Status.QUEUED})
"""No carrier has it yet: it may still be handed over."""
_OURS = frozenset({Status.ACCEPTED, Status.CANCELLED, Status.EXPIRED, Status.REJECTED, Status.BLOCKED})
"""States that a message may come into without a carrier; from one that has it, it comes by way of others."""


class Evidence(StrEnum):
    """Who says so. `delivered` by an operator is not a receipt from a handset."""

    HANDSET = "handset"
    OPERATOR = "operator"
    PLATFORM = "platform"  # the carrier's or our own systems
    INFERRED = "inferred"  # nobody: concluded from silence


class Category(StrEnum):
    """Why the tenant sends it."""

    OTP = "otp"
    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class OnUnknown(StrEnum):
    """What to do when a hand-over's outcome is not known (invariant I6)."""

    AT_MOST_ONCE = "at_most_once"  # leave it `unknown`: never twice, perhaps not at all
    AT_LEAST_ONCE = "at_least_once"  # try again: perhaps twice


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a message's history. Its place in the history, from 1, is the event's sequence number."""

    status: Status
    at: datetime
    """When it happened: the carrier's time where it gives one, else ours."""
    evidence: Evidence = Evidence.PLATFORM
    code: str = ""
    """The carrier's raw code, or our own reason: [A-Za-z0-9._-], 40 characters at most, never free text."""


_CODE = re.compile(r"(?!.*\d{7})[A-Za-z0-9._-]{1,40}")


def as_code(raw: str) -> str:
    """A carrier's code as it is kept: `err:002` becomes `err-002`, and what is no code becomes ''.

    A free text with its spaces taken out is still a text, and seven digits in a row may be somebody's number.
    """
    word = re.sub("[:/]", "-", raw)
    return word if _CODE.fullmatch(word) else ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The personal fields of a message, sealed with the person's key. None: not given, or removed."""

    to: bytes
    text: bytes | None = None
    reference: bytes | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it is kept: no field here is readable without the person's key."""

    key: MessageKey
    subject: SubjectId
    epoch: int
    """Which key of that person: what is bound to an erased epoch stays dead."""
    sealed: Sealed
    anchor: datetime
    """What expiry is counted from, and the time index is sorted by: acceptance, or `send_at` where that is later."""
    history: tuple[Change, ...]
    encoding: str
    """`GSM-7` or `UCS-2`."""
    segments: int
    category: Category
    carrier: str
    """Name of the configured carrier."""
    on_unknown: OnUnknown
    validity: timedelta
    """How long after `anchor` it may still be handed over, and the carrier may try."""
    expires_at: datetime
    content_until: datetime
    live: bool = True
    """False: accepted with a test key."""
    drop_content: bool = False
    """Content retention is PT0S: the text goes in the write that records the hand-over."""
    sender: str = ""
    campaign: str = ""
    shard: int = 0
    fingerprint: bytes = b""
    """Keyed digest of the whole request, where it came with an Idempotency-Key."""
    carrier_ref: str = ""
    claimed_at: datetime | None = None
    """When a dispatch took it in hand; None when nobody holds it."""
    parts: dict[int, Status] = field(default_factory=dict)
    """Final states of parts that were reported one by one."""
    brief: bool = False
    """Its text has a period of its own, shorter than the tenant's choice."""
    held: frozenset[str] = frozenset()
    """Ids of the legal holds on it: it is kept, and is neither shown nor sent."""

    @property
    def status(self) -> Status:
        """The state it is in: the last of its history."""
        return self.history[-1].status

    @property
    def sequence(self) -> int:
        """The number of its last change, from 1."""
        return len(self.history)

    @property
    def collected(self) -> datetime:
        """When it was accepted: what a tenant promised then stays promised."""
        return self.history[0].at

    @property
    def left_at(self) -> datetime | None:
        """Since when no carrier is to get it any more: it was handed over, or ended. None: it may still be sent."""
        return next((change.at for change in self.history if change.status not in SENDABLE), None)

    @property
    def handed_over(self) -> bool:
        """Whether a carrier has it, or may have it: a hand-over has begun, whatever came of it.

        To these its number and text have been disclosed (Art. 15(1)(c), 19 GDPR).
        """
        begun = self.carrier_ref or self.claimed_at
        return bool(begun) or any(change.status not in _OURS for change in self.history)

    def changed(self, change: Change) -> "Record":
        """The record after `change`. The caller has asked whether it may follow."""
        return replace(self, history=(*self.history, change))


def of_parts(total: int, parts: dict[int, Status]) -> Status | None:
    """What final reports of parts say of the whole: failed once one has failed, delivered once all are, else None."""
    failed = [parts[number] for number in sorted(parts) if parts[number] is not Status.DELIVERED]
    if failed:
        return failed[0]
    return Status.DELIVERED if len(parts) >= total else None
