"""`fugace certificate`: check a certificate of erasure without asking anybody."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli import options, output
from cli import verify_certificate as certificates

app = typer.Typer(help="What was erased for whom, as others can check it.", no_args_is_help=True)

STDIN = "-"


@app.callback()
def begin() -> None:
    """A command of its own: there is one, and there may be more."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The certificate: a JWS in compact form.")],
    keys: Annotated[Path, typer.Option(metavar="JWKS", help="The public keys that you trust: a JWK Set.")],
    commitment_key: Annotated[str, typer.Option(metavar="KEY", help="What the answer to the request gave once.")] = "",
    number: Annotated[
        str, typer.Option(metavar="-", help="Read the person's number from stdin; it is no argument of any command.")
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Check a certificate, offline. Ends with 0 if all is erased, 3 if it says that not all is, 1 if not genuine."""
    if number not in {"", STDIN}:
        _refuse("--number takes - alone, and reads the number from stdin: an argument would stay in a history.")
    if bool(commitment_key) != bool(number):
        _refuse("--commitment-key and --number go together.")
    try:
        opening = certificates.Opening.read(commitment_key, sys.stdin.readline()) if number else None
        proved = certificates.check(_read(file).strip(), _read(keys), opening)
    except certificates.RefusedError as refused:
        if as_json:
            output.print_json({"genuine": False, "file": str(file), "fault": refused.fault.value})
        _refuse(f"{file} proves nothing: {refused}")
    except certificates.UnusableError as unusable:
        _refuse(f"{file} cannot be checked: {unusable}.")
    output.one(_shown(proved), as_json=as_json)
    if not as_json:
        typer.echo("\n".join(certificates.said(proved)), err=True)
    if not proved.complete:
        raise typer.Exit(certificates.INCOMPLETE)


def _shown(proved: certificates.Proved) -> dict[str, object]:
    claims, request = proved.claims, proved.claims["request"]
    return {
        "genuine": True,
        "complete": proved.complete,
        "stage": claims["stage"],
        "tenant": claims["tenant"],
        "request": request["id"],
        "kind": request["kind"],
        "state": request["state"],
        "erased": claims["counts"]["erased"],
        "left": claims["counts"]["left"],
        "horizon": claims["horizon"],
        "ledger_entry": claims["ledger"]["seq"],
        "ledger_hash": claims["ledger"]["hash"],
        "certificate": claims["jti"],
        "kid": proved.kid,
        "person_checked": proved.person,
    }


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeError):
        _refuse(f"{file} cannot be read.")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"fugace: {sentence}", err=True)
    raise typer.Exit(1)
