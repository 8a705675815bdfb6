"""Executes a state machine's ASL file as it is, in this process: as much of the language as ours uses, and no more.

Whatever else the file should come to use is an error here. Waiting moves the clock; functions are called with what
Lambda would be given, through JSON; what an execution's history would hold is kept, word for word.

Source:
    Amazon States Language, https://states-language.net/spec.html, and the service integration `lambda:invoke`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tests.fakes import FakeClock

Function = Callable[[dict[str, Any]], Any]
INVOKE = "arn:aws:states:::lambda:invoke"
WAIT_FOR_TOKEN = INVOKE + ".waitForTaskToken"


class StateError(Exception):
    """What a state fails with: an error's name, and a cause."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error, self.cause = error, cause


class AbortedError(BaseException):
    """The execution is gone: nothing in the file can catch it."""


@dataclass(frozen=True)
class Execution:
    """How one ended, and what its history holds."""

    status: str
    """SUCCEEDED, FAILED or ABORTED."""
    states: list[str]
    """The names it went through, in order; those of branches one after the other."""
    history: list[object]
    """Inputs, outputs, errors and causes."""


@dataclass
class StateMachine:
    """A definition, and what its names stand for."""

    definition: dict[str, Any]
    functions: Mapping[str, Function]
    clock: FakeClock
    on_token: Callable[[str], bool] = lambda _: False
    """Called while a task waits for its token to be answered; False: nobody does, and it times out."""
    abort_at: int | None = None
    """Before which task, from 0, the execution is aborted."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """(function, step) of each that was called, over all executions."""
    numbers: Any = field(default_factory=count)

    @classmethod
    def read(cls, path: Path, names: Mapping[str, str], **more: Any) -> "StateMachine":
        """Put `names` in for `${…}`."""
        text = re.sub(r"\$\{(\w+)\}", lambda match: names[match[1]], path.read_text())
        return cls(json.loads(text), **more)

    def run(self, given: dict[str, Any], name: str) -> Execution:
        """One execution."""
        run = _Run(self, [], [{"name": name, "input": given}])
        self.numbers = count()
        try:
            output = run.through(self.definition, given)
        except StateError as failed:
            run.history.append({"error": failed.error, "cause": failed.cause})
            return Execution("FAILED", run.states, run.history)
        except AbortedError:
            return Execution("ABORTED", run.states, run.history)
        run.history.append({"output": output})
        return Execution("SUCCEEDED", run.states, run.history)


@dataclass
class _Run:
    machine: StateMachine
    states: list[str]
    history: list[object]

    def through(self, machine: Mapping[str, Any], given: Any) -> Any:
        name: str | None = machine["StartAt"]
        while name:
            state = machine["States"][name]
            self.states.append(name)
            self.history.append({"state": name, "input": given})
            given, name = self._enter(state, given)
            self.history.append({"output": given})
        return given

    def _enter(self, state: Mapping[str, Any], given: Any) -> tuple[Any, str | None]:
        following = None if state.get("End") else state.get("Next")
        kind = getattr(self, "_" + state["Type"].lower())
        attempts = [0] * len(state.get("Retry", ()))
        while True:
            try:
                output = kind(state, given)
            except StateError as failed:
                self.history.append({"error": failed.error, "cause": failed.cause})
                if self._retries(state, failed, attempts):
                    continue
                for catcher in state.get("Catch", ()):
                    if _matches(catcher, failed):
                        error = {"Error": failed.error, "Cause": failed.cause}
                        return _placed(catcher.get("ResultPath", "$"), given, error), catcher["Next"]
                raise
            return (given, output) if state["Type"] == "Choice" else (output, following)

    def _retries(self, state: Mapping[str, Any], failed: StateError, attempts: list[int]) -> bool:
        for place, retrier in enumerate(state.get("Retry", ())):
            if _matches(retrier, failed):
                attempts[place] += 1
                if attempts[place] > retrier.get("MaxAttempts", 3):
                    return False
                wait = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** (attempts[place] - 1)
                self.machine.clock.tick(seconds=min(wait, retrier["MaxDelaySeconds"]))
                return True
        return False

    # One method a type.

    def _task(self, state: Mapping[str, Any], given: Any) -> Any:
        machine, token = self.machine, f"token-{next(self.machine.numbers)}"
        if machine.abort_at is not None and len(machine.calls) >= machine.abort_at:
            machine.abort_at = None
            raise AbortedError
        asked = _filled(state["Parameters"], given, {"Task": {"Token": token}})
        self.history.append({"parameters": asked})
        function, payload = asked["FunctionName"], json.loads(json.dumps(asked["Payload"]))
        machine.calls.append((function, payload.get("step", "")))
        result: Any = {"Payload": self._invoke(function, payload)}
        self.history.append({"result": result})
        if state["Resource"] == WAIT_FOR_TOKEN:
            began = machine.clock()
            if not machine.on_token(token):
                machine.clock.now = max(machine.clock(), began + timedelta(seconds=state["TimeoutSeconds"]))
                raise StateError("States.Timeout")
            result = {}
        elif state["Resource"] != INVOKE:
            raise NotImplementedError(state["Resource"])
        if "ResultSelector" in state:
            result = _filled(state["ResultSelector"], result, {})
        return _placed(state.get("ResultPath", "$"), given, result)

    def _invoke(self, function: str, payload: dict[str, Any]) -> Any:
        try:
            return json.loads(json.dumps(self.machine.functions[function](payload)))
        except Exception as error:  # noqa: BLE001  # whatever a function raises is an error of its state
            cause = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []})
            raise StateError(type(error).__name__, cause) from None

    def _choice(self, state: Mapping[str, Any], given: Any) -> str:
        for rule in state["Choices"]:
            value, known = _found(rule["Variable"], given), set(rule) - {"Variable", "Next"}
            (operator,) = known
            if operator not in {"StringEquals", "BooleanEquals"}:
                raise NotImplementedError(operator)
            if type(value) is type(rule[operator]) and value == rule[operator]:
                return str(rule["Next"])
        return str(state["Default"])

    def _wait(self, state: Mapping[str, Any], given: Any) -> Any:
        clock = self.machine.clock
        if "Seconds" in state:
            clock.tick(seconds=state["Seconds"])
        else:
            text = _found(state["TimestampPath"], given)
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
                raise StateError("States.Runtime", "not a timestamp")
            clock.now = max(clock(), datetime.fromisoformat(text))
        return given

    def _parallel(self, state: Mapping[str, Any], given: Any) -> Any:
        results = [self.through(branch, json.loads(json.dumps(given))) for branch in state["Branches"]]
        return _placed(state.get("ResultPath", "$"), given, results)

    def _pass(self, state: Mapping[str, Any], given: Any) -> Any:
        return state.get("Result", given)

    def _fail(self, state: Mapping[str, Any], _given: Any) -> Any:
        raise StateError(state["Error"], state["Cause"])


def _matches(rule: Mapping[str, Any], failed: StateError) -> bool:
    return bool({"States.ALL", failed.error} & set(rule["ErrorEquals"]))


def _found(path: str, given: Any) -> Any:
    """`$`, `$.a.b`. A path that leads nowhere fails the execution, as it would there."""
    for name in path.split(".")[1:]:
        if not isinstance(given, dict) or name not in given:
            raise StateError("States.Runtime", "a path leads nowhere")
        given = given[name]
    return given


def _filled(template: Any, given: Any, context: Any) -> Any:
    if not isinstance(template, dict):
        return template
    filled = {}
    for name, value in template.items():
        if name.endswith(".$"):
            filled[name[:-2]] = _found(value[1:], context) if value.startswith("$$") else _found(value, given)
        else:
            filled[name] = _filled(value, given, context)
    return filled


def _placed(path: str | None, given: Any, result: Any) -> Any:
    if path is None:
        return given
    if path == "$":
        return result
    (name,) = path.split(".")[1:]
    return {**given, name: result}
