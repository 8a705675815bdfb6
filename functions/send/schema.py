"""The body of `POST /v1/messages`, read into what a tenant wishes. Every refusal names the field, never its value."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec

from fugace.domain.encoding import unsendable
from fugace.domain.errors import BadRequestError, FieldError, FugaceError, InvalidNumberError
from fugace.domain.message import Category, OnUnknown, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.names import NAME, resembles
from fugace.domain.retention import Period
from fugace.edge import http
from functions.send.cursor import EARLIEST, LATEST, Filter

MAX_TEXT = 4096
"""Characters; what matters is the number of segments, but a limit has to stand before the counting."""
MAX_BATCH = 100
MAX_PAGE = 100
MAX_SEGMENTS = 10
AHEAD = timedelta(days=7)
TOLERANCE = timedelta(seconds=60)
"""Between a client's clock and ours: a `send_at` this far in the past means now."""
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=3)
VALIDITY = {
    Category.OTP: timedelta(minutes=10),  # a code that arrives later has been asked for again
    Category.TRANSACTIONAL: timedelta(days=2),
    Category.MARKETING: timedelta(days=2),
}

NUMBER = re.compile(r"\+[0-9][0-9 .()-]{5,30}")
SENDER = re.compile(r"[A-Za-z0-9]{3,11}|[0-9]{3,15}")

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Segments = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEGMENTS)]
Items = Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class MessageBody(http.Body, frozen=True):
    """One message. An optional field may also be `null`, which is the same as leaving it out."""

    to: str
    text: Text
    category: Category
    sender: str | None = None
    reference: str | None = None
    campaign: str | None = None
    send_at: Moment | None = None
    validity: str | None = None
    max_segments: Segments | None = None
    on_unknown: OnUnknown | None = None
    content_retention: str | None = None


class BatchBody(http.Body, frozen=True):
    """Up to a hundred. Each is read by itself, so that one that cannot be read does not fail the others."""

    messages: Items


class PreviewBody(http.Body, frozen=True):
    """A text to be counted."""

    text: Text
    max_segments: Segments | None = None


class LookQuery(http.Body, frozen=True):
    """How a message is to be shown."""

    include: Literal["personal"] | None = None


class ListQuery(http.Body, frozen=True):
    """Which messages are asked for."""

    since: Moment | None = None
    until: Moment | None = None
    status: Status | None = None
    campaign: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 25
    cursor: Annotated[str, msgspec.Meta(max_length=8192)] | None = None
    include: Literal["personal"] | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """One message, as its tenant wishes it."""

    at: str
    """Where it stands in the request (RFC 6901), for refusals: '' or `/messages/3`."""
    to: Msisdn
    text: str
    category: Category
    sender: str = ""
    reference: str = ""
    campaign: str = ""
    send_at: datetime | None = None
    """None: now."""
    validity: timedelta = VALIDITY[Category.TRANSACTIONAL]
    max_segments: int = MAX_SEGMENTS
    on_unknown: OnUnknown = OnUnknown.AT_MOST_ONCE
    content_retention: Period | None = None
    """None: the tenant's own choice."""


def wishes(data: bytes, now: datetime) -> list[Wish | FugaceError] | Wish | FugaceError:
    """What the body asks for: one message, or a list for a batch; refusals stand in the places of what they refuse.

    Raises:
        BadRequestError: nothing in it can be read.
    """
    if "messages" not in http.read(data, dict[str, msgspec.Raw]):
        return _wish(data, "", now)
    batch = http.read(data, BatchBody)
    return [_wish(bytes(item), f"/messages/{place}", now) for place, item in enumerate(batch.messages)]


def sought(query: ListQuery) -> Filter:
    """Which messages a listing is about. Raises BadRequestError."""
    errors = []
    if query.campaign is not None and (reason := name_refused(query.campaign)):
        errors.append(FieldError("/query/campaign", reason))
    since, until = query.since or EARLIEST, query.until or LATEST
    if since >= until:
        errors.append(FieldError("/query/until", "must be later than since"))
    if errors:
        raise BadRequestError(*errors)
    return Filter(since=since, until=until, status=query.status, campaign=query.campaign)


def check_text(text: str) -> None:
    """Refuse what cannot be sent. Raises BadRequestError."""
    if reason := unsendable(text):
        raise BadRequestError(FieldError("/text", reason))


def canonical(data: bytes) -> bytes:
    """The same bytes for the same JSON: a client that repeats a request may write it differently."""
    return msgspec.json.encode(http.read(data, dict[str, object]), order="sorted")


def _wish(data: bytes, at: str, now: datetime) -> Wish | FugaceError:
    try:
        body = http.read(data, MessageBody, at=at)
    except BadRequestError as error:
        return error
    reasons = dict(_reasons(body, now))
    errors = [FieldError(f"{at}/{field}", reason) for field, reason in reasons.items()]
    to = _number(body.to)
    if to is None:
        errors.append(FieldError(f"{at}/to", "not a valid number in E.164: plus sign, country code, subscriber number"))
    if to is None or errors:
        return BadRequestError(*errors) if reasons else InvalidNumberError(*errors)
    return Wish(
        at=at,
        to=to,
        text=body.text,
        category=body.category,
        sender=body.sender or "",
        reference=body.reference or "",
        campaign=body.campaign or "",
        send_at=body.send_at.astimezone(UTC) if body.send_at and body.send_at > now else None,
        validity=_period(body.validity) or VALIDITY[body.category],
        max_segments=body.max_segments or MAX_SEGMENTS,
        on_unknown=body.on_unknown or OnUnknown.AT_MOST_ONCE,
        content_retention=None if body.content_retention is None else Period.parse(body.content_retention),
    )


def _reasons(body: MessageBody, now: datetime) -> Iterator[tuple[str, str]]:
    """Everything that is wrong with the fields but the number: (field, reason)."""
    if reason := unsendable(body.text):
        yield "text", reason
    if body.sender is not None and not SENDER.fullmatch(body.sender):
        yield "sender", "must be 3 to 11 letters and digits, or 3 to 15 digits"
    names: Mapping[str, str | None] = {"reference": body.reference, "campaign": body.campaign}
    for field, name in names.items():
        if name is not None and (reason := name_refused(name)):
            yield field, reason
    if body.send_at and not now - TOLERANCE <= body.send_at <= now + AHEAD:
        yield "send_at", "must not be in the past, nor more than 7 days ahead"
    if body.validity is not None and not SHORTEST <= (_period(body.validity) or timedelta()) <= LONGEST:
        yield "validity", "must be an ISO 8601 duration from PT5M to P3D"
    if body.content_retention is not None and not _readable(body.content_retention):
        yield "content_retention", "must be an ISO 8601 duration, such as PT0S or P1D"


def name_refused(name: str) -> str:
    """Why a reference or a campaign cannot be taken; '' where it can."""
    if not NAME.fullmatch(name):
        return "must be 1 to 64 of A-Z a-z 0-9 . _ : -"
    looks = resembles(name)
    return f"looks like {looks}" if looks else ""


def _number(text: str) -> Msisdn | None:
    try:
        return Msisdn.parse(text) if NUMBER.fullmatch(text) else None
    except InvalidNumberError:
        return None


def _period(text: str | None) -> timedelta | None:
    """A duration of a known length; None where it is none, or counts in months."""
    try:
        period = Period.parse(text or "")
    except (ValueError, OverflowError):
        return None
    return None if period.months else timedelta(seconds=period.seconds)


def _readable(text: str) -> bool:
    try:
        Period.parse(text)
    except ValueError:
        return False
    return True
