"""DynamoDB items: one declaration per attribute, each with its entry in the map, and nothing else is ever written.

Keys here and in infra/ agree; a test compares them. Stored names are those of the entries: short where a name would
otherwise make a usual message cost two write units.
"""

from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.indexes import GlobalSecondaryIndex, Index, KeysOnlyProjection
from pynamodb.models import Model

from fugace.adapters.dynamo.attributes import (
    Bytes,
    Day,
    Declared,
    Flag,
    Lines,
    Millis,
    Number,
    Pseudonym,
    Pseudonyms,
    Sealed,
    Seconds,
    Span,
    Text,
    Texts,
    Word,
    Words,
)
from fugace.datamap.cases import Case
from fugace.datamap.entry import Row
from fugace.datamap.keys import RootKey, SubjectKey
from fugace.datamap.ledger import Ledger
from fugace.datamap.messages import Message
from fugace.datamap.purge import Book, Departure, Due, News, Tally
from fugace.datamap.tenants import ApiKey, Attempts, Hold, Mark, Statistics, Tenant, Webhook
from fugace.domain.hold import Ground, HoldState
from fugace.domain.message import Category, Status
from fugace.domain.tenant import Role


class _Row(Model):
    """A row that does not print what is in it, and of which the map knows every attribute (I3)."""

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401  # PynamoDB's options, passed on
        super().__init_subclass__(**options)
        found = dict(vars(cls))
        for index in [each for each in found.values() if isinstance(each, Index)]:
            found |= {f"{index.Meta.index_name}: {name}": each for name, each in index.Meta.attributes.items()}
        rows = {_entered(cls, name, each) for name, each in found.items() if isinstance(each, Attribute)}
        if len(rows) > 1:
            sentence = f"{cls.__name__} is declared with entries of {', '.join(sorted(row.name for row in rows))}"
            raise TypeError(sentence)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def _entered(cls: type, name: str, attribute: Attribute[Any]) -> Row:
    if not isinstance(attribute, Declared):
        sentence = f"{cls.__name__}.{name} has no entry in the personal-data map"
        raise TypeError(sentence)
    return attribute.entry.row


# --- messages -----------------------------------------------------------------------------------


class BySubject(GlobalSecondaryIndex["MessageItem"]):
    """A person's messages, by time."""

    class Meta:
        """Keys only, so that a change of state does not write here."""

        index_name = "by-subject"
        projection = KeysOnlyProjection()

    subject = Pseudonym(Message.subject, hash_key=True)
    anchor = Millis(Message.anchor, range_key=True)


class ByTime(GlobalSecondaryIndex["MessageItem"]):
    """One shard of a tenant's messages, by time."""

    class Meta:
        """Keys only, so that a change of state does not write here."""

        index_name = "by-time"
        projection = KeysOnlyProjection()

    shard = Text(Message.shard, hash_key=True)
    anchor = Millis(Message.anchor, range_key=True)


