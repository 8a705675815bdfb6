"""Every function, through every way that AWS can fail it: no number, text, key nor token in what is seen of it.

What is real: entry points, use cases, adapters. What is not: the SDK's last step, which says what the test wants. Good
days, and refusals with their own rules, are in the tests of each handler; the fixture in conftest.py looks there too.
"""

import ast
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from fugace.domain.errors import FugaceError
from fugace.edge import wiring
from fugace.edge.observe import RefusalError
from infra.config import ROOT
from infra.duties import DUTIES
from tests.edge.conftest import DRIVEN
from tests.edge.duties import NUMBER, PERSON, SECRETS, TEXT, TOKEN, context, entry, events, module, resolvers
from tests.edge.test_wiring import VARIABLES

Answer = Callable[[str], Any]
PAGED = ("keys", "send", "receive", "webhooks", "retention", "requests")
"""Functions behind the API, besides the one that lets in."""


def said(code: str, status: int = 400) -> Answer:
    """AWS's answer, quoting what it was asked for."""
    words = f"{NUMBER} {TEXT} {TOKEN}"

    def answer(operation: str) -> Any:
        told = {
            "Error": {"Code": code, "Message": words},
            "Item": PERSON,
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(told, operation)

    return answer


def out_of_reach(_operation: str) -> Any:
    raise EndpointConnectionError(endpoint_url=f"https://{NUMBER}.example/{TOKEN}", error=OSError(TEXT))


def broken(_operation: str) -> Any:
    """A bug with a person in its words, and in those of all that it came of."""
    try:
        {}[NUMBER, TEXT]
    except KeyError as first:
        second = UnicodeDecodeError("utf-8", TEXT.encode(), 0, 1, NUMBER)
        second.__cause__ = first
        words = f"{NUMBER}: {TEXT} ({TOKEN})"
        raise RuntimeError(words) from second


def nonsense(_operation: str) -> Any:
    """Nothing of what was asked for, and much else."""
    return {**PERSON, "Item": {NUMBER: {"S": TEXT}}, "Items": [{NUMBER: {"S": TEXT}}], "Plaintext": TEXT.encode()}


def silence(_operation: str) -> Any:
    return {}


OUTCOMES: dict[str, Answer] = {
    "throttled": said("ThrottlingException"),
    "refused": said("AccessDeniedException"),
    "condition": said("ConditionalCheckFailedException"),
    "cancelled": said("TransactionCanceledException"),
    "missing": said("ResourceNotFoundException"),
    "down": said("InternalServerError", 500),
    "out-of-reach": out_of_reach,
    "bug": broken,
    "nonsense": nonsense,
    "silence": silence,
}


@contextmanager
def wired(monkeypatch: pytest.MonkeyPatch, answer: Answer, name: str) -> Iterator[None]:
    """A process of its own: everything real is made anew, and forgotten."""
    for variable, value in VARIABLES.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda _self, operation, _what: answer(operation))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    _forget(name)
    yield
    _forget(name)


def _forget(name: str) -> None:
    for each in (*vars(wiring).values(), *vars(module(name)).values()):
        if hasattr(each, "cache_clear"):
            each.cache_clear()


def outcome(name: str, event: dict[str, Any]) -> Any:
    """What Lambda gets: an answer, or the one word of an error."""
    try:
        return entry(name)(event, context())
    except RefusalError as error:
        return {"errorMessage": str(error), "errorType": type(error).__name__, "cause": str(error.__cause__ or "")}


def leaked(seen: str) -> list[str]:
    return [secret for secret in SECRETS if secret in seen]


@pytest.mark.parametrize("way", OUTCOMES)
@pytest.mark.parametrize("name", DUTIES)
def test_nothing_of_anybody_is_seen(
    name: str, way: str, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the log, not on stdout or stderr, not in metrics; nor in an answer, unless it is what somebody sent."""
    with wired(monkeypatch, OUTCOMES[way], name):
        for event in events(name):
            given = outcome(name, event)
            mirror = isinstance(given, dict) and given.get("statusCode", 500) < 300  # a preview shows what was sent
            assert not mirror or way in {"nonsense", "silence", "condition", "missing"} or _asks_nobody(event)
            assert leaked(printed() + ("" if mirror else json.dumps(given))) == [], event.get("path")


def _asks_nobody(event: dict[str, Any]) -> bool:
    return event.get("path") in {"/v1/messages/preview", "/v1/discovery"} or event.get("path", "").startswith("/dlr/")


@pytest.mark.parametrize("name", DUTIES)
def test_every_function_is_really_driven(
    name: str, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that met no bug here would be one that the test above has not reached."""
    asked: list[str] = []

    def answer(operation: str) -> Any:
        asked.append(operation)
        return broken(operation)

    with wired(monkeypatch, answer, name):
        given = [outcome(name, event) for event in events(name)]

    assert asked, "it asked AWS for nothing"
    assert given
    assert re.search(r'"level":"(ERROR|WARNING)"', printed())


def test_what_looks_for_leaks_sees_them() -> None:
    """Each secret, by itself, in the middle of something."""
    for secret in SECRETS:
        assert leaked(json.dumps({"a": f"x{secret}y"}))
    assert not leaked('{"event":"bug"}')


# --- every outcome has its test -------------------------------------------------------------------


@cache
def logged(name: str) -> frozenset[str]:
    """The outcomes that a function can tell of: the events that its entry point's module writes down."""
    tree = ast.parse((ROOT / (module(name).__name__.replace(".", "/") + ".py")).read_text())
    return frozenset(
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).startswith("logger.")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    )


@pytest.mark.parametrize("name", DUTIES)
def test_every_outcome_was_driven(name: str, request: pytest.FixtureRequest) -> None:
    """A word that no test of this room has had printed is an outcome that nobody has looked at for leaks."""
    assert logged(name), "an entry point says what became of it"
    assert logged(name) - request.config.stash[DRIVEN] == set()


def test_every_refusal_was_driven(request: pytest.FixtureRequest) -> None:
    """Each error that a caller is answered with, by its code."""
    assert {error.code.value for error in FugaceError.__subclasses__()} - request.config.stash[DRIVEN] == set()


def test_every_route_is_driven() -> None:
    """A router that is not found would be an API without a test."""
    for name in PAGED:
        assert {event["path"] for event in events(name)}, name
    assert set(PAGED) == {name for name in DUTIES if resolvers(name) and not DUTIES[name].consumes}
