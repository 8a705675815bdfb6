"""What a tenant's exported ledger proves: read, and checked, from the file alone.

Nothing here needs AWS or a network, so that nobody has to trust whoever made the file.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fugace.domain import chain
from fugace.domain.checkpoint import Inclusion
from fugace.domain.ledger import Entry

_ENTRY = re.compile(r'\{"entry":(\{.*\}),"hash":"([0-9a-f]{64})"\}')
_CHECKPOINT = re.compile(r'\{"checkpoint":(\{.*\})\}')


class Fault(StrEnum):
    """What is wrong with a file. The first six are those of a chain."""

    CHANGED = chain.Reason.CHANGED
    UNREADABLE = chain.Reason.UNREADABLE
    FOREIGN = chain.Reason.FOREIGN
    GAP = chain.Reason.GAP
    UNLINKED = chain.Reason.UNLINKED
    UNFIT = chain.Reason.UNFIT
    CUT = "cut"
    REWRITTEN = "rewritten"
    OUTSIDE = "outside"
    UNSIGNED = "unsigned"
    KEY = "key"
    REPLACED = "replaced"


SENTENCES = {
    Fault.CHANGED: "it was changed: its hash is not that of its text.",
    Fault.UNREADABLE: "it is not written as an entry or a checkpoint is.",
    Fault.FOREIGN: "it belongs to another tenant than the first.",
    Fault.GAP: "it is not the next entry: one is missing, doubled, or in another place.",
    Fault.UNLINKED: "it does not follow from the entry before it.",
    Fault.UNFIT: "it says what no entry can say.",
    Fault.CUT: "entries are missing before it: more of them were signed than there are.",
    Fault.REWRITTEN: "it is not the entry that was signed: it, or one before it, was written anew.",
    Fault.OUTSIDE: "the chain is not among those that were signed.",
    Fault.UNSIGNED: "its signature is not that of its statement.",
    Fault.KEY: "it was signed with another key than the one that was given.",
    Fault.REPLACED: "it is not the one that stands there in the earlier file, or the file ends before it.",
}


class BrokenError(Exception):
    """The file does not prove anything, from this line on."""

    def __init__(self, line: int, fault: Fault) -> None:
        super().__init__(f"Line {line} is broken: {SENTENCES[fault]}")
        self.line = line
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Proved:
    """What a file shows."""

    entries: Sequence[Entry]
    inclusion: Inclusion | None
    """None: nobody has signed for anything of it."""
    trusted: bool
    """The key that signed is one that the reader brought along."""


def written(entries: Iterable[Entry], inclusion: Inclusion | None) -> str:
    """A file: one line an entry, then the checkpoint's part for this tenant."""
    lines = [f'{{"entry":{entry.text},"hash":"{entry.hash}"}}\n' for entry in entries]
    return "".join([*lines, f'{{"checkpoint":{inclusion.text}}}\n' if inclusion else ""])


def check(file: bytes, key: bytes | None = None) -> Proved:
    """Check a file. `key` (DER, SubjectPublicKeyInfo): then it must have been signed with that one.

    Raises:
        BrokenError: the first line that is not as it was written.
    """
    lines = file.removesuffix(b"\n").split(b"\n")
    texts, hashes_ = [], []
    for line in lines:
        match = _ENTRY.fullmatch(_text(line))
        if match is None:
            break
        texts.append(match[1])
        hashes_.append(match[2])
    if broken := chain.verify(texts, hashes_):
        raise BrokenError(broken.line, Fault(broken.reason))
    entries = [Entry.read(text) for text in texts]
    inclusion = _inclusion(lines[len(texts) :], len(texts))
    if inclusion:
        _check_signed(entries, inclusion, key)
    return Proved(entries, inclusion, trusted=key is not None and inclusion is not None)


def departs(earlier: Proved, later: Proved) -> int | None:
    """The first line at which a later file does not continue an earlier one; None where it does."""
    for line, (old, new) in enumerate(zip_longest(earlier.entries, later.entries), 1):
        if old is not None and old != new:
            return line
    return None


def public(pem: bytes) -> bytes:
    """A public key as checkpoints have it, from a PEM file. Raises ValueError for anything else."""
    try:
        found = serialization.load_pem_public_key(pem)
    except UnsupportedAlgorithm:
        raise ValueError("not a key of ours") from None
    return found.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _inclusion(lines: Sequence[bytes], before: int) -> Inclusion | None:
    """What stands behind the entries: one checkpoint, or nothing."""
    if not lines:
        return None
    match = _CHECKPOINT.fullmatch(_text(lines[0]))
    try:
        found = Inclusion.read(match[1] if match and before else "")
    except ValueError:
        raise BrokenError(before + 1, Fault.UNREADABLE) from None
    if len(lines) > 1:
        raise BrokenError(before + 2, Fault.UNREADABLE)
    return found


def _check_signed(entries: Sequence[Entry], inclusion: Inclusion, key: bytes | None) -> None:
    line, head = len(entries) + 1, inclusion.head
    if key is not None and inclusion.seal.key != key:
        raise BrokenError(line, Fault.KEY)
    if not _signed(inclusion):
        raise BrokenError(line, Fault.UNSIGNED)
    if not inclusion.holds:
        raise BrokenError(line, Fault.OUTSIDE)
    if head.tenant != entries[0].draft.tenant:
        raise BrokenError(line, Fault.FOREIGN)
    if head.seq > len(entries):
        raise BrokenError(line, Fault.CUT)
    if entries[head.seq - 1].hash != head.hash:
        raise BrokenError(head.seq, Fault.REWRITTEN)


def _signed(inclusion: Inclusion) -> bool:
    seal = inclusion.seal
    try:
        key = serialization.load_der_public_key(seal.key)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return False
        key.verify(seal.signature, inclusion.statement.signed, ec.ECDSA(hashes.SHA256()))
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True


def _text(line: bytes) -> str:
    """'' for what is not ASCII: no line of ours is."""
    return line.decode("ascii") if line.isascii() else ""
