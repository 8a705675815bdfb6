"""What adapters read out of answers, at its borders."""

from datetime import timedelta

import pytest

from fugace.adapters.carriers import reading
from fugace.domain.message import Evidence
from tests.fakes import NOON


@pytest.mark.parametrize("code", ["027", "E-12", "opted_out", "a.b", "x" * 40, "123456"])
def test_a_code_is_kept_as_it_is(code: str) -> None:
    """Support asks the carrier by it."""
    assert reading.code(code) == code


@pytest.mark.parametrize(
    "text", ["", "x" * 41, "no spaces", "é", "+33639980001", "33639980001", "447700900123", "06.39.98.00.01", "1234567"]
)
def test_what_is_free_text_or_could_be_a_number_is_not_kept(text: str) -> None:
    """Codes are logged and shown; E.164 numbers have 7 digits at least (I2)."""
    assert reading.code(text) == ""


@pytest.mark.parametrize("value", [None, 1.5, ["027"], {"code": "027"}])
def test_a_code_of_another_type_is_none(value: object) -> None:
    """JSON may hold anything there."""
    assert reading.code(value) == ""


def test_a_code_may_be_a_whole_number() -> None:
    """Some carriers count their errors."""
    assert reading.code(27) == "27"


def test_a_word_is_one_of_ours_or_the_default() -> None:
    """Evidence of a kind that we do not know is the weakest kind that the carrier can give."""
    assert reading.word("handset", Evidence, Evidence.PLATFORM) is Evidence.HANDSET
    assert reading.word("rumour", Evidence, Evidence.PLATFORM) is Evidence.PLATFORM
    assert reading.word(None, Evidence, Evidence.PLATFORM) is Evidence.PLATFORM


def test_a_receipt_may_be_a_little_ahead_of_our_clock() -> None:
    """Clocks differ by minutes, not by hours."""
    assert reading.moment((NOON + timedelta(minutes=4)).isoformat(), NOON) == NOON + timedelta(minutes=4)
    assert reading.moment((NOON + timedelta(minutes=6)).isoformat(), NOON) is None


def test_a_receipt_may_be_four_weeks_old() -> None:
    """Operators deliver what they held back for days; a month ago is a wrong clock."""
    assert reading.moment((NOON - timedelta(days=28)).isoformat(), NOON) == NOON - timedelta(days=28)
    assert reading.moment((NOON - timedelta(days=31)).isoformat(), NOON) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-15", "now", ""])
def test_a_time_beyond_the_calendar_is_none(text: str) -> None:
    """The first of these cannot even be written in UTC."""
    assert reading.moment(text, NOON) is None


def test_a_wait_until_a_time_without_a_zone_is_not_guessed() -> None:
    """`-0000` means that nobody knows the zone."""
    assert reading.retry_after("Thu, 15 Jan 2026 12:01:30 -0000", NOON) is None