class ByContent(GlobalSecondaryIndex["MessageItem"]):
    """Texts with a period of their own, by the hour in which they end and one of a few lots; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-content"
        projection = KeysOnlyProjection()

    brief = Text(Message.brief, hash_key=True)
    content_until = Seconds(Message.content_until, range_key=True)


class MessageItem(_Row):
    """A message until it expires.

    `history` holds one line per change, written by `lines.py`; the change to
    `queued` is not among them but in `queued_at`, so that a claim and its
    repeat are the same write. What has its usual value is not stored.
    """

    key = Text(Message.key, hash_key=True)
    subject = Pseudonym(Message.subject)
    epoch = Number(Message.epoch)
    to = Sealed(Message.to)
    text = Sealed(Message.text, null=True)
    reference = Sealed(Message.reference, null=True)
    anchor = Millis(Message.anchor)
    shard = Text(Message.shard)
    status = Word(Message.status, Status)
    history = Lines(Message.history)
    queued_at = Millis(Message.queued_at, null=True)
    claimed_at = Millis(Message.claimed_at, null=True)
    encoding = Text(Message.encoding, null=True)
    segments = Number(Message.segments, null=True)
    category = Word(Message.category, Category)
    carrier = Text(Message.carrier)
    at_least_once = Flag(Message.at_least_once, null=True)
    validity = Span(Message.validity)
    expires_at = Seconds(Message.expires_at)
    content_until = Seconds(Message.content_until)
    test = Flag(Message.test, null=True)
    drop_content = Flag(Message.drop_content, null=True)
    sender = Text(Message.sender, null=True)
    campaign = Text(Message.campaign, null=True)
    fingerprint = Bytes(Message.fingerprint, null=True)
    carrier_ref = Pseudonym(Message.carrier_ref, null=True)
    parts = Words(Message.parts)

    brief = Text(Message.brief, null=True)
    held = Texts(Message.held, null=True)

    by_subject = BySubject()
    by_time = ByTime()
    by_content = ByContent()


# --- keys ---------------------------------------------------------------------------------------


class SubjectKeyItem(_Row):
    """The key of one person at one tenant. This table has no back-up, so that what is destroyed here stays so.

    Live: `wrapped`. An erasure is under way: `erasing`, no `wrapped`. Destroyed: `erased`, no `wrapped`; such a
    tombstone stays, and the key of someone who comes back is the next epoch in the same row. `leaving`: nothing of the
    person seems to be left; whoever uses the key takes the mark off.
    """

    subject = Pseudonym(SubjectKey.subject, hash_key=True)
    tenant = Text(SubjectKey.tenant)
    epoch = Number(SubjectKey.epoch)
    wrapped = Bytes(SubjectKey.wrapped, null=True)
    erasing = Millis(SubjectKey.erasing, null=True)
    erased = Millis(SubjectKey.erased, null=True)
    leaving = Millis(SubjectKey.leaving, null=True)


class RootKeyItem(_Row):
    """The environment's root key, as KMS sealed it: partition `root`, item `key/1`."""

    tenant = Text(RootKey.tenant, hash_key=True)
    item = Text(RootKey.item, range_key=True)
    sealed = Bytes(RootKey.sealed)


# --- tenants ------------------------------------------------------------------------------------


class TenantItem(_Row):
    """A tenant, with its key: item `tenant`. Without `wrapped` nothing of its people can be read, ever."""

    tenant = Text(Tenant.tenant, hash_key=True)
    item = Text(Tenant.item, range_key=True)
    name = Text(Tenant.name)
    carrier = Text(Tenant.carrier)
    created = Millis(Tenant.created)
    caps = Lines(Tenant.caps)
    shards = Number(Tenant.shards)
    wrapped = Bytes(Tenant.wrapped, null=True)


class ApiKeyItem(_Row):
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


class WebhookItem(_Row):
    """A webhook: item `webhook/<id>`."""

    tenant = Text(Webhook.tenant, hash_key=True)
    item = Text(Webhook.item, range_key=True)
    url = Text(Webhook.url)
    events = Texts(Webhook.events, null=True)
    secrets = Lines(Webhook.secrets)
    created = Millis(Webhook.created)
    failing_since = Millis(Webhook.failing_since, null=True)
    disabled = Text(Webhook.disabled, null=True)


class AttemptsItem(_Row):
    """A batch of lines of a webhook's delivery log: item `log/<webhook>/<uuid7>`."""

    tenant = Text(Attempts.tenant, hash_key=True)
    item = Text(Attempts.item, range_key=True)
    attempts = Lines(Attempts.attempts)
    expires_at = Seconds(Attempts.expires_at)


class MarkItem(_Row):
    """Registers: partition `day/YYYY-MM-DD`, item a tenant's id; partition `watermark`, item its name."""

    tenant = Text(Mark.tenant, hash_key=True)
    item = Text(Mark.item, range_key=True)
    reached = Millis(Mark.reached, null=True)
    expires_at = Seconds(Mark.expires_at, null=True)


class HoldItem(_Row):
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


class StatisticsItem(_Row):
    """What remains of messages that are gone, one row an entered hour: item `statistics/2026-11-22T20/<version>`."""

    tenant = Text(Statistics.tenant, hash_key=True)
    item = Text(Statistics.item, range_key=True)
    lines = Lines(Statistics.lines)


