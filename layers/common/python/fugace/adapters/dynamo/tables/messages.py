"""Rows of the messages table."""

from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from fugace.adapters.dynamo.attributes import (
    Bytes,
    Flag,
    Lines,
    Millis,
    Number,
    Pseudonym,
    Sealed,
    Seconds,
    Span,
    Text,
    Texts,
    Word,
    Words,
)
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap.messages import Message
from fugace.domain.message import Category, Status


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


class MessageItem(Stored):
    """A message until it expires.

    `history` holds one line per change, written by `lines.py`; the change to
    `queued` is not among them but in `queued_at`, so that a claim and its
    repeat are the same write. What has its usual value is not stored.

    `claimed_by` and `claimed_over` come and go with `claimed_at`: by them a
    claim whose answer was lost knows itself again, and what it took over.
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
    claimed_by = Text(Message.claimed_by, null=True)
    claimed_over = Millis(Message.claimed_over, null=True)
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
