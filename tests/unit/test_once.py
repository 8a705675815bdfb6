"""Idempotency-Key, as the IETF's draft writes it and as clients do."""

import pytest

from fugace.domain.errors import BadIdempotencyKeyError
from functions.send.once import Once
from tests.fakes import BAKERY, SHOP, FakeVault


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"a\\"b\\\\c"', 'a"b\\c'),
        ("x", "x"),
        ("k" * 255, "k" * 255),
    ],
)
def test_a_key_is_read_quoted_or_not(header: str, key: str) -> None:
    """The draft asks for quotes; most clients send none; both mean the same key."""
    assert Once.read_key(header) == key


@pytest.mark.parametrize(
    "header", ["", '""', '"a', "a b", '"a b"', "k" * 256, "clé", "a\x7f", '"a";v=1', '"a", "b"', '"\\x"']
)
def test_what_is_not_a_key_is_refused(header: str) -> None:
    """Guessing what was meant would decide whether somebody is written to twice."""
    with pytest.raises(BadIdempotencyKeyError):
        Once.read_key(header)


@pytest.mark.parametrize("header", ["+33639980001", '"0639980001"', "otp:+33639980001", "alice@mail.example"])
def test_a_key_that_names_a_person_is_refused(header: str) -> None:
    """It would be in the logs of every client and proxy."""
    with pytest.raises(BadIdempotencyKeyError) as refused:
        Once.read_key(header)

    assert str(refused.value.facts["reason"]).startswith("looks like")


def test_ids_follow_from_tenant_key_place_and_kind_of_key() -> None:
    """Each of the four makes another message; the same four make the same."""
    vault = FakeVault()
    once = Once("k", b"payload")
    ids = {
        once.id_of(vault, SHOP, 0, live=True),
        once.id_of(vault, SHOP, 1, live=True),
        once.id_of(vault, SHOP, 0, live=False),
        once.id_of(vault, BAKERY, 0, live=True),
        Once("l", b"payload").id_of(vault, SHOP, 0, live=True),
    }

    assert len({key.id for key in ids}) == 5
    assert Once("k", b"another").id_of(vault, SHOP, 0, live=True) in ids


def test_the_fingerprint_is_sixteen_bytes_of_the_payload_under_the_tenants_key() -> None:
    """Unkeyed it would be a hash of a number and a text, which can be guessed."""
    vault = FakeVault()
    print_ = Once("k", b"payload").fingerprint(vault, SHOP)

    assert len(print_) == 16
    assert print_ != Once("k", b"payload").fingerprint(vault, BAKERY)
    assert print_ != Once("k", b"another").fingerprint(vault, SHOP)
