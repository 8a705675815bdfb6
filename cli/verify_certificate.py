"""What a certificate of erasure proves: checked from the file and the keys alone.

This one file is enough, with Python 3.11 and `cryptography`: it asks nobody anything, and needs nothing of ours.

    python3 verify_certificate.py FILE --keys JWKS [--commitment-key K --number - < number.txt]

Ends with 0 where the certificate is genuine and all is erased, 3 where it is genuine and says itself that something
is not (held, or failed), 1 where it proves nothing.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

VERSION = "fugace-certificate/1"
TYPE = "fugace-certificate+jwt"
ALGORITHM = "ES256"
"""The only one: what a header asks for is never obeyed (RFC 8725 section 3.1)."""
COMMITMENT = "HMAC-SHA-256(key, E.164)"
PLACES = 37
ERASED, FINAL = "erased", "final"
OUTCOMES = frozenset({"erased", "held", "retained", "not_supported", "failed", "absent"})
UNDONE = frozenset({"held", "failed"})
OWN_END = "own-end"
INCOMPLETE = 3
LARGEST = 200_000
"""Characters of a certificate, at most; one that we make has some 10,000."""

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TENANT = re.compile("ten_[a-z2-7]{16}")
_ISSUER = re.compile("urn:fugace:[a-z0-9-]{1,40}")
_HASH = re.compile("[0-9a-f]{64}")
_WORD = re.compile("[a-z][a-z_-]{0,40}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_HALF, _SECRET = 32, 32

Json = Mapping[str, Any]


class Fault(StrEnum):
    """Why a certificate proves nothing."""

    FORM = "form"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    CONTENT = "content"
    PERSON = "person"


SENTENCES = {
    Fault.FORM: "it is not a certificate in compact form.",
    Fault.ALGORITHM: f"its header is not that of a certificate: {ALGORITHM}, and nothing besides.",
    Fault.KEY: "none of the keys that were given is the one that it names.",
    Fault.SIGNATURE: "its signature is not that of its content: it was changed, or signed by somebody else.",
    Fault.CONTENT: "it is signed, and contradicts itself or says what no certificate says.",
    Fault.PERSON: "it is not about that number, or that is not its key.",
}


class RefusedError(Exception):
    """It proves nothing."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(SENTENCES[fault])
        self.fault = fault


class UnusableError(Exception):
    """What was given to check it with is of no use; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What names the person: neither is in a certificate."""

    key: bytes
    number: str

    @classmethod
    def read(cls, key: str, number: str) -> "Opening":
        """A key as the answer to the request gave it, and a number as people write it. Raises UnusableError."""
        bare = re.sub(r"[\s().\-/]", "", number)
        if not _E164.fullmatch(bare):
            raise UnusableError("the number is not one in international form (+, country, number)")
        try:
            secret = _bytes(key)
        except ValueError:
            secret = b""
        if len(secret) != _SECRET:
            raise UnusableError("the key of the commitment is not 32 bytes of base64url")
        return cls(secret, bare)

    def fits(self, commitment: str) -> bool:
        """Whether this is who is meant."""
        made = hmac.digest(self.key, self.number.encode(), hashlib.sha256)
        return hmac.compare_digest(_text(made), commitment)


@dataclass(frozen=True, slots=True)
class Proved:
    """A genuine certificate."""

    claims: Json
    kid: str
    person: bool
    """It was shown whom it is about."""

    @property
    def undone(self) -> list[Json]:
        """Places that are held, or failed."""
        return [line for line in self.claims["places"] if line["outcome"] in UNDONE]

    @property
    def complete(self) -> bool:
        """All is done that had to be done."""
        return self.claims["request"]["state"] == "completed" and not self.undone


def check(jws: str, keys: str, opening: Opening | None = None) -> Proved:
    """Check a certificate against a JWK Set (RFC 7517).

    Raises:
        RefusedError: it proves nothing.
        UnusableError: the keys cannot be read.
    """
    known = read_keys(keys)
    header, payload, signature, signed = _parts(jws)
    if set(header) != {"alg", "kid", "typ"} or header["alg"] != ALGORITHM or header["typ"] != TYPE:
        raise RefusedError(Fault.ALGORITHM)
    key = known.get(header["kid"]) if isinstance(header["kid"], str) else None
    if key is None:
        raise RefusedError(Fault.KEY)
    if not _genuine(key, signature, signed):
        raise RefusedError(Fault.SIGNATURE)
    claims = _object(payload, Fault.CONTENT)
    try:
        fit = _fit(claims)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        fit = False
    if not fit:
        raise RefusedError(Fault.CONTENT)
    if opening and not opening.fits(str(claims["person"]["commitment"])):
        raise RefusedError(Fault.PERSON)
    return Proved(claims, header["kid"], person=opening is not None)


