"""The state machine that answers persons: its file, executed as it is, with the use cases as its functions.

What other rooms do is stood in for by as little as the machine can see of it: `Work`. A real step takes its place by
its name in `World.functions`.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.datamap.entry import Branch
from fugace.domain.case import CaseState, Found, Outcome, Right
from fugace.domain.ledger import Action
from fugace.edge import observe
from functions.dsar.course import decisions, settle, settle_task, verify_task
from functions.dsar.departure import leave
from tests.architecture.rooms import ROOT
from tests.edge.events import CONTEXT
from tests.fakes import ALICE, NOON
from tests.rights_world import DAY, Rights, case_key
from tests.workflow.asl import Execution, StateMachine

FILE = ROOT / "infra/workflows/request.asl.json"
NAMES = ("Settle", "Verify", "Export", "Erase", "Recall", "Amend", "Certify", "Depart", "Leave")
STEPS = {
    "settle": {*decisions.STEPS, settle.FAILED},
    "verify": {""},
    "export": {""},
    "erase": {"begin", "gather", "messages", "schedules", "archives", "cases", "probe"},
    "recall": {"carriers"},
    "amend": {""},
    "certify": {""},
    "depart": {""},
    "leave": set(leave._STEPS),
}
"""What each function can be asked for."""
DRAIN = 300
HORIZON = 35 * DAY


class BrokenError(Exception):
    """A step fails, and says more than it should."""


@dataclass
class Work:
    """Stand-ins for what other rooms do: each in two pieces, noting what the machine decides by."""

    world: Rights
    pieces: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many were done, over all runs."""
    fails: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often it fails before it does not."""
    held: set[str] = field(default_factory=set)
    """Branches in which a legal hold keeps something."""

    def of(self, name: str) -> Callable[[dict[str, Any]], Any]:
        """An entry point."""

        @observe.entry
        def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
            step = event.get("step", "")
            if self.fails.get((name, step), 0) > 0:
                self.fails[name, step] -= 1
                raise BrokenError("call " + ALICE.reveal())
            self.pieces[name, step] += 1
            if step in set(Branch):
                outcome = Outcome.HELD if step in self.held else Outcome.ERASED
                self.world.requests.note(case_key(), step, Found(outcome, 2, int(step in self.held)))
            if name == "certify":
                self._certify()
            more = name in {"export", "amend", "recall"} or step in {"gather", *Branch}
            return {"more": self.pieces[name, step] % 2 == 1} if more else {}

        return lambda event: handle(event, CONTEXT)

    def _certify(self) -> None:
        case = self.world.case()
        if case.state is CaseState.COMPLETED:
            self.world.change(certificate="final")
        elif not case.certificate:
            self.world.change(certificate="erased", final_at=self.world.clock() + HORIZON)


@dataclass
class World:
    """One tenant, the machine, and all that it asks."""

    rights: Rights
    work: Work
    machine: StateMachine
    said: list[Execution] = field(default_factory=list)

    def run(self) -> Execution:
        """The next execution, as the watch or the intake begins one."""
        number = len(self.said) + 1
        name = f"{case_key().tenant}-{case_key().id}-{number}"
        self.rights.machine.start(case_key(), number)
        self.said.append(self.machine.run({"request": str(case_key())}, name))
        self.rights.machine.over.add((case_key(), number))
        return self.said[-1]

    def resume(self, **later: float) -> Execution:
        """Let time pass; then the watch finds it, and begins another one."""
        self.rights.clock.tick(**later)
        before = len(self.rights.machine.started)
        self.rights.watch()
        assert len(self.rights.machine.started) == before + 1
        return self.run()

    @property
    def state(self) -> CaseState:
        return self.rights.case().state


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    rights = Rights()
    work = Work(rights)
    monkeypatch.setattr(settle_task, "_settle", lambda: rights.settle)
    monkeypatch.setattr(verify_task, "_verify", lambda: rights.verify)
    functions: dict[str, Callable[[dict[str, Any]], Any]] = {name.lower(): work.of(name.lower()) for name in NAMES}
    functions["settle"] = lambda event: settle_task.handle(event, CONTEXT)
    functions["verify"] = lambda event: verify_task.handle(event, CONTEXT)
    names = {name: name.lower() for name in NAMES} | {"Partition": "aws", "DrainSeconds": str(DRAIN)}
    machine = StateMachine.read(FILE, names, functions=functions, clock=rights.clock)
    it = World(rights, work, machine)
    yield it
    assert_nothing_told(it)  # of every path, failures included


def assert_nothing_told(world: World) -> None:
    """I2: what stays in the history for 90 days is ids, words and times; the number, a hash of it or a code is not."""
    values = {text for execution in world.said for text in _texts(execution.history)}
    words = re.compile(
        r"ten_[a-z2-7]{16}(/|-)[0-9a-f-]{36}(-\d+)?|[A-Za-z. ?]{0,40}|token-\d+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
        r'|\{"errorMessage": "failed", "errorType": "FailedError", "stackTrace": \[\]\}'
    )
    assert {value for value in values if not words.fullmatch(value)} == set()
    whole = json.dumps([execution.history for execution in world.said])
    assert ALICE.reveal()[1:] not in whole
    for record in world.rights.messages.rows.values():
        assert record.subject not in whole


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


# --- the file ------------------------------------------------------------------------------------


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from states(branch)


def test_every_step_that_is_asked_for_is_somebodys(world: World) -> None:
    """Names of functions, and words."""
    asked = {name: set[str]() for name in STEPS}
    for _, state in states(world.machine.definition):
        if state["Type"] == "Task":
            payload = state["Parameters"]["Payload"]
            asked[state["Parameters"]["FunctionName"]].add(payload.get("step", ""))
            if "place" in payload:
                assert payload["place"] in set(Branch)
    assert asked == STEPS


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_function_has_its_entry_point(name: str) -> None:
    """`<name>_task.py`, in one of the rooms of functions/dsar: what infra packs."""
    assert list((ROOT / "functions/dsar").rglob(f"{name.strip('${}').lower()}_task.py"))


def test_whatever_fails_is_caught_and_every_state_is_used(world: World) -> None:
    """But for the two that write down that something failed: behind them there is only the watch."""
    tasks = {name: state for name, state in states(world.machine.definition) if state["Type"] == "Task"}
    uncaught = {name for name, state in tasks.items() if "Catch" not in state}
    assert uncaught == {"Broken", *(f"{branch.title()} failed" for branch in Branch if branch is not Branch.KEY)}
    assert all(state["Retry"] for state in tasks.values())
    text = json.dumps(world.machine.definition)
    assert all(f'"{name}"' in text.replace(f'"{name}": {{', "", 1) for name, _ in states(world.machine.definition))


def test_what_enters_is_the_id_alone_and_what_a_step_says_is_words(world: World) -> None:
    """Every task is given the request's id, a word, and a token where it waits."""
    for name, state in states(world.machine.definition):
        if state["Type"] == "Task":
            given = {each.removesuffix(".$") for each in state["Parameters"]["Payload"]}
            assert given <= {"request", "step", "place", "token"}, name
            taken = {each.removesuffix(".$") for each in state.get("ResultSelector", {})}
            assert taken <= {"next", "until", "more"}, name
            assert state["ResultPath"] in {None, "$.it"}, name
            assert all(catcher["ResultPath"] is None for catcher in state.get("Catch", ())), name
        if state["Type"] == "Pass":
            assert state["Result"] == {}, name


