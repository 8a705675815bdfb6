"""What goes wrong has one form (RFC 9457), one status for each code, and no way to say too much."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fugace.domain import errors
from fugace.domain.errors import BadRequestError, Code, FieldError, FugaceError, UnavailableError
from fugace.edge import http, problem
from tests.edge.events import CONTEXT, event

NUMBER = "+33639980001"
CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, FugaceError)]
CLASSES.remove(FugaceError)


def test_every_code_has_a_status_and_a_class() -> None:
    """A code without one would be answered as a bug."""
    assert set(problem.STATUS) == set(Code)
    assert sorted(each.code for each in CLASSES) == sorted(Code)


@pytest.mark.parametrize("kind", CLASSES)
def test_what_may_be_asked_again_says_when(kind: type[FugaceError]) -> None:
    """`retryable`, Retry-After and the status say the same."""
    answer = problem.answer(kind())

    assert kind.retryable is (answer.status_code in {429, 503}) is ("Retry-After" in answer.headers)
    assert answer.content_type == "application/problem+json"


def test_facts_are_shown_but_overwrite_nothing() -> None:
    """A fact called `status` must not change the status."""
    body = problem.describe(UnavailableError(allowed=3, status=200, type="x", title="y"))

    assert body == {
        "allowed": 3,
        "type": "/problems/unavailable",
        "title": "Please try again in a moment",
        "status": 503,
    }


def test_every_wrong_field_is_listed() -> None:
    """A caller mends them all at once."""
    body = problem.describe(BadRequestError(FieldError("/to", "required"), FieldError("/text", "required")))

    assert [each["pointer"] for each in body["errors"]] == ["/to", "/text"]


def test_a_missing_key_is_told_how_to_bring_one() -> None:
    """RFC 9110 section 11.6.1: 401 names a scheme."""
    assert problem.answer(errors.UnauthorizedError()).headers["WWW-Authenticate"] == "Bearer"


def raiser(error: Exception) -> Callable[[], Any]:
    def route() -> Any:
        raise error

    return route


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/refused", 409), ("GET", "/bug", 500), ("GET", "/nowhere", 404), ("PUT", "/bug", 404)],
)
def test_whatever_happens_in_a_router_is_answered_as_a_problem(
    method: str, path: str, status: int, printed: Callable[[], str]
) -> None:
    """Refusals, bugs, unknown routes: and of a bug nothing is told."""
    app = http.resolver()
    app.get("/refused")(raiser(errors.TooLateError(status="delivered")))
    app.get("/bug")(raiser(ValueError(f"could not read {NUMBER}")))

    answer = app.resolve(event(method, path), CONTEXT)

    assert answer["statusCode"] == status
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/problem+json"]
    body = json.loads(answer["body"])
    assert body["status"] == status
    assert body["type"].startswith("/problems/")
    assert NUMBER[1:] not in answer["body"] + printed()


def test_powertools_debug_switch_opens_nothing(monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]) -> None:
    """Its developer mode answers bugs with their traceback."""
    monkeypatch.setenv("POWERTOOLS_DEV", "true")
    app = http.resolver()
    app.get("/bug")(raiser(ValueError(f"could not read {NUMBER}")))

    answer = app.resolve(event("GET", "/bug"), CONTEXT)

    assert NUMBER[1:] not in json.dumps(answer) + printed()
