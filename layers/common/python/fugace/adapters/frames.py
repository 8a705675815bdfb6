"""How an archive is sealed: `fugace-archive/1`, which docs/requests-archive.md describes for whoever has to open one.

A header (the format's name, 32 random bytes) and frames of one size. Each frame is AES-256-GCM under a key of this
archive alone; its number is its nonce, and stands with the header and "is it the last?" in what is authenticated: one
that is cut off, left out, moved or put behind is noticed. The last frame is filled up: sizes tell nothing finer than
64 KiB.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fugace.domain.case import CaseKey
from fugace.domain.portable import ARCHIVE
from fugace.rights import CaseSeals, Upload

NAME = f"{ARCHIVE}\n".encode()
FRAME = 65_536
"""Bytes of what is sealed in a frame; the tag makes it longer by 16."""
PURPOSE = "archive"
"""What the secret of a request is derived for."""
_SALT, _TAG, _NONCE = 32, 16, 12
_END = b"\x80"
"""Behind the last byte; zeros follow (ISO/IEC 7816-4)."""


class FrameSeals:
    """A `fugace.rights.ArchiveSeals`."""

    def __init__(self, seals: CaseSeals) -> None:
        self._seals = seals

    def around(self, key: CaseKey, upload: Upload) -> Upload:
        """Asks for the request's key, once."""
        return SealedUpload(self._seals.secret(key, PURPOSE), upload)


class SealedUpload:
    """A `fugace.rights.Upload` that seals what it is given, and passes it on."""

    def __init__(self, secret: bytes, upload: Upload) -> None:
        # A second archive of one request has the same secret: without bits of its own, it would repeat the nonces.
        header = NAME + os.urandom(_SALT)
        self._frames = _Frames(secret, header)
        self._upload = upload
        self._waiting = bytearray()
        self._number = 0
        upload.write(header)

    def write(self, data: bytes) -> None:
        """Whole frames go on; which one is the last is known at the end."""
        self._waiting += data
        while len(self._waiting) > FRAME:
            self._pass_on(last=False)

    def close(self) -> None:
        """Fill up the last frame."""
        self._waiting += _END
        if len(self._waiting) > FRAME:
            self._pass_on(last=False)
        self._waiting += bytes(FRAME - len(self._waiting))
        self._pass_on(last=True)
        self._upload.close()

    def abort(self) -> None:
        """Nothing of it stays."""
        self._waiting.clear()
        self._upload.abort()

    def _pass_on(self, *, last: bool) -> None:
        self._upload.write(self._frames.seal(bytes(self._waiting[:FRAME]), self._number, last=last))
        del self._waiting[:FRAME]
        self._number += 1


def opened(secret: bytes, source: BinaryIO) -> Iterator[bytes]:
    """What was sealed, piece by piece, in bounded memory.

    Nothing of a piece is given before it is known to be genuine; that nothing is missing is known at the end.

    Raises:
        ValueError: it is no such archive, of another key, or not as it was written.
    """
    header = source.read(len(NAME) + _SALT)
    if len(header) != len(NAME) + _SALT or not header.startswith(NAME):
        raise ValueError("not an archive in this format")
    frames, number, last = _Frames(secret, header), 0, False
    sealed = source.read(FRAME + _TAG)
    while not last:
        following = source.read(FRAME + _TAG)
        last = not following
        plain = frames.open(sealed, number, last=last)
        yield _unfilled(plain) if last else plain
        sealed, number = following, number + 1


def _unfilled(plain: bytes) -> bytes:
    kept = plain.rstrip(b"\x00")
    if not kept.endswith(_END):
        raise ValueError("the archive has no end")
    return kept[: -len(_END)]


class _Frames:
    """One archive's frames, by number."""

    def __init__(self, secret: bytes, header: bytes) -> None:
        salt = header[len(NAME) :]
        self._aead = AESGCM(HKDF(SHA256(), 32, salt, NAME).derive(secret))
        self._header = header

    def seal(self, plain: bytes, number: int, *, last: bool) -> bytes:
        return self._aead.encrypt(number.to_bytes(_NONCE, "big"), plain, self._bound(number, last=last))

    def open(self, sealed: bytes, number: int, *, last: bool) -> bytes:
        if len(sealed) != FRAME + _TAG:
            raise ValueError("the archive is cut off, or something was added")
        try:
            return self._aead.decrypt(number.to_bytes(_NONCE, "big"), sealed, self._bound(number, last=last))
        except InvalidTag:
            raise ValueError("the archive cannot be opened: another key, or not as it was written") from None

    def _bound(self, number: int, *, last: bool) -> bytes:
        return self._header + number.to_bytes(8, "big") + bytes([last])
