"""What every role may do is what it does: rights as they were recorded while all journeys ran, on both stacks."""

import pytest

from local.place import ROOT, TESTED
from tests.rights.page import PAGE, page
from tests.rights.rights import Rights, plain
from tests.rights.seldom import SELDOM

AGAIN = ".venv/bin/python -m tests.rights.page --write"


@pytest.fixture(scope="module")
def rights():
    """Of the stacks that `make test` ran the journeys on."""
    return Rights(*TESTED)


def test_nothing_is_granted_that_nobody_uses(rights):
    """A right that is not needed is there for whoever steals the role."""
    assert [right for right, why in rights.needed().items() if not why] == []


def test_nothing_was_refused_that_is_needed(rights):
    """Policies were enforced all the while: a right that lacks shows here, if nowhere else."""
    assert rights.refused == set()


@pytest.mark.parametrize("shown_by", sorted({each.shown_by for each in SELDOM.values()}))
def test_what_seldom_happens_is_brought_about_without_aws(shown_by):
    """A reason that nobody could check would excuse any right."""
    file, _, name = shown_by.partition("::")

    assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_no_excuse_is_left_over(rights):
    """What is not granted any more, or was misspelt, excuses nothing."""
    granted = {(each.role.removeprefix("fugace-laptop-"), each.action, plain(each.on)) for each in rights.granted}

    assert set(SELDOM) <= granted


def test_most_rights_were_seen_at_work(rights):
    """What follows from the deployment alone is little: logs, polling, and the use of a key by way of a service."""
    seen = sum(why == "seen" for why in rights.needed().values())

    assert len(rights.used & rights.granted) == seen > 250


def test_the_page_says_what_is_granted(rights):
    """It is what a reviewer reads."""
    assert PAGE.read_text(encoding="utf-8") == page(rights), f"write it again: {AGAIN}"
