"""`fugace map`: where personal data is, and what becomes of it; and the records that are written from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli import output, records, words
from cli.deployment import Deployment
from cli.faults import CliError, told
from fugace.datamap.entry import Field, Fixed
from fugace.datamap.fields import FIELDS
from fugace.datamap.place import Place, State
from fugace.datamap.places import PLACES
from fugace.datamap.resources import HOLDERS, places_of
from fugace.domain.retention import Kind
from fugace.edge import wiring

_PLACES = ("place", "state", "name", "what", "kept", "outlives")
_FIELDS = ("field", "what", "about", "kept", "protection", "exported", "leaving", "because")


@told
def show(
    place: Annotated[int | None, typer.Option(help="One place, by its number, with all that is known of it.")] = None,
    state: Annotated[State | None, typer.Option(help="Places of this state alone.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="What is kept as long as this kind of data.")] = None,
    fields: Annotated[bool, typer.Option("--fields", help="Stored attributes instead of places.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    write: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the records of processing there.")] = None,
    deployment: Annotated[str, typer.Option(help="Whose recipients and Region the records name.")] = "example",
) -> None:
    """Where personal data is, why, for how long, how it is protected, and how it leaves."""
    if write is not None:
        _write(write, deployment)
        return
    if place is not None:
        if place not in PLACES:
            raise CliError(f"There are places 1 to {len(PLACES)}.")
        output.one(_in_full(PLACES[place]), as_json=as_json)
        return
    if fields:
        found = [_field(each) for each in FIELDS if kind in {None, each.kept}]
        output.rows(found, as_json=as_json, columns=_FIELDS)
        return
    places = [each for each in PLACES.values() if state in {None, each.state} and _keeps(each, kind)]
    output.rows([_in_full(each) for each in places], as_json=as_json, columns=_PLACES)


def _write(folder: Path, deployment: str) -> None:
    documents = records.documents(Deployment.read(deployment), wiring.bounds())
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
        typer.echo(str(folder / name), err=True)


def _in_full(place: Place) -> dict[str, object]:
    return {
        "place": place.number,
        "state": place.state.value,
        "name": place.name,
        "what": place.what,
        "categories": ", ".join(place.categories),
        "purpose": place.purpose,
        "ground": place.ground,
        "kept": words.kept(place.kept),
        "protection": place.protection,
        "exported": place.exported,
        "erased": place.erased,
        "outlives": words.outlives(place),
        "probe": place.probe,
        "resources": ", ".join(_resources(place.number)),
    }


def _keeps(place: Place, kind: Kind | None) -> bool:
    """Whether something of the kind is there."""
    tables = {each.row.table for each in FIELDS if each.kept is kind}
    return kind in {None, place.kept} or any(place.number in places_of(table) for table in tables)


def _resources(number: int) -> Iterator[str]:
    return (f"{each.type} {each.name}".strip() for each in HOLDERS if number in each.places)


def _field(entry: Field) -> dict[str, object]:
    return {
        "field": entry.label,
        "table": entry.row.table,
        "what": entry.what,
        "about": entry.about.value,
        "category": entry.category.value,
        "purpose": entry.row.purpose,
        "ground": entry.row.ground,
        "kept": entry.kept.value if isinstance(entry.kept, Kind) else _short(entry.kept),
        "protection": entry.protection.value,
        "exported": entry.exported,
        "leaving": entry.leaving.value,
        "because": entry.because,
    }


def _short(kept: Fixed) -> str:
    return str(kept.period) if kept.period else f"until the end of: {kept.reason}"
