"""Writes an archive while it is being read: one ZIP with data.json, tables and a page, in bounded memory."""

import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, cast

from fugace.domain.portable import DATA
from fugace.rights import Upload
from functions.dsar.archive import page, tables
from functions.dsar.archive.content import HOLDS, MESSAGES, PERSON, REQUESTS, Section, Shown
from functions.dsar.archive.facts import Facts
from functions.dsar.archive.words import Words

_PERMISSIONS = 0o644 << 16
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Told:
    """What is known before the messages are read."""

    at: datetime
    envelope: Shown
    person: Shown
    requests: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class After:
    """What is known once they were."""

    holds: Sequence[Shown]
    facts: Facts


def write(upload: Upload, told: Told, messages: Iterable[Shown], words: Words, after: Callable[[], After]) -> int:
    """The whole archive but its closing; how many messages there were.

    The messages are read once. They go into data.json at once; the table of them, which has to stand behind it, is kept
    compressed meanwhile: that is what grows with them, by some 150 bytes each. `after` is asked when all were read.
    """
    newest, table = page.Newest(), Squeezed()
    table.add(tables.head(MESSAGES))
    with zipfile.ZipFile(cast("IO[bytes]", Sink(upload)), "w", zipfile.ZIP_DEFLATED) as archive:
        with member(archive, "data.json", told.at) as out:
            out.write(_before(told))
            for number, message in enumerate(messages):
                out.write((",\n" if number else "\n").encode() + as_json(message))
                table.add(tables.line(message))
                newest.add(page.message(message, words))
            last = after()
            out.write(_behind(last))
        for section, rows in ((PERSON, [told.person]), (REQUESTS, told.requests), (HOLDS, last.holds)):
            _table(archive, section, rows, told.at)
        with member(archive, f"{MESSAGES.name}.csv", told.at) as out:
            for piece in table.pieces():
                out.write(piece)
        with member(archive, "index.html", told.at) as out:
            parts = {"requests": told.requests, "holds": last.holds}
            for text in page.page(told.envelope, told.person, newest, facts=last.facts, **parts):
                out.write(text.encode())
    return newest.count


def _before(told: Told) -> bytes:
    head = {"format": DATA, **told.envelope, "person": told.person, "requests": told.requests}
    return as_json(head)[:-1] + b',"messages":['


def _behind(last: After) -> bytes:
    return b"],\n" + as_json({"holds": last.holds, "information": last.facts.shown()})[1:]


def as_json(shown: object) -> bytes:
    """As `data.json` has it."""
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _table(archive: zipfile.ZipFile, section: Section, rows: Sequence[Shown], at: datetime) -> None:
    with member(archive, f"{section.name}.csv", at) as out:
        out.write(tables.head(section))
        for row in rows:
            out.write(tables.line(row))


@contextmanager
def member(archive: zipfile.ZipFile, name: str, at: datetime) -> Iterator[IO[bytes]]:
    """A file in it, of which nobody knows yet how long it will be."""
    info = zipfile.ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _PERMISSIONS
    with archive.open(info, "w", force_zip64=True) as out:
        yield out


class Sink:
    """What a ZIP is written to that cannot be gone back in."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def write(self, data: bytes) -> int:
        """Pass it on."""
        self._upload.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """What is written is passed on at once."""


class Squeezed:
    """Bytes that wait, compressed."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(6)
        self._kept: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Some more of them."""
        if short := self._deflate.compress(data):
            self._kept.append(short)

    def pieces(self) -> Iterator[bytes]:
        """All of them, once."""
        self._kept.append(self._deflate.flush())
        inflate = zlib.decompressobj()
        for short in self._kept:
            plain = inflate.decompress(short, _CHUNK)
            while plain:
                yield plain
                plain = inflate.decompress(inflate.unconsumed_tail, _CHUNK)
