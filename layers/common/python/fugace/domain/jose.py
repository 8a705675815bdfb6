"""Keys and signatures as JOSE writes them, of the one kind that signs here: ECDSA on P-256 with SHA-256 (ES256).

Nothing is signed or checked here: bytes are read and written again in another form.

Source:
    RFC 7517 (JWK), RFC 7518 sections 3.4 and 6.2 (ES256, EC keys), RFC 7638 (thumbprint), RFC 5480 (DER of a public
    key), RFC 3279 section 2.2.3 (DER of a signature).
"""

import base64
import hashlib

from fugace.domain.ledger import canonical

ALGORITHM = "ES256"
_HALF = 32
"""Bytes of a coordinate, and of each number of a signature."""
_POINT = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""A SubjectPublicKeyInfo of P-256 up to its point, not compressed: both coordinates follow, and nothing else."""
_SEQUENCE, _INTEGER = 0x30, 0x02
_HIGH = 0x80
"""The bit that makes a DER integer negative, and a length a long one: neither occurs in such a signature."""


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64url(text: str) -> bytes:
    """The inverse. Raises ValueError for any other text, also one that says the same differently."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64url(raw) != text:
        raise ValueError("not base64url")
    return raw


def jwk(spki: bytes) -> dict[str, str]:
    """A public key, DER, as what a verifier finds by its `kid`. Raises ValueError for one of another kind."""
    known = _coordinates(spki)
    return {**known, "alg": ALGORITHM, "use": "sig", "kid": _thumbprint(known)}


def thumbprint(spki: bytes) -> str:
    """The `kid` of a public key, DER: SHA-256 of what has to be in its JWK. Raises ValueError like `jwk`."""
    return _thumbprint(_coordinates(spki))


def raw_signature(der: bytes) -> bytes:
    """What KMS gives (DER) as ES256 has it: both numbers, 32 bytes each. Raises ValueError for anything else."""
    try:
        if der[0] != _SEQUENCE or der[1] != len(der) - 2:
            raise ValueError("not a signature")
        first, rest = _number(der[2:])
        second, rest = _number(rest)
    except IndexError:
        raise ValueError("not a signature") from None
    if rest:
        raise ValueError("not a signature")
    return first + second


def der_signature(raw: bytes) -> bytes:
    """The inverse of `raw_signature`. Raises ValueError for anything but 64 bytes."""
    if len(raw) != 2 * _HALF:
        raise ValueError("not a signature")
    numbers = _integer(raw[:_HALF]) + _integer(raw[_HALF:])
    return bytes([_SEQUENCE, len(numbers)]) + numbers


def _coordinates(spki: bytes) -> dict[str, str]:
    point = spki.removeprefix(_POINT)
    if len(point) != 2 * _HALF or len(spki) != len(_POINT) + len(point):
        raise ValueError("not a public key of P-256")
    return {"kty": "EC", "crv": "P-256", "x": b64url(point[:_HALF]), "y": b64url(point[_HALF:])}


def _thumbprint(known: dict[str, str]) -> str:
    return b64url(hashlib.sha256(canonical(known).encode()).digest())


def _number(der: bytes) -> tuple[bytes, bytes]:
    """The DER integer at the beginning, in 32 bytes, and what follows it."""
    size = der[1]
    value, rest = der[2 : 2 + size], der[2 + size :]
    if der[0] != _INTEGER or len(value) != size or value[0] & _HIGH:
        raise ValueError("not a signature")
    if len(value) > 1 and value[0] == 0 and not value[1] & _HIGH:
        raise ValueError("not a signature")  # two forms of one number would be two signatures
    number = value.removeprefix(b"\0") if len(value) > 1 else value
    if len(number) > _HALF:
        raise ValueError("not a signature")
    return number.rjust(_HALF, b"\0"), rest


def _integer(number: bytes) -> bytes:
    value = number.lstrip(b"\0") or b"\0"
    if value[0] & _HIGH:
        value = b"\0" + value
    return bytes([_INTEGER, len(value)]) + value
