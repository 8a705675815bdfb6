"""What a runbook says to type exists: at night nobody finds out what was meant."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.app import app

ROOT = Path(__file__).parents[2]
TYPED = re.compile(r"\./fugace((?: [a-z][a-z-]*)+)")
COMMANDS = sorted({found.group(1).strip() for found in TYPED.finditer((ROOT / "docs/runbooks.md").read_text())})


def command(words: list[str]) -> Any:
    """The command that these words name; None where they name none. A group alone does nothing."""
    found: Any = typer.main.get_command(app)
    for word in words:
        found = getattr(found, "commands", {}).get(word)
    return None if hasattr(found, "commands") else found


@pytest.mark.parametrize("typed", COMMANDS)
def test_every_command_of_a_runbook_is_one(typed: str) -> None:
    """In a page that is read once a year."""
    assert command(typed.split()), typed


def test_what_is_no_command_is_seen() -> None:
    """The pattern finds those of the page, and the look-up does not take a group, or a word too many, for one."""
    assert {"status", "purge run", "purge status"} <= set(COMMANDS)
    assert not command(["purge"])
    assert not command(["requests", "list"])
