"""A fake of `fugace.rights.Estate`, over the fakes of all that a tenant has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId, TenantId
from fugace.ports import Write
from tests.fakes import FakeWebhooks
from tests.fakes_keeping import FakeWrite, Keeping
from tests.fakes_rights import FakeRecalls, FakeRequests

Drop = Callable[[], object]


class FakeEstate:
    """A `fugace.rights.Estate`."""

    def __init__(
        self, keeping: Keeping, requests: FakeRequests, recalls: FakeRecalls, webhooks: FakeWebhooks | None = None
    ) -> None:
        self.keeping, self.webhooks = keeping, webhooks or FakeWebhooks(keeping.clock)
        self._requests, self._recalls = requests, recalls

    def shards(self, tenant: TenantId) -> int | None:
        found = self.keeping.tenants.tenants.get(tenant)
        return found.shards if found else None

    def shred(self, tenant: TenantId) -> Write:
        tenants, vault = self.keeping.tenants, self.keeping.vault

        def apply() -> None:
            tenants.left.add(tenant)
            vault.left.add(tenant)

        return Write(FakeWrite(lambda: tenant in tenants.tenants and tenant not in tenants.left, apply))

    def account(self, tenant: TenantId, limit: int) -> int:
        return _drop(self._account(tenant), limit)

    def _account(self, tenant: TenantId) -> list[Drop]:
        its = self.keeping
        if keys := _of(its.tenants.keys, tenant):
            return keys
        # Statistics are those of their hours, and go with them.
        rows = [*_of(self.webhooks.webhooks, tenant), *_of(its.holds.rows, tenant), *_of(its.statistics.rows, tenant)]
        lines = self.webhooks.lines
        return [*rows, *(lambda line=line: lines.remove(line) for line in list(lines) if line[0] == tenant)]

    def jobs(self, tenant: TenantId, limit: int) -> int:
        return _drop(_of(self.keeping.agenda.rows, tenant), limit)

    def requests(self, own: CaseKey, limit: int) -> int:
        return _drop(self._others(own), limit)

    def _others(self, own: CaseKey) -> list[Drop]:
        rows, claims, recalls = self._requests.rows, self._requests.claims, self._recalls.rows
        theirs = {page[0]: page for page in recalls if page[0] != own and page[0].tenant == own.tenant}
        return [
            *(lambda key=key: rows.pop(key, None) for key in list(rows) if key.tenant == own.tenant and key != own),
            *_of(claims, own.tenant),
            *(lambda page=page: recalls.pop(page, None) for page in theirs.values()),
        ]

    def persons(self, tenant: TenantId, subjects: Sequence[SubjectId]) -> None:
        rows = self.keeping.vault.rows
        for subject in subjects:
            if subject in rows:
                assert rows[subject].tenant == tenant
                del rows[subject]

    def objectors(self, tenant: TenantId, limit: int) -> int:
        found = self._objectors(tenant)[:limit]
        self.persons(tenant, found)
        return len(found)

    def _objectors(self, tenant: TenantId) -> list[SubjectId]:
        return [who for who, row in self.keeping.vault.rows.items() if row.tenant == tenant and row.objected]

    def left(self, own: CaseKey) -> Mapping[str, int]:
        tenant = own.tenant
        account = self._account(tenant) or _of(self.keeping.agenda.rows, tenant) or self._objectors(tenant)
        return {"key": int(bool(account)), "cases": int(bool(self._others(own)))}

    def end(self, tenant: TenantId) -> None:
        tenants = self.keeping.tenants
        if tenant in tenants.tenants and tenant not in tenants.left:
            raise UnavailableError
        tenants.tenants.pop(tenant, None)
        tenants.left.discard(tenant)


def _of(rows: dict, tenant: TenantId) -> list[Drop]:  # type: ignore[type-arg]  # of any kind: keyed by tenant first
    return [lambda key=key: rows.pop(key, None) for key in list(rows) if key[0] == tenant]


def _drop(rows: Iterable[Drop], limit: int) -> int:
    found = list(islice(rows, limit))
    for drop in found:
        drop()
    return len(found)
