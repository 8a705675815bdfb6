"""The states of SMPP, as carriers report them."""

import pytest

from fugace.adapters.carriers import smpp
from fugace.domain.message import Status


@pytest.mark.parametrize(
    ("state", "meaning", "final"),
    [
        ("SCHEDLD", Status.ACCEPTED, False),
        ("ENROUTE", Status.SUBMITTED, False),
        ("DELIVRD", Status.DELIVERED, True),
        ("EXPIRED", Status.EXPIRED, True),
        ("DELETED", Status.UNDELIVERABLE, True),
        ("UNDELIV", Status.UNDELIVERABLE, True),
        ("ACCEPTD", Status.SUBMITTED, False),
        ("UNKNOWN", Status.UNKNOWN, True),
        ("REJECTD", Status.REJECTED, True),
        ("SKIPPED", Status.BLOCKED, True),
        ("FAILED", Status.UNDELIVERABLE, True),
    ],
)
def test_each_state_of_the_standard_has_its_meaning(state: str, meaning: Status, final: bool) -> None:
    """SMPP 3.4 section 5.2.28, SMPP 5.0, and FAILED, which the field has added."""
    assert smpp.status(state) is meaning
    assert meaning.final is final


def test_the_table_above_is_the_whole_table() -> None:
    """A state added without a test would be a state added without a thought."""
    assert len(smpp.STATES) == 11


@pytest.mark.parametrize("state", ["", "TELEPORTED", "delivrd", "DELIVRD ", "2"])
def test_a_word_that_nobody_told_us_of_is_a_value(state: str) -> None:
    """It is `unknown`, never a KeyError, and never a guess."""
    assert smpp.status(state) is Status.UNKNOWN
