"""A certificate of erasure: what became of each place, as a JWS that any JOSE library can verify, without us.

It says what is known and no more: a place that is held or failed is written down as such. The person is named by a
commitment alone, whose key the controller has and nobody else. It hangs on the ledger: the entry that counted what was
erased is named by its number and hash.

Source:
    RFC 7515 (JWS), RFC 7519 section 4.1 (iss, jti, iat), RFC 8725 section 3.11 (typ).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from fugace.domain.case import Case, CaseKey, CaseState, Found
from fugace.domain.ids import uuid8
from fugace.domain.jose import ALGORITHM, b64url, unb64url
from fugace.domain.ledger import Entry, canonical, written

VERSION = "fugace-certificate/1"
TYPE = "fugace-certificate+jwt"
"""So that nothing else that the same key signs (callbacks) can be taken for one."""
COMMITMENT = "HMAC-SHA-256(key, E.164)"
"""How the person is named: whoever has the key and the number computes it again."""


class Stage(StrEnum):
    """How much time has passed. Public words."""

    ERASED = "erased"  # gone from where it was used; copies that end by themselves have the horizon
    FINAL = "final"  # the horizon has passed


class Line(Protocol):
    """What became of one place of the map: an entry of `fugace.datamap.manifest`."""

    @property
    def number(self) -> int:
        """1 to 37."""
        ...

    @property
    def name(self) -> str:
        """In words."""
        ...

    @property
    def outcome(self) -> str:
        """A word of `Outcome`, or `absent`."""
        ...

    @property
    def count(self) -> int:
        """How much is gone from there: a message is in several places, and counts in each."""
        ...

    @property
    def left(self) -> int:
        """How much is still there."""
        ...

    @property
    def until(self) -> datetime | None:
        """When that is gone, where it is known."""
        ...

    @property
    def ground(self) -> str:
        """Why it stays: a word of ours."""
        ...

    @property
    def remains(self) -> tuple[str, ...]:
        """What carriers say of what they keep."""
        ...


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is signed."""

    environment: str
    stage: Stage
    at: datetime
    case: Case
    entry: Entry
    """The one of the ledger that counted what was erased."""
    lines: Sequence[Line]
    horizon: datetime
    """When every copy that ends by itself is gone, at the latest."""

    @property
    def id(self) -> str:
        """The same however often it is made: of one request, one stage, one count of the ledger."""
        return certificate_id(self.environment, self.case.key, self.stage, self.entry)

    @property
    def claims(self) -> dict[str, object]:
        """As JSON has it. Times are UTC; `iat` is in seconds, as RFC 7519 wants it."""
        case, facts = self.case, self.entry.draft.facts
        return {
            "ver": VERSION,
            "iss": issuer(self.environment),
            "jti": self.id,
            "iat": int(self.at.timestamp()),
            "stage": self.stage.value,
            "tenant": case.tenant,
            "request": {
                "id": case.key.id,
                "kind": case.right.value,
                "regulation": case.regulation,
                "identity": case.identity.value,
                "state": str(facts["state"]),
                "submitted_time": written(case.submitted),
                "received_time": written(case.received),
                "due_time": written(case.due),
                "begun_time": written(case.begun) if case.begun else None,
                "finished_time": written(case.finished or self.entry.draft.at),
            },
            "person": {"commitment": case.commitment or None, "how": COMMITMENT},
            "places": [_shown(line) for line in self.lines],
            "counts": _counts(case.places),
            "horizon": written(self.horizon),
            "ledger": {"seq": self.entry.seq, "hash": self.entry.hash, "at": written(self.entry.draft.at)},
        }

    def signed(self, kid: str) -> bytes:
        """What the signature is over: header and claims (RFC 7515 section 5.1)."""
        header = {"alg": ALGORITHM, "kid": kid, "typ": TYPE}
        return ".".join(b64url(canonical(part).encode()) for part in (header, self.claims)).encode()


def issuer(environment: str) -> str:
    """Who signs: a deployment. No address: a certificate outlives addresses."""
    return f"urn:fugace:{environment}"


def certificate_id(environment: str, key: CaseKey, stage: Stage, entry: Entry) -> str:
    """A UUID made of what a certificate is about: a repeat has no other."""
    told = canonical([VERSION, environment, str(key), stage.value, entry.seq, entry.hash])
    return uuid8(hashlib.sha256(told.encode()).digest())


def sealed(signed: bytes, signature: bytes) -> str:
    """The JWS in compact form. `signature`: 64 bytes, as ES256 has it."""
    return f"{signed.decode()}.{b64url(signature)}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What we read of a certificate that we keep ourselves: it was signed by us, and is not checked again."""

    id: str
    stage: Stage
    ledger: int
    """Number of the entry of the ledger that it hangs on."""

    @classmethod
    def read(cls, jws: str) -> "Kept":
        """Raises ValueError for anything that is not a certificate."""
        try:
            claims: Mapping[str, Any] = json.loads(unb64url(jws.split(".")[1]))
            return cls(str(claims["jti"]), Stage(claims["stage"]), int(claims["ledger"]["seq"]))
        except (IndexError, KeyError, TypeError):
            raise ValueError("not a certificate") from None


def stage_of(case: Case, now: datetime) -> Stage:
    """Which stage is due. One that is not wholly erased never becomes final: its horizon has not begun."""
    over = case.final_at is not None and case.final_at <= now.astimezone(UTC)
    return Stage.FINAL if over and case.state is CaseState.COMPLETED else Stage.ERASED


def _shown(line: Line) -> dict[str, object]:
    """As JSON has it; what there is nothing to say of is left out."""
    shown: dict[str, object] = {"number": line.number, "name": line.name, "outcome": str(line.outcome)}
    shown |= {"erased": line.count, "left": line.left}
    if line.until:
        shown["until"] = written(line.until)
    if line.ground:
        shown["ground"] = line.ground
    return {**shown, "remains": list(line.remains)} if line.remains else shown


def _counts(places: Mapping[str, Found]) -> dict[str, object]:
    """Each thing once, by the branch of the machine that saw to it."""
    by = {name: {"erased": found.count, "left": found.left} for name, found in sorted(places.items())}
    erased, left = (sum(each[word] for each in by.values()) for word in ("erased", "left"))
    return {"erased": erased, "left": left, "by": by}
