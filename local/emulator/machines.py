"""Step Functions: what fails a run, whose a token is, and what a history tells."""

import json
import threading
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions
from ministack.services import stepfunctions

State = dict[str, Any]
RUNTIME = "States.Runtime"
NEVER_CAUGHT = {RUNTIME, "States.DataLimitExceeded"}


def a_path_that_leads_nowhere_ends_the_run() -> None:
    """A field that is to be taken from where nothing is fails the run; ministack puts null there.

    Source: Amazon States Language, "Payload Template"; AWS Step Functions Developer Guide, "Handling errors":
    `States.Runtime`.
    """
    resolve = stepfunctions._resolve_params_obj

    def resolved(template: Any, data: Any, ctx: Any = None) -> Any:
        for key, path in template.items() if isinstance(template, dict) else ():
            if key.endswith(".$") and isinstance(path, str) and path.startswith("$"):
                _found(path, (ctx or {}) if path.startswith("$$.") else data)
        return resolve(template, data, ctx)

    stepfunctions._resolve_params_obj = resolved


def _found(path: str, data: Any) -> Any:
    """What a plain path leads to; one with a filter or a wildcard always leads somewhere."""
    names = path.lstrip("$").strip(".")
    if not names or not names.replace(".", "").replace("_", "").isalnum():
        return data
    for name in names.split("."):
        if not isinstance(data, dict) or name not in data:
            raise stepfunctions._ExecutionError(RUNTIME, f"The path {path} leads nowhere.")
        data = data[name]
    return data


def a_wait_for_no_time_ends_the_run() -> None:
    """A state that waits until a time has to find one; ministack goes on at once.

    Source: Amazon States Language, "Wait State": `TimestampPath` must lead to a timestamp of RFC 3339.
    """
    wait = stepfunctions._execute_wait

    def waited(state: State, given: Any, ctx: Any = None) -> Any:
        if path := state.get("TimestampPath"):
            until = _found(path, given)
            if not isinstance(until, str) or "T" not in until or stepfunctions._parse_ts(until) is None:
                raise stepfunctions._ExecutionError(RUNTIME, f"There is no timestamp at {path}.")
        return wait(state, given, ctx)

    stepfunctions._execute_wait = waited


def mistakes_of_the_definition_are_not_caught() -> None:
    """`States.ALL` catches and repeats everything but what is wrong with the definition, or too large.

    Source: AWS Step Functions Developer Guide, "Handling errors": `States.ALL`, `States.DataLimitExceeded`,
    `States.Runtime`.
    """
    matches = stepfunctions._error_matches
    stepfunctions._error_matches = lambda names, error: error not in NEVER_CAUGHT and matches(names, error)


def a_function_that_failed_is_not_waited_for() -> None:
    """A task that waits for its token fails at once if the function that was to pass it on fails.

    ministack waits for the token all the same, for as long as the task may take.

    Source: AWS Step Functions Developer Guide, "Wait for a Callback with Task Token".
    """
    call, invoke = stepfunctions._call_lambda, stepfunctions._invoke_with_callback

    def called(function: Any, event: Any) -> Any:
        token = _waiting.get()
        try:
            return call(function, event)
        except stepfunctions._ExecutionError as error:
            if token and (info := stepfunctions._task_tokens.get(token)):
                info["error"] = {"Error": error.error, "Cause": error.cause}
                info["event"].set()
            raise

    def invoked(resource: str, data: Any, token: str, state: State) -> Any:
        before = _waiting.set(token)
        try:
            return invoke(resource, data, token, state)
        finally:
            _waiting.reset(before)

    stepfunctions._call_lambda, stepfunctions._invoke_with_callback = called, invoked


