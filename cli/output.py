"""What the operator sees: tables for people, JSON for programs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Row = Mapping[str, object]

_WIDE = 200  # columns


def rows(found: Sequence[Row], *, as_json: bool, columns: Sequence[str]) -> None:
    """A list of things."""
    if as_json:
        print_json([dict(row) for row in found])
        return
    table = Table(*(column.replace("_", " ") for column in columns), box=None, pad_edge=False)
    for row in found:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _console().print(table if found else "none")


def one(found: Row, *, as_json: bool) -> None:
    """One thing, a line for each of its fields."""
    if as_json:
        print_json(dict(found))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in found.items():
        table.add_row(name.replace("_", " "), _cell(value))
    _console().print(table)


def print_json(found: object) -> None:
    """As one line: a program reads it, and `tail` gives one for each change."""
    _console().out(json.dumps(found), highlight=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show that something is under way, on stderr and only to people."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(what)
        yield


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show how much of it is done, on stderr and only to people; what is given takes how much, and of how much."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def time(at: datetime | None) -> str | None:
    """A time as the API writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _console() -> Console:
    """As wide as it takes: an id that is cut off is of no use, a line that the terminal wraps is."""
    return Console(width=max(_WIDE, Console().width), soft_wrap=True)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
