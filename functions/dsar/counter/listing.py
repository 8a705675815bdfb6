"""Use case: a tenant's requests, a page at a time: open ones by when they are due, or all of them by id."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.errors import BadCursorError, FieldError
from fugace.domain.ids import TenantId
from fugace.domain.jose import b64url, unb64url
from fugace.ports import Clock, Tenants, Vault
from fugace.rights import Requests
from functions.dsar.counter.ending import forgotten

GOOD_FOR = timedelta(hours=24)
_PURPOSE = "requests-cursor"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests, and where the next ones are."""

    cases: list[Case]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists requests."""

    requests: Requests
    tenants: Tenants
    vault: Vault
    clock: Clock

    def page(self, tenant: TenantId, *, everything: bool, limit: int, cursor: str | None) -> Page:
        """At most `limit`. Raises BadCursorError."""
        after = self._open(tenant, cursor, everything=everything) if cursor else None
        if everything:
            found = self.requests.all(tenant, after=after.key.id if after else "", limit=limit + 1)
        else:
            found = self.requests.open(tenant, after=after, limit=limit + 1)
        shown, more = found[:limit], len(found) > limit
        known = self.tenants.get(tenant)
        retention, now = known.retention if known else None, self.clock()
        alive = [case for case in shown if not forgotten(case, retention, now)]
        return Page(alive, self._close(shown[-1], everything=everything) if more else None)

    def _close(self, last: Case, *, everything: bool) -> str:
        """A word that only we can make or read, good for one listing of one tenant and for a day."""
        until = int((self.clock() + GOOD_FOR).timestamp())
        content = [everything, until, (last.due - _EPOCH) // _MILLI, last.key.id]
        return b64url(self.vault.seal(last.tenant, _PURPOSE, json.dumps(content, separators=(",", ":")).encode()))

    def _open(self, tenant: TenantId, cursor: str, *, everything: bool) -> Case:
        try:
            way, until, due, request = json.loads(self.vault.open(tenant, _PURPOSE, unb64url(cursor)))
        except ValueError:
            raise BadCursorError(FieldError("/query/cursor", "not a cursor of this query")) from None
        if way != everything or until <= self.clock().timestamp():
            raise BadCursorError(FieldError("/query/cursor", "of another query, or too old"))
        return _place(CaseKey(tenant, request), _EPOCH + due * _MILLI)


def _place(key: CaseKey, due: datetime) -> Case:
    """Where a request stood in the listing. It may be due at another time by now, or be gone: that changes nothing."""
    return Case(key, Right.ACCESS, CaseState.WAITING, due, due, due, Identity.ATTESTED, filed_by="")
