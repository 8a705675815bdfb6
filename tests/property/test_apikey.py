"""Laws of API keys: what a person mistypes, and what a scanner finds."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from fugace.domain import apikey
from fugace.domain.ids import TenantId, new_tenant

KEYS = st.booleans().map(lambda live: apikey.make(new_tenant(), live=live)[0])
CHARACTERS = st.characters(codec="ascii", categories=("L", "N", "P"))


@given(st.booleans())
def test_a_key_says_whose_it_is_and_which(live: bool) -> None:
    """The authorizer finds the row without a look-up table."""
    tenant = new_tenant()
    key, key_id = apikey.make(tenant, live=live)

    assert apikey.parse(key) == apikey.Claim(tenant, key_id, live)


@given(KEYS, st.integers(0, 76), CHARACTERS)
def test_any_one_wrong_character_is_noticed(key: str, place: int, wrong: str) -> None:
    """A typo is refused without asking the table."""
    assume(key[place] != wrong)

    assert apikey.parse(key[:place] + wrong + key[place + 1 :]) is None


@given(KEYS, st.integers(0, 75))
def test_any_two_neighbours_swapped_are_noticed(key: str, place: int) -> None:
    """The commonest slip of a hand that copies."""
    assume(key[place] != key[place + 1])

    assert apikey.parse(key[:place] + key[place + 1] + key[place] + key[place + 2 :]) is None


@given(KEYS)
def test_live_cannot_be_made_of_test(key: str) -> None:
    """Four characters in a row are still within what the checksum always notices."""
    other = key.replace("_live_", "_TEST_").replace("_test_", "_live_").replace("_TEST_", "_test_")

    assert apikey.parse(other) is None


@given(KEYS, st.sampled_from(["", " ", "\n", '"', "x"]), st.sampled_from([" ", "\n", "'", ","]))
def test_a_scanner_finds_it_in_a_file(key: str, before: str, after: str) -> None:
    """The published expression matches the whole key."""
    found = re.search(apikey.PATTERN, before + key + after)

    assert found
    assert found[0] == key


def test_no_two_keys_are_alike() -> None:
    """Everything but the tenant and the mode is random."""
    tenant = TenantId("ten_shopshopshopshop")

    assert len({apikey.make(tenant, live=True) for _ in range(200)}) == 200
