"""How a text is cut into the segments that are sent and billed."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet in its own order, without the escape at 0x1B."""
_EXTENDED = "\f^{}\\[~]|€"
"""The extension table: each character follows an escape, so it costs two septets."""
_ESCAPE = "\x1b"
_LONE_SURROGATE = "\ud800-\udfff"
_HIGH = range(0xD8, 0xDC)
"""First octets of the unit that opens a surrogate pair."""

_FOREIGN = re.compile(f"[^{re.escape(_BASIC + _EXTENDED)}]")
_CONTROL = re.compile(f"[\x00-\x09\x0b\x0e-\x1f\x7f-\x9f{_LONE_SURROGATE}]")


class Alphabet(StrEnum):
    """The alphabets we send. Public: clients match on these words."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"

    @property
    def alone(self) -> int:
        """Room of a text that fits one segment, in units: septets, or UTF-16 code units."""
        return 160 if self is Alphabet.GSM7 else 70

    @property
    def joined(self) -> int:
        """Room of each segment of a longer text: the joining header (8-bit reference) takes 6 octets of 140."""
        return 153 if self is Alphabet.GSM7 else 67


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as it is sent and billed. Its parts, joined, are exactly the text."""

    alphabet: Alphabet
    units: int
    """What the whole text costs before it is cut."""
    parts: tuple[str, ...]


def split(text: str) -> Segments:
    """Cut `text` into the segments that a handset joins again.

    A character that costs two units is never cut in half, so a part may end
    one unit short; dividing the total by 153 would bill one segment too few.

    Returns:
        At least one part, even for an empty text.

    Raises:
        UnicodeEncodeError: half a surrogate pair (see `unsendable`).

    Source:
        3GPP TS 23.038 clause 6.2.1 (alphabet and extension table), TS 23.040
        clause 9.2.3.24.1 (the 6-octet joining header). National shift tables
        are not used: there is none for French, German or Polish.
    """
    if _FOREIGN.search(text):
        return _split_ucs2(text)
    septets = _escaped(text)
    if len(septets) <= Alphabet.GSM7.alone:
        return Segments(Alphabet.GSM7, len(septets), (text,))
    cuts = _cut(len(septets), Alphabet.GSM7.joined, lambda last: septets[last] == _ESCAPE)
    parts = tuple(septets[start:end].replace(_ESCAPE, "") for start, end in cuts)
    return Segments(Alphabet.GSM7, len(septets), parts)


def foreign(text: str) -> dict[str, list[int]]:
    """The characters that force `text` out of GSM-7, as they appear, each with its places (code points from 0)."""
    found: dict[str, list[int]] = {}
    for match in _FOREIGN.finditer(text):
        found.setdefault(match.group(), []).append(match.start())
    return found


def unsendable(text: str) -> str:
    """Why nobody should be sent `text`; '' where nothing is wrong with it.

    Line feed, carriage return and form feed are in the alphabet; no other
    control character means anything to a handset, an escape least of all.
    """
    if not text:
        return "is empty"
    return "has a control character or half a surrogate pair" if _CONTROL.search(text) else ""


def _escaped(text: str) -> str:
    """One character a septet. Ten plain replacements take a quarter of one regular expression's time."""
    for char in _EXTENDED:
        text = text.replace(char, _ESCAPE + char)
    return text


def _split_ucs2(text: str) -> Segments:
    encoded = text.encode("utf-16-be")
    units = len(encoded) // 2
    if units <= Alphabet.UCS2.alone:
        return Segments(Alphabet.UCS2, units, (text,))
    cuts = _cut(units, Alphabet.UCS2.joined, lambda last: encoded[2 * last] in _HIGH)
    parts = tuple(encoded[2 * start : 2 * end].decode("utf-16-be") for start, end in cuts)
    return Segments(Alphabet.UCS2, units, parts)


def _cut(units: int, room: int, opens: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Ranges of at most `room` units, none of which ends on a unit that opens a pair."""
    start = 0
    while start < units:
        end = min(start + room, units)
        if opens(end - 1):
            end -= 1
        yield start, end
        start = end