# --- paths ---------------------------------------------------------------------------------------


def test_an_attested_erasure(world: World) -> None:
    """Waits, is erased place by place, probed, certified, finished; five weeks later certified for good."""
    world.rights.put()
    done = world.run()

    assert (done.status, world.state) == ("SUCCEEDED", CaseState.COMPLETED)
    assert world.rights.clock() == NOON + DAY + timedelta(seconds=DRAIN)
    order = ["Begin", "Wait", "Start", "Tombstone", "Drain", "Gather", "Places", "Probe", "Close", "Certify", "Finish"]
    assert [name for name in done.states if name in order and done.states.count(name) < 2] == [
        name for name in order if name != "Gather"
    ]
    assert done.states.count("Gather") == done.states.count("Messages") == 2  # there was more
    assert {place: found.outcome for place, found in world.rights.case().places.items()} == {
        branch.value: Outcome.ERASED for branch in Branch if branch is not Branch.KEY
    }
    assert world.rights.actions() == [Action.ERASED, Action.REQUEST_DONE]

    final = world.resume(days=35)
    assert [name for name in final.states if name not in {"Identified?", "Over"}] == ["Begin", "Certify", "Finish"]
    assert (world.rights.case().certificate, world.rights.case().final_at) == ("final", None)
    world.rights.clock.tick(days=99)
    assert world.rights.watch().started == 0
    assert world.rights.actions() == [Action.ERASED, Action.REQUEST_DONE]