def read_keys(text: str) -> dict[str, ec.EllipticCurvePublicKey]:
    """Keys of a set by their thumbprints (RFC 7638): what a key says of itself (`kid`, `alg`) counts for nothing."""
    try:
        found = {}
        for each in json.loads(text)["keys"]:
            if isinstance(each, dict) and (each.get("kty"), each.get("crv")) == ("EC", "P-256"):
                x, y = _bytes(each["x"]), _bytes(each["y"])
                numbers = ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1())
                found[_thumbprint(each["x"], each["y"])] = numbers.public_key()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UnusableError("the keys are not a JWK Set") from None
    if not found:
        raise UnusableError("there is no key of P-256 among those that were given")
    return found


def _parts(jws: str) -> tuple[Json, bytes, bytes, bytes]:
    """Header, claims, signature, and what the signature is over. Each is written in the one way that there is."""
    if len(jws) > LARGEST or not jws.isascii():
        raise RefusedError(Fault.FORM)
    parts = jws.split(".")
    try:
        header, payload, signature = map(_bytes, parts)
    except ValueError:
        raise RefusedError(Fault.FORM) from None
    return _object(header, Fault.FORM), payload, signature, f"{parts[0]}.{parts[1]}".encode()


def _object(text: bytes, fault: Fault) -> Json:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RefusedError(fault)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that occurs twice would be read by each reader as it likes."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _genuine(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    if len(signature) != 2 * _HALF:
        return False
    der = encode_dss_signature(_number(signature[:_HALF]), _number(signature[_HALF:]))
    try:
        key.verify(der, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


# --- what a certificate says ---------------------------------------------------------------------


def _fit(claims: Json) -> bool:
    """Whether it is one of ours, whole, and does not contradict itself. May raise what a wrong type raises."""
    request, person, ledger = claims["request"], claims["person"], claims["ledger"]
    return (
        claims["ver"] == VERSION
        and _all(
            (_ISSUER, claims["iss"]),
            (_UUID, claims["jti"]),
            (_TENANT, claims["tenant"]),
            (_UUID, request["id"]),
            (_WORD, request["kind"]),
            (_WORD, request["state"]),
            (_HASH, ledger["hash"]),
        )
        and _count(claims["iat"])
        and _count(ledger["seq"])
        and ledger["seq"] > 0
        and person["how"] == COMMITMENT
        and (person["commitment"] is None or len(_bytes(person["commitment"])) == _SECRET)
        and _in_order(claims)
        and _places(claims["places"])
        and _sums(claims)
        and _reaches(claims)
        and (claims["stage"] == ERASED or (claims["stage"] == FINAL and _ended(claims)))
    )


def _in_order(claims: Json) -> bool:
    """What was counted had begun, and was signed for afterwards."""
    request = claims["request"]
    submitted, received = _at(request["submitted_time"]), _at(request["received_time"])
    begun = _at(request["begun_time"]) if request["begun_time"] else received
    counted = _at(claims["ledger"]["at"])
    _at(request["finished_time"])
    return (
        submitted < _at(request["due_time"]) and begun <= counted <= _at(claims["horizon"]) and counted <= _made(claims)
    )


def _places(lines: Sequence[Json]) -> bool:
    """Each place of the map once; what is held or failed does not say that it is erased."""
    return [line["number"] for line in lines] == list(range(1, PLACES + 1)) and all(
        isinstance(line["name"], str)
        and line["outcome"] in OUTCOMES
        and _count(line["erased"])
        and _count(line["left"])
        and (line["outcome"] != ERASED or line["left"] == 0)
        and ("until" not in line or bool(_at(line["until"])))
        and isinstance(line.get("ground", ""), str)
        and all(isinstance(each, str) for each in line.get("remains", []))
        for line in lines
    )


def _sums(claims: Json) -> bool:
    """Each thing is counted once, by whoever saw to it; a completed request has nothing undone."""
    counts, undone = claims["counts"], any(line["outcome"] in UNDONE for line in claims["places"])
    return (
        all(_count(each[word]) for each in counts["by"].values() for word in ("erased", "left"))
        and all(counts[word] == sum(each[word] for each in counts["by"].values()) for word in ("erased", "left"))
        and not (undone and claims["request"]["state"] == "completed")
    )


def _ended(claims: Json) -> bool:
    """A final one is made after the horizon, of an erasure that was completed."""
    return claims["request"]["state"] == "completed" and _at(claims["horizon"]) <= _made(claims)


def _reaches(claims: Json) -> bool:
    """No copy that ends by itself outlives the horizon."""
    ends = [line["until"] for line in claims["places"] if line.get("ground") == OWN_END]
    return all(_at(end) <= _at(claims["horizon"]) for end in ends)


def _made(claims: Json) -> datetime:
    """`iat` is in whole seconds: its second is not over."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=claims["iat"] + 1)


def _at(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise ValueError("not a time")
    return datetime.fromisoformat(text)


def _all(*forms: tuple[re.Pattern[str], Any]) -> bool:
    return all(isinstance(value, str) and form.fullmatch(value) for form, value in forms)


def _count(value: object) -> bool:
    return type(value) is int and value >= 0  # True is no count


# --- bytes ---------------------------------------------------------------------------------------


def _bytes(text: str) -> bytes:
    """Base64url without padding; raises ValueError for any other text, also one that says the same differently."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None
    if _text(raw) != text:
        raise ValueError("not base64url")
    return raw


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _number(raw: bytes) -> int:
    if len(raw) != _HALF:
        raise ValueError("not a number of 32 bytes")
    return int.from_bytes(raw, "big")


def _thumbprint(x: str, y: str) -> str:
    told = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, sort_keys=True, separators=(",", ":"))
    return _text(hashlib.sha256(told.encode()).digest())


