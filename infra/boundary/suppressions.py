"""Findings that somebody has decided to live with: one rule, one resource, one reason, until one day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from infra.boundary.declared import Suppression
from infra.boundary.rule import Finding, Rule

LONGEST = timedelta(days=366)
"""Once a year somebody has to look again."""

_WORDS = 6
"""A reason that a reviewer can check is a sentence."""


def faults(suppression: Suppression, rules: Iterable[Rule], today: date) -> Iterator[str]:
    """Why it does not hold."""
    if suppression.rule not in {rule.id for rule in rules}:
        yield f"there is no rule {suppression.rule}"
    if not suppression.resource or set("*?[]") & set(suppression.resource):
        yield "it has to name one resource"
    if len(suppression.reason.split()) < _WORDS:
        yield "its reason is no sentence that a reviewer could check"
    if suppression.until < today:
        yield f"it ended on {suppression.until}"
    if suppression.until - today > LONGEST:
        yield f"it is to hold for more than {LONGEST.days} days"


def apart(
    findings: Sequence[Finding], suppressions: Sequence[Suppression], rules: Iterable[Rule], today: date
) -> tuple[list[Finding], list[tuple[Suppression, str]]]:
    """What is found nevertheless, and what is wrong with the suppressions themselves: an unused one is, too."""
    wrong = [(each, fault) for each in suppressions for fault in faults(each, rules, today)]
    holding = {(each.rule, each.resource): each for each in suppressions if each not in {one for one, _ in wrong}}
    found = {(each.rule.id, each.resource.name) for each in findings}
    unused = [(each, "nothing is found there any more") for key, each in holding.items() if key not in found]
    left = [each for each in findings if (each.rule.id, each.resource.name) not in holding]
    return left, [*wrong, *unused]
