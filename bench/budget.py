"""A budget: what we aim at, what fails the run, and what was measured."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure against its budget. Lower is better; `fail` None: it is only shown."""

    budget: str
    what: str
    value: float | None
    """None: it could not be measured here; `note` says why. That is a failure where `fail` is set."""
    goal: float | None = None
    fail: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def failed(self) -> bool:
        """Over its fail line, or not measured at all."""
        return self.fail is not None and (self.value is None or self.value > self.fail)

    @property
    def verdict(self) -> str:
        """`FAIL`, `over goal`, `ok`, or nothing where there is no budget."""
        if self.failed:
            return "FAIL"
        if self.goal is None or self.value is None:
            return ""
        return "over goal" if self.value > self.goal else "ok"


def show(figures: list[Figure], machine: str) -> None:
    """Print all figures as one table."""
    table = Table(title=f"Fugace, measured on {machine}", title_justify="left")
    for name in ("", "figure", "measured", "goal", "fails over", "", "note"):
        table.add_column(name, overflow="fold")
    for figure in figures:
        shown = [_number(number, figure.unit) for number in (figure.value, figure.goal, figure.fail)]
        table.add_row(figure.budget, figure.what, *shown, figure.verdict, figure.note)
    Console(width=160).print(table)


def _number(number: float | None, unit: str) -> str:
    if number is None:
        return "-"
    digits = f"{number:,.0f}" if number == int(number) or number >= 1_000 else f"{number:.3g}"  # noqa: PLR2004 - a thousand
    return f"{digits} {unit}".strip()
