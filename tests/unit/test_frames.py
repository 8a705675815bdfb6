"""`fugace-archive/1`: what was sealed comes out whole, or not at all."""

import io
import re
from itertools import pairwise
from pathlib import Path

import pytest

from fugace.adapters.frames import FRAME, SealedUpload, opened

SECRET = bytes(range(32))
HEADER, SEALED = 49, FRAME + 16
DOCUMENT = Path(__file__).parents[2] / "docs/requests-archive.md"


class Sink:
    """A `fugace.rights.Upload` that keeps what it is given."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = ""

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def sealed(data: bytes, piece: int = 10_000, secret: bytes = SECRET) -> bytes:
    sink = Sink()
    upload = SealedUpload(secret, sink)
    for start in range(0, len(data), piece):
        upload.write(data[start : start + piece])
    upload.close()
    assert sink.ended == "closed"
    return bytes(sink.data)


def plain(data: bytes, secret: bytes = SECRET) -> bytes:
    return b"".join(opened(secret, io.BytesIO(data)))


def frames(data: bytes) -> list[bytes]:
    return [data[start : start + SEALED] for start in range(HEADER, len(data), SEALED)]


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 77])
@pytest.mark.parametrize("piece", [1_000_000, 7_919])
def test_what_goes_in_comes_out(size: int, piece: int) -> None:
    """At every edge of a frame, in whatever pieces it comes; zeros at its end are its own."""
    data = bytes(size // 2) + b"x" * (size - size // 2 - size // 3) + bytes(size // 3)
    data = data.ljust(size, b"\x00")

    assert plain(sealed(data, piece)) == data


def test_sizes_tell_nothing_finer_than_a_frame() -> None:
    """A header, and whole frames."""
    assert {len(sealed(b"x" * size)) for size in (0, 1, 1_000, FRAME - 1)} == {HEADER + SEALED}
    assert len(sealed(b"x" * FRAME)) == HEADER + 2 * SEALED


def test_what_was_done_to_it_is_noticed() -> None:
    """Cut off, put behind, left out, moved, changed: nothing of it passes for the whole."""
    good = sealed(b"x" * (2 * FRAME + 5))
    header, (one, two, three) = good[:HEADER], frames(good)
    other = sealed(b"y" * (2 * FRAME + 5))

    bad = {
        "cut off": header + one + two,
        "cut within": good[:-1],
        "nothing": header,
        "shorter header": good[:20],
        "put behind": good + three,
        "a byte put behind": good + b"\x00",
        "left out": header + one + three,
        "moved": header + two + one + three,
        "another's frame": header + one + frames(other)[1] + three,
        "another's header": other[:HEADER] + one + two + three,
        "a changed name": b"x" + good[1:],
        "a changed bit": good[:-1] + bytes([good[-1] ^ 1]),
    }
    for why, data in bad.items():
        with pytest.raises(ValueError, match=r"archive"):
            assert not plain(data), why


def test_another_key_opens_nothing() -> None:
    """Each request has its own."""
    with pytest.raises(ValueError, match="cannot be opened"):
        plain(sealed(b"x"), bytes(32))


def test_no_two_archives_of_one_request_share_a_key_stream() -> None:
    """Their nonces are the same counters: what differs is the key that the header's bits make."""
    one, two = sealed(b"x" * 100), sealed(b"x" * 100)

    assert one[HEADER:] != two[HEADER:]
    assert all(a != b for a, b in pairwise(frames(sealed(b"x" * 3 * FRAME))))


def test_an_abort_is_passed_on() -> None:
    """What was begun never was."""
    sink = Sink()
    upload = SealedUpload(SECRET, sink)
    upload.write(b"x" * 2 * FRAME)
    upload.abort()

    assert sink.ended == "aborted"


def test_the_documented_program_opens_it(tmp_path: Path) -> None:
    """Twenty lines, for whoever has no Fugace: what the page prints is run."""
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(program.strip().splitlines()) <= 20
    (tmp_path / "sealed").write_bytes(sealed(b"PK" * FRAME))
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    exec(program, {"__name__": "x", "ARGUMENTS": [str(tmp_path / "sealed"), key, str(tmp_path / "out.zip")]})  # noqa: S102  # as above

    assert (tmp_path / "out.zip").read_bytes() == b"PK" * FRAME
