"""DynamoDB items: one declaration per attribute, and nothing else is ever written.

Names and keys here and in infra/ agree; a test compares them. Stored names are
short where a name would otherwise make a usual message cost two write units.
"""

from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from fugace.adapters.dynamo.attributes import (
    Bytes,
    Day,
    Millis,
    Number,
    Pseudonym,
    Pseudonyms,
    Sealed,
    Seconds,
    Span,
    Word,
)
from fugace.domain.hold import Ground, HoldState
from fugace.domain.message import Category, Status
from fugace.domain.tenant import Role


class _Row(Model):
    """A row that does not print what is in it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


# --- messages -----------------------------------------------------------------------------------


class BySubject(GlobalSecondaryIndex["MessageItem"]):
    """A person's messages, by time."""

    class Meta:
        """Keys only, so that a change of state does not write here."""

        index_name = "by-subject"
        projection = KeysOnlyProjection()

    subject = Pseudonym(hash_key=True)
    anchor = Millis(range_key=True, attr_name="at")


class ByTime(GlobalSecondaryIndex["MessageItem"]):
    """One shard of a tenant's messages, by time."""

    class Meta:
        """Keys only, so that a change of state does not write here."""

        index_name = "by-time"
        projection = KeysOnlyProjection()

    shard = UnicodeAttribute(hash_key=True)
    anchor = Millis(range_key=True, attr_name="at")


class ByContent(GlobalSecondaryIndex["MessageItem"]):
    """Texts with a period of their own, by the hour in which they end and one of a few lots; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-content"
        projection = KeysOnlyProjection()

    brief = UnicodeAttribute(hash_key=True)
    content_until = Seconds(range_key=True, attr_name="text_until")


class MessageItem(_Row):
    """A message until it expires.

    `history` holds one line per change, written by `lines.py`; the change to
    `queued` is not among them but in `queued_at`, so that a claim and its
    repeat are the same write. What has its usual value is not stored.
    """

    key = UnicodeAttribute(hash_key=True, attr_name="pk")
    subject = Pseudonym()
    epoch = Number()
    to = Sealed()
    text = Sealed(null=True)
    reference = Sealed(null=True, attr_name="ref")
    anchor = Millis(attr_name="at")
    shard = UnicodeAttribute()
    status = Word(Status)
    history = ListAttribute(of=UnicodeAttribute, attr_name="log")
    queued_at = Millis(null=True, attr_name="queued")
    claimed_at = Millis(null=True, attr_name="claimed")
    encoding = UnicodeAttribute(null=True, attr_name="enc")
    segments = Number(null=True, attr_name="seg")
    category = Word(Category, attr_name="kind")
    carrier = UnicodeAttribute()
    at_least_once = BooleanAttribute(null=True, attr_name="repeat")
    validity = Span(attr_name="valid")
    expires_at = Seconds()
    content_until = Seconds(attr_name="text_until")
    test = BooleanAttribute(null=True)
    drop_content = BooleanAttribute(null=True, attr_name="drop")
    sender = UnicodeAttribute(null=True)
    campaign = UnicodeAttribute(null=True)
    fingerprint = Bytes(null=True, attr_name="print")
    carrier_ref = Pseudonym(null=True, attr_name="cref")
    parts: MapAttribute[str, Any] = MapAttribute()

    brief = UnicodeAttribute(null=True)
    held = UnicodeSetAttribute(null=True)

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

    subject = Pseudonym(hash_key=True)
    tenant = UnicodeAttribute()
    epoch = Number()
    wrapped = Bytes(null=True)
    erasing = Millis(null=True)
    erased = Millis(null=True)
    leaving = Millis(null=True)


class RootKeyItem(_Row):
    """The environment's root key, as KMS sealed it: partition `root`, item `key/1`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    sealed = Bytes()


# --- tenants ------------------------------------------------------------------------------------


class TenantItem(_Row):
    """A tenant, with its key: item `tenant`. Without `wrapped` nothing of its people can be read, ever."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    carrier = UnicodeAttribute()
    created = Millis()
    caps = ListAttribute(of=UnicodeAttribute)
    shards = Number()
    wrapped = Bytes(null=True)


class ApiKeyItem(_Row):
    """An API key: item `key/<id>`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    role = Word(Role)
    live = BooleanAttribute()
    digest = Bytes()
    created = Millis()
    expires = Millis(null=True)
    revoked = Millis(null=True)
    last_used = Day(null=True)
    note = UnicodeAttribute(null=True)


