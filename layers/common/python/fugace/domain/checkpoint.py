"""A checkpoint: one signed statement about the ends of all chains, and what of it a single tenant is shown."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from fugace.domain import merkle
from fugace.domain.ids import TenantId
from fugace.domain.ledger import canonical, written

VERSION = "fugace-checkpoint/1"
"""Within the statement, so that a signature under it means nothing elsewhere."""
ALGORITHM = "ECDSA_SHA_256"
"""On P-256, as KMS calls it."""


class Head(NamedTuple):
    """The end of a tenant's chain."""

    tenant: TenantId
    seq: int
    hash: str

    @property
    def leaf(self) -> bytes:
        """Its leaf of the tree."""
        return merkle.leaf(f"{self.tenant} {self.seq} {self.hash}".encode())


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed."""

    environment: str
    at: datetime
    day: date
    size: int
    """How many chains there are."""
    root: str
    """Of the tree over their ends, sorted by tenant; hex."""
    previous: str
    """SHA-256 of the document before this one, in hex; of nothing for the first."""

    @property
    def shown(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "version": VERSION,
            "environment": self.environment,
            "at": written(self.at),
            "day": self.day.isoformat(),
            "size": self.size,
            "root": self.root,
            "previous": self.previous,
        }

    @property
    def signed(self) -> bytes:
        """What the signature is over, before it is hashed."""
        return canonical(self.shown).encode()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Statement":
        """The inverse of `shown`. Raises ValueError, TypeError or KeyError for anything else."""
        at, day = datetime.fromisoformat(raw["at"]), date.fromisoformat(raw["day"])
        return cls(raw["environment"], at, day, raw["size"], raw["root"], raw["previous"])


@dataclass(frozen=True, slots=True)
class Seal:
    """Who answers for a statement."""

    signature: bytes
    """DER."""
    key: bytes
    """The public key: DER, SubjectPublicKeyInfo."""

    @property
    def shown(self) -> dict[str, object]:
        """As JSON has it."""
        signature, key = (base64.b64encode(each).decode() for each in (self.signature, self.key))
        return {"algorithm": ALGORITHM, "signature": signature, "key": key}

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Seal":
        """The inverse of `shown`. Raises ValueError, TypeError or KeyError for anything else."""
        return cls(base64.b64decode(raw["signature"], validate=True), base64.b64decode(raw["key"], validate=True))

    @property
    def fingerprint(self) -> str:
        """By which people compare keys."""
        return hashlib.sha256(self.key).hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """All heads of a day. Only the operator sees it: it tells how many tenants there are, and when each was busy."""

    statement: Statement
    heads: Sequence[Head]
    """Sorted by tenant."""
    seal: Seal

    @property
    def document(self) -> bytes:
        """As it is kept."""
        heads = [list(head) for head in self.heads]
        return canonical({**self.statement.shown, **self.seal.shown, "heads": heads}).encode()

    @classmethod
    def read(cls, document: bytes) -> "Checkpoint":
        """The inverse of `document`. Raises ValueError for anything else."""
        try:
            raw = json.loads(document)
            heads = tuple(Head(TenantId(tenant), seq, hash_) for tenant, seq, hash_ in raw["heads"])
            found = cls(Statement.read(raw), heads, Seal.read(raw))
            same = found.document == document and found.statement.root == root(heads)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            same = False
        if not same:
            raise ValueError("not a checkpoint")
        return found

    @cached_property
    def _places(self) -> Mapping[TenantId, int]:
        return {head.tenant: place for place, head in enumerate(self.heads)}

    def head(self, tenant: TenantId) -> Head | None:
        """Where its chain ended then; None where it had none."""
        place = self._places.get(tenant)
        return None if place is None else self.heads[place]

    def inclusion(self, tenant: TenantId) -> "Inclusion | None":
        """What shows a tenant that its chain is meant, and nothing about the others but their number."""
        place = self._places.get(tenant)
        if place is None:
            return None
        path = merkle.path([head.leaf for head in self.heads], place)
        return Inclusion(self.statement, self.heads[place], place, tuple(path), self.seal)


def root(heads: Sequence[Head]) -> str:
    """Of the tree over heads, which are sorted by tenant already; hex."""
    return merkle.root([head.leaf for head in heads]).hex()


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One tenant's part of a checkpoint."""

    statement: Statement
    head: Head
    index: int
    path: tuple[bytes, ...]
    seal: Seal

    @property
    def text(self) -> str:
        """As a tenant is given it."""
        return canonical(
            {
                "statement": self.statement.shown,
                **self.seal.shown,
                "head": list(self.head),
                "index": self.index,
                "path": [each.hex() for each in self.path],
            }
        )

    @classmethod
    def read(cls, text: str) -> "Inclusion":
        """The inverse of `text`. Raises ValueError for anything else."""
        try:
            raw = json.loads(text)
            tenant, seq, hash_ = raw["head"]
            path = tuple(bytes.fromhex(each) for each in raw["path"])
            statement = Statement.read(raw["statement"])
            found = cls(statement, Head(TenantId(tenant), seq, hash_), raw["index"], path, Seal.read(raw))
            same = found.text == text
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            same = False
        if not same:
            raise ValueError("not an inclusion")
        return found

    @property
    def holds(self) -> bool:
        """Whether the head is one of those that the statement speaks of. Who signed it is another question."""
        try:
            meant = bytes.fromhex(self.statement.root)
            return merkle.included(self.head.leaf, self.index, self.statement.size, self.path, meant)
        except (ValueError, TypeError):
            return False