def a_token_is_its_machines() -> None:
    """The resource of `states:SendTaskSuccess` and its like is the machine that gave the token.

    ministack looks for a policy on `*`, so that one that names a machine refuses.

    Source: Service Authorization Reference, "Actions defined by AWS Step Functions"; CDK's `grantTaskResponse`.
    """
    invoke, extract = stepfunctions._invoke_with_callback, iam_actions.extract_resource_arn

    def invoked(resource: str, data: Any, token: str, state: State) -> Any:
        run = _run.get() or {}
        _givers[token] = str(run.get("stateMachineArn", ""))
        return invoke(resource, data, token, state)

    def arn(service: str, *call: Any) -> str:
        found: str = extract(service, *call)
        if service != "states" or found != "*":
            return found
        try:
            token = json.loads(call[3] or b"{}").get("taskToken", "")
        except ValueError:
            token = ""
        return _givers.get(token) or _only_machine()

    stepfunctions._invoke_with_callback, iam_actions.extract_resource_arn = invoked, arn


def _only_machine() -> str:
    """On AWS a token tells itself whose it is; here one from before a restart is that of the only machine there is."""
    machines = [str(each["stateMachineArn"]) for each in stepfunctions._state_machines.values()]
    return machines[0] if len(machines) == 1 else "*"


def histories_tell_of_branches() -> None:
    """The states of a branch are in the history like any other, each task with what it was asked.

    ministack tells of the outermost states alone, and of tasks only that there were some: a test that looks for a
    number in histories would look at a part of them.

    Source: AWS Step Functions API Reference, "HistoryEvent", "TaskScheduledEventDetails".
    """
    for kind in ("pass", "choice", "wait", "task", "parallel", "map"):
        name = f"_execute_{kind}"
        setattr(stepfunctions, name, _telling(kind.title(), getattr(stepfunctions, name)))
    inside, parameters, add = (
        stepfunctions._run_sub_machine,
        stepfunctions._apply_parameters,
        stepfunctions._add_event,
    )

    def run(states: Any, start: Any, given: Any, execution: State, ctx: State) -> Any:
        before = _branch.set(execution)
        try:
            return inside(states, start, given, execution, {**ctx})  # each branch is at a state of its own
        finally:
            _branch.reset(before)

    def applied(state: State, data: Any, ctx: Any = None) -> Any:
        _asked.last = parameters(state, data, ctx)
        return _asked.last

    def added(execution: State, kind: str, details: Any = None) -> Any:
        if kind == "TaskScheduled" and details:
            details["taskScheduledEventDetails"] |= {
                "parameters": json.dumps(getattr(_asked, "last", {})),
                "region": execution["executionArn"].split(":")[3],
            }
        return add(execution, kind, details)

    stepfunctions._run_sub_machine, stepfunctions._apply_parameters, stepfunctions._add_event = run, applied, added


def _telling(kind: str, execute: Any) -> Any:
    """The same, and two events, where it is a state of a branch."""

    def run(state: State, given: Any, *more: Any) -> Any:
        execution = _branch.get()
        if execution is None:
            return execute(state, given, *more)
        name = more[-1]["State"]["Name"]
        entered = {"stateEnteredEventDetails": {"name": name, "input": json.dumps(given)}}
        stepfunctions._add_event(execution, f"{kind}StateEntered", entered)
        answer, following = execute(state, given, *more)
        exited = {"stateExitedEventDetails": {"name": name, "output": json.dumps(answer)}}
        stepfunctions._add_event(execution, f"{kind}StateExited", exited)
        return answer, following

    return run


def runs_know_what_they_are() -> None:
    """What goes on within a task can see of which run it is."""
    execute = stepfunctions._execute_task

    def executed(state: State, given: Any, execution: State, ctx: State) -> Any:
        before = _run.set(execution)
        try:
            return execute(state, given, execution, ctx)
        finally:
            _run.reset(before)

    stepfunctions._execute_task = executed


_branch: ContextVar[State | None] = ContextVar("branch", default=None)
_run: ContextVar[State | None] = ContextVar("run", default=None)
_waiting: ContextVar[str] = ContextVar("waiting", default="")
_asked = threading.local()
_givers: dict[str, str] = {}

REPAIRS = (
    a_path_that_leads_nowhere_ends_the_run,
    a_wait_for_no_time_ends_the_run,
    mistakes_of_the_definition_are_not_caught,
    a_function_that_failed_is_not_waited_for,
    runs_know_what_they_are,
    a_token_is_its_machines,
    histories_tell_of_branches,
)
