"""Lambda: what it says when a function fails, how many of one run at once, and what wakes one."""

import os
import re
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

PATIENCE = 60  # seconds
LAST_LINE = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")


def errors_have_their_class_name() -> None:
    """`errorType` is the name of the exception's class; a process that died is `Runtime.ExitError`.

    ministack says `Runtime.HandlerError` of both, so that nothing can tell them apart.

    Source: AWS Lambda Developer Guide, "Python function errors", "Runtime API: invocation error".
    """
    execute = lambda_svc._execute_function_warm

    def run(func: dict[str, Any], event: dict[str, Any], request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = execute(func, event, request_id)
        body = result.get("body") if result.get("error") else None
        if isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            body["errorType"] = _name(str(result.get("log") or ""), str(body.get("errorMessage") or ""))
        return result

    lambda_svc._execute_function_warm = run


def an_error_ends_no_process() -> None:
    """What a handler raises fails its invocation; the process goes on to the next one.

    ministack begins a new one after each, so that whoever knocks with a wrong key waits for a cold start.

    Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", "Failures during
    the invoke phase": the environment is reset where the function crashes or runs out of time.
    """
    raised = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
    script, invoke = lambda_runtime._PYTHON_WORKER_SCRIPT, lambda_runtime.Worker.invoke
    if script.count(raised) != 1:
        raise RuntimeError("ministack's worker has changed")
    told = raised.replace('{"status": "error", ', '{"status": "ok", "result": None, "raised": True, ')
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(raised, told)

    def run(worker: Any, *args: Any, **named: Any) -> dict[str, Any]:
        response: dict[str, Any] = invoke(worker, *args, **named)
        return {**response, "status": "error"} if response.pop("raised", False) else response

    lambda_runtime.Worker.invoke = run


def a_burst_waits_its_turn() -> None:
    """A function has at most FUGACE_WORKERS processes; further calls wait for one.

    On AWS each concurrent call may get an environment of its own, on machines of AWS's. Here they share one machine
    with whoever sent the burst: two dozen cold starts at once take longer than one after the other, and time out.
    """
    most, acquire = int(os.environ.get("FUGACE_WORKERS", "0")), lambda_svc.acquire_worker
    if not most:
        return

    def patiently(name: str, config: dict[str, Any], code: bytes, *, qualifier: str = "$LATEST") -> tuple[Any, str]:
        deadline = time.monotonic() + PATIENCE
        while True:
            worker, reason = acquire(name, config, code, qualifier=qualifier, max_concurrency=most)
            if worker is not None or time.monotonic() > deadline:
                return worker, reason
            time.sleep(0.01)

    lambda_svc.acquire_worker = patiently


def filters_see_what_is_not_there() -> None:
    """`{"exists": false}` of something deep is true, too, where already what it would be in is not there.

    ministack asks for the outer part first, and a pattern about a lost attribute (`NewImage.text.B`) never fits.

    Source: AWS Lambda Developer Guide, "Filter rule syntax", and "Using DynamoDB with filtering": `exists` is asked of
    leaves alone. An event is compared by its leaves; one that is not there is absent however it came to be so.
    """
    matches = lambda_svc._match_esm_filter

    def match(record: dict[str, Any], pattern: dict[str, Any]) -> bool:
        missing = {key for key, wanted in pattern.items() if isinstance(wanted, dict) and key not in record}
        if not all(_absence(pattern[key]) for key in missing):
            return False
        there = {key: wanted for key, wanted in pattern.items() if key not in missing}
        return bool(matches(record, there))

    lambda_svc._match_esm_filter = match


def _absence(wanted: Any) -> bool:
    """Whether nothing that is there is asked for, however deep."""
    if isinstance(wanted, dict):
        return all(_absence(each) for each in wanted.values())
    return {"exists": False} in wanted


def _name(log: str, message: str) -> str:
    if message == "Worker process died":
        return "Runtime.ExitError"
    if "Traceback (most recent call last)" not in log:
        return "Runtime.HandlerError"
    tail = log.rstrip().removesuffix(message).rstrip().rstrip(":")
    found = LAST_LINE.match(tail.rsplit("\n", 1)[-1])
    return found[1].rsplit(".", 1)[-1] if found else "Runtime.HandlerError"


REPAIRS = (
    errors_have_their_class_name,
    an_error_ends_no_process,
    a_burst_waits_its_turn,
    filters_see_what_is_not_there,
)
