"""Webhooks and what came of calling them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.lines import read_attempt, read_secret, write_attempt, write_secret
from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.tenants import AttemptsItem, WebhookItem
from fugace.adapters.session import Aws
from fugace.domain.ids import TenantId, uuid7
from fugace.domain.tenant import Attempt, Webhook
from fugace.ports import Clock

LOG_KEPT = timedelta(days=30)

_WEBHOOK = "webhook/"


class DynamoWebhooks:
    """A `fugace.ports.Webhooks`, in the tenants table."""

    def __init__(self, aws: Aws, table: str, clock: Clock) -> None:
        self._webhooks = Table(aws, table, WebhookItem)
        self._attempts = Table(aws, table, AttemptsItem)
        self._clock = clock

    def of(self, tenant: TenantId) -> list[Webhook]:
        """One consistent Query."""
        items = self._webhooks.query(tenant, WebhookItem.item.startswith(_WEBHOOK), consistent=True)
        return sorted(map(_webhook, items), key=lambda webhook: (webhook.created, webhook.id))

    def put(self, webhook: Webhook) -> None:
        """One PutItem."""
        item = WebhookItem(
            webhook.tenant,
            _WEBHOOK + webhook.id,
            url=webhook.url,
            events=set(webhook.events) or None,
            secrets=[write_secret(secret) for secret in webhook.secrets],
            created=webhook.created,
            failing_since=webhook.failing_since,
            disabled=webhook.disabled or None,
        )
        self._webhooks.put(item)

    def remove(self, tenant: TenantId, webhook_id: str) -> bool:
        """One DeleteItem."""
        return self._webhooks.delete(tenant, _WEBHOOK + webhook_id)

    def failing(self, tenant: TenantId, webhook_id: str, since: datetime | None, *, disabled: str = "") -> None:
        """One conditional UpdateItem."""
        actions: list[Action] = [
            WebhookItem.failing_since.set(since) if since else WebhookItem.failing_since.remove(),
            WebhookItem.disabled.set(disabled) if disabled else WebhookItem.disabled.remove(),
        ]
        there = WebhookItem.tenant.exists()
        with suppress(ConditionFailedError):  # it was removed
            self._webhooks.update(tenant, _WEBHOOK + webhook_id, actions=actions, only_if=there)

    def log(self, tenant: TenantId, webhook_id: str, attempts: Sequence[Attempt]) -> None:
        """One PutItem: a row holds a whole batch."""
        if not attempts:
            return
        now = self._clock()
        lines = [write_attempt(attempt) for attempt in attempts]
        item = f"log/{webhook_id}/{uuid7(now)}"
        self._attempts.put(AttemptsItem(tenant, item, attempts=lines, expires_at=now + LOG_KEPT))

    def logged(self, tenant: TenantId, webhook_id: str, limit: int) -> list[Attempt]:
        """One Query."""
        prefix = AttemptsItem.item.startswith(f"log/{webhook_id}/")
        now = self._clock()
        items = self._attempts.query(tenant, prefix, newest_first=True, limit=limit)
        lines = (str(line) for item in items if item.expires_at > now for line in reversed(item.attempts))
        return [read_attempt(line) for line in islice(lines, limit)]


def _webhook(item: WebhookItem) -> Webhook:
    return Webhook(
        tenant=TenantId(item.tenant),
        id=item.item.removeprefix(_WEBHOOK),
        url=item.url,
        events=frozenset(item.events or ()),
        secrets=tuple(read_secret(str(line)) for line in item.secrets),
        created=item.created,
        failing_since=item.failing_since,
        disabled=item.disabled or "",
    )
