"""`fugace cost`: what a month costs on AWS, by service, from a dated table of prices."""

import re
import shlex
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import estimate, output
from cli.faults import CliError, told
from fugace.domain.retention import Period

PRICES = Path(__file__).with_name("prices.toml")
FOR = ("messages", "tenants", "requests", "house")
COLUMNS = ("service", *FOR, "total")
MARK = re.compile(r"<!-- fugace cost (.+?) -->\n(?:\|.*\n)*")
"""In a page, before a table of ours: the options that it was made with."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Of one Region."""

    region: str
    read: str
    each: Mapping[str, float]
    unsure: frozenset[str]
    services: Mapping[str, str]

    @classmethod
    def of(cls, region: str) -> "Prices":
        """Raises CliError for a Region of which there are none: no other Region's are taken in their stead."""
        table = tomllib.loads(PRICES.read_text(encoding="utf-8"))
        rows: dict[str, Any] = {name: row for name, row in table.items() if isinstance(row, dict)}
        each = {name: float(row["price"][region]) for name, row in rows.items() if region in row["price"]}
        if not each:
            known = ", ".join(sorted({name for row in rows.values() for name in row["price"]}))
            raise CliError(f"There are no prices of {region} in cli/prices.toml, only of {known}; none is guessed.")
        unsure = frozenset(name for name, row in rows.items() if region in row.get("unsure", ()))
        return cls(region, str(table["read"]), each, unsure, {name: row["service"] for name, row in rows.items()})


@dataclass(frozen=True, slots=True)
class Bill:
    """Dollars by service and purpose; and what is in none of them."""

    rows: Mapping[str, Mapping[str, float]]
    unknown: tuple[str, ...]

    @property
    def total(self) -> float:
        """Without what has no price."""
        return sum(part for row in self.rows.values() for part in row.values())


def bill(month: estimate.Month, prices: Prices) -> Bill:
    """What `month` costs at `prices`."""
    rows: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(FOR, 0.0))
    unknown: set[str] = set()
    for purpose, amounts in estimate.amounts(month).items():
        for item, amount in amounts.items():
            if amount and item in prices.each:
                rows[prices.services[item]][purpose] += amount * prices.each[item]
            elif amount:
                unknown.add(item)
    return Bill(rows, tuple(sorted(unknown)))


@told
def show(
    region: Annotated[str, typer.Option(help="Where: a Region that cli/prices.toml knows.")] = "eu-west-1",
    messages: Annotated[float, typer.Option(help="Messages in the month.")] = estimate.MILLION,
    tenants: Annotated[float, typer.Option(help="Companies that send them, alike and at random.")] = 1,
    retention: Annotated[str, typer.Option(help="How long the record of a message is kept (ISO 8601).")] = "P30D",
    segments: Annotated[int, typer.Option(help="Segments of a text.")] = 1,
    webhooks: Annotated[float, typer.Option(help="Webhooks that are told of each message.")] = 1,
    requests: Annotated[float, typer.Option(help="Persons' requests in the month.")] = 0,
    later: Annotated[float, typer.Option(help="The part of the messages that is sent later (0 to 1).")] = 0,
    deduplicates: Annotated[bool, typer.Option("--deduplicates", help="The carrier deduplicates.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    write: Annotated[Path | None, typer.Option(metavar="PAGE", help="Make the tables of docs/cost.md anew.")] = None,
) -> None:
    """Estimate a month on AWS, in US dollars, without tax and free tiers, and without the carrier. Asks nobody."""
    if messages < 0 or tenants < 1 or segments < 1 or webhooks < 0 or requests < 0 or not 0 <= later <= 1:
        raise CliError("A month has messages, at least one tenant, and at least one segment a text.")
    if write is not None:
        write.write_text(MARK.sub(_filled, write.read_text(encoding="utf-8")), encoding="utf-8")
        return
    month = estimate.Month(
        messages, tenants, _days(retention), segments, webhooks, requests, later=later, deduplicates=deduplicates
    )
    prices = Prices.of(region)
    found = bill(month, prices)
    if as_json:
        output.print_json(
            {
                "region": region,
                "prices_read": prices.read,
                "services": {name: dict(row) for name, row in found.rows.items()},
                "total": found.total,
                "without": list(found.unknown),
                "unsure": sorted(prices.unsure),
            }
        )
        return
    output.rows(table(found), as_json=False, columns=COLUMNS)
    typer.echo(f"US dollars a month in {region}, at prices read on {prices.read}.", err=True)
    if found.unknown:
        typer.echo(f"No price is known of: {', '.join(found.unknown)}. The total is without them.", err=True)
    if prices.unsure:
        typer.echo(f"Prices not read from AWS itself: {', '.join(sorted(prices.unsure))}.", err=True)


def table(found: Bill) -> list[dict[str, str]]:
    """As people read it: dearest first, cents."""
    rows = sorted(found.rows.items(), key=lambda row: -sum(row[1].values()))
    lines = {name: {**row, "total": sum(row.values())} for name, row in rows}
    lines["total"] = {column: sum(row[column] for row in lines.values()) for column in (*FOR, "total")}
    return [{"service": name, **{key: f"{part:,.2f}" for key, part in row.items()}} for name, row in lines.items()]


def _filled(mark: re.Match[str]) -> str:
    """The mark of a table, and the table."""
    words = shlex.split(mark[1])
    given = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    prices, kept = Prices.of(given.pop("region")), _days(given.pop("retention", "P30D"))
    month = replace(estimate.Month(estimate.MILLION, 1, kept), **_numbers(given))
    rows = table(bill(month, prices))
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines = [*head, *(f"| {' | '.join(row[column] for column in COLUMNS)} |" for row in rows)]
    return "\n".join([f"<!-- fugace cost {mark[1]} -->", *lines, ""])


def _numbers(given: Mapping[str, str]) -> dict[str, Any]:
    return {name: float(value) for name, value in given.items()}


def _days(text: str) -> float:
    try:
        period = Period.parse(text)
    except ValueError:
        raise CliError("--retention takes an ISO 8601 duration, such as P30D or P6M.") from None
    return period.months * estimate.DAYS + period.seconds / 86_400
