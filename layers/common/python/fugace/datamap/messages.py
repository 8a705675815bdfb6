"""The rows of the messages table."""

from fugace.datamap.entry import Branch, Category, Leaving, Protection, Row
from fugace.domain.retention import Kind

INSTRUCTED = "Art. 28(3)(a): the tenant's instruction; its own ground is one of Art. 6(1)(a), (b) and (f)"

_PARTITION = "places rows in partitions"
_TECHNICAL = "says how a row is worked on, and nothing of the person"


class Message:
    """A message until it expires. Names in an export are those of the API."""

    row = Row(
        "message",
        "messages",
        "a message, from its acceptance to its expiry",
        "handing over what a tenant sends, once, and telling the tenant what became of it",
        INSTRUCTED,
        Kind.RECORD,
        Branch.MESSAGES,
    )

    key = row.personal("pk", "tenant and id of the message", category=Category.TRAFFIC, exported="id")
    subject = row.personal(
        "subject",
        "keyed hash of the number",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        exported="subject",
    )
    epoch = row.other("epoch", "which key of the person", _TECHNICAL)
    to = row.personal(
        "to", "the number", category=Category.NUMBER, protection=Protection.SEALED, exported="to", leaving=Leaving.ROW
    )
    text = row.personal(
        "text",
        "the text",
        category=Category.CONTENT,
        protection=Protection.SEALED,
        exported="text",
        leaving=Leaving.FIELD,
        kept=Kind.CONTENT,
    )
    reference = row.personal(
        "ref",
        "the tenant's own name of it",
        category=Category.TRAFFIC,
        protection=Protection.SEALED,
        exported="reference",
    )
    anchor = row.personal("at", "when it was due", category=Category.TRAFFIC, exported="send_at")
    shard = row.other("shard", "part of the tenant's time index", _PARTITION)
    status = row.personal("status", "its state", category=Category.TRAFFIC, exported="status")
    history = row.personal(
        "log", "its changes of state, with times and carriers' codes", category=Category.TRAFFIC, exported="history"
    )
    queued_at = row.personal("queued", "when its hand-over began", category=Category.TRAFFIC, exported="history")
    claimed_at = row.other("claimed", "since when a hand-over has it", _TECHNICAL)
    claimed_by = row.other("by", "which hand-over has it: a random word", _TECHNICAL)
    claimed_over = row.other("over", "since when the hand-over had it that died before this one", _TECHNICAL)
    encoding = row.personal("enc", "alphabet of the text", category=Category.TRAFFIC, exported="encoding")
    segments = row.personal("seg", "length of the text in segments", category=Category.TRAFFIC, exported="segments")
    category = row.personal(
        "kind", "why it was sent: code, service or advertising", category=Category.TRAFFIC, exported="category"
    )
    carrier = row.personal("carrier", "who was asked to deliver it", category=Category.TRAFFIC, exported="carrier")
    at_least_once = row.personal(
        "repeat", "what to do when nobody knows whether it left", category=Category.TRAFFIC, exported="on_unknown"
    )
    validity = row.personal("valid", "how long it may be delivered", category=Category.TRAFFIC, exported="validity")
    expires_at = row.personal("expires_at", "when it is over", category=Category.TRAFFIC, exported="expires_at")
    content_until = row.personal(
        "text_until", "when its text is over", category=Category.TRAFFIC, exported="content_until"
    )
    test = row.personal("test", "that it was a rehearsal", category=Category.TRAFFIC, exported="live")
    drop_content = row.other("drop", "that its text goes with the hand-over", _TECHNICAL)
    sender = row.personal("sender", "who it says it is from", category=Category.TRAFFIC, exported="sender")
    campaign = row.personal(
        "campaign", "the tenant's name of a mailing", category=Category.TRAFFIC, exported="campaign"
    )
    fingerprint = row.personal(
        "print",
        "digest of the whole request, under the tenant's key",
        category=Category.TRAFFIC,
        protection=Protection.DIGEST,
        because="it tells a repeated request from another one; what it was made of is exported itself",
    )
    carrier_ref = row.personal(
        "cref",
        "the carrier's own id of it",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        exported="carrier_reference",
    )
    parts = row.personal(
        "parts", "states of parts that were reported one by one", category=Category.TRAFFIC, exported="parts"
    )
    brief = row.other("brief", "hour at which the text ends, if it has a period of its own", _PARTITION)
    held = row.personal("held", "legal holds on it", category=Category.TRAFFIC, exported="holds")
