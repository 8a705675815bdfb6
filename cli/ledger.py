"""`fugace ledger`: give a tenant its ledger, and check such a file without asking anybody."""

import base64
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from cli import options, output, proof
from cli.faults import CliError, told
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Entry
from fugace.edge import wiring
from fugace.edge.settings import Settings
from functions.purge.checkpoint import Checkpointing, newest

app = typer.Typer(help="What was decided and destroyed, so that anybody can check it.", no_args_is_help=True)

UNSIGNED = 3
"""How `verify` ends where the chain is whole, and nobody has signed for it yet."""
_PAGE = 500

Bucket = Annotated[str, typer.Option(help="Where checkpoints are. Default: as the deployment names it.")]


@app.command()
@told
def export(
    tenant: options.TenantArgument,
    environment: options.Environment,
    out: Annotated[Path | None, typer.Option(help="Where to write it. Default: to stdout.")] = None,
    bucket: Bucket = "",
) -> None:
    """A tenant's whole ledger as JSON Lines, with the newest checkpoint's word for it: what `verify` reads."""
    settings = options.ledger_settings(environment, bucket)
    who = TenantId(tenant)
    with output.working("Reading the ledger"):
        # The checkpoint first: it must not speak of an entry that was not there yet when the entries were read.
        inclusion = newest(wiring.checkpoints(settings), who, wiring.clock()())
        entries = list(_entries(settings, who))
    if not entries:
        raise CliError(f"There is no ledger of {tenant} in the environment {environment}.")
    text = proof.written(entries, inclusion)
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_text(text, encoding="ascii")
    signed = f"signed up to {inclusion.head.seq}" if inclusion else "not signed yet"
    typer.echo(f"{len(entries)} entries, {signed}: {out}", err=True)


@app.command()
@told
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote.")],
    key: Annotated[Path | None, typer.Option(metavar="PEM", help="The public key that you trust.")] = None,
    as_json: options.Json = False,
) -> None:
    """Check an exported ledger, offline. Ends with 0 if it is whole and signed, 1 if not, 3 if nobody signed it yet."""
    try:
        proved = proof.check(_read(file), _public(_read(key)) if key else None)
    except proof.BrokenError as broken:
        if as_json:
            output.print_json({"whole": False, "line": broken.line, "fault": broken.fault.value})
        raise CliError(str(broken)) from None
    output.one(_shown(proved), as_json=as_json)
    if not as_json:
        typer.echo("\n".join(_said(proved)), err=True)
    if proved.inclusion is None:
        raise typer.Exit(UNSIGNED)


@app.command("key")
@told
def key_(environment: options.Environment) -> None:
    """The public key that checkpoints are signed with, as PEM: to be given to auditors by another way than the file."""
    typer.echo(_pem(wiring.signer(options.settings(environment)).public_key()), nl=False)


@app.command()
@told
def checkpoint(environment: options.Environment, bucket: Bucket = "", as_json: options.Json = False) -> None:
    """Make today's checkpoint now, unless there is one."""
    settings = options.ledger_settings(environment, bucket)
    parts = (wiring.ledger(settings), wiring.checkpoints(settings), wiring.signer(settings), wiring.clock())
    with output.working("Reading heads"):
        made = Checkpointing(*parts, settings.environment).run()
    shown = {"day": made.day.date().isoformat(), "new": made.new, "chains": made.size, "grown": made.grown}
    output.one({**shown, "rewritten": list(made.rewritten)}, as_json=as_json)
    if made.rewritten:
        raise CliError("These chains do not continue what was signed before; the checkpoint keeps their old ends.")


def _entries(settings: Settings, tenant: TenantId) -> Iterator[Entry]:
    ledger, after = wiring.ledger(settings), 0
    try:
        while page := ledger.page(tenant, after=after, limit=_PAGE):
            yield from page
            after = page[-1].seq
    except ValueError:
        raise CliError(f"An entry behind number {after} is none: it was changed in its table.") from None


def _shown(proved: proof.Proved) -> dict[str, object]:
    first, last, inclusion = proved.entries[0], proved.entries[-1], proved.inclusion
    return {
        "whole": True,
        "tenant": first.draft.tenant,
        "entries": len(proved.entries),
        "from": output.time(first.draft.at),
        "to": output.time(last.draft.at),
        "head": last.hash,
        "signed_entries": inclusion.head.seq if inclusion else 0,
        "signed_at": output.time(inclusion.statement.at) if inclusion else None,
        "environment": inclusion.statement.environment if inclusion else None,
        "key_sha256": inclusion.seal.fingerprint if inclusion else None,
        "key_trusted": proved.trusted,
    }


def _said(proved: proof.Proved) -> Iterator[str]:
    """What that proves, and what it does not."""
    inclusion = proved.inclusion
    if inclusion is None:
        yield "Each entry follows from the one before. Nobody has signed for them yet: all may have been written anew."
        return
    later = len(proved.entries) - inclusion.head.seq
    yield f"Proved: entries 1 to {inclusion.head.seq} are those that were signed for on {inclusion.statement.day}."
    if later:
        yield f"Not signed yet: the {later} after them follow from them, and may still be replaced or cut off."
    if not proved.trusted:
        yield "Whose key it is the file cannot tell: compare its fingerprint, or give the one you trust with --key."
    yield "No file can prove that all was written down. Keep this one: a later one has to continue it."


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror}.") from None


def _public(pem: bytes) -> bytes:
    try:
        found = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise CliError("--key takes a public key as PEM.") from None
    return found.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pem(key: bytes) -> str:
    """RFC 7468 section 13."""
    lines = textwrap.wrap(base64.b64encode(key).decode(), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
