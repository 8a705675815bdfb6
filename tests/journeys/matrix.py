"""Every operation of docs/openapi.yaml by every role and kind of key, on one's own things and on a neighbour's."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tests.architecture.openapi import document, operations, resolved

ABSENT = {
    "message": "01890a5d-ac96-774b-bcce-b302099a8057",
    "webhook": "wh_aaaaaaaaaaaaaaaa",
    "key": "key_aaaaaaaa",
    "hold": "hold_aaaaaaaaaaaaaaaa",
    "request": "a7551968-d5d6-4bb2-9831-815ac9017799",
}
"""Ids in their forms, of nothing."""
ELSEWHERE = {"carrier": "simulator", "token": "not-a-token"}
"""What is in a path, and no tenant's."""
EXAMPLE = "019bc192-7a00-7000-8000-000000000001"
"""The message of the document's examples."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked, with a body that it would take."""

    name: str
    method: str
    path: str
    scopes: frozenset[str]
    """What a key must carry; none: whoever asks proves it in another way."""
    body: str
    """JSON, '' for none."""
    problems: frozenset[str]
    statuses: frozenset[str]

    @property
    def names(self) -> set[str]:
        """Whose ids it has a place for."""
        found = {name.removesuffix("_id") for name in re.findall("{(.+?)}", self.path)} - set(ELSEWHERE)
        return found | ({"message"} if EXAMPLE in self.body else set())

    def filled(self, ids: Mapping[str, str]) -> tuple[str, str, bytes | None]:
        """Method, path and body, about these things."""
        places = {f"{name}_id": value for name, value in ids.items()} | ELSEWHERE
        body = self.body.replace(EXAMPLE, ids["message"])
        return self.method, self.path.format(**places), body.encode() if body else None


@cache
def all_of_them(sink: str) -> list[Operation]:
    """All that the document has: one for each example of a body, and one for each scope that a parameter needs."""
    return [each for method, path, operation in operations() for each in _variants(method, path, operation, sink)]


def _variants(method: str, path: str, operation: dict[str, Any], sink: str) -> Iterator[Operation]:
    (scopes,) = [set(each["key"]) for each in operation["security"]] or [set()]
    parameters = [*document()["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    queries = [("", set())]
    for each in map(resolved, parameters):
        if needs := re.search(r"needs the scope ([a-z:]+)", each.get("description", "")):
            queries += [(f"?{each['name']}={each['schema']['enum'][0]}", {needs[1]})]
    for (query, more), (index, body) in itertools.product(queries, enumerate(_bodies(operation, sink))):
        yield Operation(
            name=f"{operation['operationId']}{query}{f' {index}' if index else ''}",
            method=method,
            path=path + query,
            scopes=frozenset(scopes | more),
            body=body,
            problems=frozenset(operation["x-problems"]),
            statuses=frozenset(operation["responses"]),
        )


def _bodies(operation: dict[str, Any], sink: str) -> list[str]:
    """The document's own examples, at a time and with addresses that make sense here."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return [""]
    values = [each["value"] for each in content.get("examples", {}).values()] or [content["example"]]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    texts = [re.sub(r"https://shop\.example", sink, json.dumps(value)) for value in values]
    return [re.sub(r'("(?:submitted_time|send_at)": )"[^"]+"', rf'\1"{now}"', text) for text in texts]


def scopes_of() -> dict[str, frozenset[str]]:
    """What each role carries, in the document's words."""
    told = document()["components"]["securitySchemes"]["key"]["description"]
    every = frozenset(scope for _, _, each in operations() for key in each["security"] for scope in key["key"])
    personal = frozenset(re.findall("needs the scope ([a-z:]+)", json.dumps(document()["components"]["parameters"])))
    named = re.findall(r"`([a-z]+)` ([^;.`]*:[^;.`]*)", told)
    return {"admin": every | personal, **{role: frozenset(re.findall("[a-z]+:[a-z]+", text)) for role, text in named}}