# --- words ---------------------------------------------------------------------------------------


def said(proved: Proved) -> list[str]:
    """What it proves, and what it does not."""
    claims, request = proved.claims, proved.claims["request"]
    lines = [f"Genuine: signed with the key {proved.kid} for {claims['tenant']}."]
    counts = claims["counts"]
    lines.append(
        f"Request {request['id']} ({request['kind']}) is {request['state']}: {counts['erased']} erased, "
        f"{counts['left']} left, as counted by entry {claims['ledger']['seq']} of the ledger."
    )
    lines += [_undone(line) for line in proved.undone]
    if claims["stage"] == FINAL:
        lines.append(f"Final: every copy that ends by itself had ended by {claims['horizon']}.")
    else:
        lines.append(f"Copies that end by themselves (back-ups, logs) are gone by {claims['horizon']}, not before.")
    others = [line for line in claims["places"] if line["outcome"] == "not_supported"]
    lines += [f"Not promised: place {line['number']}, {line['name']}: others decide there." for line in others]
    lines.append(
        "It is about that number."
        if proved.person
        else "Whom it is about was not checked: that takes the commitment's key and the number."
    )
    return lines


def _undone(line: Json) -> str:
    until = f" until {line['until']}" if "until" in line else ""
    return f"NOT erased: place {line['number']}, {line['name']}: {line['outcome']}, {line['left']} left{until}."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. A number is read from stdin: an argument would stay in the shell's history."""
    parser = argparse.ArgumentParser(description="Check a certificate of erasure, offline.")
    parser.add_argument("file", type=Path, help="the certificate: a JWS in compact form")
    parser.add_argument("--keys", type=Path, required=True, help="the public keys that you trust: a JWK Set")
    parser.add_argument("--commitment-key", help="what the answer to the request gave once")
    parser.add_argument("--number", choices=["-"], help="read the person's number from stdin")
    asked = parser.parse_args(arguments)
    if bool(asked.commitment_key) != bool(asked.number):
        parser.error("--commitment-key and --number go together")
    try:
        opening = Opening.read(asked.commitment_key, sys.stdin.readline()) if asked.number else None
        proved = check(asked.file.read_text("ascii").strip(), asked.keys.read_text("utf-8"), opening)
    except (OSError, UnicodeError):
        _refuse("a file cannot be read.")
    except (RefusedError, UnusableError) as refused:
        _refuse(str(refused))
    sys.stdout.write("\n".join(said(proved)) + "\n")
    return 0 if proved.complete else INCOMPLETE


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(f"The certificate proves nothing: {sentence}\n")
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
