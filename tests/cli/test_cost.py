"""`fugace cost` counts what was counted, at prices that somebody has read."""

import re
import shlex
import tomllib
from datetime import date
from pathlib import Path

import pytest

from bench.cost import RECORDED
from cli import estimate
from cli.cost import PRICES, Prices, bill
from cli.estimate import Month
from tests.architecture.rooms import ROOT
from tests.cli.conftest import Terminal

PERFORMANCE = (ROOT / "docs/performance.md").read_text()
PAGE = (ROOT / "docs/cost.md").read_text()
MILLION = Month(messages=1_000_000, tenants=1, days_kept=30)
TABLE = tomllib.loads(PRICES.read_text())


def measured(budget: str, figure: str) -> list[float]:
    """What docs/performance.md has measured, of a row."""
    (found,) = re.findall(rf"^\| {budget} \| {re.escape(figure)}[^|]*\| ([^|]+) \|", PERFORMANCE, re.MULTILINE)
    return [float(each.replace(",", "")) for each in re.findall(r"[\d.,]+", found)]


def test_a_message_takes_what_was_measured() -> None:
    """The bench counts each request; a figure that has changed there is wrong here."""
    assert measured("B10", "write units, accept to final") == [estimate.WRITES, estimate.WRITES_DEDUPLICATED]
    assert measured("B11", "record at its largest")[:2] == [
        estimate.RECORD,
        pytest.approx(estimate.RECORD + 4 * estimate.RECORD_OF_SEGMENT, abs=5),
    ]
    assert measured("B16", "log bytes per message") == [estimate.LOG]
    assert measured("B9", "SQS, in batches of ten")[0] + 0.6 == pytest.approx(estimate.QUEUE)
    assert measured("B9", "GetItem")[0] + 1.5 == estimate.READS
    (purge,) = re.findall(r"^\| - \| write units to purge .*? \| ([\d.]+) / ([\d.]+) \|", PERFORMANCE, re.MULTILINE)
    assert sum(map(float, purge)) == pytest.approx(estimate.PURGE, abs=0.03)


@pytest.mark.parametrize(("region", "dollars"), RECORDED.items())
def test_a_million_messages_cost_what_the_bench_says(region: str, dollars: float) -> None:
    """Two ways to the same bill: theirs from what was just counted, this one from what was written down."""
    found = sum(row["messages"] for row in bill(MILLION, Prices.of(region)).rows.values())

    assert found == pytest.approx(dollars, rel=0.03)


def test_every_price_has_a_unit_a_source_and_a_date() -> None:
    """A price without one is a guess; one older than a year or so is one, too."""
    for name, row in TABLE.items():
        if isinstance(row, dict):
            assert {"service", "unit", "source", "price"} <= set(row), name
            assert set(row.get("unsure", ())) <= set(row["price"]), name
            assert re.search(r"\d{4}|as remembered", row["source"]), name
            assert "as remembered" not in row["source"] or set(row["unsure"]) == set(row["price"]), name
    assert isinstance(TABLE["read"], date)


def test_no_other_regions_prices_are_taken_for_one_that_has_none(fugace: Terminal) -> None:
    """Stockholm is cheaper, Milan is not, and the Sovereign Cloud bills in euros."""
    for region in ("eu-north-1", "eu-south-1", "eusc-de-east-1", "eu-west-2"):
        assert "none is guessed" in fugace.refused("cost", "--region", region)


def test_what_has_no_price_is_said_and_not_counted(fugace: Terminal) -> None:
    """A total that leaves something out says what."""
    said = fugace.json("cost", "--region", "eu-west-3", "--requests", "100")

    assert said["without"] == ["logs_kept", "transitions"]
    assert "Step Functions" not in said["services"]
    assert said["total"] == pytest.approx(sum(sum(row.values()) for row in said["services"].values()))


def total(**more: float) -> float:
    return bill(Month(**{"messages": 1e6, "tenants": 1, "days_kept": 30, **more}), Prices.of("eu-west-1")).total  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        {"messages": 2e6},
        {"tenants": 1000},
        {"days_kept": 365},
        {"segments": 8},
        {"webhooks": 2},
        {"requests": 1000},
        {"persons": 1},
        {"messages": 1e8, "later": 1},
    ],
)
def test_more_of_anything_costs_more(more: dict[str, float]) -> None:
    """An option that changes nothing is a lie."""
    assert total(**more) > total(**{"messages": more.get("messages", 1e6)} if "later" in more else {})


def test_a_carrier_that_deduplicates_saves_the_claim() -> None:
    """One write unit a message."""
    assert total() - total(deduplicates=True) == pytest.approx(Prices.of("eu-west-1").each["writes"])


def test_idle_tenants_cost_nothing() -> None:
    """However many there are: what costs is a day on which one of them sends."""
    assert total(messages=0, tenants=1e6) == total(messages=0, tenants=1)


def test_a_request_passes_no_more_states_than_there_are() -> None:
    """The figure for transitions is a bound, and follows the definition."""
    text = (ROOT / "infra/workflows/request.asl.json").read_text()

    assert len(re.findall(r'"Type": "(?!Fail|Succeed)', text)) == pytest.approx(estimate.TRANSITIONS, rel=0.1)


def test_the_page_is_what_the_command_writes(fugace: Terminal, tmp_path: Path) -> None:
    """Nobody edits its tables by hand: what was in them does not matter."""
    page = tmp_path / "cost.md"
    page.write_text(re.sub(r"^\| (total|Lambda) \|.*", "| spoilt |", PAGE, flags=re.MULTILINE))
    assert page.read_text() != PAGE

    assert fugace("cost", "--write", str(page)).exit_code == 0
    assert page.read_text() == PAGE


@pytest.mark.parametrize("words", re.findall(r"<!-- fugace (cost .+?) -->", PAGE))
def test_a_table_of_the_page_is_what_its_options_say(fugace: Terminal, words: str) -> None:
    """The command that stands above a table gives its total."""
    total = fugace.json(*shlex.split(words))["total"]
    written = PAGE.partition(f"<!-- fugace {words} -->\n")[2].partition("\n\n")[0]

    assert written.splitlines()[-1].endswith(f" {total:,.2f} |")
