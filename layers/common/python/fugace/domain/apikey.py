"""What an API key looks like: recognisable by scanners, checked against typos, and told apart without a look-up.

fug_live_ or fug_test_   what it may reach
16 of a-z2-7             its tenant, without `ten_`
 8 of a-z2-7             its id, without `key_`
38 of 0-9A-Za-z          the secret: 226 random bits
 6 of 0-9A-Za-z          CRC-32 of all that is before, in base 62
"""

import base64
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from zlib import crc32

from fugace.domain.ids import TenantId

PATTERN = "fug_(live|test)_[a-z2-7]{24}[0-9A-Za-z]{44}"
"""For secret scanners; `parse` tells a key from what only looks like one."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET, _CHECK = 38, 6
_FORM = re.compile(rf"fug_(live|test)_([a-z2-7]{{16}})([a-z2-7]{{8}})[0-9A-Za-z]{{{_SECRET + _CHECK}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a well-formed key says of itself. Nothing of it is true before its digest was compared."""

    tenant: TenantId
    key_id: str
    live: bool


def make(tenant: TenantId, *, live: bool) -> tuple[str, str]:
    """A new key of `tenant`: (the key, which is shown once; its id)."""
    number = base64.b32encode(os.urandom(5)).decode().lower()
    secret = "".join(secrets.choice(_DIGITS) for _ in range(_SECRET))
    body = f"fug_{'live' if live else 'test'}_{tenant.removeprefix('ten_')}{number}{secret}"
    return body + _checksum(body), f"key_{number}"


def parse(text: str) -> Claim | None:
    """Read a key; None for anything whose form or checksum is wrong.

    A CRC of 32 bits notices every change confined to 32 successive bits (Peterson and Brown, 1961): any one
    character, any two neighbours swapped, `live` for `test`. Others pass once in four thousand million.
    """
    match = _FORM.fullmatch(text)
    if not match or text[-_CHECK:] != _checksum(text[:-_CHECK]):
        return None
    mode, tenant, number = match.groups()
    return Claim(TenantId(f"ten_{tenant}"), f"key_{number}", mode == "live")


def digest(text: str) -> bytes:
    """What is kept of a key. It has 226 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    rest, digits = crc32(body.encode()), ""
    for _ in range(_CHECK):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
