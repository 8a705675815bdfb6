"""API Gateway events read into plain values, and plain values answered.

What cannot be read is refused by name of the field and reason, never by value. A field's *name* is somebody's input
too: it is repeated only where it could not be a number or a text.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError

from fugace.domain.errors import (
    BadIdempotencyKeyError,
    BadRequestError,
    FieldError,
    ForbiddenError,
    FugaceError,
    NotFoundError,
    TooLargeError,
    UnauthorizedError,
)
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.tenant import Scope
from fugace.edge import problem
from fugace.edge.observe import logger
from fugace.edge.trace import trace_of

MAX_BODY = 256 * 1024  # bytes

T = TypeVar("T")
Event = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z_]{1,32}")
_STEP = re.compile(r"\.([A-Za-z_]{1,32})|\[(\d{1,4}|\.\.\.)\]")
_AT = re.compile(r" - at `(?:\$|key)([^`]*)`$")
_EXPECTED = re.compile(r"Expected `([a-z]+(?: \| [a-z]+)*)`( of length (?:<=|>=) \d+| (?:<=|>=|<|>) -?\d+)?")
_WORDS = {
    "str": "a string",
    "int": "an integer",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a date and time with its zone (RFC 3339)",
}


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every request body and query: a field that we do not know is refused, not ignored."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the authorizer found out."""

    tenant: TenantId
    key_id: str
    scopes: frozenset[str]
    live: bool

    def may(self, scope: Scope) -> bool:
        """Whether the key carries `scope`."""
        return scope in self.scopes


class Router(APIGatewayRestResolver):
    """Powertools' own, whose every answer says which request it was, and how many its sender may make."""

    def resolve(self, event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
        """Answer an event. What the authorizer said of the tenant's plan comes with it, so nothing is looked up."""
        trace, authorized = trace_of(event), (event.get("requestContext") or {}).get("authorizer") or {}
        if authorized and trace:  # a carrier's call is followed by its message's id, and lines are paid by the byte
            logger.append_keys(trace=trace)
        answer = super().resolve(event, context)
        said = {"X-Request-Id": trace, "RateLimit-Policy": authorized.get("limits")}
        answer["multiValueHeaders"] |= {name: [value] for name, value in said.items() if value}
        return answer


def resolver() -> Router:
    """A router whose every refusal is a problem: ours, bugs, and routes that do not exist. No CORS: servers call us."""
    app = Router(debug=False)
    app.exception_handler(FugaceError)(problem.answer)
    app.exception_handler(NoRouteError)(problem.missing)
    app.exception_handler(Exception)(problem.bug)
    return app


def caller(event: Event, scope: Scope | None = None) -> Caller:
    """Who asks.

    Raises:
        UnauthorizedError: the event did not pass the authorizer.
        ForbiddenError: the key does not carry `scope`.
    """
    found = (event.get("requestContext") or {}).get("authorizer") or {}
    try:
        who = Caller(
            tenant=TenantId(found["tenant"]),
            key_id=found["key_id"],
            scopes=frozenset(found["scopes"].split()),
            live=found["live"] == "true",
        )
    except KeyError:
        raise UnauthorizedError from None
    logger.append_keys(tenant=who.tenant)  # a refusal that follows is logged with whom it was given to
    if scope is not None and not who.may(scope):
        raise ForbiddenError(scope=scope.value)
    return who


def raw_body(event: Event) -> bytes:
    """The body as it was sent. Raises TooLargeError over 256 KB, BadRequestError for base64 that is none."""
    text = event.get("body") or ""
    try:
        data = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, UnicodeError):
        raise BadRequestError(FieldError("", "not readable")) from None
    if len(data) > MAX_BODY:
        raise TooLargeError(allowed=MAX_BODY)
    return data


def body(event: Event, kind: type[T]) -> T:
    """The JSON body as a `kind` (a `Body`, or any type msgspec knows)."""
    return read(raw_body(event), kind)


