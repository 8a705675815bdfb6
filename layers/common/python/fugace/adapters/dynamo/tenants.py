"""Tenants, their API keys and the registers around them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from fugace.adapters.dynamo.lines import read_caps, write_caps
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.tenants import ApiKeyItem, MarkItem, TenantItem
from fugace.adapters.dynamo.writes import delete_counted, write_of
from fugace.adapters.session import Aws
from fugace.domain.ids import TenantId
from fugace.domain.tenant import ApiKey, Tenant
from fugace.ports import Clock, Step, Write

REMEMBERED = timedelta(seconds=30)
"""How long `get` answers from memory: less than a changed retention is announced ahead."""
REGISTER_KEPT = timedelta(days=15)
"""A message sent 7 days ahead is looked at for the last time 3 days and more after that."""

_MOST_KNOWN = 10_000
TENANT = "tenant"
"""The item of a tenant itself, among the others in its partition."""
_ABSENT = TenantItem.tenant.does_not_exist()
_KEY = "key/"
_WATERMARK = "watermark"


class DynamoTenants:
    """A `fugace.ports.Tenants`, and a `fugace.keeping.OldKeys`."""

    def __init__(self, aws: Aws, table: str, clock: Clock) -> None:
        self._aws = aws
        self._tenants = Table(aws, table, TenantItem)
        self._keys = Table(aws, table, ApiKeyItem)
        self._marks = Table(aws, table, MarkItem)
        self._clock = clock
        self._known: dict[TenantId, tuple[datetime, Tenant]] = {}
        self._seen: set[tuple[TenantId, str, date]] = set()

    # Tenants.

    def add(self, tenant: Tenant, wrapped: bytes) -> bool:
        """Keep a new tenant with its wrapped key, in one write; False where the id is taken."""
        try:
            self._tenants.put(_row(tenant, wrapped), only_if=_ABSENT)
        except ConditionFailedError:
            return False
        return True

    def addition(self, tenant: Tenant, wrapped: bytes) -> Write:
        """The same as a part of a transaction, conditional on the id."""
        return write_of(self._tenants.put_write(_row(tenant, wrapped), _ABSENT))

    def get(self, tenant: TenantId) -> Tenant | None:
        """One GetItem a minute and process. One whose key was destroyed is not there any more."""
        now = self._clock()
        until, known = self._known.get(tenant, (now, None))
        if known and now < until:
            return known
        item = self._tenants.get(tenant, TENANT)
        if item is None or item.wrapped is None:
            self._known.pop(tenant, None)
            return None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[tenant] = (now + REMEMBERED, _tenant(item))
        return _tenant(item)

    def everyone(self) -> list[Tenant]:
        """A Scan: the table holds little else than tenants and what they configured."""
        found = map(_tenant, self._tenants.scan(TenantItem.item == TENANT))
        return sorted(found, key=lambda tenant: (tenant.created, tenant.id))

    def put_on(self, tenant: TenantId, plan: str) -> bool:
        """One conditional UpdateItem."""
        there = TenantItem.wrapped.exists()
        try:
            self._tenants.update(tenant, TENANT, actions=[TenantItem.plan.set(plan)], only_if=there)
        except ConditionFailedError:
            return False
        self._known.pop(tenant, None)
        return True

    # API keys.

    def api_key(self, tenant: TenantId, key_id: str) -> ApiKey | None:
        """One consistent BatchGetItem, of the key's row and the tenant's: every request would pay for a second call."""
        rows = self._tenants.get_rows([(tenant, _KEY + key_id), (tenant, TENANT)], consistent=True)
        found = {row["item"]["S"]: row for row in rows}
        if _KEY + key_id not in found:
            return None
        plan = self._tenants.read(found[TENANT]).plan if TENANT in found else None
        return replace(_api_key(self._keys.read(found[_KEY + key_id])), plan=plan or "")

    def api_keys(self, tenant: TenantId) -> list[ApiKey]:
        """One consistent Query."""
        items = self._keys.query(tenant, ApiKeyItem.item.startswith(_KEY), consistent=True)
        return sorted(map(_api_key, items), key=lambda key: (key.created, key.id))

    def add_api_key(self, key: ApiKey) -> None:
        """One PutItem."""
        item = ApiKeyItem(
            key.tenant,
            _KEY + key.id,
            role=key.role,
            live=key.live,
            digest=key.digest,
            created=key.created,
            expires=key.expires,
            revoked=key.revoked,
            last_used=key.last_used,
            note=key.note or None,
        )
        self._keys.put(item)

    def revoke_api_key(self, tenant: TenantId, key_id: str, at: datetime) -> ApiKey | None:
        """One conditional UpdateItem."""
        first = ApiKeyItem.revoked.set(ApiKeyItem.revoked | at)
        try:
            item = self._keys.update(tenant, _KEY + key_id, actions=[first], only_if=ApiKeyItem.tenant.exists())
        except ConditionFailedError:
            return None
        return _api_key(item) if item else None

    def forget(self, seen: ApiKey, counted: Write) -> bool:
        """One TransactWriteItems."""
        ends = [(ApiKeyItem.revoked, seen.revoked), (ApiKeyItem.expires, seen.expires)]
        as_seen = ApiKeyItem.tenant.exists()
        for field, end in ends:
            as_seen &= field == end if end else field.does_not_exist()
        deletion = self._keys.delete_write(seen.tenant, _KEY + seen.id, only_if=as_seen)
        return delete_counted(self._aws, [deletion], lambda _count, _name: counted) == 1

    # Registers.

    def enter(self, tenant: TenantId, day: date) -> None:
        """One PutItem."""
        until = datetime.combine(day, time(), UTC) + REGISTER_KEPT
        self._marks.put(MarkItem(_register(day), tenant, expires_at=until))

    def was_active(self, tenant: TenantId, days: Sequence[date]) -> bool:
        """One consistent GetItem a day, until it is found."""
        return any(self._marks.get(_register(day), tenant) for day in days)

    def seen(self, tenant: TenantId, key_id: str, day: date) -> None:
        """Two writes for each day, key and process.

        The register comes first: a tenant missing there is looked at by nobody.
        """
        if (tenant, key_id, day) in self._seen:
            return
        self.enter(tenant, day)
        older = ApiKeyItem.last_used.does_not_exist() | (ApiKeyItem.last_used < day)
        used, there = ApiKeyItem.last_used.set(day), ApiKeyItem.tenant.exists()
        with suppress(ConditionFailedError):  # another process has written it down today
            self._keys.update(tenant, _KEY + key_id, actions=[used], only_if=there & older)
        self._seen = {each for each in self._seen if each[2] == day} | {(tenant, key_id, day)}

    def active(self, days: Sequence[date]) -> list[TenantId]:
        """One consistent Query a day."""
        found = {item.item for day in days for item in self._marks.query(_register(day), consistent=True)}
        return [TenantId(tenant) for tenant in sorted(found)]

    def watermark(self, name: str) -> datetime | None:
        """One consistent GetItem."""
        item = self._marks.get(_WATERMARK, name)
        return item.reached if item else None

    def advance(self, name: str, to: datetime) -> None:
        """One conditional UpdateItem."""
        behind = MarkItem.reached.does_not_exist() | (MarkItem.reached < to)
        with suppress(ConditionFailedError):  # it is there, or further
            actions = [MarkItem.reached.set(to), MarkItem.until.remove(), MarkItem.done.remove()]
            self._marks.update(_WATERMARK, name, actions=actions, only_if=behind)

    def under_way(self, name: str) -> Step | None:
        """One consistent GetItem."""
        item = self._marks.get(_WATERMARK, name)
        if item is None or item.reached is None or item.until is None:
            return None
        return Step(item.reached, item.until, item.done or "")

    def pause(self, name: str, step: Step) -> None:
        """One conditional UpdateItem: the whole step, or nothing of it."""
        there = MarkItem.reached.does_not_exist() | (MarkItem.reached == step.since)
        done = MarkItem.done.set(step.done) if step.done else MarkItem.done.remove()
        actions = [MarkItem.reached.set(step.since), MarkItem.until.set(step.until), done]
        with suppress(ConditionFailedError):  # another run has ended it
            self._marks.update(_WATERMARK, name, actions=actions, only_if=there)


def _row(tenant: Tenant, wrapped: bytes) -> TenantItem:
    return TenantItem(
        tenant.id,
        TENANT,
        name=tenant.name,
        carrier=tenant.carrier,
        created=tenant.created,
        caps=write_caps(tenant.retention),
        shards=tenant.shards,
        plan=tenant.plan or None,
        wrapped=wrapped,
    )


def _register(day: date) -> str:
    return f"day/{day.isoformat()}"


def _tenant(item: TenantItem) -> Tenant:
    retention = read_caps(map(str, item.caps))
    return Tenant(TenantId(item.tenant), item.name, item.carrier, item.created, retention, item.shards, item.plan or "")


def _api_key(item: ApiKeyItem) -> ApiKey:
    return ApiKey(
        tenant=TenantId(item.tenant),
        id=item.item.removeprefix(_KEY),
        role=item.role,
        live=item.live,
        digest=item.digest,
        created=item.created,
        expires=item.expires,
        revoked=item.revoked,
        last_used=item.last_used,
        note=item.note or "",
    )
