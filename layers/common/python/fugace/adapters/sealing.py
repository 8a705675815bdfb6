"""AES-256-GCM of one value, bound to the place it is kept in."""

import os
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PLAIN, _DEFLATED = 1, 2
_NONCE, _TAG = 12, 16
_WORTH_IT = 64
"""Shorter values do not shrink."""
_MOST = 1 << 20


def seal(key: bytes, place: tuple[str, ...], value: bytes) -> bytes:
    """A version byte, a random nonce of 96 bits, the ciphertext with its tag.

    Longer texts are compressed first (a message of 700 characters then costs
    one write unit, not two). That tells nothing to anybody who could not read
    the table: lengths are all that is seen, and nobody outside can have the
    same secret sealed beside guesses of their own and see its length.
    """
    version, data = _PLAIN, value
    if len(value) >= _WORTH_IT:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        short = deflate.compress(value) + deflate.flush()
        if len(short) < len(value):
            version, data = _DEFLATED, short
    nonce = os.urandom(_NONCE)
    return bytes([version]) + nonce + AESGCM(key).encrypt(nonce, data, _bound(version, place))


def open_(key: bytes, place: tuple[str, ...], sealed: bytes) -> bytes:
    """The inverse. Raises ValueError where key, place, version or a single bit is another."""
    if len(sealed) < 1 + _NONCE + _TAG or sealed[0] not in {_PLAIN, _DEFLATED}:
        raise ValueError("not sealed by us")
    version, nonce, data = sealed[0], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        value = AESGCM(key).decrypt(nonce, data, _bound(version, place))
    except InvalidTag:
        raise ValueError("cannot be opened") from None
    return zlib.decompressobj(-15).decompress(value, _MOST) if version == _DEFLATED else value


def _bound(version: int, place: tuple[str, ...]) -> bytes:
    """What the value is bound to: each part with its length, so that no two places read the same."""
    parts = [part.encode() for part in place]
    return bytes([version]) + b"".join(len(part).to_bytes(2, "big") + part for part in parts)
