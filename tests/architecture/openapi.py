"""docs/openapi.yaml as tests read it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from tests.architecture.rooms import ROOT

METHODS = {"get", "post", "put", "patch", "delete"}


@cache
def document() -> dict[str, Any]:
    """The whole of it."""
    content = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
    assert isinstance(content, dict)
    return content


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything that can be called."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield method.upper(), path, operation


def resolved(thing: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to; anything else as it is."""
    while "$ref" in thing:
        found: Any = document()
        for step in thing["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        thing = found
    return thing


def wrong(schema: dict[str, Any], value: object) -> str:
    """What is wrong with `value` by a schema of the document; '' where nothing is."""
    whole = {**schema, "components": document()["components"]}
    error = best_match(Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value))
    return f"{error.json_path}: {error.message}" if error else ""


def mismatch(method: str, path: str, answer: dict[str, Any]) -> str:
    """What is wrong with a proxy's answer, by what the document says of `method` and `path`; '' where nothing is."""
    fitting = [each for each in document()["paths"] if re.fullmatch(re.sub("{.+?}", "[^/]+", each), path)]
    operation = document()["paths"][min(fitting, key=len)].get(method.lower()) if fitting else None
    if operation is None:
        return "" if answer["statusCode"] == HTTPStatus.NOT_FOUND else "is not described"
    response = operation["responses"].get(str(answer["statusCode"]))
    if response is None:
        return f"{answer['statusCode']} is not listed"
    content = resolved(response).get("content")
    if content is None:
        return "has a body" if answer["body"] else ""
    kind = answer["multiValueHeaders"]["Content-Type"][0]
    if kind not in content:
        return f"{kind} is not listed"
    body = json.loads(answer["body"]) if "json" in kind else answer["body"]
    return wrong(content[kind]["schema"], body) or _code(operation, body)


def _code(operation: dict[str, Any], body: object) -> str:
    """A problem has to be one that the operation lists."""
    kind = body.get("type", "") if isinstance(body, dict) else ""
    code = kind.removeprefix("/problems/")
    return f"{code} is not listed" if kind != code and code not in operation["x-problems"] else ""
