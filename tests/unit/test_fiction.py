"""The numbers that films and examples use."""

import pytest

from fugace.domain.errors import InvalidNumberError
from fugace.domain.msisdn import Msisdn


@pytest.mark.parametrize(("text", "country"), [("+33 6 39 98 00 01", "FR"), ("+44 7700 900123", "GB")])
def test_a_number_kept_for_fiction_can_be_written_to(text: str, country: str) -> None:
    """No numbering plan has them, and every example of ours uses them."""
    assert Msisdn.parse(text).country == country


@pytest.mark.parametrize("text", ["+33639970001", "+33639990001", "+447700901123", "+3363998000", "+336399800011"])
def test_its_neighbours_are_as_invalid_as_their_plan_says(text: str) -> None:
    """The exception is two ranges, not two countries."""
    with pytest.raises(InvalidNumberError):
        Msisdn.parse(text)
