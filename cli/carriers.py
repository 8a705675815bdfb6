"""`fugace carriers`: what a carrier has to be told about us."""

import os
from typing import Annotated

import typer

from cli import options
from cli.faults import CliError, told
from fugace.adapters.session import shared
from fugace.domain import callbacks
from fugace.edge import wiring

app = typer.Typer(help="Companies that deliver.", no_args_is_help=True)


@app.callback()
def begin() -> None:
    """One command for now, which is called by its name all the same."""


@app.command()
@told
def callback(
    carrier: Annotated[str, typer.Argument(metavar="CARRIER", help="A configured carrier's name.")],
    environment: options.Environment,
    api: Annotated[str, typer.Option(help="Where the API answers. Default: what the deployed stack says.")] = "",
) -> None:
    """Where a carrier with one callback per account is to report. The URL ends in a proof: treat it as a secret."""
    options.check_carrier(environment, carrier)
    where = api or os.environ.get("FUGACE_API") or _deployed(environment)
    vault = wiring.vault(options.settings(environment))
    token = callbacks.token(vault.sign, carrier, callbacks.ACCOUNT)
    typer.echo(f"{where.rstrip('/')}/dlr/{carrier}/{token}")


def _deployed(environment: str) -> str:
    stacks = shared().client("cloudformation").describe_stacks(StackName=f"fugace-{environment}-pipeline")["Stacks"]
    found = {each["OutputKey"]: each["OutputValue"] for stack in stacks for each in stack.get("Outputs", [])}
    if "ApiUrl" not in found:
        raise CliError(f"The environment {environment} says nowhere where its API answers: give --api.")
    return str(found["ApiUrl"])
