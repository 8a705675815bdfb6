"""docs/boundary.md is how others add the pack: what it shows is so, and what it prints runs."""

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

from infra.boundary.declared import Declared, Suppression
from infra.boundary.rules import RULES
from infra.boundary.suppressions import LONGEST, faults
from infra.config import SETTINGS

PAGE = (Path(__file__).resolve().parents[2] / "docs/boundary.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def rows(section: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    (table,) = re.findall(r"(?:^\|.*\n)+", SECTIONS[section], re.MULTILINE)
    return [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def code(section: str) -> str:
    (found,) = re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL)
    return str(found)


def test_the_rules_on_the_page_are_those_of_the_code():
    """In the order of their ids, as `fugace guard rules` prints them."""
    assert rows("The rules") == [[rule.id, rule.title, rule.closes] for rule in RULES]


def test_everything_that_can_be_declared_is_on_the_page():
    """And nothing that cannot."""
    assert [name for name, _ in rows("In another CDK project")] == [each.name for each in fields(Declared)]


def test_the_app_on_the_page_synthesizes(monkeypatch, tmp_path):
    """Word by word: whoever copies it has something that runs."""
    monkeypatch.chdir(tmp_path)

    exec(code("In another CDK project"), {})  # noqa: S102  # the page's own code: that it runs is what is tested


def test_the_suppression_on_the_page_would_hold():
    """On a day before its last."""
    shown = eval(code("Suppressions"), {"Suppression": Suppression, "date": date})  # noqa: S307

    assert list(faults(shown, RULES, shown.until)) == []
    assert f"more than {LONGEST.days} days" in SECTIONS["Suppressions"]


def test_the_setting_on_the_page_is_one():
    """`-c` passes over what it does not know without a word."""
    assert "-c permissions_boundary=" in SECTIONS["The guard"]
    assert "permissions_boundary" in SETTINGS
