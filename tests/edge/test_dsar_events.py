"""The machine's steps, the watch and the callbacks, as Lambda gives them."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fugace.domain.case import CaseState, Found, Outcome
from fugace.domain.errors import UnavailableError
from fugace.edge.observe import FailedError
from fugace.ports import HttpAnswer
from functions.dsar.course import events, settle_task, verify_task
from tests.edge.events import CONTEXT
from tests.edge.test_wiring import VARIABLES
from tests.fakes import ALICE, NOON
from tests.rights_world import Rights, case_key

NUMBER = ALICE.reveal()
EVENT = {"request": str(case_key()), "step": "begin"}


def context(left: int = 300_000) -> Any:
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Rights:
    world = Rights()
    monkeypatch.setattr(settle_task, "_settle", lambda: world.settle)
    monkeypatch.setattr(verify_task, "_verify", lambda: world.verify)
    monkeypatch.setattr(events, "_watch", lambda: SimpleNamespace(run=lambda left: world.watch(left())))
    monkeypatch.setattr(events, "_callback", lambda: world.callback)
    return world


# --- the machine's steps ------------------------------------------------------------------------


def test_a_step_is_answered_in_words(world: Rights, printed: Callable[[], str]) -> None:
    """What the machine reads, and a line for a person."""
    world.put()
    assert settle_task.handle(EVENT, context()) == {"next": "wait", "until": "2026-01-16T12:00:00.000Z"}
    assert '"event":"settled"' in printed()


@pytest.mark.parametrize("step", ["close", "broken"])
def test_what_is_left_undone_wakes_somebody(world: Rights, printed: Callable[[], str], step: str) -> None:
    """Once for each run that leaves it so."""
    world.put(state=CaseState.RUNNING)
    world.requests.note(case_key(), "messages", Found(Outcome.FAILED))
    for _ in range(2):
        settle_task.handle(EVENT | {"step": step}, context())
    assert printed().count("RequestPartial") == 2  # name and value, of one metric


def test_a_code_is_sent(world: Rights, printed: Callable[[], str]) -> None:
    """Nothing is given back: the machine waits."""
    world.put_otp()
    assert verify_task.handle({"request": str(case_key()), "token": "t"}, context()) == {}
    assert len(world.messages.rows) == 1
    assert "Bug" not in printed()


def test_that_no_code_may_be_sent_is_no_bug(world: Rights, printed: Callable[[], str]) -> None:
    """The machine sees a failure, and closes the request; no alarm rings."""
    world.put_otp(run=9)
    with pytest.raises(FailedError, match=r"^failed$"):
        verify_task.handle({"request": str(case_key()), "token": "t"}, context())
    seen = printed()
    assert '"event":"no-code"' in seen
    assert "Bug" not in seen


@pytest.mark.parametrize("event", [{}, {"request": NUMBER}, {"request": str(case_key()), "step": 7}])
def test_what_is_no_step_fails_without_being_quoted(
    world: Rights, printed: Callable[[], str], event: dict[str, Any]
) -> None:
    """An execution's history keeps causes for 90 days: one constant word is in it."""
    assert world
    for handle in (settle_task.handle, verify_task.handle):
        with pytest.raises(FailedError, match=r"^failed$"):
            handle(event, context())
    assert NUMBER[1:] not in printed()


# --- the watch ----------------------------------------------------------------------------------


def test_a_round_beats_its_heart_and_says_what_it_saw(world: Rights, printed: Callable[[], str]) -> None:
    """Reminders and the age of the oldest are what alarms look at."""
    world.put(state=CaseState.RUNNING, begun=NOON, due=NOON)
    events.watch({}, context())
    seen = printed()
    for word in ("Watched", "RequestAge", "RequestOverdue", '"event":"watched"'):
        assert word in seen
    assert "NotLooked" not in seen


def test_a_round_in_which_one_failed_says_so_and_goes_on(world: Rights, printed: Callable[[], str]) -> None:
    """Its id and the kind of error; never what the error says."""
    world.put(look_at=NOON, state=CaseState.RUNNING, begun=NOON)

    def fail(*_: object) -> None:
        raise ValueError("call " + NUMBER)

    world.machine.start = fail  # type: ignore[method-assign]  # a bug that quotes
    events.watch({}, context())
    seen = printed()
    assert "not-looked" in seen
    assert "NotLooked" in seen
    assert "Watched" in seen
    assert NUMBER[1:] not in seen


def test_a_round_that_fails_does_not_beat_its_heart(world: Rights, printed: Callable[[], str]) -> None:
    """Or a table that is down for days would look well."""

    def fail(*_: object) -> None:
        raise UnavailableError

    world.requests.due = fail  # type: ignore[method-assign,assignment]  # it does not answer
    with pytest.raises(FailedError):
        events.watch({}, context())
    assert "Watched" not in printed()


# --- callbacks ----------------------------------------------------------------------------------


def queue(*bodies: object) -> dict[str, Any]:
    return {"Records": [{"messageId": str(n), "body": json.dumps(body)} for n, body in enumerate(bodies)]}


NOTICE = {"request": str(case_key()), "state": "running", "attempt": 1}


def test_notices_are_told(world: Rights, printed: Callable[[], str]) -> None:
    """What cannot be read comes back, and becomes a dead letter; the others have nothing to do with it."""
    world.put(state=CaseState.RUNNING)
    failures = events.callback(queue({"call": NUMBER}, NOTICE), context())
    assert failures == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(world.web.requests) == 1
    assert NUMBER[1:] not in printed()


def test_an_address_that_is_given_up_is_a_metric(world: Rights, printed: Callable[[], str]) -> None:
    """OpenDSR: monitor failures, and tell the controller."""
    world.put(state=CaseState.RUNNING)
    world.web.otherwise = HttpAnswer(410, {}, b"")
    assert events.callback(queue(NOTICE), context()) == {"batchItemFailures": []}
    seen = printed()
    assert "CallbackFailed" in seen
    assert "given-up" in seen


def test_a_notice_that_fails_comes_back(world: Rights, printed: Callable[[], str]) -> None:
    """Whatever it fails by."""
    world.put(state=CaseState.RUNNING)

    def fail(*_: object) -> bytes:
        raise ValueError("call " + NUMBER)

    world.signer.sign = fail  # type: ignore[method-assign]  # a bug that quotes
    assert events.callback(queue(NOTICE), context()) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert NUMBER[1:] not in printed()


# --- wiring -------------------------------------------------------------------------------------

NEEDED = {
    "settle": (settle_task, "_settle"),
    "verify": (verify_task, "_verify"),
    "watch": (events, "_watch"),
    "callback": (events, "_callback"),
}


@pytest.mark.parametrize(("module", "name"), NEEDED.values(), ids=NEEDED.keys())
def test_it_can_be_wired(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """From the variables that functions have; nothing is asked of AWS."""
    for variable, value in {**VARIABLES, "AWS_REGION": "eu-west-3"}.items():
        monkeypatch.setenv(variable, value)
    make = getattr(module, name)
    make.cache_clear()
    assert make()
    make.cache_clear()
