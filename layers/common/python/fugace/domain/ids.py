"""Opaque identifiers: what travels in queues, URLs and logs instead of people."""

import base64
import os
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

TenantId = NewType("TenantId", str)
MessageId = NewType("MessageId", str)
SubjectId = NewType("SubjectId", str)
"""base64url of HMAC-SHA-256 over the number, under the tenant's index key: personal data for us, opaque to others."""

_TENANT = re.compile(r"ten_[a-z2-7]{16}")
_TENANT_BYTES = 10


def new_tenant() -> TenantId:
    """`ten_` and 80 random bits in base 32."""
    return TenantId("ten_" + base64.b32encode(os.urandom(_TENANT_BYTES)).decode().lower())


def short(prefix: str) -> str:
    """`prefix_` and 80 random bits in base 32: webhooks, API keys."""
    return f"{prefix}_" + base64.b32encode(os.urandom(_TENANT_BYTES)).decode().lower()


def uuid7(now: datetime) -> str:
    """A time-ordered id: 48 bits of Unix milliseconds, 74 random bits (RFC 9562 section 5.7)."""
    millis = int(now.timestamp() * 1000)
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def uuid8(digest: bytes) -> str:
    """An id made of the first 16 bytes of a keyed digest (RFC 9562 section 5.8)."""
    value = int.from_bytes(digest[:16], "big")
    value = value & ~(0xF << 76) | (0x8 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Where a message is: its tenant and its id. Nothing else is ever put into a queue."""

    tenant: TenantId
    id: MessageId

    def __str__(self) -> str:
        return f"{self.tenant}/{self.id}"

    @classmethod
    def read(cls, text: str) -> "MessageKey":
        """The inverse of `str`. Raises ValueError for anything else."""
        tenant, _, message = text.partition("/")
        if not _TENANT.fullmatch(tenant):
            raise ValueError("not a tenant id")
        return cls(TenantId(tenant), MessageId(str(uuid.UUID(message))))

    @property
    def reference(self) -> str:
        """The same in 35 characters of base64url: carriers keep 40 of our reference at most."""
        raw = base64.b32decode(self.tenant[4:].upper()) + uuid.UUID(self.id).bytes
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def from_reference(cls, text: str) -> "MessageKey":
        """The inverse of `reference`. Raises ValueError for anything else."""
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if len(raw) != _TENANT_BYTES + 16:
            raise ValueError("not a message reference")
        tenant = "ten_" + base64.b32encode(raw[:_TENANT_BYTES]).decode().lower()
        return cls(TenantId(tenant), MessageId(str(uuid.UUID(bytes=raw[_TENANT_BYTES:]))))
