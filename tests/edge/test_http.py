"""How events are read: what is refused, how it is named, and that no refusal repeats what was sent."""

import base64
import json
import re
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from fugace.domain.tenant import Role, Scope
from fugace.edge import http, observe
from tests.edge.events import CONTEXT, event
from tests.fakes import FIRST, SHOP

NUMBER = "+33639980001"


class Colour(StrEnum):
    """A word of a list."""

    RED = "red"


class Item(http.Body, frozen=True):
    """Something in a list."""

    to: str


class Wish(http.Body, frozen=True):
    """A body with one of everything."""

    to: str
    segments: int = 1
    colour: Colour = Colour.RED
    at: datetime | None = None
    flag: bool | None = None
    messages: tuple[Item, ...] = ()
    limit: int | None = None


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        ({}, "/to", "required"),
        ([], "", "must be an object"),
        ({"to": 33639980001}, "/to", "must be a string"),
        ({"to": NUMBER, "segments": NUMBER}, "/segments", "must be an integer"),
        ({"to": NUMBER, "segments": 1e400}, "", "not JSON"),
        ({"to": NUMBER, "colour": NUMBER}, "/colour", "not an allowed value"),
        ({"to": NUMBER, "at": NUMBER}, "/at", "must be a date and time with its zone (RFC 3339)"),
        ({"to": NUMBER, "flag": NUMBER}, "/flag", "must be true or false or null"),
        ({"to": NUMBER, "messages": [{"to": ""}, {"to": 1}]}, "/messages/1/to", "must be a string"),
        ({"to": NUMBER, "messages": [{"to": "", "recipient": NUMBER}]}, "/messages/0/recipient", "unknown field"),
        ({"to": NUMBER, "from": NUMBER}, "/from", "unknown field"),
        ({"to": NUMBER, NUMBER: 1}, "", "unknown field"),
        ({"to": NUMBER, "n33639980001": 1}, "", "unknown field"),
        ({"to": NUMBER, "x` - at `$.y[33639980001]": 1}, "/y/x", "unknown field"),
    ],
)
def test_what_is_wrong_is_named_by_pointer_and_reason(body: Any, pointer: str, reason: str) -> None:
    """A developer finds the mistake; the value, and a name that could be one, stay out of the answer."""
    with pytest.raises(BadRequestError) as refused:
        http.body(event("POST", "/", body), Wish)

    (error,) = refused.value.errors
    assert (error.pointer, error.reason) == (pointer, reason)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "text",
    ["", "{", "\udcff", "nul", '{"to": "\ud800"}', '{"to": "x"} {}', b'{"to": "\xff"}', '{"x":' + "[" * 100_000],
)
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    """Truncated, not UTF-8, half a character, nested without an end: each is the caller's mistake, not a bug."""
    encoded = base64.b64encode(text).decode() if isinstance(text, bytes) else text
    with pytest.raises(BadRequestError):
        http.body({**event("POST", "/", encoded), "isBase64Encoded": isinstance(text, bytes)}, Wish)


@given(
    st.recursive(st.text() | st.integers() | st.none(), lambda more: st.lists(more) | st.dictionaries(st.text(), more))
)
def test_whatever_is_sent_is_read_or_refused(body: Any) -> None:
    """Nothing a caller can type reaches us as a bug, and pointers stay within their alphabet."""
    refused: list[FugaceError] = []
    try:
        http.body(event("POST", "/", json.dumps(body)), Wish)
    except FugaceError as error:
        refused.append(error)

    assert all(re.fullmatch("[/_A-Za-z0-9]*", each.pointer) for error in refused for each in error.errors)


def test_one_item_of_a_batch_is_pointed_at_in_its_place() -> None:
    """Items are read one by one, so that a bad one does not fail the rest."""
    with pytest.raises(BadRequestError) as refused:
        http.read(msgspec.Raw(b'{"to": 1}'), Item, at="/messages/7")

    assert refused.value.errors[0].pointer == "/messages/7/to"


