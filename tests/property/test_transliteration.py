# ruff: noqa: RUF001 (characters that look like others are what is tested)
"""Laws of transliteration."""

from hypothesis import given
from hypothesis import strategies as st

from fugace.domain.encoding import Alphabet, foreign, split
from fugace.domain.transliteration import transliterate

EUROPEAN = st.text(alphabet=st.characters(max_codepoint=0x2122, exclude_categories=["Cs", "Cc"]), max_size=60)
FRENCH = st.lists(st.sampled_from(["ç", "œ", "…", "’", "é", "\xa0", "a", "e\u0302", "«"]), min_size=1).map("".join)


@given(EUROPEAN)
def test_what_is_offered_fits_gsm7_and_differs(text: str) -> None:
    """Otherwise the offer saves nothing."""
    found = transliterate(text)

    if found is not None:
        assert split(found.text).alphabet is Alphabet.GSM7
        assert found.text != text
        assert foreign(text)


@given(FRENCH)
def test_french_can_always_be_written_in_gsm7(text: str) -> None:
    """The most common case of all: `null` only where nothing is foreign."""
    assert (transliterate(text) is None) == (not foreign(text))


@given(EUROPEAN)
def test_a_second_pass_changes_nothing(text: str) -> None:
    """What was offered once is final."""
    found = transliterate(text)

    assert found is None or transliterate(found.text) is None
