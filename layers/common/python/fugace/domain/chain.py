"""Whether a tenant's chain of entries is whole, from the texts and hashes alone: anybody can ask, anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fugace.domain.fitness import check
from fugace.domain.ledger import GENESIS, Entry, UnfitError, hashed


class Reason(StrEnum):
    """What is wrong with the first place that is not as it was written. Public words."""

    CHANGED = "changed"  # the hash is not that of the text
    UNREADABLE = "unreadable"  # not the canonical text of an entry
    FOREIGN = "foreign"  # of another tenant than the first
    GAP = "gap"  # not the next number: entries are missing, doubled, or in another order
    UNLINKED = "unlinked"  # it does not follow from the entry before it
    UNFIT = "unfit"  # nothing that can have entered


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place that is not as it was written."""

    line: int
    """From 1."""
    reason: Reason


def verify(texts: Sequence[str], hashes: Sequence[str]) -> Broken | None:
    """Check a chain from its first entry on: each text against its hash, each entry against the one before.

    It cannot see that the end is cut off, nor that all of it was written anew: for that there are checkpoints.
    """
    prev, tenant = GENESIS, ""
    for line, (text, hash_) in enumerate(zip(texts, hashes, strict=True), 1):
        if hashed(text) != hash_:
            return Broken(line, Reason.CHANGED)
        try:
            entry = Entry.read(text)
            tenant = tenant or entry.draft.tenant
            reason = _misplaced(entry, line, prev, tenant)
            check(entry.draft)
        except UnfitError:
            reason = reason or Reason.UNFIT
        except ValueError:
            reason = Reason.UNREADABLE
        if reason:
            return Broken(line, reason)
        prev = hash_
    return None


def _misplaced(entry: Entry, seq: int, prev: str, tenant: str) -> Reason | None:
    if entry.draft.tenant != tenant:
        return Reason.FOREIGN
    if entry.seq != seq:
        return Reason.GAP
    return Reason.UNLINKED if entry.prev != prev else None