@pytest.mark.parametrize(
    ("right", "work"),
    [
        (Right.ACCESS, "export"),
        (Right.PORTABILITY, "export"),
        (Right.RECTIFICATION, "amend"),
        (Right.OBJECTION, "amend"),
    ],
)
def test_an_attested_one_that_destroys_nothing(world: World, right: Right, work: str) -> None:
    """At once, piece by piece; nobody who erases is asked."""
    world.rights.put(right=right)
    assert world.run().status == "SUCCEEDED"
    assert (world.state, world.rights.clock()) == (CaseState.COMPLETED, NOON)
    assert world.work.pieces == {(work, ""): 2}


def test_one_that_is_proved(world: World) -> None:
    """The code goes out as a message; its answer wakes the machine."""
    world.rights.put_otp(right=Right.ACCESS)

    def given(token: str) -> bool:
        world.rights.clock.tick(minutes=3)
        assert world.rights.case().token == token
        world.rights.change(code=b"")  # as the endpoint does: used up
        return True

    world.machine.on_token = given
    assert world.run().status == "SUCCEEDED"
    assert (world.state, len(world.rights.messages.rows)) == (CaseState.COMPLETED, 1)
    assert world.rights.clock() == NOON + timedelta(minutes=3)


def test_one_that_nobody_proves(world: World) -> None:
    """Ten minutes, and it is closed; nothing was done to the person."""
    world.rights.put_otp()
    done = world.run()
    assert (done.status, world.state) == ("SUCCEEDED", CaseState.UNVERIFIED)
    assert world.rights.clock() == NOON + timedelta(minutes=10)
    assert world.work.pieces == {}
    assert world.rights.seals.keys == {}


def test_one_for_which_no_code_may_be_sent(world: World) -> None:
    """It is closed at once."""
    world.rights.put_otp(run=4)
    assert world.run().status == "SUCCEEDED"
    assert (world.state, world.rights.clock()) == (CaseState.UNVERIFIED, NOON)


def test_a_code_that_we_could_not_send_is_sent_later(world: World) -> None:
    """That is our trouble, and no proof of anything against the person."""
    world.rights.put_otp(right=Right.ACCESS)
    world.rights.messages.broken = True
    assert world.run().status == "SUCCEEDED"
    assert (world.state, world.rights.messages.rows) == (CaseState.VERIFYING, {})

    world.rights.messages.broken = False
    world.machine.on_token = lambda token: world.rights.case().token == token
    assert world.resume(minutes=26).status == "SUCCEEDED"
    assert (world.state, len(world.rights.messages.rows)) == (CaseState.COMPLETED, 1)


@pytest.mark.parametrize("end", [CaseState.CANCELLED, CaseState.DENIED])
@pytest.mark.parametrize("right", [Right.ERASURE, Right.ACCESS])
def test_one_that_is_ended_while_its_code_is_out(world: World, end: CaseState, right: Right) -> None:
    """Whoever answers the token then proves nothing any more."""
    world.rights.put_otp(right=right)

    def given(_token: str) -> bool:
        world.rights.change(state=end, finished=NOON)
        return True

    world.machine.on_token = given
    assert world.run().status == "SUCCEEDED"
    assert (world.state, world.work.pieces) == (end, {})
    assert (world.rights.seals.keys, world.rights.case().sealed) == ({}, b"")


def test_one_that_is_cancelled_while_it_waits(world: World) -> None:
    """A day is for that."""
    world.rights.put()
    begin = world.machine.functions["settle"]

    def cancelled(event: dict[str, Any]) -> Any:
        if event["step"] == "start":
            world.rights.change(state=CaseState.CANCELLED, finished=world.rights.clock())
        return begin(event)

    world.machine.functions = {**world.machine.functions, "settle": cancelled}
    assert world.run().status == "SUCCEEDED"
    assert (world.state, world.work.pieces, world.rights.seals.keys) == (CaseState.CANCELLED, {}, {})


def test_one_of_which_a_place_fails_goes_on_from_there(world: World) -> None:
    """The others are done; a later run mends it, and does not wait or ask for anything again."""
    world.rights.put()
    world.work.fails["erase", "messages"] = 5
    first = world.run()

    assert (first.status, world.state) == ("SUCCEEDED", CaseState.PARTIAL)
    found = {place: found.outcome for place, found in world.rights.case().places.items()}
    assert found.pop("messages") is Outcome.FAILED
    assert set(found.values()) == {Outcome.ERASED}
    assert "Certify" not in first.states

    second = world.resume(minutes=15)
    assert (second.status, world.state) == ("SUCCEEDED", CaseState.COMPLETED)
    assert "Wait" not in second.states
    assert world.work.pieces["certify", ""] == 1
    assert world.rights.actions() == [Action.ERASED, Action.REQUEST_DONE]