class WebhookItem(_Row):
    """A webhook: item `webhook/<id>`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    url = UnicodeAttribute()
    events = UnicodeSetAttribute(null=True)
    secrets = ListAttribute(of=UnicodeAttribute)
    created = Millis()
    failing_since = Millis(null=True)
    disabled = UnicodeAttribute(null=True)


class AttemptsItem(_Row):
    """A batch of lines of a webhook's delivery log: item `log/<webhook>/<uuid7>`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    attempts = ListAttribute(of=UnicodeAttribute)
    expires_at = Seconds()


class MarkItem(_Row):
    """Registers: partition `day/YYYY-MM-DD`, item a tenant's id; partition `watermark`, item its name."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    reached = Millis(null=True)
    expires_at = Seconds(null=True)


class HoldItem(_Row):
    """A legal hold: item `hold/<id>`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    ground = Word(Ground)
    state = Word(HoldState)
    set_at = Millis()
    set_by = UnicodeAttribute()
    until = Millis()
    message = UnicodeAttribute(null=True)
    subject = Pseudonym(null=True)
    lifted_by = UnicodeAttribute(null=True)
    lifted_at = Millis(null=True)
    covers = Number()


class StatisticsItem(_Row):
    """What remains of messages that are gone, one row an entered hour: item `statistics/2026-11-22T20/<version>`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    lines = ListAttribute(of=UnicodeAttribute)


# --- purge --------------------------------------------------------------------------------------


class ByDue(GlobalSecondaryIndex["DueItem"]):
    """Jobs that wait for something, by when; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-due"
        projection = KeysOnlyProjection()

    lot = UnicodeAttribute(hash_key=True)
    due_at = Millis(range_key=True)


class DueItem(_Row):
    """When a tenant's job is due: item `job/<job>`. Without `lot` and `due_at` it waits for nothing."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    lot = UnicodeAttribute(null=True)
    due_at = Millis(null=True)
    reached = Millis(null=True)

    by_due = ByDue()


class TallyItem(_Row):
    """What a batch of the stream told to be gone: partition `tally/2026-11-22T20`, item `<tenant>/<batch>`.

    One line a message (`lines`), or a count made in the transaction that it counts (`word`, `count`).
    """

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    lines = ListAttribute(of=UnicodeAttribute, null=True)
    word = UnicodeAttribute(null=True)
    count_ = Number(null=True, attr_name="count")
    expires_at = Seconds()


class BookItem(_Row):
    """What of an hour the ledger has: partition `book/2026-11-22T20`, item a tenant's id."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    counts = ListAttribute(of=UnicodeAttribute)
    statistics = ListAttribute(of=UnicodeAttribute)
    version = Number()
    expires_at = Seconds()


class NewsItem(_Row):
    """An hour of which something was told since it was last entered: partition `news`, item `2026-11-22T20`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    mark = UnicodeAttribute()
    expires_at = Seconds()


class DepartureItem(_Row):
    """Persons of whom something was deleted: partition `departures`, item `2026-11-22T20/<tenant>/<id>`."""

    tenant = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    subjects = Pseudonyms()
    marked = BooleanAttribute(null=True)
    expires_at = Seconds()


# --- ledger -------------------------------------------------------------------------------------


class ByDay(GlobalSecondaryIndex["LedgerItem"]):
    """The entries of a day, of all tenants: which chains grew."""

    class Meta:
        """Keys only."""

        index_name = "by-day"
        projection = KeysOnlyProjection()

    day = UnicodeAttribute(hash_key=True)
    at = Millis(range_key=True)


class LedgerItem(_Row):
    """An entry of a tenant's chain. `entry` is the text that `hash` is made of."""

    tenant = UnicodeAttribute(hash_key=True)
    seq = Number(range_key=True)
    day = UnicodeAttribute()
    at = Millis()
    entry = UnicodeAttribute()
    hash = UnicodeAttribute()

    by_day = ByDay()
