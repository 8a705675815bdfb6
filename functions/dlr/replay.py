"""Use case: a tenant wants to be told again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fugace.domain import webhooks
from fugace.domain.errors import BadRequestError, FieldError, NotFoundError, WebhookRefusedError
from fugace.domain.expiry import alive
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import Record
from fugace.domain.tenant import Webhook
from fugace.ports import Clock, Messages, Place, Queue, Tenants, Vault, Webhooks
from functions.dlr.letter import Letter
from functions.dlr.webhooks import find

MOST_EVENTS = 1_000
MOST_MESSAGES = 1_000
_PAGE = 100
_MARK = re.compile(r"(?P<shard>\d{1,3})\.(?P<anchor>\d{1,13})\.(?P<id>[0-9a-f-]{36})")


@dataclass(frozen=True, slots=True)
class Span:
    """The messages whose events are wanted: from `since` up to, not including, `until`, going on after a mark."""

    since: datetime
    until: datetime | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was put on the queue, and where to go on if that was not all."""

    events: int
    after: str = ""
    """The mark of the last message that was looked at; '' where none is left."""


@dataclass(frozen=True, slots=True)
class Replay:
    """From the table to the notify queue, for one webhook. Events keep their ids."""

    webhooks: Webhooks
    messages: Messages
    vault: Vault
    tenants: Tenants
    queue: Queue
    """The notify queue."""
    clock: Clock

    def message(self, tenant: TenantId, webhook_id: str, message_id: str) -> Replayed:
        """All events of one message."""
        webhook = self._enabled(tenant, webhook_id)
        record = self.messages.get(_key(tenant, message_id, "/message"))
        if record is None or not self._there([record]):  # over, held, erased, restricted, or another's (I4, I8)
            raise NotFoundError
        letters = _letters(webhook, record)
        self.queue.send([letter.body() for letter in letters])
        return Replayed(len(letters))

    def span(self, tenant: TenantId, webhook_id: str, span: Span) -> Replayed:
        """All events of the messages of a span of time, newest first, as many as fit into one call."""
        webhook = self._enabled(tenant, webhook_id)
        letters: list[Letter] = []
        last, seen = span.after, 0
        for mark, record in self._records(tenant, span):
            more = _letters(webhook, record) if record else []
            if seen >= MOST_MESSAGES or len(letters) + len(more) > MOST_EVENTS:
                break
            letters += more
            last, seen = mark, seen + 1
        else:
            last = ""
        self.queue.send([letter.body() for letter in letters])
        return Replayed(len(letters), last)

    def _records(self, tenant: TenantId, span: Span) -> Iterator[tuple[str, Record | None]]:
        """The messages of a span, each with the mark to go on after it; None where the index remembers what is over."""
        shard, after = _marked(tenant, span.after)
        until, known = span.until or self.clock(), self.tenants.get(tenant)
        while shard < (known.shards if known else 1):
            places = self.messages.timeline(tenant, shard, since=span.since, until=until, after=after, limit=_PAGE)
            records = self.messages.get_many([place.key for place in places]) if places else {}
            there = self._there(list(records.values()))
            for place in places:
                yield _mark(shard, place), there.get(place.key)
            shard, after = (shard, places[-1]) if places else (shard + 1, None)

    def _there(self, records: Sequence[Record]) -> dict[MessageKey, Record]:
        """Those that there are for the tenant: what would say nothing is not put on the queue."""
        living = [record for record in records if self._alive(record)]
        keys = self.vault.keys_of(living) if living else {}
        return {each.key: each for each in living if (key := keys.get(each.key)) and not key.restricted}

    def _alive(self, record: Record) -> bool:
        tenant = self.tenants.get(record.key.tenant)
        return tenant is not None and alive(record, tenant.retention, self.clock())

    def _enabled(self, tenant: TenantId, webhook_id: str) -> Webhook:
        webhook = find(self.webhooks, tenant, webhook_id)
        if webhook.disabled:
            raise WebhookRefusedError(reason="disabled")
        return webhook


def _letters(webhook: Webhook, record: Record) -> Sequence[Letter]:
    """The events of a message that this webhook wants."""
    return [
        Letter(record.key.tenant, record.key.id, sequence, webhook.id)
        for sequence in range(1, record.sequence + 1)
        if webhooks.wants(webhook, webhooks.event_type(record, sequence))
    ]


def _mark(shard: int, place: Place) -> str:
    """Where a replay stands. Forged, it leads nowhere but to other messages of the same tenant."""
    return f"{shard}.{round(place.anchor.timestamp() * 1000)}.{place.key.id}"


def _marked(tenant: TenantId, mark: str) -> tuple[int, Place | None]:
    if not mark:
        return 0, None
    match = _MARK.fullmatch(mark)
    if not match:
        raise BadRequestError(FieldError("/after", "not a mark of ours"))
    anchor = datetime.fromtimestamp(int(match["anchor"]) / 1000, UTC)
    return int(match["shard"]), Place(anchor, _key(tenant, match["id"], "/after"))


def _key(tenant: TenantId, message_id: str, pointer: str) -> MessageKey:
    try:
        return MessageKey.read(f"{tenant}/{message_id}")
    except ValueError:
        raise BadRequestError(FieldError(pointer, "not a message id")) from None
