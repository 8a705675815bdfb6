"""The ledger: what was decided about data and what was destroyed, as a chain of hashes that anybody can check.

No personal datum can enter: an entry is made of closed words, opaque ids, times and counts (`fugace.domain.fitness`).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fugace.domain.ids import TenantId


class Action(StrEnum):
    """What happened. Public words."""

    TENANT_CREATED = "tenant-created"  # with its first periods
    POLICY_CHANGED = "policy-changed"
    HOLD_SET = "hold-set"
    HOLD_LIFTED = "hold-lifted"
    HOLD_ENDED = "hold-ended"  # taken off what it covered; what was over is deleted
    PURGED = "purged"  # counts of what has gone, by kind; TTL's deletions included
    REQUEST_FILED = "request-filed"  # of a person: what for, and by when it is due
    REQUEST_EXTENDED = "request-extended"
    REQUEST_DENIED = "request-denied"
    REQUEST_CANCELLED = "request-cancelled"
    REQUEST_CLOSED = "request-closed"  # nobody proved to be the person
    REQUEST_DONE = "request-done"  # what became of it
    ERASURE_BEGUN = "erasure-begun"  # written before anything is destroyed (I7)
    KEY_DESTROYED = "key-destroyed"
    ERASED = "erased"  # by place: how much has gone
    CERTIFIED = "certified"  # a certificate was signed: its stage, and its id
    ARCHIVE_MADE = "archive-made"
    ARCHIVE_FETCHED = "archive-fetched"
    RECTIFIED = "rectified"
    RESTRICTED = "restricted"
    UNRESTRICTED = "unrestricted"
    OBJECTED = "objected"
    UNOBJECTED = "unobjected"
    RESTORED = "restored"  # a table, from a back-up: what of it came back, and what must not


Fact = str | int

_HASH = re.compile("[0-9a-f]{64}")
LONGEST = 4096
"""Characters of an entry's text, at most; the longest that can be made has a quarter of it."""


class UnfitError(ValueError):
    """What does not belong into the ledger. The message names the fact, never its value."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no place in the chain yet."""

    tenant: TenantId
    at: datetime
    action: Action
    actor: str
    """`key_…`, `operator`, `purge`, or `request`: the machine that answers persons."""
    object: str
    """An opaque id, or the hour that was counted."""
    facts: Mapping[str, Fact]
    """By names that the action knows (see `fugace.domain.fitness`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in its place."""

    seq: int
    """From 1."""
    draft: Draft
    prev: str
    """Hash of the entry before it; of nothing, `GENESIS`, for the first."""

    @classmethod
    def read(cls, text: str) -> "Entry":
        """The inverse of `text`. Raises ValueError for any other text, also one that says the same differently."""
        try:
            raw = json.loads(text) if len(text) <= LONGEST else {}
            at = datetime.fromisoformat(raw["at"])
            draft = Draft(raw["tenant"], at, Action(raw["action"]), raw["actor"], raw["object"], dict(raw["facts"]))
            entry = cls(raw["seq"], draft, raw["prev"])
            same = (
                entry.text == text
                and type(entry.seq) is int
                and entry.seq > 0
                and _HASH.fullmatch(entry.prev) is not None
            )
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            same = False
        if not same:
            raise ValueError("not the text of an entry")
        return entry

    @property
    def text(self) -> str:
        """What is hashed, signed for and exported: JSON with sorted keys and no spaces, in ASCII."""
        draft = self.draft
        shown = {
            "seq": self.seq,
            "tenant": draft.tenant,
            "at": written(draft.at),
            "action": draft.action.value,
            "actor": draft.actor,
            "object": draft.object,
            "facts": dict(draft.facts),
            "prev": self.prev,
        }
        return canonical(shown)

    @property
    def hash(self) -> str:
        """SHA-256 of 0x00 and the text, in hex: a leaf as RFC 6962 section 2.1 hashes it."""
        return hashed(self.text)


def canonical(shown: object) -> str:
    """JSON in the one form that is hashed: keys sorted, no spaces, ASCII."""
    return json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def hashed(text: str) -> str:
    """The hash of an entry's text."""
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()


def written(at: datetime) -> str:
    """A time as entries write it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


GENESIS = hashlib.sha256(b"").hexdigest()