def test_base64_is_undone() -> None:
    """API Gateway encodes what it takes for binary."""
    coded = {**event("POST", "/", base64.b64encode(b'{"to": "x"}').decode()), "isBase64Encoded": True}

    assert http.body(coded, Item) == Item("x")
    with pytest.raises(BadRequestError):
        http.body({**coded, "body": "%%%"}, Item)


@pytest.mark.parametrize(("size", "fits"), [(http.MAX_BODY, True), (http.MAX_BODY + 1, False)])
def test_the_limit_is_counted_in_bytes_as_sent(size: int, fits: bool) -> None:
    """Neither in characters nor in base64."""
    coded = {**event("POST", "/", base64.b64encode(b"x" * size).decode()), "isBase64Encoded": True}

    if fits:
        assert len(http.raw_body(coded)) == size
    else:
        with pytest.raises(TooLargeError) as refused:
            http.raw_body(coded)
        assert refused.value.facts == {"allowed": 262_144}


def test_the_caller_is_whom_the_authorizer_found() -> None:
    """Tenant, key, scopes, mode; from nothing that the client sent."""
    who = http.caller(event("GET", "/", role=Role.READER, live=False, headers={"tenant": "ten_bakerybakerybake"}))

    assert who == http.Caller(SHOP, "key_callerkk", frozenset({"messages:read"}), live=False)
    assert not who.may(Scope.PERSONAL)


def test_an_event_past_the_authorizer_has_no_rights() -> None:
    """A route deployed without its authorizer fails closed."""
    for broken in ({}, {"authorizer": None}, {"authorizer": {"tenant": SHOP, "live": "true"}}):
        with pytest.raises(UnauthorizedError):
            http.caller({**event("GET", "/"), "requestContext": broken})


def test_a_missing_scope_is_named() -> None:
    """The tenant knows which key to take instead."""
    with pytest.raises(ForbiddenError) as refused:
        http.caller(event("GET", "/", role=Role.READER), Scope.SEND)

    assert refused.value.facts == {"scope": "messages:send"}


def test_a_query_is_read_like_a_body() -> None:
    """Numbers from text; pointers say that it was the query."""
    assert http.query(event("GET", "/", query={"to": "x", "limit": "5"}), Wish).limit == 5
    assert http.query(event("GET", "/", query={"to": "x", "at": "2026-01-15T12:00:00Z"}), Wish).at is not None
    for bad, pointer in (
        ({"to": "x", "limit": NUMBER + "x"}, "/query/limit"),
        ({"to": "x", "form": "1"}, "/query/form"),
    ):
        with pytest.raises(BadRequestError) as refused:
            http.query(event("GET", "/", query=bad), Wish)
        assert refused.value.errors[0].pointer == pointer


def test_no_query_is_an_empty_one() -> None:
    """API Gateway says null where there is none."""
    with pytest.raises(BadRequestError) as refused:
        http.query(event("GET", "/"), Wish)
    assert refused.value.errors[0].pointer == "/query/to"


def test_a_parameter_given_twice_is_refused() -> None:
    """Which of the two was meant is not ours to guess."""
    twice = {**event("GET", "/", query={"to": "x"}), "multiValueQueryStringParameters": {"to": ["x", "y"]}}

    with pytest.raises(BadRequestError) as refused:
        http.query(twice, Wish)
    assert refused.value.errors[0] == FieldError("/query/to", "given more than once")


def test_headers_are_found_in_any_case() -> None:
    """RFC 9110 section 5.1."""
    assert http.idempotency_key(event("POST", "/", headers={"idempotency-KEY": '"k1"'})) == '"k1"'
    assert (
        http.idempotency_key({**event("POST", "/"), "headers": {"Idempotency-Key": "k1"}, "multiValueHeaders": None})
        == "k1"
    )
    assert http.idempotency_key(event("POST", "/")) is None


def test_two_idempotency_keys_are_none() -> None:
    """Taking either could send twice."""
    twice = {**event("POST", "/"), "multiValueHeaders": {"Idempotency-Key": ["a", "b"]}}

    with pytest.raises(BadIdempotencyKeyError):
        http.idempotency_key(twice)


