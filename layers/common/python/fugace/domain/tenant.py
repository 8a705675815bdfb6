"""A tenant, its API keys and its webhooks: who may ask for what, and who is told."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from fugace.domain.ids import TenantId
from fugace.domain.retention import Retention


class Scope(StrEnum):
    """What a caller may do."""

    SEND = "messages:send"
    READ = "messages:read"
    PERSONAL = "messages:personal"  # number and text in clear
    KEYS = "keys:manage"
    WEBHOOKS = "webhooks:manage"
    RETENTION = "retention:read"  # what is kept how long, and what became of it: policy, holds, ledger
    PRIVACY = "retention:manage"  # choose periods, set and lift holds
    CASES = "requests:read"  # persons' requests: where each is, and its certificate
    RIGHTS = "requests:manage"  # file, cancel and extend them, and fetch what was made for a person
    LEAVE = "tenant:erase"  # have all that the tenant has erased


class Role(StrEnum):
    """What an API key is for."""

    ADMIN = "admin"
    SENDER = "sender"
    READER = "reader"
    PRIVACY = "privacy"

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes that this role carries."""
        return _SCOPES[self]


_SCOPES = {
    Role.ADMIN: frozenset(Scope),
    Role.SENDER: frozenset({Scope.SEND, Scope.READ}),
    Role.READER: frozenset({Scope.READ}),
    Role.PRIVACY: frozenset(
        {Scope.READ, Scope.PERSONAL, Scope.RETENTION, Scope.PRIVACY, Scope.CASES, Scope.RIGHTS},
    ),
}


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company that sends. It is the controller of its recipients' data; the operator is its processor."""

    id: TenantId
    name: str
    carrier: str
    """Which configured carrier its live messages go to. Test messages go to the simulator, always."""
    created: datetime
    retention: Retention
    shards: int = 1
    """Parts of its time index: 1 for the small; each one more is one more query in a listing."""
    plan: str = ""
    """How many requests it may make at a time, by the plan's name; '' where nobody has said."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is kept: never the key itself."""

    tenant: TenantId
    id: str
    role: Role
    live: bool
    digest: bytes
    """SHA-256 of the whole key. It has 190 random bits, so a slow hash would add nothing."""
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    last_used: date | None = None
    note: str = ""
    plan: str = ""
    """Its tenant's. Told where a key is looked up by itself, and kept with the tenant."""

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook's signing secret, sealed with the tenant's key. While an old one is valid both sign."""

    sealed: bytes
    until: datetime | None = None
    """When it stops signing; None for the current one."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a tenant is told of what becomes of its messages."""

    tenant: TenantId
    id: str
    url: str
    events: frozenset[str]
    """`message.delivered`, …; empty: all of them."""
    secrets: tuple[Secret, ...]
    created: datetime
    failing_since: datetime | None = None
    """Since when every attempt has failed; None after a success."""
    disabled: str = ""
    """Why it is not called any more: '' while it is, 'failing', 'gone' (it answered 410)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of a webhook's delivery log."""

    message_id: str
    sequence: int
    number: int
    """From 1."""
    at: datetime
    outcome: str
    """An HTTP status as digits, or `dns`, `refused`, `timeout`, `tls`, `address`."""
    millis: int
