"""Steps of an erasure as the state machine asks for them: ids go in, a word comes out, and nothing else gets out."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fugace.domain.message import Status
from fugace.edge.observe import FailedError
from fugace.edge.settings import MissingSettingError
from functions.dsar.erasure import erase_task, recall_task
from tests.edge.events import CONTEXT
from tests.edge.test_wiring import VARIABLES
from tests.erasing import ERASURE, House, machine
from tests.fakes import ALICE, SHOP

ERASE = {
    *("TENANTS_TABLE", "MESSAGES_TABLE", "SUBJECT_KEYS_TABLE", "PURGE_TABLE", "LEDGER_TABLE", "CASES_TABLE"),
    *("EXPORTS_BUCKET", "CARRIERS", "NOTIFY_QUEUE", "SWEEP_QUEUE", "SCHEDULE_GROUP", "SCHEDULE_ROLE"),
}
RECALL = {"CASES_TABLE", "CARRIERS"}
NUMBER, TEXT = ALICE.reveal(), "Your parcel is here"


def context(left: int = 300_000) -> Any:
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    house.send(1, status=[Status.ACCEPTED, Status.SUBMITTED], carrier_ref="ref-1")
    house.file(ERASURE)
    monkeypatch.setattr(erase_task, "_erasure", house.erasure)
    monkeypatch.setattr(recall_task, "_recall", house.recall)
    return house


def ask(who: str, step: str, left: int = 300_000) -> dict[str, bool]:
    handle = {"Erase": erase_task.handle, "Recall": recall_task.handle}[who]
    return handle({"request": str(ERASURE), "step": step}, context(left))


def test_each_step_of_the_machine_is_answered_with_a_word(house: House, printed: Callable[[], str]) -> None:
    """That is all that ten years of execution history can hold; and no log line tells of whom."""
    answers = [ask(who, step) for who, step in machine()]

    assert answers == [{"more": False}] * len(machine())
    assert not house.rows_of()
    seen = printed()
    assert SHOP in seen
    for word in (NUMBER, NUMBER[1:], TEXT, house.subject(), "ref-1"):
        assert word not in seen + json.dumps(answers)


@pytest.mark.usefixtures("house")
def test_the_time_that_is_left_is_lambdas() -> None:
    """It stops before it is killed, and is asked again."""
    ask("Erase", "begin")

    assert ask("Erase", "gather", left=20_000) == {"more": True}
    assert ask("Erase", "gather") == {"more": False}
    assert ask("Erase", "messages", left=20_000) == {"more": True}
    assert ask("Recall", "carriers", left=20_000) == {"more": True}


def _refused(task: Any, event: dict[str, Any], printed: Callable[[], str]) -> None:
    with pytest.raises(FailedError, match="failed"):
        task.handle(event, context())
    assert NUMBER not in printed()


@pytest.mark.parametrize("event", [{}, {"request": NUMBER}, {"request": f"{SHOP}/{NUMBER}"}])
@pytest.mark.parametrize("task", [erase_task, recall_task])
@pytest.mark.usefixtures("house")
def test_what_goes_wrong_says_nothing(task: Any, event: dict[str, Any], printed: Callable[[], str]) -> None:
    """The machine keeps the error's name and cause for years: one word for all of them."""
    _refused(task, event, printed)


@pytest.mark.usefixtures("house")
def test_nor_does_a_step_that_is_not_there(printed: Callable[[], str]) -> None:
    """Whatever it is called."""
    _refused(erase_task, {"request": str(ERASURE), "step": NUMBER}, printed)


def test_both_are_wired_from_what_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And neither is told where the tenants' keys come from: who deletes cannot decrypt."""
    for name in ERASE | RECALL:
        monkeypatch.setenv(name, VARIABLES[name])
    assert erase_task._erasure.__wrapped__()
    assert recall_task._recall.__wrapped__()


@pytest.mark.parametrize(("task", "its"), [(erase_task._erasure, ERASE), (recall_task._recall, RECALL)])
def test_they_need_all_that_they_are_told(monkeypatch: pytest.MonkeyPatch, task: Any, its: set[str]) -> None:
    """A variable too many would be one that nobody misses."""
    for name in its:
        for other in ERASE | RECALL:
            monkeypatch.setenv(other, VARIABLES[other])
        monkeypatch.delenv(name)
        with pytest.raises(MissingSettingError, match=name):
            task.__wrapped__()
