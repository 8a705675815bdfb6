"""A rule: an id, what it closes, and how it looks at a resource."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.boundary.declared import Declared
from infra.boundary.template import Resource

Found = Iterator[tuple[str, str]]
"""Where among the properties, and what is wrong there."""

Look = Callable[[Resource, Declared], Found]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the pack's table."""

    id: str
    title: str
    closes: str
    """The exit, or the article of the Regulation."""
    look: Look
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found."""

    rule: Rule
    resource: Resource
    where: str
    what: str


def examine(rules: tuple[Rule, ...], resource: Resource, declared: Declared) -> Iterator[Finding]:
    """Everything that any rule finds in a resource."""
    for rule in rules:
        for where, what in dict.fromkeys(rule.look(resource, declared)):
            yield Finding(rule, resource, where, what)
