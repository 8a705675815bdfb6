"""What a text would cost, before it is sent."""

from fugace.domain.encoding import Alphabet
from functions.send.preview import preview


def test_a_text_is_shown_as_it_would_be_cut() -> None:
    """With its parts, so that nobody has to guess where."""
    found = preview("a" * 161, 10)

    assert (found.cut.alphabet, [len(part) for part in found.cut.parts]) == (Alphabet.GSM7, [153, 8])
    assert (found.foreign, found.plain) == ([], None)


def test_the_characters_that_make_it_dear_are_named() -> None:
    """A cedilla costs as much as a second message; most people do not know which character it was."""
    found = preview("ça\u00a0va, garçon", 10)

    assert [(each.char, each.name, each.positions) for each in found.foreign] == [
        ("ç", "LATIN SMALL LETTER C WITH CEDILLA", [0, 10]),
        ("\u00a0", "NO-BREAK SPACE", [2]),
    ]


def test_the_cheaper_text_comes_with_its_own_count() -> None:
    """100 characters: two segments with the cedilla, one without."""
    found = preview("ç" * 100, 10)

    assert len(found.cut.parts) == 2
    assert found.plain
    assert (found.plain.made.text, len(found.plain.cut.parts)) == ("c" * 100, 1)


def test_whether_it_fits_is_said() -> None:
    """The limit is inclusive, as it is when sending."""
    assert preview("a" * 306, 2).fits
    assert not preview("a" * 307, 2).fits


def test_a_character_without_a_name_has_none() -> None:
    """Private use: there is nothing to call it."""
    assert preview("\ue000", 1).foreign[0].name is None
