"""When a message, and its text, are over: by what was promised at first, and by every shorter choice since."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain.message import Record
from fugace.domain.retention import Kind, Period, Retention

AHEAD = timedelta(days=7, minutes=5)
"""How long before its anchor a message may have been accepted: `send_at` lies seven days ahead at most."""
LONGEST_VALIDITY = timedelta(days=3)
"""How long after its anchor a message may still be handed over."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is written down of it with a message."""

    expires_at: datetime
    """Of the record: what DynamoDB's TTL reads. A stamp is a promise: nothing that follows makes it later."""
    content_until: datetime
    drop_content: bool
    """The text is kept for nothing but the hand-over, and goes in the write that records it."""
    brief: bool
    """Its text is kept shorter than the tenant's choice would: the sweeper finds it by an index of its own."""


def stamp(
    retention: Retention, *, anchor: datetime, collected: datetime, validity: timedelta, content: Period | None
) -> Stamp:
    """For a message that is accepted now. `content`: a period for this text alone; it counts where it is the shorter.

    Text that is not to be kept at all has to be there until it is handed over: `validity` bounds that.
    """
    over = _floor(retention.expiry(Kind.RECORD, anchor, collected))
    caps = [cap for cap in retention.caps[Kind.CONTENT] if cap.binds(collected)]
    drop = any(not cap.period and cap.since <= collected for cap in caps)
    bound = anchor + validity
    usual = min([over, *(cap.expiry(anchor) for cap in caps if cap.period), *([bound] if drop else [])])
    if content is None:
        return Stamp(over, _floor(usual), drop, brief=False)
    own = min(usual, content.after(anchor) if content else bound)
    return Stamp(over, _floor(own), drop or not content, brief=own < usual or not (content or drop))


def record_expiry(record: Record, retention: Retention) -> datetime:
    """When a message is over. A legal hold has moved its stamp, which then is no promise."""
    computed = retention.expiry(Kind.RECORD, record.anchor, record.collected)
    return computed if record.held else min(computed, record.expires_at)


def alive(record: Record, retention: Retention, now: datetime) -> bool:
    """Whether there is such a message, for whoever asks: neither over nor under a legal hold (I4)."""
    return not record.held and record_expiry(record, retention) > now


def content_expiry(record: Record, retention: Retention) -> datetime:
    """When the text of a message may not be read any more; never later than the record.

    With `PT0S` it goes with the hand-over: once the message has left, or will not.
    """
    gone = record.left_at or record.anchor + record.validity
    ends = [
        cap.expiry(record.anchor) if cap.period else max(cap.since, gone)
        for cap in retention.caps[Kind.CONTENT]
        if cap.binds(record.collected)
    ]
    if record.drop_content:
        ends.append(gone)
    return min(*ends, record.content_until, record_expiry(record, retention))


def drops_content(record: Record, retention: Retention, now: datetime) -> bool:
    """Whether the write that records its leaving takes the text along."""
    caps = retention.caps[Kind.CONTENT]
    binding = (cap for cap in caps if cap.since <= now and cap.binds(record.collected))
    return record.drop_content or any(not cap.period for cap in binding)


def _floor(at: datetime) -> datetime:
    """To the second, as it is kept: never longer than was said."""
    return at.replace(microsecond=0)
