"""`fugace status`: whether all is well, in one look."""

from enum import IntEnum
from typing import Annotated

import typer

from cli import options, output
from cli.faults import sentence
from cli.looks import Looks
from cli.picture import Picture
from fugace.edge import wiring

COLUMNS = {
    "alarms": ("cause", "alarms", "runbook"),
    "carriers": ("carrier", "not_taken"),
    "queues": ("queue", "waiting", "later", "in_hand", "age_seconds"),
    "heartbeats": ("pass", "last"),
    "purge": ("kind", "jobs", "oldest", "lag_seconds"),
    "requests": ("tenant", "request", "state", "due"),
}
TITLES = {"purge": "due to be purged", "requests": "requests near their date", "heartbeats": "last ended well"}


class Verdict(IntEnum):
    """What the command ends with."""

    WELL = 0
    WRONG = 1
    UNKNOWN = 2


SENTENCES = {
    Verdict.WELL: "All is well.",
    Verdict.WRONG: "Something is wrong:",
    Verdict.UNKNOWN: "Nothing that can be seen is wrong, but not all can be seen:",
}


def show(
    environment: options.Environment,
    as_json: options.Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Queues that are empty, too.")] = False,
) -> None:
    """What is wrong, and where it says what to do. Ends with 0: all is well; 1: something is wrong; 2: who knows."""
    try:
        with output.working("Looking"):
            looks = Looks(environment, options.settings(environment), wiring.clock()())
            found = Picture.take({name: getattr(looks, name) for name in COLUMNS})
    except Exception as error:
        if (why := sentence(error)) is None:
            raise
        typer.echo(f"fugace: {why}", err=True)
        raise typer.Exit(Verdict.UNKNOWN) from None
    verdict = Verdict.WRONG if found.wrong else Verdict.UNKNOWN if found.unknown else Verdict.WELL
    if as_json:
        rows = {name: list(part.rows) for name, part in found.parts.items()}
        said = {"state": verdict.name.lower(), "wrong": found.wrong, "unknown": list(found.unknown), **rows}
        output.print_json(said)
    else:
        _print(found, verdict, everything=everything)
    raise typer.Exit(verdict)


def _print(found: Picture, verdict: Verdict, *, everything: bool) -> None:
    typer.echo(SENTENCES[verdict])
    if found.wrong:
        output.rows(found.wrong, as_json=False, columns=("what", "runbook"))
    for each in found.unknown:
        typer.echo(f"{each['what']} cannot be seen: {each['why']}")
    for name, columns in COLUMNS.items():
        rows = found.parts[name].rows if name in found.parts else ()
        if name == "queues" and not everything:
            rows = [row for row in rows if any(row[word] for word in ("waiting", "later", "in_hand"))]
        if rows:
            typer.echo(f"\n{TITLES.get(name, name)}:")
            output.rows(rows, as_json=False, columns=columns)
