"""The token in a receipt's URL: what it names, and the proof that we made it."""

import base64
import hmac
from collections.abc import Callable

from fugace.domain.errors import ReceiptRefusedError
from fugace.domain.ids import MessageKey

ACCOUNT = "account"
"""What an account's token names, in the place of a message's reference."""

Sign = Callable[[str, bytes], bytes]
"""`ports.Vault.sign`."""

_PROOF = 22  # characters of base64url: 132 bits


def token(sign: Sign, carrier: str, name: str) -> str:
    """The token for `name` (a message's reference, or `ACCOUNT`), good for that carrier alone."""
    proof = base64.urlsafe_b64encode(sign("dlr", f"{carrier}:{name}".encode())).decode()
    return f"{name}.{proof[:_PROOF]}"


def read(sign: Sign, carrier: str, text: str) -> MessageKey | None:
    """The message that a token names; None for the account's, where the callback itself carries our reference.

    Raises:
        ReceiptRefusedError: not a token of ours for this carrier. The proof is checked first, in constant
            time, so that nothing else is ever done with what a stranger sends.
    """
    name, _, _ = text.partition(".")
    if not text.isascii() or not hmac.compare_digest(token(sign, carrier, name), text):
        raise ReceiptRefusedError(reason="token")
    return None if name == ACCOUNT else MessageKey.from_reference(name)
