"""The machine's step `export`, as Lambda gives it."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from fugace.domain.errors import UnavailableError
from fugace.edge.observe import FailedError
from functions.dsar.archive import export_task
from tests.edge.events import CONTEXT
from tests.edge.test_wiring import VARIABLES
from tests.exporting import REQUEST, Desk
from tests.fakes import ALICE, NOON, SHOP

NUMBER = ALICE.reveal()
EVENT = {"request": str(REQUEST)}


def context(left: int = 900_000) -> Any:
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    desk.send(text=f"call {NUMBER}")
    desk.file()
    monkeypatch.setattr(export_task, "_export", lambda: desk.export)
    return desk


def test_a_run_answers_with_a_word_and_says_what_it_did(desk: Desk, printed: Any) -> None:
    """Nothing but `more` goes back into the machine (I2)."""
    assert export_task.handle(EVENT, context()) == {"more": False}

    line = json.loads(printed().splitlines()[0])
    assert (line["event"], line["tenant"], line["request"], line["count"]) == ("exported", SHOP, REQUEST.id, 1)
    assert desk.archives.size(REQUEST)


def test_what_has_to_be_made_again_is_asked_for_again(desk: Desk) -> None:
    """An erasure was quicker."""
    of_person = desk.requests.of_person

    def blocked(subject: Any) -> Any:
        desk.persons.block(SHOP, subject, NOON)
        return of_person(subject)

    desk.requests.of_person = blocked  # type: ignore[method-assign]  # somebody is quicker

    assert export_task.handle(EVENT, context()) == {"more": True}
    assert export_task.handle(EVENT, context()) == {"more": False}


def test_the_time_that_is_left_is_lambdas(desk: Desk) -> None:
    """It stops before it is killed."""
    with pytest.raises(FailedError):
        export_task.handle(EVENT, context(left=30_000))

    assert desk.archives.size(REQUEST) is None


@pytest.mark.parametrize(
    "event", [{}, {"request": ""}, {"request": NUMBER}, {"request": f"{SHOP}/{NUMBER}"}, {"request": 7}]
)
def test_what_is_no_step_is_refused_and_not_quoted(desk: Desk, printed: Any, event: dict[str, Any]) -> None:
    """The history of an execution shows the error's class alone."""
    with pytest.raises(FailedError, match=r"^failed$"):
        export_task.handle(event, context())

    assert NUMBER not in printed()
    assert desk.archives.objects == {}


@pytest.mark.parametrize("error", [None, UnavailableError(), ValueError(f"cannot read {NUMBER}: call {NUMBER}")])
@pytest.mark.parametrize("port", ["archives", "requests"])
def test_no_line_shows_a_number_or_a_text(desk: Desk, printed: Any, error: Exception | None, port: str) -> None:
    """Whatever happens, also a bug that quotes a row."""

    def fail(*_: Any) -> None:
        assert error
        raise error

    if error:
        setattr(getattr(desk, port), {"archives": "upload", "requests": "of_person"}[port], fail)
        with pytest.raises(FailedError, match=r"^failed$"):
            export_task.handle(EVENT, context())
    else:
        export_task.handle(EVENT, context())

    seen = printed()
    assert ("bug" if error else "exported") in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen
    assert "call " not in seen


def test_it_can_be_wired(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the variables that the function has; nothing is asked of AWS, not even for a carrier's secret."""
    needed = {
        *("FUGACE_ENVIRONMENT", "TENANTS_TABLE", "MESSAGES_TABLE", "SUBJECT_KEYS_TABLE", "CASES_TABLE"),
        *("PURGE_TABLE", "LEDGER_TABLE", "EXPORTS_BUCKET", "CARRIERS"),
    }
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in needed:
        monkeypatch.setenv(name, VARIABLES[name])
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    export_task._export.cache_clear()

    made = export_task._export()

    assert made.terms["simulator"].receipt_limit > timedelta(0)
    export_task._export.cache_clear()
