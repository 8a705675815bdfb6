"""A final template, as rules read it: resources, and every text in them with intrinsic functions written out."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

WHOLE = "Template"
"""The type under which rules are shown what is no resource: Region, outputs, mappings, transforms."""

_ALLOWED_REGIONS = "aws:RequestedRegion"
"""The key of a condition that lists where one may go: whoever names a Region there closes an exit."""


@dataclass(frozen=True)
class Resource:
    """One resource of a template, or the template itself."""

    type: str
    """Without `AWS::`; `Template` for what is no resource."""
    logical_id: str
    properties: Mapping[str, Any]
    stack: "Stack"
    path: str = ""
    """Of its construct; '' where the assembly does not say."""

    @property
    def name(self) -> str:
        """What a suppression calls it: the path of its construct, or stack and logical id."""
        return self.path or "/".join(filter(None, (self.stack.name, self.logical_id)))

    @cached_property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Where, and what: each text among the properties."""
        return tuple(texts(self.properties))


@dataclass(frozen=True)
class Stack:
    """A stack's template, and where it is to be deployed."""

    name: str
    region: str | None
    account: str | None
    template: Mapping[str, Any]
    file: str = ""
    paths: Mapping[str, str] | None = None
    """Construct paths by logical id."""

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """The template itself, then what is in it."""
        rest = {part: value for part, value in self.template.items() if part != "Resources"}
        whole = Resource(WHOLE, "", rest, self)
        return (whole, *(self._resource(*each) for each in self.template.get("Resources", {}).items()))

    def _resource(self, logical_id: str, raw: Mapping[str, Any]) -> Resource:
        path = (self.paths or {}).get(logical_id) or raw.get("Metadata", {}).get("aws:cdk:path", "")
        type_ = str(raw["Type"]).removeprefix("AWS::")
        return Resource(type_, logical_id, raw.get("Properties", {}), self, path)

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types."""
        return [each for each in self.resources if each.type in types]


def read(name: str, file: str, *, region: str | None, account: str | None) -> Stack:
    """The template in `file`, with the construct paths that the assembly keeps beside it."""
    template = json.loads(Path(file).read_text(encoding="utf-8"))
    beside = Path(file.removesuffix(".template.json") + ".metadata.json")
    metadata = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    paths = {
        entry["data"]: path.removeprefix("/")
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }
    return Stack(name, region, account, template, file, paths)


def texts(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text in `value`, and where in it; the key of a condition that limits Regions is passed over."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        if len(value) == 1 and (pieces := _pieces(value)) is not None:
            yield where, written(value)
            value = {"": [each for each in pieces if not isinstance(each, str)]}
        for key, inner in value.items():
            if key != _ALLOWED_REGIONS:
                yield from texts(inner, f"{where}/{key}".strip("/"))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{where}/{index}")


def _pieces(value: Mapping[str, Any]) -> list[Any] | None:
    """What a text is put together from; None where it is none."""
    if "Fn::Join" in value:
        return list(value["Fn::Join"][1])
    return listed(value["Fn::Sub"]) if "Fn::Sub" in value else None


def written(value: object) -> str:
    """A property as one text: what only the deployment knows stands as `${Name}` or `${Name.Attribute}`.

    >>> written({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Ref": "Bucket"}]]})
    'arn:${AWS::Partition}:s3:::${Bucket}'
    """
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, inner),) = value.items()
        return _WRITTEN.get(function, lambda _: "${?}")(inner)
    return str(value) if isinstance(value, str | int | float) else "${?}"


def _joined(inner: Any) -> str:  # noqa: ANN401  # as a template has it
    glue, pieces = inner
    return str(glue).join(map(written, pieces)) if isinstance(pieces, list) else "${?}"


_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "Ref": lambda inner: f"${{{inner}}}",
    "Fn::GetAtt": lambda inner: f"${{{inner if isinstance(inner, str) else '.'.join(map(str, inner))}}}",
    "Fn::Join": _joined,
    "Fn::Sub": lambda inner: str(inner if isinstance(inner, str) else inner[0]),
    "Fn::ImportValue": lambda inner: f"${{import {written(inner)}}}",
}


def at(properties: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401  # whatever is there
    """What stands at `Outer.Inner`, or None."""
    found: Any = properties
    for word in path.split("."):
        found = found.get(word) if isinstance(found, Mapping) else None
    return found


def on(value: object) -> bool:
    """Whether a switch is on, or may be: only a deployment knows what a condition comes to."""
    return value not in (None, False, "", "false")


def listed(value: object) -> list[Any]:
    """One or several, as IAM and CloudFormation allow, as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def referred(value: object) -> set[str]:
    """Logical ids that `value` refers to."""
    return set(re.findall(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}", json.dumps(value))) | set(_references(value))


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref":
                yield str(inner)
            elif key == "Fn::GetAtt":
                yield str(inner).partition(".")[0] if isinstance(inner, str) else str(inner[0])
            else:
                yield from _references(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _references(inner)


def statements(document: object) -> list[Mapping[str, Any]]:
    """The statements of a policy document."""
    found = document.get("Statement") if isinstance(document, Mapping) else None
    return [each for each in listed(found) if isinstance(each, Mapping)]
