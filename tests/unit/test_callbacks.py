"""Tokens in receipt URLs: nobody can make one but us."""

import pytest

from fugace.domain import callbacks
from fugace.domain.errors import ReceiptRefusedError
from tests.fakes import FIRST, SECOND, FakeVault

sign = FakeVault().sign


def test_a_token_names_the_message_it_was_made_for() -> None:
    """That is all a carrier needs to send back."""
    token = callbacks.token(sign, "simulator", FIRST.reference)

    assert callbacks.read(sign, "simulator", token) == FIRST
    assert len(token) == 58


def test_the_account_s_token_names_no_message() -> None:
    """The callback itself carries our reference."""
    assert callbacks.read(sign, "other", callbacks.token(sign, "other", callbacks.ACCOUNT)) is None


@pytest.mark.parametrize(
    "forged",
    [
        callbacks.token(sign, "another", FIRST.reference),
        callbacks.token(FakeVault().sign, "simulator", FIRST.reference).replace(FIRST.reference, SECOND.reference),
        callbacks.token(sign, "simulator", FIRST.reference)[:-1],
        callbacks.token(sign, "simulator", FIRST.reference) + "A",
        FIRST.reference,
        FIRST.reference + ".",
        "account",
        "account.",
        "",
        ".",
        "é.é",
        "\ud800",
    ],
)
def test_a_token_that_is_not_ours_is_refused(forged: str) -> None:
    """Another carrier's, another message's, cut, grown, or invented."""
    with pytest.raises(ReceiptRefusedError):
        callbacks.read(sign, "simulator", forged)
