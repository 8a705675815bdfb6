"""Bodies and queries of /v1/requests, /v1/subjects and /v1/discovery: OpenDSR 2.0 as a profile, read into domain types.

Every refusal names the field, never its value.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, NoReturn
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from fugace.domain.case import Denial, Extension, Identity, RestrictionGround, Right
from fugace.domain.errors import BadRequestError, FieldError, IdentityRefusedError, InvalidNumberError
from fugace.domain.msisdn import Msisdn
from fugace.domain.names import NAME, resembles
from fugace.domain.retention import Period
from fugace.edge import http
from functions.dsar.counter.intake import Correction, Wish
from functions.dsar.counter.leaving import Wish as Leave

OURS = "fugace"
"""Our name in `extensions`."""
IDENTITY_TYPE, IDENTITY_FORMAT = "phone_e164", "raw"
FILED = tuple(right for right in Right if right is not Right.OFFBOARDING)
"""What can be asked for a person."""
LANGUAGES = ("en", "fr", "pl")
SKEW = timedelta(minutes=5)
"""Between a controller's clock and ours."""
OLDEST = Period(months=3)
"""The law's longest time to answer: an older request is a mistake, or a matter for people."""
HASHED = frozenset({"sha1", "md5", "sha256"})
A_HASH = (
    "a hashed number is a number: there are so few of them that every hash of one is undone in minutes, so it would "
    "protect nobody and hide who is meant; send it raw"
)

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ANY_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CODE = re.compile(r"[0-9]{4,10}")
_NOT_A_NUMBER = "not a valid number in E.164: plus sign, country code, subscriber number"

Moment = Annotated[datetime, Meta(tz=True)]
Word = Annotated[str, Meta(max_length=64)]
Asked = Literal[
    "access",
    "portability",
    "erasure",
    "rectification",
    "restriction",
    "objection",
    "lift-restriction",
    "lift-objection",
]


class IdentityBody(http.Body, frozen=True):
    """Whose request it is: an identity object of OpenDSR."""

    identity_type: Word
    identity_value: Annotated[str, Meta(max_length=256)]
    identity_format: Word


class CorrectionBody(http.Body, frozen=True):
    """What is wrong, and what is right."""

    field: Literal["to", "reference"]
    value: Word


class Ours(http.Body, frozen=True):
    """`extensions.fugace`: what OpenDSR has no word for."""

    identity: Identity = Identity.ATTESTED
    language: Literal["en", "fr", "pl"] = "en"
    correction: CorrectionBody | None = None
    ground: RestrictionGround | None = None


class RequestBody(http.Body, frozen=True):
    """POST /v1/requests. `regulation` is required by the specification, and missing in its own example."""

    subject_request_id: Annotated[str, Meta(max_length=36)]
    subject_request_type: Asked
    submitted_time: Moment
    subject_identities: Annotated[list[IdentityBody], Meta(max_length=20)]
    regulation: Literal["gdpr"] = "gdpr"
    api_version: Literal["1.0", "2.0"] = "2.0"
    status_callback_urls: Annotated[list[str], Meta(max_length=5)] | None = None
    extensions: dict[str, msgspec.Raw] | None = None


class ExtensionBody(http.Body, frozen=True):
    """POST /v1/requests/{id}/extension."""

    reason: Extension


class DenialBody(http.Body, frozen=True):
    """POST /v1/requests/{id}/denial."""

    reason: Denial


class CodeBody(http.Body, frozen=True):
    """POST /v1/requests/{id}/code."""

    code: Annotated[str, Meta(max_length=16)]

    def digits(self) -> str:
        """The code. Raises BadRequestError."""
        if not CODE.fullmatch(self.code):
            raise BadRequestError(FieldError("/code", "must be the digits of the message"))
        return self.code


class LeaveBody(http.Body, frozen=True):
    """DELETE /v1/tenants/me: all of it may be left out, and so may the body."""

    status_callback_urls: Annotated[list[str], Meta(max_length=5)] | None = None
    language: Literal["en", "fr", "pl"] = "en"


class SearchBody(http.Body, frozen=True):
    """POST /v1/subjects/search: a number goes into a body, never into a URL."""

    phone_e164: Annotated[str, Meta(max_length=32)]

    def number(self) -> Msisdn:
        """The number. Raises InvalidNumberError."""
        return _number(self.phone_e164, "/phone_e164")


class ListQuery(http.Body, frozen=True):
    """GET /v1/requests."""

    state: Literal["open", "all"] = "open"
    limit: Annotated[int, Meta(ge=1, le=100)] = 25
    cursor: Annotated[str, Meta(max_length=2048)] | None = None


