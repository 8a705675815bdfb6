"""What a tenant's webhook is told, how it is signed, and when it is told again.

Source:
    Standard Webhooks 1.0.0, spec/standard-webhooks.md.
"""

import base64
import hmac
import json
import os
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from fugace.domain.message import Record, Status
from fugace.domain.tenant import Webhook

TOLD = frozenset(Status) - {Status.ACCEPTED, Status.QUEUED}
"""The states a tenant is told of: what follows from its own request within a second is not news."""

EVENTS = frozenset(f"message.{status}" for status in TOLD)
TEST = "webhook.test"

SECRET_BYTES = 32  # the specification: 24 to 64
OVERLAP = timedelta(hours=24)
"""For how long a replaced secret signs along."""

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after each failed attempt the next one is made: ten attempts in some 76 hours."""

PATIENCE = timedelta(days=5)
"""A webhook that has answered nothing for this long is disabled, once an event has been given up."""

_NOT_NOW = frozenset({429, 502, 503, 504})
_JITTER = 0.2
_LONGEST_WAIT = timedelta(hours=24)


def wants(webhook: Webhook, event: str) -> bool:
    """Whether this webhook is told of such an event."""
    return event in EVENTS and (not webhook.events or event in webhook.events)


def event_id(message_id: str, sequence: int) -> str:
    """The `webhook-id`: one for each change of a message, the same on every attempt and every replay."""
    return f"evt_{uuid.UUID(message_id).hex}_{sequence}"


def event_type(record: Record, sequence: int) -> str:
    """`message.delivered`, …: what the change with this number was."""
    return f"message.{record.history[sequence - 1].status}"


def payload(record: Record, sequence: int, reference: str = "") -> bytes:
    """The thin body of an event: ids, states and the tenant's own words for them. Never a number, never a text."""
    change = record.history[sequence - 1]
    data: dict[str, str | int | bool] = {
        "id": record.key.id,
        "status": change.status,
        "sequence": sequence,
        "at": rfc3339(change.at),
        "evidence": change.evidence,
        "live": record.live,
    }
    more = {"code": change.code, "reference": reference, "campaign": record.campaign}
    return _body(event_type(record, sequence), change.at, data | {name: word for name, word in more.items() if word})


def test_payload(test_id: str) -> bytes:
    """The body of a test event. Its time is the one in its id (a UUIDv7), so that every attempt is the same."""
    at = datetime.fromtimestamp((uuid.UUID(test_id).int >> 80) / 1000, UTC)
    return _body(TEST, at, {"id": test_id})


def _body(event: str, at: datetime, data: dict[str, str | int | bool]) -> bytes:
    return json.dumps({"type": event, "timestamp": rfc3339(at), "data": data}, separators=(",", ":")).encode()


def rfc3339(at: datetime) -> str:
    """A time on the wire: UTC, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_secret() -> bytes:
    """A signing secret."""
    return os.urandom(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as its owner sees it, once."""
    return "whsec_" + base64.b64encode(secret).decode()


def headers(event: str, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of one attempt: every secret that is still valid signs, so that a rotation leaves no gap."""
    stamp = str(int(at.timestamp()))
    content = b".".join((event.encode(), stamp.encode(), body))
    signatures = (base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {
        "Content-Type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def wait_after(attempt: int, *, asked: timedelta = timedelta(0), chance: float = 0.0) -> timedelta | None:
    """How long to wait after the failed attempt with this number (from 1); None when it was the last.

    Args:
        attempt: The number of the attempt that failed.
        asked: What its answer asked for (Retry-After): never sooner than that, within a day.
        chance: From 0 to 1: how much of the jitter is added, so that what failed together does not come back together.
    """
    if attempt > len(RETRIES):
        return None
    planned = RETRIES[attempt - 1] * (1 + _JITTER * chance)
    return max(planned, min(asked, _LONGEST_WAIT))


def asked_wait(status: int, retry_after: str, now: datetime) -> timedelta:
    """How long an answer asks us to wait: its Retry-After, where its status means 'not now'.

    Source:
        RFC 9110 section 10.2.3: seconds, or an HTTP date.
    """
    if status not in _NOT_NOW or not retry_after:
        return timedelta(0)
    if retry_after.isascii() and retry_after.isdigit():
        return min(timedelta(seconds=int(retry_after[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(retry_after)
        return max(at - now, timedelta(0))
    except (ValueError, TypeError):  # no date, or one without a zone
        return timedelta(0)


def sealing(webhook_id: str) -> str:
    """The purpose that a webhook's secrets are sealed for: one webhook's secret is of no use to another."""
    return f"webhook/{webhook_id}"