def read(data: bytes, kind: type[T], *, at: str = "") -> T:
    """JSON as a `kind`; `at` is the pointer of what `data` was cut from (a `msgspec.Raw` of a batch)."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise BadRequestError(_explain(str(error), at)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequestError(FieldError(at, "not JSON")) from None


def query(event: Event, kind: type[T]) -> T:
    """The query string as a `kind`: numbers and booleans are read from their text, a repeated parameter is refused."""
    given = event.get("multiValueQueryStringParameters") or {}
    single = event.get("queryStringParameters") or {}
    for name, values in given.items():
        if len(values) > 1:
            raise BadRequestError(FieldError(_child("/query", name), "given more than once"))
    try:
        return msgspec.convert({**{name: values[0] for name, values in given.items()}, **single}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequestError(_explain(str(error), "/query")) from None


def header(event: Event, name: str) -> str | None:
    """A header's value, whatever the case of its name; several are joined by commas as RFC 9110 section 5.3 says."""
    several = event.get("multiValueHeaders") or {}
    found = [value for each, values in several.items() if each.lower() == name.lower() for value in values]
    if not found:
        found = [value for each, value in (event.get("headers") or {}).items() if each.lower() == name.lower()]
    return ", ".join(found) if found else None


def idempotency_key(event: Event) -> str | None:
    """The header as it came, quotes and all; reading it is the use case's affair. Given twice it is refused."""
    several = event.get("multiValueHeaders") or {}
    if sum(len(values) for each, values in several.items() if each.lower() == "idempotency-key") > 1:
        raise BadIdempotencyKeyError(reason="given more than once")
    return header(event, "Idempotency-Key")


def message_key(who: Caller, message_id: str) -> MessageKey:
    """The key of a message named in a path. Raises NotFoundError where it cannot be one."""
    try:
        return MessageKey.read(f"{who.tenant}/{message_id}")
    except ValueError:
        raise NotFoundError from None


def answer(status: HTTPStatus, content: object, headers: Mapping[str, str] | None = None) -> Response[str]:
    """A JSON answer, which nobody on the way may keep."""
    more: dict[str, str | list[str]] = {"Cache-Control": "no-store", **(headers or {})}
    return Response(status.value, "application/json", json.dumps(content, separators=(",", ":")), more)


def empty() -> Response[str]:
    """204: done, and nothing to say."""
    return Response(HTTPStatus.NO_CONTENT.value, None, "", {"Cache-Control": "no-store"})


def _explain(message: str, base: str) -> FieldError:
    """What msgspec says, in words that cannot hold a value: it quotes bad enum values and unknown names."""
    where = _AT.search(message)
    pointer = base + _pointer(where[1] if where else "")
    said = message[: where.start()] if where else message
    if name := re.fullmatch(r"Object contains unknown field `(.*)`", said, re.DOTALL):
        return FieldError(_child(pointer, name[1]), "unknown field")
    if name := re.fullmatch(r"Object missing required field `(\w+)`", said):
        return FieldError(f"{pointer}/{name[1]}", "required")
    if "RFC3339" in said:
        return FieldError(pointer, f"must be {_WORDS['datetime']}")
    if expected := _EXPECTED.match(said):
        kinds = " or ".join(_WORDS.get(word, word) for word in expected[1].split(" | "))
        return FieldError(pointer, f"must be {kinds}{expected[2] or ''}")
    return FieldError(pointer, "not an allowed value")


def _pointer(path: str) -> str:
    """The path `.messages[3].to` as RFC 6901's `/messages/3/to`, as far as it is harmless."""
    pointer, position = "", 0
    while (step := _STEP.match(path, position)) and step[2] != "...":
        pointer += f"/{step[1] or step[2]}"
        position = step.end()
    return pointer


def _child(pointer: str, name: str) -> str:
    return f"{pointer}/{name}" if _NAME.fullmatch(name) else pointer