def wish(data: bytes, now: datetime) -> Wish:
    """What a body asks for.

    Raises:
        BadRequestError: it cannot be read; `errors` says where.
        IdentityRefusedError: nobody, several persons, or one named by something else than a number.
        InvalidNumberError: a number that is none.
    """
    body = http.read(data, RequestBody)
    extensions = body.extensions or {}
    ours = http.read(bytes(extensions[OURS]), Ours, at=f"/extensions/{OURS}") if OURS in extensions else Ours()
    right = Right(body.subject_request_type)
    if errors := [FieldError(pointer, reason) for pointer, reason in _reasons(body, ours, right, now)]:
        raise BadRequestError(*errors)
    to = _identity(body.subject_identities)
    return Wish(
        id=body.subject_request_id,
        right=right,
        submitted=body.submitted_time,
        to=to,
        identity=ours.identity,
        payload=canonical(data),
        callbacks=tuple(body.status_callback_urls or ()),
        language=ours.language,
        correction=_correction(ours.correction, to) if ours.correction else None,
        reason=ours.ground.value if ours.ground else "",
        regulation=body.regulation,
    )


def leaving(data: bytes) -> Leave:
    """What the first key says besides. Raises BadRequestError."""
    body = http.read(data, LeaveBody) if data else LeaveBody()
    urls = body.status_callback_urls or ()
    if errors := [FieldError(pointer, reason) for pointer, reason in _resembling(urls)]:
        raise BadRequestError(*errors)
    return Leave(tuple(urls), body.language)


def canonical(data: bytes) -> bytes:
    """The same bytes for the same JSON: a controller that repeats a request may write it differently."""
    return msgspec.json.encode(http.read(data, dict[str, object]), order="sorted")


def _reasons(body: RequestBody, ours: Ours, right: Right, now: datetime) -> Iterator[tuple[str, str]]:
    """Everything that is wrong with the fields but the identity: (pointer, reason)."""
    if not UUID4.fullmatch(body.subject_request_id):
        yield "/subject_request_id", "must be a UUID of version 4, in lower case"
    if not _recent(body.submitted_time, now):
        yield "/submitted_time", "must not be in the future, nor more than three months ago"
    yield from _resembling(body.status_callback_urls or ())
    mine = f"/extensions/{OURS}"
    for field, given, asked in (
        ("correction", ours.correction, Right.RECTIFICATION),
        ("ground", ours.ground, Right.RESTRICTION),
    ):
        if (given is None) is (right is asked):
            yield f"{mine}/{field}", f"required for {asked}" if given is None else f"for {asked} alone"
    wrong = ours.correction
    if wrong and wrong.field == "reference" and (not NAME.fullmatch(wrong.value) or resembles(wrong.value)):
        yield f"{mine}/correction/value", "must be 1 to 64 of A-Z a-z 0-9 . _ : -, and nothing a person is known by"


def _resembling(urls: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, url in enumerate(urls):
        plain = _ANY_UUID.sub("", url)
        if looks := resembles(plain) or resembles(unquote(plain)):  # in a URL, a plus sign is mostly written %2B
            yield f"/status_callback_urls/{place}", f"looks as if it had {looks} in it"


def _recent(submitted: datetime, now: datetime) -> bool:
    """Compared without another zone: the first and the last hours of the calendar have no time in one."""
    return OLDEST.before(now)[0] <= submitted <= now + SKEW


def _identity(given: list[IdentityBody]) -> Msisdn:
    at = "/subject_identities"
    if len(given) != 1:
        _refuse(at, "exactly one person, named once, is needed")
    identity = given[0]
    if identity.identity_format in HASHED:
        _refuse(f"{at}/0/identity_format", A_HASH)
    if identity.identity_type != IDENTITY_TYPE:
        _refuse(f"{at}/0/identity_type", f"persons are known here by their number alone: {IDENTITY_TYPE}")
    if identity.identity_format != IDENTITY_FORMAT:
        _refuse(f"{at}/0/identity_format", f"must be {IDENTITY_FORMAT}")
    return _number(identity.identity_value, f"{at}/0/identity_value")


def _refuse(pointer: str, reason: str) -> NoReturn:
    raise IdentityRefusedError(FieldError(pointer, reason), reason=reason)


def _correction(given: CorrectionBody, to: Msisdn) -> Correction:
    if given.field == "reference":
        return Correction("reference", given.value)
    at = f"/extensions/{OURS}/correction/value"
    value = _number(given.value, at)
    if value == to:
        raise BadRequestError(FieldError(at, "is the number that is to be corrected"))
    return Correction("to", value)


def _number(text: str, at: str) -> Msisdn:
    try:
        return Msisdn.parse(text)
    except InvalidNumberError:
        raise InvalidNumberError(FieldError(at, _NOT_A_NUMBER)) from None