# --- purge --------------------------------------------------------------------------------------


class ByDue(GlobalSecondaryIndex["DueItem"]):
    """Jobs that wait for something, by when; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-due"
        projection = KeysOnlyProjection()

    lot = Text(Due.lot, hash_key=True)
    due_at = Millis(Due.due_at, range_key=True)


class DueItem(_Row):
    """When a tenant's job is due: item `job/<job>`. Without `lot` and `due_at` it waits for nothing."""

    tenant = Text(Due.tenant, hash_key=True)
    item = Text(Due.item, range_key=True)
    lot = Text(Due.lot, null=True)
    due_at = Millis(Due.due_at, null=True)
    reached = Millis(Due.reached, null=True)

    by_due = ByDue()


class TallyItem(_Row):
    """What a batch of the stream told to be gone: partition `tally/2026-11-22T20`, item `<tenant>/<batch>/<digest>`.

    A line for messages that are alike (`lines`, written by `counts.py`), or a count made in the transaction that it
    counts (`word`, `count`; item `<tenant>/<batch>`).
    """

    tenant = Text(Tally.tenant, hash_key=True)
    item = Text(Tally.item, range_key=True)
    lines = Lines(Tally.lines, null=True)
    word = Text(Tally.word, null=True)
    count_ = Number(Tally.count_, null=True)
    expires_at = Seconds(Tally.expires_at)


class BookItem(_Row):
    """What of an hour the ledger has: partition `book/2026-11-22T20`, item a tenant's id."""

    tenant = Text(Book.tenant, hash_key=True)
    item = Text(Book.item, range_key=True)
    counts = Lines(Book.counts)
    statistics = Lines(Book.statistics)
    version = Number(Book.version)
    expires_at = Seconds(Book.expires_at)


class NewsItem(_Row):
    """An hour of which something was told since it was last entered: partition `news`, item `2026-11-22T20`.

    With a tenant behind it (`2026-11-22T20/<tenant>`) where it was told by a transaction.
    """

    tenant = Text(News.tenant, hash_key=True)
    item = Text(News.item, range_key=True)
    mark = Text(News.mark)
    expires_at = Seconds(News.expires_at)


class DepartureItem(_Row):
    """Persons of whom something was deleted: partition `departures`, item `2026-11-22T20/<tenant>/<id>`.

    With `/marked` behind it where it is `marked`: their keys have the mark, and rest.
    """

    tenant = Text(Departure.tenant, hash_key=True)
    item = Text(Departure.item, range_key=True)
    subjects = Pseudonyms(Departure.subjects)
    marked = Flag(Departure.marked, null=True)
    expires_at = Seconds(Departure.expires_at)


# --- cases --------------------------------------------------------------------------------------


class CaseItem(_Row):
    """A person's request: item `case/<id>`. Open without `finished`.

    `expires_at` is a net behind the sweep, and lies some days behind the end: what TTL deletes here, nobody counts.
    """

    tenant = Text(Case.tenant, hash_key=True)
    item = Text(Case.item, range_key=True)
    finished = Millis(Case.finished, null=True)
    expires_at = Seconds(Case.expires_at, null=True)


# --- ledger -------------------------------------------------------------------------------------


class ByDay(GlobalSecondaryIndex["LedgerItem"]):
    """The entries of a day, of all tenants: which chains grew."""

    class Meta:
        """Keys only."""

        index_name = "by-day"
        projection = KeysOnlyProjection()

    day = Text(Ledger.day, hash_key=True)
    at = Millis(Ledger.at, range_key=True)


class LedgerItem(_Row):
    """An entry of a tenant's chain. `entry` is the text that `hash` is made of."""

    tenant = Text(Ledger.tenant, hash_key=True)
    seq = Number(Ledger.seq, range_key=True)
    day = Text(Ledger.day)
    at = Millis(Ledger.at)
    entry = Text(Ledger.entry)
    hash = Text(Ledger.hash)

    by_day = ByDay()
