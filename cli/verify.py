"""`fugace ledger verify`, and `python -m cli.verify` for whoever has no AWS SDK, and wants none near.

It imports nothing that could ask anybody anything.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli import output, proof

UNSIGNED = 3
"""How it ends where the chain is whole, and nobody has signed for it yet."""


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `fugace ledger export` wrote.")],
    key: Annotated[Path | None, typer.Option(metavar="PEM", help="The public key that you trust.")] = None,
    earlier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An older export, which it has to continue.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Check an exported ledger, offline. Ends with 0 if it is whole and signed, 1 if not, 3 if nobody signed it yet."""
    trusted = _key(key) if key else None
    proved = _checked(file, trusted, as_json=as_json)
    older = _checked(earlier, trusted, as_json=as_json) if earlier else None
    if older and (line := proof.departs(older, proved)):
        _broken(proof.BrokenError(line, proof.Fault.REPLACED), file, as_json=as_json)
    output.one(_shown(proved), as_json=as_json)
    if not as_json:
        typer.echo("\n".join(_said(proved)), err=True)
    if proved.inclusion is None:
        raise typer.Exit(UNSIGNED)


def _checked(file: Path, key: bytes | None, *, as_json: bool) -> proof.Proved:
    try:
        return proof.check(_read(file), key)
    except proof.BrokenError as broken:
        _broken(broken, file, as_json=as_json)


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
    yield "No file can prove that all was written down. Keep this one: a later one has to continue it (--earlier)."


def _key(file: Path) -> bytes:
    try:
        return proof.public(_read(file))
    except ValueError:
        _refuse("--key takes a public key as PEM.")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        _refuse(f"{file} cannot be read: {error.strerror}.")


def _broken(broken: proof.BrokenError, file: Path, *, as_json: bool) -> NoReturn:
    if as_json:
        output.print_json({"whole": False, "file": str(file), "line": broken.line, "fault": broken.fault.value})
    _refuse(f"{file}: {broken}")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"fugace: {sentence}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(verify)
