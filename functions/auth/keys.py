"""Use case: a tenant's admin makes, lists and revokes the tenant's own API keys."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fugace.domain import apikey
from fugace.domain.errors import (
    BadRequestError,
    FieldError,
    ForbiddenError,
    LastAdminKeyError,
    LimitReachedError,
    NotFoundError,
)
from fugace.domain.ids import TenantId
from fugace.domain.tenant import ApiKey, Role
from fugace.keeping import Agenda
from fugace.ports import Clock, Tenants
from functions.auth.outlook import look_after_access

MOST = 100
"""Usable keys that a tenant may have."""
LONGEST = timedelta(days=3660)
_LONGEST_NOTE = 60
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """The key that somebody asks for."""

    role: Role
    live: bool
    expires: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The API keys of tenants."""

    tenants: Tenants
    agenda: Agenda
    clock: Clock

    def make(self, tenant: TenantId, wish: Wish, *, live: bool) -> tuple[ApiKey, str]:
        """A new key, and the one look at it. `live`: what the caller's own key is; a test key makes no live ones."""
        now = self.clock()
        _check(wish, now)
        if wish.live and not live:
            raise ForbiddenError(reason="a test key cannot make live keys")
        if len([each for each in self.tenants.api_keys(tenant) if each.usable(now)]) >= MOST:
            raise LimitReachedError(allowed=MOST)
        shown, key_id = apikey.make(tenant, live=wish.live)
        expires = wish.expires and wish.expires.astimezone(UTC)
        key = ApiKey(tenant, key_id, wish.role, wish.live, apikey.digest(shown), now, expires, note=wish.note)
        if expires:
            look_after_access(self.agenda, self.tenants.get(tenant), expires)
        self.tenants.add_api_key(key)
        return key, shown

    def all(self, tenant: TenantId) -> list[ApiKey]:
        """The tenant's keys, revoked ones included, oldest first."""
        return self.tenants.api_keys(tenant)

    def revoke(self, tenant: TenantId, key_id: str, *, live: bool) -> None:
        """Stop a key for good; for one that was revoked before, nothing happens.

        Two admins that revoke each other's key at the same moment can both succeed: the operator's command line
        makes a new one.

        Raises:
            LastAdminKeyError: without it no key could be made any more, or no live one.
        """
        now = self.clock()
        keys = self.tenants.api_keys(tenant)
        key = next((each for each in keys if each.id == key_id), None)
        if key is None:
            raise NotFoundError
        if key.live and not live:
            raise ForbiddenError(reason="a test key cannot revoke live keys")
        if key.role is Role.ADMIN and key.usable(now):
            others = [each for each in keys if each.role is Role.ADMIN and each.usable(now) and each.id != key_id]
            if not any(each.live or not key.live for each in others):
                raise LastAdminKeyError
        look_after_access(self.agenda, self.tenants.get(tenant), now)
        self.tenants.revoke_api_key(tenant, key_id, now)


def _check(wish: Wish, now: datetime) -> None:
    if wish.expires is not None and (wish.expires.tzinfo is None or not now < wish.expires <= now + LONGEST):
        raise BadRequestError(FieldError("/expires", "must be in the next ten years, and have a zone"))
    if len(wish.note) > _LONGEST_NOTE or not wish.note.isprintable():
        raise BadRequestError(FieldError("/note", f"must be a line of {_LONGEST_NOTE} characters at most"))
    if "@" in wish.note or sum(map(str.isdigit, wish.note)) > _MOST_DIGITS:
        raise BadRequestError(FieldError("/note", "must not be something that a person is known by"))
