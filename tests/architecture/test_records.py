"""docs/gdpr is what the map, the bounds and the deployment say: a page that is out of date tells an auditor lies."""

import json
from dataclasses import replace

import pytest

from cli import processing, records
from cli.deployment import Deployment
from cli.faults import CliError
from fugace.datamap.entry import About
from fugace.datamap.fields import FIELDS
from fugace.datamap.places import PLACES
from fugace.domain.retention import Kind, Period
from fugace.edge import wiring
from tests.architecture.rooms import ROOT

FOLDER = ROOT / "docs/gdpr"


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return records.documents(Deployment.read("example"), wiring.bounds())


def test_the_records_are_up_to_date(written: dict[str, str]) -> None:
    """Whoever changes the map writes them anew: `./fugace map --write docs/gdpr`."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}

    assert there == written


def test_a_change_of_a_bound_changes_them(written: dict[str, str]) -> None:
    """The test above sees: here, half a year is a year."""
    bounds = dict(wiring.bounds())
    bounds[Kind.RECORD] = replace(bounds[Kind.RECORD], max=Period.parse("P1Y"))

    changed = records.documents(Deployment.read("example"), bounds)

    assert [name for name in written if changed[name] != written[name]] == ["retention.md"]


def test_every_carrier_of_the_deployment_is_a_recipient(written: dict[str, str]) -> None:
    """Art. 15(1)(c): recipients are named, with what they keep."""
    configured = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["example"]["carriers"]

    for carrier in configured:
        assert f"| `{carrier['name']}` | `{carrier['adapter']}` |" in written["recipients.md"]


def test_nothing_on_the_map_is_missing_in_the_record(written: dict[str, str]) -> None:
    """All places, and whatever tells of somebody."""
    text = written["record-of-processing.md"]

    assert all(f"| {number} | {place.name} |" in text for number, place in PLACES.items())
    assert all(f"`{each.label}`" in text for each in FIELDS if each.about is not About.NOBODY)


def test_tables_keep_their_columns(written: dict[str, str]) -> None:
    """A stroke in an entry would move everything behind it into another column."""
    for text in written.values():
        for block in text.split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith("|")]
            assert len({line.count("|") for line in lines}) <= 1, lines


def test_every_kind_is_explained(written: dict[str, str]) -> None:
    """With its bounds and their ground."""
    for kind, bound in wiring.bounds().items():
        assert f"| `{kind}` |" in written["retention.md"]
        assert bound.ground in written["retention.md"]


def test_a_deployment_that_is_not_there_is_a_sentence() -> None:
    """With those that are."""
    with pytest.raises(CliError, match=r"example, laptop, and no moon"):
        Deployment.read("moon")


def test_measures_are_about_what_is_so() -> None:
    """An hour is promised there too."""
    assert any("within an hour" in measure for measure in processing._MEASURES)
