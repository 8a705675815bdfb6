"""Laws of cutting a text that no list of examples would cover."""

from hypothesis import given
from hypothesis import strategies as st

from fugace.domain.encoding import Alphabet, split

# Built from pieces near the limits: random text is almost never that long.
GSM7 = st.lists(st.sampled_from(["a" * 150, "a", "é", "€", "{", "\f"]), max_size=10)
UCS2 = st.lists(st.sampled_from(["ł" * 66, "a", "ł", "😀", "\U0010ffff", "€"]), max_size=10)
TEXTS = (GSM7 | UCS2).map("".join)
ROOM = {(Alphabet.GSM7, False): 160, (Alphabet.GSM7, True): 153, (Alphabet.UCS2, False): 70, (Alphabet.UCS2, True): 67}


def cost(part: str, alphabet: Alphabet) -> int:
    """Counted without the code under test, so that both must be wrong to agree."""
    if alphabet is Alphabet.UCS2:
        return len(part.encode("utf-16-be")) // 2
    return len(part) + sum(part.count(char) for char in "€{\f")


@given(TEXTS)
def test_what_is_delivered_is_what_was_written(text: str) -> None:
    """Whatever the handset joins again is the tenant's text, each part whole characters."""
    assert "".join(split(text).parts) == text


@given(TEXTS)
def test_no_part_is_over_full(text: str) -> None:
    """A unit too many and the network drops the segment."""
    cut = split(text)
    room = ROOM[cut.alphabet, len(cut.parts) > 1]

    assert all(cost(part, cut.alphabet) <= room for part in cut.parts)
    assert cut.units == cost(text, cut.alphabet)


@given(TEXTS)
def test_no_tenant_pays_for_a_segment_that_was_not_needed(text: str) -> None:
    """A new part starts only where the next character did not fit, and only one part if one is enough."""
    cut = split(text)
    joined = ROOM[cut.alphabet, True]

    assert all(cost(one + two[0], cut.alphabet) > joined for one, two in zip(cut.parts, cut.parts[1:], strict=False))
    assert len(cut.parts) == 1 or cut.units > ROOM[cut.alphabet, False]


@given(st.text(alphabet="ab€{éł😀", max_size=40))
def test_the_alphabet_is_gsm7_exactly_where_every_character_is_in_it(text: str) -> None:
    """One character decides for the whole message."""
    assert (split(text).alphabet is Alphabet.UCS2) == any(char in text for char in "ł😀")
