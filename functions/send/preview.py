"""Use case: what a text would cost, before it is sent. Nothing is kept."""

import unicodedata
from dataclasses import dataclass

from fugace.domain.encoding import Segments, foreign, split
from fugace.domain.transliteration import Transliteration, transliterate


@dataclass(frozen=True, slots=True)
class Foreign:
    """A character that GSM-7 does not have."""

    char: str
    name: str | None
    """As Unicode calls it."""
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Plain:
    """The text as it would fit GSM-7."""

    made: Transliteration
    cut: Segments


@dataclass(frozen=True, slots=True)
class Preview:
    """A text, counted."""

    cut: Segments
    fits: bool
    """Within the number of segments that was asked for."""
    foreign: list[Foreign]
    plain: Plain | None


def preview(text: str, max_segments: int) -> Preview:
    """Count `text`, and what it would be in the cheaper alphabet."""
    cut, made = split(text), transliterate(text)
    return Preview(
        cut=cut,
        fits=len(cut.parts) <= max_segments,
        foreign=[Foreign(char, unicodedata.name(char, None), places) for char, places in foreign(text).items()],
        plain=Plain(made, split(made.text)) if made else None,
    )
