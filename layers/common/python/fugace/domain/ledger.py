"""The ledger: what was decided about data and what was destroyed, as a chain of hashes that anybody can check.

No personal datum can enter: an entry is made of closed words, opaque ids, times and counts, and each is checked for it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fugace.domain.ids import TenantId


class Action(StrEnum):
    """What happened. Public words."""

    TENANT_CREATED = "tenant-created"
    POLICY_CHANGED = "policy-changed"
    HOLD_SET = "hold-set"
    HOLD_LIFTED = "hold-lifted"
    HOLD_ENDED = "hold-ended"
    PURGED = "purged"  # counts of what has gone, by kind; TTL's deletions included
    KEYS_DESTROYED = "keys-destroyed"  # persons of whom nothing was left


Fact = str | int


class UnfitError(ValueError):
    """What does not belong into the ledger. The message names the fact, never its value."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no place in the chain yet."""

    tenant: TenantId
    at: datetime
    action: Action
    actor: str
    """`key_…`, `operator`, or `purge`."""
    object: str
    """An opaque id, or the hour that was counted."""
    facts: Mapping[str, Fact]
    """By names that the action knows (see `_FACTS`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in its place."""

    seq: int
    """From 1."""
    draft: Draft
    prev: str
    """Hash of the entry before it; of nothing, `GENESIS`, for the first."""

    @property
    def text(self) -> str:
        """What is hashed, signed for and exported: JSON with sorted keys and no spaces, in ASCII."""
        draft = self.draft
        shown = {
            "seq": self.seq,
            "tenant": draft.tenant,
            "at": draft.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "action": draft.action.value,
            "actor": draft.actor,
            "object": draft.object,
            "facts": dict(draft.facts),
            "prev": self.prev,
        }
        return json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @property
    def hash(self) -> str:
        """SHA-256 of 0x00 and the text, in hex: a leaf as RFC 6962 section 2.1 hashes it."""
        return hashlib.sha256(b"\x00" + self.text.encode()).hexdigest()


GENESIS = hashlib.sha256(b"").hexdigest()