def test_what_cannot_be_a_message_id_is_not_found() -> None:
    """A number typed into a path is answered like any other id that nobody has."""
    who = http.caller(event("GET", "/"))

    assert http.message_key(who, FIRST.id) == FIRST
    for text in (NUMBER, "", "../x", f"{FIRST.id}/x"):
        with pytest.raises(NotFoundError):
            http.message_key(who, text)


def test_no_cache_keeps_an_answer() -> None:
    """Answers hold keys, and numbers for those who may see them."""
    assert http.answer(HTTPStatus.OK, {}).headers["Cache-Control"] == "no-store"
    assert http.empty().headers["Cache-Control"] == "no-store"


# What every answer says: which request it was, and how many there may be.

OURS = "8b2b4b44-7d5c-4f0e-9c4e-0d7c0f1f3b10"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def answered(asked: dict[str, Any], path: str = "/fine") -> dict[str, list[str]]:
    """The headers of the answer to `asked`, by a router with a route that works, one that refuses, and a bug."""
    app = http.resolver()
    app.get("/fine")(lambda: http.answer(HTTPStatus.OK, {}))
    app.get("/refused")(lambda: http.body(app.current_event, Wish))
    app.get("/bug")(lambda: 1 / 0)
    asked = {**asked, "path": path, "httpMethod": "GET"}
    asked["requestContext"] = {"requestId": OURS, **asked["requestContext"]}
    answer = observe.entry(app.resolve)(asked, CONTEXT)
    observe.entry(lambda *_: None)({}, CONTEXT)  # the next test is another invocation
    headers: dict[str, list[str]] = answer["multiValueHeaders"]
    return headers


@pytest.mark.parametrize("path", ["/fine", "/refused", "/bug", "/nowhere"])
def test_every_answer_says_which_request_it_was_and_how_many_there_may_be(path: str) -> None:
    """Whoever asks for help has an id to name; whoever hurries is told the plan before it is used up."""
    asked = event("GET", "/")
    asked["requestContext"]["authorizer"]["limits"] = '"second";q=50;w=1'

    headers = answered(asked, path)

    assert headers["X-Request-Id"] == [OURS]
    assert headers["RateLimit-Policy"] == ['"second";q=50;w=1']
    assert "RateLimit" not in headers  # nobody counts, so nobody knows what is left


def test_who_has_no_plan_is_told_of_none() -> None:
    """A carrier's receipts are not counted."""
    assert "RateLimit-Policy" not in answered(event("GET", "/", role=None))


@pytest.mark.parametrize(
    ("said", "trace"),
    [
        pytest.param(PARENT, TRACE, id="a trace"),
        pytest.param(PARENT.replace("00-", "01-", 1), OURS, id="of a later version"),
        pytest.param(PARENT.upper(), OURS, id="capitals"),
        pytest.param(f"00-{'0' * 32}-00f067aa0ba902b7-01", OURS, id="no trace id"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", OURS, id="no parent id"),
        pytest.param(f"{PARENT}-{NUMBER}", OURS, id="something behind it"),
        pytest.param(NUMBER, OURS, id="a number"),
        pytest.param(f"00-{NUMBER.strip('+'):0>32}-00f067aa0ba902b7-01", OURS, id="a number in the form of a trace"),
    ],
)
def test_a_trace_is_taken_in_its_form_alone(said: str, trace: str) -> None:
    """W3C Trace Context, section 3.2.2: the one way in which a client's words reach our logs is 32 hex digits."""
    asked = event("GET", "/", headers={"TraceParent": said, "tracestate": f"to={NUMBER}", "baggage": NUMBER})

    headers = answered(asked)

    assert headers["X-Request-Id"] == [trace]
    assert NUMBER not in json.dumps(headers)


def test_who_has_no_key_says_nothing_in_our_logs() -> None:
    """Anybody may call a receipt's address."""
    assert answered(event("GET", "/", role=None, headers={"traceparent": PARENT}))["X-Request-Id"] == [OURS]


def test_an_id_that_is_none_is_not_repeated() -> None:
    """The gateway makes them; what did not come from there is not to be trusted with a header."""
    asked = event("GET", "/")
    asked["requestContext"]["requestId"] = f"{NUMBER}\r\nSet-Cookie: a=b"

    assert "X-Request-Id" not in answered(asked)
