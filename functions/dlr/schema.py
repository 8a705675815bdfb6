"""Bodies of /v1/webhooks, read into domain types and written from them; and a carrier's call, as it came in."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from fugace.domain import webhooks
from fugace.domain.errors import BadRequestError, FieldError
from fugace.domain.tenant import Attempt, Webhook
from fugace.domain.webhooks import rfc3339
from fugace.edge import http
from fugace.ports import Callback
from functions.dlr.replay import Replayed, Span

Zoned = Annotated[datetime, Meta(tz=True)]


class NewWebhook(http.Body, frozen=True):
    """POST /v1/webhooks."""

    url: str
    events: Annotated[list[str], Meta(min_length=1, max_length=20)] | None = None
    """None: all of them."""


class Listing(http.Body, frozen=True):
    """GET /v1/webhooks/{id}/deliveries."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class ReplayRequest(http.Body, frozen=True):
    """POST /v1/webhooks/{id}/replay: of one message, or of a span of time."""

    message: str | None = None
    since: Zoned | None = None
    until: Zoned | None = None
    after: str = ""

    def wish(self) -> str | Span:
        """A message's id, or a span. Raises BadRequestError where it is neither or both."""
        if self.message is not None:
            if self.since or self.until or self.after:
                raise BadRequestError(FieldError("/message", "not together with a span of time"))
            return self.message
        if self.since is None:
            raise BadRequestError(FieldError("/since", "required, unless a message is named"))
        if self.until and self.until <= self.since:
            raise BadRequestError(FieldError("/until", "not after since"))
        return Span(self.since, self.until, self.after)


def shown(webhook: Webhook) -> dict[str, Any]:
    """A webhook as the API shows it. Its secrets are shown once, when they are made, and never again."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": sorted(webhook.events or webhooks.EVENTS),
        "created": rfc3339(webhook.created),
        "enabled": not webhook.disabled,
        "disabled": webhook.disabled or None,
        "failing_since": rfc3339(webhook.failing_since) if webhook.failing_since else None,
        "old_secrets_until": [rfc3339(secret.until) for secret in webhook.secrets if secret.until],
    }


def line(attempt: Attempt) -> dict[str, Any]:
    """A line of the delivery log. A test has no message."""
    about = {"message": attempt.message_id, "sequence": attempt.sequence} if attempt.sequence else {"test": True}
    return {
        "event": webhooks.event_id(attempt.message_id, attempt.sequence),
        **about,
        "attempt": attempt.number,
        "at": rfc3339(attempt.at),
        "outcome": attempt.outcome,
        "millis": attempt.millis,
    }


def replayed(done: Replayed) -> dict[str, Any]:
    """How many events come again, and where to go on if those were not all."""
    return {"events": done.events, "after": done.after or None}


def callback(event: http.Event) -> Callback:
    """A carrier's call: the body's very bytes, since a signature is of them."""
    several = event.get("multiValueHeaders") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    headers |= {name.lower(): ", ".join(values) for name, values in several.items()}
    identity = (event.get("requestContext") or {}).get("identity") or {}
    return Callback(
        method=str(event.get("httpMethod")),
        headers=headers,
        query=dict(event.get("queryStringParameters") or {}),
        body=http.raw_body(event),
        source_ip=str(identity.get("sourceIp") or ""),
    )
