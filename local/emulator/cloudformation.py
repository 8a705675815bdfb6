"""CloudFormation: how a repair comes after one of ministack's provisioners, and what to do with a type it lacks.

Each repair in local/emulator/dropped.py is given a resource's name and its properties once ministack has created or
updated it, and does what is missing through the service's own code. What cannot be done fails the deployment.
tests/journeys/test_deployed.py compares what was deployed with the template, so that no loss goes unnoticed.
"""

import functools
import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Completion = Callable[[str, Properties, Properties], object]


def after(*types: str) -> Callable[[Completion], Callable[[], None]]:
    """Make a repair of a function that completes resources of these types: (name, properties, properties before)."""

    def repair(complete: Completion) -> Callable[[], None]:
        @functools.wraps(complete)
        def install() -> None:
            for type_ in types:
                handler = provisioners._RESOURCE_HANDLERS[type_]
                handler["create"] = _created(handler["create"], complete)
                handler["update"] = _updated(handler["update"], complete)

        return install

    return repair


def _created(create: Callable[..., Any], complete: Completion) -> Callable[..., Any]:
    @functools.wraps(create)
    def run(logical: str, new: Properties, stack: str) -> Any:
        result = create(logical, new, stack)
        _checked(complete(result[0], new, {}))
        return result

    return run


def _updated(update: Callable[..., Any], complete: Completion) -> Callable[..., Any]:
    @functools.wraps(update)  # ministack looks at the signature
    def run(name: str, old: Properties, new: Properties, *more: Any, **named: Any) -> Any:
        result = update(name, old, new, *more, **named)
        _checked(complete(result[0] if isinstance(result, tuple) else name, new, old))
        return result

    return run


def _checked(answer: object) -> None:
    """A service's answer is (status, headers, body); a refusal fails the deployment."""
    if isinstance(answer, tuple) and answer[0] >= HTTPStatus.BAD_REQUEST:
        msg = f"local/emulator/cloudformation.py: {answer[2]!r}"
        raise ValueError(msg)


def unknown_types_are_recorded() -> None:
    """Types that ministack refuses deploy as placeholders: FUGACE_PLACEHOLDERS names them. They do nothing."""

    def create(logical: str, _properties: Properties, stack: str) -> tuple[str, Properties]:
        return f"{stack}-{logical}", {"Arn": f"arn:aws:placeholder:::{stack}-{logical}"}

    def update(name: str, _old: Properties, _new: Properties, _stack: str) -> tuple[str, Properties]:
        return name, {"Arn": f"arn:aws:placeholder:::{name}"}

    def delete(_name: str, _properties: Properties) -> None:
        return None

    for type_ in os.environ.get("FUGACE_PLACEHOLDERS", "").split():
        known = provisioners._RESOURCE_HANDLERS
        known.setdefault(type_, {"create": create, "update": update, "delete": delete})


REPAIRS = (unknown_types_are_recorded,)
