"""`fugace ledger`: give a tenant its ledger, and check such a file without asking anybody."""

import base64
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli import options, output, proof, verify
from cli.faults import CliError, told
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Entry
from fugace.edge import wiring
from fugace.edge.settings import Settings
from functions.purge.checkpoint import Checkpointing, newest

app = typer.Typer(help="What was decided and destroyed, so that anybody can check it.", no_args_is_help=True)

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


app.command("verify")(verify.verify)


@app.command("key")
@told
def key_(environment: options.Environment) -> None:
    """The public key that checkpoints are signed with, as PEM: to be given to auditors by another way than the file."""
    typer.echo(pem(wiring.signer(options.settings(environment)).public_key()), nl=False)


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


def pem(key: bytes) -> str:
    """RFC 7468 section 13."""
    lines = textwrap.wrap(base64.b64encode(key).decode(), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
