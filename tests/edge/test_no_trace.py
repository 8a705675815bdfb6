"""No stack trace, ever: a bug in any operation is answered with the same words, and logged without what was sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fugace.domain.tenant import Scope
from fugace.edge import http, observe, wiring
from tests.architecture.test_openapi import OPERATIONS, call

NUMBER = "33639980001"
BUG = {"type": "/problems/bug", "title": "Something went wrong on our side", "status": 500}
TELLING = ("Traceback", "RuntimeError", "File ", ".py", "line ", "fugace.", NUMBER)


def fail(*_args: object, **_more: object) -> Any:
    raise RuntimeError(NUMBER)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_a_bug_is_answered_with_the_same_words_everywhere(
    method: str, path: str, operation: dict[str, Any], monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    """Whoever sees where it failed learns how we are built, and sometimes what somebody else had sent."""
    if operation["security"]:
        monkeypatch.setattr(http, "caller", fail)
    for name in ("vault", "archives", "requests"):  # who comes without a key meets its bug at the first of these
        monkeypatch.setattr(wiring, name, fail)

    answer = call(method, path, " ".join(Scope))

    assert (answer["statusCode"], json.loads(answer["body"])) == (500, BUG)
    shown = answer["body"] + json.dumps(answer["multiValueHeaders"])
    assert not [word for word in TELLING if word in shown]
    assert NUMBER not in printed()


def test_what_gets_past_a_router_is_one_word(printed: Callable[[], str]) -> None:
    """Lambda prints it, and the gateway answers 502 with words of its own; a test of the gateway's has those."""
    with pytest.raises(observe.FailedError) as raised:
        observe.entry(fail)({}, type("Context", (), {"aws_request_id": "8b2b4b44"})())

    assert (str(raised.value), raised.value.__cause__, raised.value.__suppress_context__) == ("failed", None, True)
    assert NUMBER not in printed()
