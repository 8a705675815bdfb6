"""A tenant that leaves takes everything along that the map knows, or the map says why not."""

import pytest

from fugace.datamap.entry import About, Category, Protection
from fugace.datamap.fields import ROWS, entries
from fugace.datamap.leaving import LEAVING, By, Stays

STAYING = [row for row, how in LEAVING.items() if isinstance(how, Stays)]


def test_every_kind_of_row_is_decided_on() -> None:
    """A new one fails here until somebody has thought of it."""
    assert set(LEAVING) == set(ROWS)


def test_every_part_of_the_sweep_is_somebodys() -> None:
    """What deletes nothing is not needed."""
    assert {how for how in LEAVING.values() if isinstance(how, By)} == set(By)


@pytest.mark.parametrize("row", STAYING)
def test_what_stays_shows_nobody(row: type) -> None:
    """Of a person written to there are keyed hashes and ids at most; without the tenant's key and rows, random bits."""
    personal = [entry for entry in entries(row).values() if entry.about is About.RECIPIENT]

    assert all(entry.protection in {Protection.PSEUDONYM, Protection.AT_REST} for entry in personal)
    assert not [entry for entry in personal if entry.category in {Category.NUMBER, Category.CONTENT}]
    assert LEAVING[row].because  # type: ignore[union-attr]  # those that stay
