"""What gets into the log: listed fields, masked errors, short lines; and nothing past our formatter."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fugace.domain.errors import ForbiddenError
from fugace.domain.tenant import Role, Scope
from fugace.edge import http, observe
from fugace.edge.observe import logger
from tests.edge.events import CONTEXT, event
from tests.fakes import SHOP

NUMBER = "+33639980001"
ROOT = Path(__file__).parents[2]


def lines(printed: Callable[[], str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed().splitlines()]


def run(act: Callable[[], Any]) -> Any:
    return observe.entry(lambda _event, _context: act())({}, CONTEXT)


def test_a_line_shows_listed_fields_alone(printed: Callable[[], str]) -> None:
    """Whoever logs a field that nobody thought about logs nothing."""
    logger.info("accepted", tenant="ten_shopshopshopshop", to=NUMBER, text="hello", count=3)

    (line,) = lines(printed)
    assert set(line) - {"level", "event", "service", "request_id"} == {"tenant", "count"}


@pytest.mark.parametrize("value", [NUMBER, NUMBER[1:], 33639980001, f"to:{NUMBER[1:]}", "two words", [NUMBER], b"x"])
def test_a_listed_field_is_no_way_out_for_a_number(printed: Callable[[], str], value: Any) -> None:
    """The list says what a field is for; this says what it may look like."""
    logger.info("accepted", reason=value)

    (line,) = lines(printed)
    assert line["reason"] == "?"


@pytest.mark.parametrize("value", ["delivered", "019bc192-7a00-7000-8000-000000000001", 202, 1.5, True, None])
def test_ids_words_and_small_numbers_are_shown(printed: Callable[[], str], value: Any) -> None:
    """Else there would be nothing to see."""
    logger.info("accepted", reason=value)

    (line,) = lines(printed)
    assert line["reason"] == value


def test_an_event_is_a_word(printed: Callable[[], str]) -> None:
    """A message built of values is not shown, whoever built it."""
    logger.info(f"sent to {NUMBER}")

    (line,) = lines(printed)
    assert line["event"] == "?"


def test_a_batch_names_its_messages_and_nothing_else(printed: Callable[[], str]) -> None:
    """By these a message is followed from function to function; whatever is not the id of one is not shown."""
    logger.info("relayed", messages=("01890a5d-ac96-774b-bcce-b302099a8057", NUMBER[1:], NUMBER, 33639980001, ""))

    (line,) = lines(printed)
    assert line["messages"] == ["01890a5d-ac96-774b-bcce-b302099a8057", "?", "?", "?", "?"]


def test_an_error_is_told_by_class_and_place(printed: Callable[[], str]) -> None:
    """What it says may quote a request; what it is, and where it was, cannot."""

    def act() -> None:
        try:
            int(NUMBER + "x")
        except ValueError as error:
            raise LookupError(NUMBER) from error

    with pytest.raises(observe.FailedError):
        run(act)

    told, metric = lines(printed)
    assert told["error"] == ["LookupError", "ValueError"]
    assert told["at"][-1].startswith("edge/test_observe.py:")
    assert metric["Bug"] == [1.0]
    assert NUMBER[1:] not in json.dumps(told)


def test_an_aws_error_is_told_by_its_code(printed: Callable[[], str]) -> None:
    """An operator sees which permission is missing, not which item was asked for."""

    class ClientError(Exception):
        operation_name = "PutItem"
        response = {"Error": {"Code": "AccessDeniedException", "Message": NUMBER}}  # noqa: RUF012  # as botocore's

    def act() -> None:
        raise ClientError(NUMBER)

    with pytest.raises(observe.FailedError):
        run(act)

    assert lines(printed)[0]["aws"] == ["PutItem", "AccessDeniedException"]


def test_what_gets_past_a_handler_says_nothing(printed: Callable[[], str]) -> None:
    """The Lambda runtime prints an exception's message and that of what caused it, past our redaction."""

    def act() -> None:
        raise ValueError(NUMBER)

    with pytest.raises(observe.FailedError) as raised:
        run(act)

    assert str(raised.value) == "failed"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert NUMBER[1:] not in printed()


