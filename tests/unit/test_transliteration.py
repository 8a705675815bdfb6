# ruff: noqa: RUF001 (characters that look like others are what is tested)
"""What a text would be in the alphabet that costs a third."""

import pytest

from fugace.domain.transliteration import transliterate

PAIRS = [
    ("Ça coûte 5 € à Noël…", "Ça coute 5 € à Noel..."),
    ("« L’œuvre » – c’est prêt", "\" L'oeuvre \" - c'est pret"),
    ("Zażółć gęślą jaźń, ŁÓDŹ", "Zazolc gesla jazn, LODZ"),
    ("„Grüße“ aus der STRAẞE", '"Grüße" aus der STRASSE'),
    ("10\xa0h\u202f30", "10 h 30"),
    ("n°\u2009½ × 2²", "no 1/2 x 22"),
    ("soft\xadhyphen\u200b", "softhyphen"),
    ("´`", "''"),
    ("ＦＵＬＬ ﬁn №1 ™", "FULL fin No1 TM"),
]


@pytest.mark.parametrize(("text", "plain"), PAIRS)
def test_french_german_and_polish_typography_fits_gsm7(text: str, plain: str) -> None:
    """What a reader expects of the same sentence typed on an old telephone."""
    found = transliterate(text)

    assert found is not None
    assert found.text == plain


def test_a_letter_written_with_a_combining_mark_keeps_an_accent_that_gsm7_has() -> None:
    """Text from a Mac's file names is decomposed; `é` costs one septet and should stay."""
    found = transliterate("e\u0301te\u0302")

    assert found is not None
    assert found.text == "éte"


@pytest.mark.parametrize("text", ["déjà vu ß ñ €", "plain", ""])
def test_nothing_is_offered_where_nothing_needs_changing(text: str) -> None:
    """`null` means: send it as it is."""
    assert transliterate(text) is None


@pytest.mark.parametrize("text", ["Привет ç", "ç 😀", "ελληνικά", "漢字", "ç\u20dd"])
def test_nothing_is_offered_where_a_character_would_be_lost(text: str) -> None:
    """A text without its Cyrillic letters is not the tenant's text."""
    assert transliterate(text) is None


def test_each_replacement_is_counted_once_a_kind() -> None:
    """So that a tenant sees at a glance what would change."""
    found = transliterate("ça ça ł")

    assert found is not None
    assert [(made.char, made.by, made.count) for made in found.replacements] == [("ç", "c", 2), ("ł", "l", 1)]
