"""`fugace guard`: what a template may not say, and what an account is forbidden whatever is deployed into it."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from cli import options, output
from cli.deployment import Deployment
from cli.faults import CliError, told
from infra.boundary import guard
from infra.boundary.regions import UNION
from infra.boundary.rules import RULES

app = typer.Typer(help="What keeps data inside the European Union.", no_args_is_help=True)


class Kind(StrEnum):
    """Which of the two documents."""

    SCP = "scp"
    BOUNDARY = "boundary"


@app.command("print")
@told
def show(
    kind: Annotated[
        Kind, typer.Option(help="scp: a service control policy. boundary: a permissions boundary for roles.")
    ] = Kind.SCP,
    region: Annotated[
        list[str] | None,
        typer.Option(help="A Region that may be used; may be repeated. Default: all inside the Union."),
    ] = None,
    deployment: Annotated[str, typer.Option(help="An environment of cdk.json, for its Region alone.")] = "",
    pretty: Annotated[bool, typer.Option("--pretty", help="With line breaks, to be read; AWS counts them.")] = False,
) -> None:
    """Print the policy that closes every way out of the Union which a policy can close."""
    regions = [*(region or []), *([Deployment.read(deployment).region] if deployment else [])] or list(UNION)
    if foreign := [each for each in regions if each not in UNION]:
        raise CliError(f"Not inside the European Union: {', '.join(foreign)}. There are {', '.join(UNION)}.")
    policy = guard.document(kind.value, regions)
    typer.echo(json.dumps(policy, indent=2) if pretty else guard.minified(policy))


@app.command("rules")
@told
def rules(as_json: options.Json = False) -> None:
    """Which rules a synthesis is held to, and what each of them closes."""
    found = [{"rule": each.id, "what": each.title, "closes": each.closes} for each in RULES]
    output.rows(found, as_json=as_json, columns=("rule", "what", "closes"))
