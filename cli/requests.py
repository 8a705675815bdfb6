"""`fugace requests`: what a controller does with an archive, and what another service does with its data."""

import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from urllib.parse import urlsplit

import typer
import urllib3

from cli import archive, importing, options, output
from cli.faults import CliError, told
from fugace.domain.portable import ARCHIVE

app = typer.Typer(help="Persons' requests.", no_args_is_help=True)

_SECONDS = urllib3.Timeout(connect=10, read=60)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LONGEST = 16_384  # bytes of what a link answers
_PIECE = 65_536
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@app.command()
@told
def fetch(
    link: Annotated[str, typer.Argument(metavar="LINK", help="The link that works once.")],
    out: archive.Out,
) -> None:
    """Follow the link to a person's archive, and open it. The link works once, whatever becomes of it here."""
    with tempfile.TemporaryFile() as sealed, output.working("Fetching"):
        answer = _answer(link)
        secret = archive.secret_of(str(answer["key"]))
        _download(str(answer["url"]), sealed)
        sealed.seek(0)
        archive.unseal(secret, sealed, out)
    typer.echo(f"Written: {out}. It holds everything that is known of a person.", err=True)


@app.command("import")
@told
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A data.json out of an archive.")],
    tenant: Annotated[str, typer.Option(metavar="TENANT", help="Whose they are from now on (ten_…).")],
    environment: options.Environment,
    as_json: options.Json = False,
) -> None:
    """Put a person's exported messages into a tenant: all of them, or none. Nothing is sent by it."""
    settings = options.settings(environment)
    known = options.known(settings, tenant)
    try:
        text = file.read_bytes()
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}.") from None
    found = importing.read(text)
    with output.counting("Importing", len(found)) as told_:
        done = importing.Import.of(settings, known).run(found, told_)
    output.one({"imported": done.count, "over": done.over}, as_json=as_json)


def _answer(link: str) -> Mapping[str, Any]:
    """What the link says: where the archive is, its key, and its format."""
    with _got(link) as reply:
        raw = reply.read(_LONGEST)
    if reply.status in _GONE:
        raise CliError("The link leads nowhere any more: it works once, and for a while. Ask for another one.")
    if reply.status != HTTPStatus.OK:
        raise CliError(f"The link answered {reply.status}.")
    try:
        answer = json.loads(raw)
        known = all(isinstance(answer[name], str) for name in ("url", "key", "format"))
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise CliError("The link answered something else than an archive.")
    if answer["format"] != ARCHIVE:
        raise CliError(f"The archive is in another format than {ARCHIVE}: a newer fugace is needed.")
    return dict(answer)


def _download(url: str, sealed: BinaryIO) -> None:
    with _got(url) as reply:
        if reply.status != HTTPStatus.OK:
            raise CliError(f"The archive could not be fetched: its address answered {reply.status}.")
        sealed.writelines(reply.stream(_PIECE))


@contextmanager
def _got(url: str) -> Iterator[urllib3.BaseHTTPResponse]:
    """One attempt, no redirect: addresses like these are credentials, and are not given to whoever asks for them."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise CliError("An archive is fetched over HTTPS.")
    trusted = ssl.create_default_context()
    if bundle := os.environ.get("AWS_CA_BUNDLE"):  # the laptop's own authority
        trusted.load_verify_locations(bundle)
    try:
        with urllib3.PoolManager(ssl_context=trusted, timeout=_SECONDS, retries=False) as pool:
            reply = pool.request("GET", url, preload_content=False, redirect=False)
            try:
                yield reply
            finally:
                reply.close()
    except urllib3.exceptions.HTTPError:
        raise CliError("Nobody answers there, it broke off, or it is not who it says it is: AWS_CA_BUNDLE?") from None
