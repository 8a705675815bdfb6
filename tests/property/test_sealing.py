"""Laws of sealing: what is sealed opens in its own place and in no other."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fugace.adapters.sealing import open_, seal

KEYS = st.binary(min_size=32, max_size=32)
PLACES = st.tuples(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))
VALUES = st.one_of(st.binary(max_size=40), st.text(max_size=40).map(lambda text: (text * 30).encode()))


@given(KEYS, PLACES, VALUES)
def test_what_was_sealed_can_be_opened(key: bytes, place: tuple[str, ...], value: bytes) -> None:
    """Short or long, compressed or not."""
    assert open_(key, place, seal(key, place, value)) == value


@given(KEYS, PLACES, PLACES, VALUES)
def test_nothing_opens_in_another_place(
    key: bytes, place: tuple[str, ...], other: tuple[str, ...], value: bytes
) -> None:
    """A sealed field copied to another record, field or tenant is worthless, also where the joined names look alike."""
    sealed = seal(key, place, value)
    shifted = (place[0] + place[1][:1], place[1][1:], place[2])
    for elsewhere in {other, shifted, place[::-1], (*place, "")} - {place}:
        with pytest.raises(ValueError, match="opened"):
            open_(key, elsewhere, sealed)


@given(KEYS, PLACES, VALUES, st.integers(min_value=0), st.integers(1, 255))
@example(bytes(32), ("t", "r", "f"), b"\x03\x00", 0, 3)  # the other version: these bytes are an empty text, deflated
@example(bytes(32), ("t", "r", "f"), b"a" * 99, 0, 3)
def test_no_bit_can_be_changed(key: bytes, place: tuple[str, ...], value: bytes, at: int, flip: int) -> None:
    """The version byte is bound as well."""
    sealed = bytearray(seal(key, place, value))
    sealed[at % len(sealed)] ^= flip

    with pytest.raises(ValueError, match=r"opened|not sealed"):
        open_(key, place, bytes(sealed))


@given(KEYS, PLACES, VALUES, st.integers(0, 30))
def test_what_is_cut_short_is_refused(key: bytes, place: tuple[str, ...], value: bytes, left: int) -> None:
    """Also where nothing is left."""
    with pytest.raises(ValueError, match=r"opened|not sealed"):
        open_(key, place, seal(key, place, value)[: min(left, 28)])


def test_no_nonce_is_used_twice() -> None:
    """Two values under one nonce would give both away (and the key that authenticates)."""
    key, place = bytes(32), ("t", "r", "f")
    nonces = {seal(key, place, b"same")[1:13] for _ in range(5_000)}

    assert len(nonces) == 5_000


def test_a_long_text_takes_less_room_than_it_has_letters() -> None:
    """A record of 700 characters is to cost one write unit."""
    text = b"Your parcel has left our warehouse and will arrive tomorrow between 8 and 12. " * 9

    assert len(seal(bytes(32), ("t", "r", "f"), text)) < len(text)
