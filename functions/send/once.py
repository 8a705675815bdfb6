"""Idempotency-Key: how a client that lost an answer may ask again and pay once.

Source:
    draft-ietf-httpapi-idempotency-key-header-07; the key is a string of RFC 9651 section 3.3.3,
    and is taken without its quotes too.
"""

import re
from dataclasses import dataclass

from fugace.domain.errors import BadIdempotencyKeyError
from fugace.domain.ids import MessageId, MessageKey, TenantId, uuid8
from fugace.domain.names import resembles
from fugace.ports import Vault

_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_ESCAPED = re.compile(r'\\(["\\])')
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_FINGERPRINT = 16  # bytes


@dataclass(frozen=True, slots=True)
class Once:
    """A request that may come again. Neither key nor payload is kept, only keyed digests of them."""

    key: str
    payload: bytes
    """The whole request, in a form that does not depend on how it was written."""

    @staticmethod
    def read_key(header: str) -> str:
        """The key in the header.

        Raises:
            BadIdempotencyKeyError: not 1 to 255 visible ASCII characters, or what a person is known by:
                keys end up in clients' logs, and what is kept of them must not be worth guessing.
        """
        quoted = _QUOTED.fullmatch(header)
        key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else header
        if not _VISIBLE.fullmatch(key) or (header.startswith('"') and not quoted):
            raise BadIdempotencyKeyError(reason="must be 1 to 255 visible ASCII characters, in quotes or not")
        if looks := resembles(key):
            raise BadIdempotencyKeyError(reason=f"looks like {looks}")
        return key

    def id_of(self, vault: Vault, tenant: TenantId, place: int, *, live: bool) -> MessageKey:
        """The id that message number `place` of this request has, however often it comes.

        A test key and a live key have ids of their own: a rehearsal must not eat the performance.
        """
        seed = f"{self.key}\0{place}" if live else f"{self.key}\0{place}\0test"
        return MessageKey(tenant, MessageId(uuid8(vault.digest(tenant, "id", seed.encode()))))

    def fingerprint(self, vault: Vault, tenant: TenantId) -> bytes:
        """What tells this payload from another under the same key."""
        return vault.digest(tenant, "fingerprint", self.payload)[:_FINGERPRINT]
