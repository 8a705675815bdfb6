# ruff: noqa: RUF001 (characters that look like others are what this module is about)
"""The same text in cheaper letters: what a text would be if it had to fit GSM-7."""

import re
import unicodedata
from dataclasses import dataclass

from fugace.domain.encoding import foreign

_CLUSTER = re.compile(r".[\u0300-\u036f]*", re.DOTALL)
"""A character and the combining marks after it: `e` with U+0301 is one letter, and GSM-7 has it."""

_PLAIN = {
    **dict.fromkeys("‘’‚‛‹›′´`ʼ", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff", ""),  # they show nothing
    **dict.fromkeys("•·", "*"),
    **dict(zip("łŁđĐðÐıµ°×÷⁄", "lLdDdDiuox//", strict=True)),
    "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ẞ": "SS", "©": "(C)", "®": "(R)", "±": "+/-",
}  # fmt: skip
"""What Unicode's own decompositions leave out, or would answer badly."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """One substitution, and how often it was made."""

    char: str
    by: str
    count: int


@dataclass(frozen=True, slots=True)
class Transliteration:
    """A text that fits GSM-7, and what was changed to make it fit."""

    text: str
    replacements: tuple[Replacement, ...]


def transliterate(text: str) -> Transliteration | None:
    """The closest text that GSM-7 can carry; characters that it has (`é`, `ß`, `€`) stay as they are.

    None where nothing has to change, and where something cannot: a text of
    which a Cyrillic letter or an emoji was lost is another text.

    Source:
        Unicode Standard Annex 15 (NFC for marks that follow their letter, NFKD
        for letters without a place in the alphabet); the rest by hand.

    >>> transliterate("Ça coûte 5 €…").text
    'Ça coute 5 €...'
    """
    made: dict[tuple[str, str], int] = {}
    pieces = []
    for cluster in _CLUSTER.findall(text):
        piece = _plain(cluster)
        if piece is None:
            return None
        if piece != cluster:
            made[cluster, piece] = made.get((cluster, piece), 0) + 1
        pieces.append(piece)
    if not made:
        return None
    return Transliteration("".join(pieces), tuple(Replacement(*pair, count) for pair, count in made.items()))


def _plain(cluster: str) -> str | None:
    if not foreign(cluster):
        return cluster
    composed = unicodedata.normalize("NFC", cluster)
    if not foreign(composed):
        return composed
    plain = "".join(_PLAIN.get(char, _bare(char)) for char in composed)
    return None if foreign(plain) else plain


def _bare(char: str) -> str:
    letters = unicodedata.normalize("NFKD", char)
    return "".join(_PLAIN.get(letter, letter) for letter in letters if not unicodedata.combining(letter))
