"""Lambda: what it says when a function fails."""

import re
from typing import Any

from ministack.services import lambda_svc

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


def _name(log: str, message: str) -> str:
    if message == "Worker process died":
        return "Runtime.ExitError"
    if "Traceback (most recent call last)" not in log:
        return "Runtime.HandlerError"
    tail = log.rstrip().removesuffix(message).rstrip().rstrip(":")
    found = LAST_LINE.match(tail.rsplit("\n", 1)[-1])
    return found[1].rsplit(".", 1)[-1] if found else "Runtime.HandlerError"


REPAIRS = (errors_have_their_class_name,)
