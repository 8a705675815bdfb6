"""Which rights are used: every grant that let a role do something is written down, and everything that was refused."""

import json
import os
import threading
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator

_LOCK = threading.Lock()
_WRITTEN: set[str] = set()


def used_rights_are_written_down() -> None:
    """Each action and resource of a policy by which a role was let in, once, into the file FUGACE_RIGHTS names.

    What AWS does by itself in a role's name (polling a queue, reading a stream, asking KMS for a table) passes no check
    here, so it is not in the file. Whoever asks as the account's root is not a role.
    """
    name = os.environ.get("FUGACE_RIGHTS")
    if not name:
        return
    file, evaluate, enforce = Path(name), iam_evaluator.evaluate, iam_evaluator.enforce

    def judged(ctx: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(ctx, policies, *limits)
        if result.decision == "Allow" and (role := _role(ctx.principal_arn)):
            _note(file, role, ctx, policies)
        return result

    def enforced(who: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any) -> Any:
        result = enforce(who, action, service, region, resource_arn, **more)
        if role := _role(getattr(result, "principal_arn", "")):
            _write(file, {"role": role, "refused": action, "on": resource_arn})
        return result

    iam_evaluator.evaluate, iam_evaluator.enforce = judged, enforced


def _role(arn: str) -> str:
    """Whose session it is; "" where it is no role's."""
    return arn.partition(":assumed-role/")[2].partition("/")[0]


def _note(file: Path, role: str, ctx: Any, policies: Any) -> None:
    """Every right that allows it, should there be more than one."""
    for statement in (each for document in policies for each in document if each.effect == "Allow"):
        if not iam_evaluator._conditions_met(statement.conditions, ctx):
            continue
        for action in statement.actions:
            if not iam_evaluator.fnmatch_iam(ctx.action, action):
                continue
            for resource in statement.resources:
                if iam_evaluator.fnmatch_iam_cs(ctx.resource_arn, resource):
                    _write(file, {"role": role, "used": action, "on": resource, "if": statement.conditions})


def _write(file: Path, line: dict[str, Any]) -> None:
    text = json.dumps(line, sort_keys=True)
    with _LOCK:
        if text in _WRITTEN:
            return
        _WRITTEN.add(text)
        with file.open("a", encoding="utf-8") as out:
            out.write(text + "\n")


REPAIRS = (used_rights_are_written_down,)
