"""Use case: a tenant says where it wants to be told."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from fugace.domain import addresses, ids, webhooks
from fugace.domain.errors import BadRequestError, FieldError, LimitReachedError, NotFoundError
from fugace.domain.ids import TenantId
from fugace.domain.tenant import Attempt, Secret, Webhook
from fugace.ports import Clock, Queue, Vault, Webhooks
from functions.dlr.letter import Letter

MOST = 10
"""Webhooks of one tenant."""
_MOST_SECRETS = 4


def find(stored: Webhooks, tenant: TenantId, webhook_id: str) -> Webhook:
    """A tenant's own webhook. Raises NotFoundError, for another tenant's too (I8)."""
    for webhook in stored.of(tenant):
        if webhook.id == webhook_id:
            return webhook
    raise NotFoundError


@dataclass(frozen=True, slots=True)
class Desk:
    """What a tenant may do with its webhooks."""

    webhooks: Webhooks
    vault: Vault
    queue: Queue
    """The notify queue."""
    clock: Clock
    exceptions: Collection[str] = ()
    """Origins that may be called although plain or private."""

    def create(self, tenant: TenantId, url: str, events: Collection[str]) -> tuple[Webhook, str]:
        """A new webhook, and its secret: the only time that it is shown.

        Raises:
            WebhookRefusedError: an address that we will not call.
            LimitReachedError: there are as many as a tenant may have.
            BadRequestError: an event that does not exist.
        """
        addresses.allowed(url, self.exceptions)
        if unknown := [FieldError("/events", "unknown event") for each in events if each not in webhooks.EVENTS]:
            raise BadRequestError(*unknown[:1])
        if len(self.webhooks.of(tenant)) >= MOST:
            raise LimitReachedError(allowed=MOST)
        webhook = Webhook(tenant, ids.short("wh"), url, frozenset(events), (), self.clock())
        return self._with_new_secret(webhook)

    def all(self, tenant: TenantId) -> list[Webhook]:
        """Every webhook of a tenant, disabled ones included."""
        return self.webhooks.of(tenant)

    def get(self, tenant: TenantId, webhook_id: str) -> Webhook:
        """One of them."""
        return find(self.webhooks, tenant, webhook_id)

    def remove(self, tenant: TenantId, webhook_id: str) -> None:
        """Forget it. Attempts that are under way end; none follow."""
        self.webhooks.remove(tenant, self.get(tenant, webhook_id).id)

    def rotate(self, tenant: TenantId, webhook_id: str) -> tuple[Webhook, str]:
        """A new secret. The one before signs along for a day, so that receivers can change over without a gap."""
        return self._with_new_secret(self.get(tenant, webhook_id))

    def test(self, tenant: TenantId, webhook_id: str) -> Letter:
        """Send a test event on the way of all events. Once it is answered, a disabled webhook is enabled again."""
        webhook = self.get(tenant, webhook_id)
        letter = Letter(tenant, ids.uuid7(self.clock()), webhook=webhook.id)
        self.queue.send([letter.body()])
        return letter

    def deliveries(self, tenant: TenantId, webhook_id: str, limit: int) -> list[Attempt]:
        """The newest lines of its log, newest first."""
        return self.webhooks.logged(tenant, self.get(tenant, webhook_id).id, limit)

    def _with_new_secret(self, webhook: Webhook) -> tuple[Webhook, str]:
        now, secret = self.clock(), webhooks.new_secret()
        sealed = self.vault.seal(webhook.tenant, webhooks.sealing(webhook.id), secret)
        before = (replace(each, until=each.until or now + webhooks.OVERLAP) for each in webhook.secrets)
        valid = tuple(each for each in before if each.until and now < each.until)
        webhook = replace(webhook, secrets=(Secret(sealed), *valid[: _MOST_SECRETS - 1]))
        self.webhooks.put(webhook)
        return webhook, webhooks.shown(secret)
