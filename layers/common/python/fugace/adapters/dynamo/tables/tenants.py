"""Rows of the tenants table."""

from fugace.adapters.dynamo.attributes import (
    Bytes,
    Day,
    Flag,
    Lines,
    Millis,
    Number,
    Pseudonym,
    Seconds,
    Text,
    Texts,
    Word,
)
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap.tenants import ApiKey, Attempts, Hold, Mark, Statistics, Tenant, Webhook
from fugace.domain.hold import Ground, HoldState
from fugace.domain.tenant import Role


class TenantItem(Stored):
    """A tenant, with its key: item `tenant`. Without `wrapped` nothing of its people can be read, ever."""

    tenant = Text(Tenant.tenant, hash_key=True)
    item = Text(Tenant.item, range_key=True)
    name = Text(Tenant.name)
    carrier = Text(Tenant.carrier)
    created = Millis(Tenant.created)
    caps = Lines(Tenant.caps)
    shards = Number(Tenant.shards)
    plan = Text(Tenant.plan, null=True)
    wrapped = Bytes(Tenant.wrapped, null=True)


class ApiKeyItem(Stored):
    """An API key: item `key/<id>`."""

    tenant = Text(ApiKey.tenant, hash_key=True)
    item = Text(ApiKey.item, range_key=True)
    role = Word(ApiKey.role, Role)
    live = Flag(ApiKey.live)
    digest = Bytes(ApiKey.digest)
    created = Millis(ApiKey.created)
    expires = Millis(ApiKey.expires, null=True)
    revoked = Millis(ApiKey.revoked, null=True)
    last_used = Day(ApiKey.last_used, null=True)
    note = Text(ApiKey.note, null=True)


class WebhookItem(Stored):
    """A webhook: item `webhook/<id>`."""

    tenant = Text(Webhook.tenant, hash_key=True)
    item = Text(Webhook.item, range_key=True)
    url = Text(Webhook.url)
    events = Texts(Webhook.events, null=True)
    secrets = Lines(Webhook.secrets)
    created = Millis(Webhook.created)
    failing_since = Millis(Webhook.failing_since, null=True)
    disabled = Text(Webhook.disabled, null=True)


class AttemptsItem(Stored):
    """A batch of lines of a webhook's delivery log: item `log/<webhook>/<uuid7>`."""

    tenant = Text(Attempts.tenant, hash_key=True)
    item = Text(Attempts.item, range_key=True)
    attempts = Lines(Attempts.attempts)
    expires_at = Seconds(Attempts.expires_at)


class MarkItem(Stored):
    """Registers: partition `day/YYYY-MM-DD`, item a tenant's id; partition `watermark`, item its name."""

    tenant = Text(Mark.tenant, hash_key=True)
    item = Text(Mark.item, range_key=True)
    reached = Millis(Mark.reached, null=True)
    until = Millis(Mark.until, null=True)
    done = Text(Mark.done, null=True)
    expires_at = Seconds(Mark.expires_at, null=True)


class HoldItem(Stored):
    """A legal hold: item `hold/<id>`."""

    tenant = Text(Hold.tenant, hash_key=True)
    item = Text(Hold.item, range_key=True)
    ground = Word(Hold.ground, Ground)
    state = Word(Hold.state, HoldState)
    set_at = Millis(Hold.set_at)
    set_by = Text(Hold.set_by)
    until = Millis(Hold.until)
    message = Text(Hold.message, null=True)
    subject = Pseudonym(Hold.subject, null=True)
    lifted_by = Text(Hold.lifted_by, null=True)
    lifted_at = Millis(Hold.lifted_at, null=True)
    covers = Number(Hold.covers)


class StatisticsItem(Stored):
    """What remains of messages that are gone, one row an entered hour: item `statistics/2026-11-22T20/<version>`."""

    tenant = Text(Statistics.tenant, hash_key=True)
    item = Text(Statistics.item, range_key=True)
    lines = Lines(Statistics.lines)
