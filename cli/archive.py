"""`fugace archive`: open what was made for a person's request, without asking anybody."""

import base64
import binascii
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.faults import CliError, told
from fugace.adapters.frames import opened

app = typer.Typer(help="Archives made for persons.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the ZIP.")]
_KEY_BYTES = 32


@app.callback()
def begin() -> None:
    """A command of its own, also while it is the only one."""


@app.command("open")
@told
def open_(
    sealed: Annotated[Path, typer.Argument(metavar="SEALED", help="The sealed archive.")],
    key: Annotated[str, typer.Option(metavar="KEY", envvar="FUGACE_ARCHIVE_KEY", help="Its key, as the link gave it.")],
    out: Out,
) -> None:
    """Open an archive offline. Nothing is written where it is not whole and genuine."""
    secret = secret_of(key)
    try:
        with sealed.open("rb") as source:
            unseal(secret, source, out)
    except OSError as error:
        raise CliError(f"{error.filename or sealed}: {error.strerror}.") from None


def secret_of(key: str) -> bytes:
    """The key in bytes."""
    try:
        secret = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != _KEY_BYTES:
        raise CliError("The key of an archive is 32 bytes in base64url: 43 characters.")
    return secret


def unseal(secret: bytes, source: BinaryIO, out: Path) -> None:
    """Write the ZIP to `out`, which is there when it is whole, and then readable by its owner alone."""
    try:
        with fresh(out) as file:
            for piece in opened(secret, source):
                file.write(piece)
    except ValueError as error:
        raise CliError(f"It cannot be opened: {error}.") from None


@contextmanager
def fresh(out: Path) -> Iterator[BinaryIO]:
    """A file beside `out` that takes its place at the end, and leaves nothing behind where something fails."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
