# ruff: noqa: RUF001 (characters that look like others are what is tested)
"""The standard's numbers: what a text costs, and where it is cut."""

import pytest

from fugace.domain.encoding import Alphabet, foreign, split, unsendable

GSM7, UCS2 = Alphabet.GSM7, Alphabet.UCS2

GOLDEN = [
    ("", GSM7, 1),
    ("a" * 160, GSM7, 1),
    ("a" * 161, GSM7, 2),
    ("a" * 306, GSM7, 2),
    ("a" * 307, GSM7, 3),
    ("a" * 459, GSM7, 3),
    ("a" * 460, GSM7, 4),
    ("€" * 80, GSM7, 1),
    ("€" * 81, GSM7, 2),
    ("€" * 152, GSM7, 2),
    ("€" * 153, GSM7, 3),
    ("a" * 152 + "€" + "a" * 152, GSM7, 3),
    ("a" * 152 + "€" + "a" * 151, GSM7, 2),
    ("я" * 70, UCS2, 1),
    ("я" * 71, UCS2, 2),
    ("я" * 134, UCS2, 2),
    ("я" * 135, UCS2, 3),
    ("😀" * 35, UCS2, 1),
    ("😀" * 36, UCS2, 2),
    ("😀" * 66, UCS2, 2),
    ("😀" * 67, UCS2, 3),
]


@pytest.mark.parametrize(("text", "alphabet", "count"), GOLDEN)
def test_segments_are_counted_as_carriers_bill_them(text: str, alphabet: Alphabet, count: int) -> None:
    """Measured with a carrier's own calculator; a division of the total is wrong in four of these lines."""
    cut = split(text)

    assert (cut.alphabet, len(cut.parts)) == (alphabet, count)


@pytest.mark.parametrize("char", "éèàùòìÉÇÄÖÜäöüßñÑÅåÆæØø£¥§¤¡¿ΔΦΓΛΩΠΨΣΘΞ@_$\n\r")
def test_a_character_of_the_alphabet_costs_one_septet(char: str) -> None:
    """TS 23.038 table 6.2.1: these are what Western Europeans need most."""
    assert (split(char).alphabet, split(char).units) == (GSM7, 1)


@pytest.mark.parametrize("char", "^{}\\[]~|€\f")
def test_a_character_of_the_extension_table_costs_two(char: str) -> None:
    """It follows an escape; a pair of braces is four septets."""
    assert (split(char).alphabet, split(char).units) == (GSM7, 2)


@pytest.mark.parametrize("char", "êëâçûîïôœÀ«»’…–ąćęłńóśźżŁ„“`\t\xa0\x1b")
def test_one_other_character_turns_the_whole_text_to_ucs2(char: str) -> None:
    """Ordinary French and any Polish: why a preview is worth having."""
    assert split("a" * 80 + char).alphabet is UCS2
    assert len(split("a" * 80 + char).parts) == 2


def test_the_whole_printable_ascii_is_gsm7_but_the_grave_accent() -> None:
    """A table with a letter missing would double somebody's bill without a word."""
    assert list(foreign("".join(map(chr, range(0x20, 0x7F))))) == ["`"]


def test_the_default_alphabet_has_127_characters_and_its_extension_ten() -> None:
    """128 places, one of them the escape. Counted from outside: over all of Unicode's first plane."""
    costs = [split(char).units for char in map(chr, range(0xD800)) if not foreign(char)]

    assert (costs.count(1), costs.count(2)) == (127, 10)


def test_foreign_characters_are_given_with_every_place() -> None:
    """So that an editor can underline them."""
    assert foreign("ça, là: ça ł") == {"ç": [0, 8], "ł": [11]}


@pytest.mark.parametrize("text", ["", "a\x00", "\x1b", "tab\t", "\x7f", "\x9b", "\ud83d", "\ude00 x"])
def test_what_no_handset_can_show_is_refused(text: str) -> None:
    """A lone escape or half a pair changes how the rest is read."""
    assert unsendable(text)


@pytest.mark.parametrize("text", ["a", "line\r\nline\fpage", "😀", " ", "\u200d"])
def test_what_handsets_can_show_is_not_refused(text: str) -> None:
    """Line breaks are text: we change nothing that a tenant wrote."""
    assert not unsendable(text)
