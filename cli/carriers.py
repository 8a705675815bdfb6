"""`fugace carriers`: what a carrier is told about us, what we are known by to it, and a pause while it is down."""

import json
import os
import sys
from typing import Annotated

import typer

from cli import options, output
from cli.faults import CliError, told
from fugace.adapters.session import shared
from fugace.domain import callbacks
from fugace.edge import wiring

app = typer.Typer(help="Companies that deliver.", no_args_is_help=True)

_CREDENTIALS = ("token", "signing")


@app.command()
@told
def callback(
    carrier: options.CarrierArgument,
    environment: options.Environment,
    api: Annotated[str, typer.Option(help="Where the API answers. Default: what the deployed stack says.")] = "",
) -> None:
    """Where a carrier with one callback per account is to report. The URL ends in a proof: treat it as a secret."""
    options.check_carrier(environment, carrier)
    where = api or os.environ.get("FUGACE_API") or _deployed(environment)
    vault = wiring.vault(options.settings(environment))
    token = callbacks.token(vault.sign, carrier, callbacks.ACCOUNT)
    typer.echo(f"{where.rstrip('/')}/dlr/{carrier}/{token}")


@app.command()
@told
def credentials(
    carrier: options.CarrierArgument,
    environment: options.Environment,
) -> None:
    """Put a carrier's credentials in their place: {"token": …, "signing": …}, from stdin. Used within five minutes."""
    options.check_carrier(environment, carrier)
    try:
        given = json.loads(sys.stdin.read())
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(
        given.get(name) and isinstance(given[name], str) for name in _CREDENTIALS
    ):
        raise CliError(f"Credentials are a JSON object with {' and '.join(_CREDENTIALS)}.")
    name = f"fugace/{environment}/carrier/{carrier}"
    shared().client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(given))
    typer.echo(f"Written: {name}.", err=True)


@app.command()
@told
def pause(
    carrier: options.CarrierArgument,
    environment: options.Environment,
    as_json: options.Json = False,
) -> None:
    """Hand nothing over any more: what is accepted waits, for four days at most, and until it expires."""
    _poll(environment, carrier, enabled=False, as_json=as_json)


@app.command()
@told
def resume(
    carrier: options.CarrierArgument,
    environment: options.Environment,
    as_json: options.Json = False,
) -> None:
    """Hand over again, what has waited first."""
    _poll(environment, carrier, enabled=True, as_json=as_json)


def _poll(environment: str, carrier: str, *, enabled: bool, as_json: bool) -> None:
    options.check_carrier(environment, carrier)
    aws = shared().client("lambda")
    queue = f":fugace-{environment}-carrier-{carrier}"
    pages = aws.get_paginator("list_event_source_mappings").paginate(FunctionName=f"fugace-{environment}-dispatch:live")
    found = [each for page in pages for each in page["EventSourceMappings"] if each["EventSourceArn"].endswith(queue)]
    if not found:
        raise CliError(f"Nothing takes from the queue of {carrier}.")
    for each in found:
        aws.update_event_source_mapping(UUID=each["UUID"], Enabled=enabled)
    output.one({"carrier": carrier, "handed_over": enabled}, as_json=as_json)


def _deployed(environment: str) -> str:
    stacks = shared().client("cloudformation").describe_stacks(StackName=f"fugace-{environment}-pipeline")["Stacks"]
    found = {each["OutputKey"]: each["OutputValue"] for stack in stacks for each in stack.get("Outputs", [])}
    if "ApiUrl" not in found:
        raise CliError(f"The environment {environment} says nowhere where its API answers: give --api.")
    return str(found["ApiUrl"])