def test_a_library_speaks_through_our_formatter(printed: Callable[[], str]) -> None:
    """Who and where from; urllib3, for one, quotes addresses."""
    logging.getLogger("urllib3.connectionpool").warning("retrying %s", NUMBER)
    logging.getLogger("urllib3.connectionpool").info("connected to %s", NUMBER)

    (line,) = lines(printed)
    assert (line["event"], line["logger"]) == ("library", "urllib3.connectionpool")
    assert NUMBER[1:] not in json.dumps(line)


def test_a_refusal_is_logged_with_whom_it_was_given_to(printed: Callable[[], str]) -> None:
    """Which tenant meets it is what an operator asks first; the next invocation is somebody else's."""

    def refuse() -> None:
        with pytest.raises(ForbiddenError):
            http.caller(event("POST", "/", role=Role.READER), Scope.SEND)
        logger.info("refused")

    run(refuse)
    run(lambda: logger.info("quiet"))

    assert [line.get("tenant") for line in lines(printed)] == [SHOP, None]


def test_a_line_costs_about_a_hundred_bytes(printed: Callable[[], str]) -> None:
    """A message passes seven functions; all their lines together have 600 bytes."""
    run(lambda: logger.info("accepted", count=1))

    assert len(printed()) <= 130


def test_what_aws_denied_is_told_of_all_functions_together(
    printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it denies one it denies the others. A service that is on no list is one of the others."""
    denied = {("kms", "Throttled"): 2, ("new-service", "Unreached"): 1}
    monkeypatch.setattr(observe.wiring, "denials", lambda: denied)

    run(lambda: None)

    told = [
        (line["service"], line["dependency"], line.get("Throttled"), line.get("Unreached")) for line in lines(printed)
    ]
    assert told == [("all", "kms", [2.0], None), ("all", "other", None, [1.0])]


def test_metrics_are_told_by_names_of_carriers_alone(printed: Callable[[], str]) -> None:
    """Whatever else comes there would be a metric of its own, and a way out."""
    for strange in (NUMBER, "ten_shopshopshopshop", "two words"):
        with pytest.raises(ValueError, match="not a carrier's name"):
            observe.count_at(strange, "CarrierFailed", 1)

    assert printed() == ""


def test_a_quiet_invocation_prints_nothing(printed: Callable[[], str]) -> None:
    """No empty metrics, no context: and Powertools does not warn of it."""
    run(lambda: None)

    assert printed() == ""


def test_the_edge_brings_none_of_the_expensive_packages() -> None:
    """Cold starts are paid by users: these cost more than everything else that a function imports."""
    expensive = (
        *("pydantic", "aws_xray_sdk", "boto3", "botocore.session", "pynamodb", "requests", "httpx", "jinja2"),
        *("multiprocessing", "urllib3", "cryptography", "fugace.adapters.vault"),
    )
    code = (
        "import sys, functions.auth.handler, functions.auth.authorizer, fugace.edge.wiring;"
        f"print([name for name in {expensive} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/common/python'}"},
    )
    assert ran.stdout.strip() == "[]"


def test_every_line_of_a_request_has_its_trace(printed: Callable[[], str]) -> None:
    """A support case begins with one id. The next invocation is another's, and a carrier's goes by its message's id."""
    app = http.resolver()
    app.get("/fine")(lambda: (logger.info("looked"), http.empty())[1])
    asked = event("GET", "/fine")
    asked["requestContext"]["requestId"] = "8b2b4b44-7d5c-4f0e-9c4e-0d7c0f1f3b10"

    run(lambda: app.resolve(asked, CONTEXT))
    run(lambda: logger.info("quiet"))

    asked["requestContext"]["authorizer"] = {}
    run(lambda: app.resolve(asked, CONTEXT))

    assert [line.get("trace") for line in lines(printed)] == ["8b2b4b44-7d5c-4f0e-9c4e-0d7c0f1f3b10", None, None]