def test_one_of_which_something_is_held_goes_on_when_the_hold_is_lifted(world: World) -> None:
    """By itself; the date stays what it was."""
    world.rights.put()
    due, world.work.held = world.rights.case().due, {"messages"}
    assert world.run().status == "SUCCEEDED"
    assert world.state is CaseState.HELD

    world.work.held = set()
    assert world.resume(minutes=15).status == "SUCCEEDED"
    assert (world.state, world.rights.case().due) == (CaseState.COMPLETED, due)
    facts = [entry.draft.facts.get("state") for entry in world.rights.ledger.chains[case_key().tenant]]
    assert facts == ["held", "completed", "completed"]


@pytest.mark.parametrize(
    ("name", "step"),
    [("erase", "begin"), ("erase", "gather"), ("erase", "probe"), ("certify", "")],
)
def test_one_of_which_a_step_is_broken(world: World, name: str, step: str) -> None:
    """The execution fails, and says nothing; somebody is woken; a later run goes on."""
    world.rights.put()
    world.work.fails[name, step] = 5
    done = world.run()
    assert (done.status, done.history[-1]) == ("FAILED", {"error": "NotDone", "cause": "see the request"})
    assert world.state is CaseState.PARTIAL

    assert world.resume(minutes=15).status == "SUCCEEDED"
    assert (world.state, world.work.pieces["certify", ""]) == (CaseState.COMPLETED, 1)
    assert world.rights.actions() == [Action.ERASED, Action.REQUEST_DONE]


@pytest.mark.parametrize("step", ["export", "amend"])
def test_a_step_that_fails_now_and_then_is_repeated(world: World, step: str) -> None:
    """Four times, longer and longer apart."""
    world.rights.put(right=Right.ACCESS if step == "export" else Right.RESTRICTION)
    world.work.fails[step, ""] = 4
    assert world.run().status == "SUCCEEDED"
    assert world.state is CaseState.COMPLETED


def test_a_final_certificate_that_fails_is_made_later(world: World) -> None:
    """The request stays completed."""
    world.rights.put()
    world.run()
    world.work.fails["certify", ""] = 5
    assert world.resume(days=35).status == "FAILED"
    assert world.state is CaseState.COMPLETED
    assert world.resume(hours=2).status == "SUCCEEDED"
    assert world.rights.case().certificate == "final"


def test_a_machine_that_cannot_even_write_down_that_it_failed(world: World) -> None:
    """The watch looks whether it is alive."""
    world.rights.put()
    real = world.machine.functions["settle"]

    def down(event: dict[str, Any]) -> Any:
        if event["step"] in {"close", "broken"}:
            raise observe.FailedError("failed")
        return real(event)

    world.machine.functions = {**world.machine.functions, "settle": down}
    assert world.run().status == "FAILED"
    assert world.state is CaseState.RUNNING

    world.machine.functions = {**world.machine.functions, "settle": real}
    assert world.resume(minutes=16).status == "SUCCEEDED"
    assert world.state is CaseState.COMPLETED


def test_an_execution_that_is_gone_at_any_task_is_followed_by_one_that_goes_on(world: World) -> None:
    """Before each task, enumerated: the second one never waits, asks or decides again, and there is one certificate."""
    world.rights.put(1)
    tasks = 0
    while True:
        rights = Rights()
        rights.put()
        _transplant(world, rights)
        world.machine.abort_at = tasks
        first = world.run()
        if first.status != "ABORTED":
            break
        again = world.resume(days=2)
        assert (again.status, world.state) == ("SUCCEEDED", CaseState.COMPLETED), tasks
        if "Start" in first.states[:-1]:
            assert "Wait" not in again.states
        assert rights.actions() == [Action.ERASED, Action.REQUEST_DONE]
        assert rights.case().certificate == "erased"
        tasks += 1
    assert tasks > 15


def _transplant(world: World, rights: Rights) -> None:
    """The same machine, over a world of its own."""
    world.rights, world.work.world, world.said = rights, rights, []
    world.work.pieces.clear()
    world.machine.calls.clear()
    world.machine.clock = rights.clock
    settle_task._settle = lambda: rights.settle  # type: ignore[assignment]  # undone with the fixture's
    verify_task._verify = lambda: rights.verify  # type: ignore[assignment]  # undone with the fixture's


def test_a_redrive_begins_with_what_is_not_done(world: World) -> None:
    """One that is completed is left alone, whoever begins an execution."""
    world.rights.put()
    world.run()
    before = replace(world.rights.case())
    calls = len(world.machine.calls)
    assert world.run().status == "SUCCEEDED"
    assert world.machine.calls[calls:] == [("settle", "begin")]
    assert world.rights.case() == before
