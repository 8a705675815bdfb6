"""What the operator allows: for each kind of data a shortest, a usual and a longest period, with the ground of each."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from fugace.domain.retention import Kind, Period

_FIELDS = {"min", "default", "max", "ground"}


class BoundsError(ValueError):
    """A file of bounds that contradicts itself: nothing starts with it. The message names the file and the kind."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The operator's bounds for one kind."""

    min: Period
    default: Period
    max: Period
    ground: str

    def allows(self, period: Period) -> bool:
        """Whether a tenant may choose it."""
        return self.min.within(period) and period.within(self.max)


def read(text: str, name: str) -> Mapping[Kind, Bound]:
    """The bounds in a TOML document; `name` is what it is called in errors.

    Raises:
        BoundsError: a kind is missing or unknown, a period is none, or min <= default <= max does not hold.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        sentence = f"{name}: {error}"
        raise BoundsError(sentence) from None
    kinds = [kind.value for kind in Kind]
    for kind in kinds:
        _demand(kind in raw, name, kind, "is missing")
    for kind in raw:
        _demand(kind in kinds, name, kind, f"is no kind of data; there are {', '.join(kinds)}")
    return {kind: _bound(raw[kind.value], name, kind.value) for kind in Kind}


def defaults(bounds: Mapping[Kind, Bound]) -> dict[Kind, Period]:
    """What a tenant has that never chose."""
    return {kind: bound.default for kind, bound in bounds.items()}


def _bound(raw: object, name: str, kind: str) -> Bound:
    known = isinstance(raw, dict) and set(raw) == _FIELDS and all(isinstance(value, str) for value in raw.values())
    _demand(known, name, kind, "has to say min, default, max and ground, each a text, and nothing else")
    words: dict[str, str] = raw if isinstance(raw, dict) else {}
    _demand(bool(words["ground"].strip()), name, kind, "has bounds without a ground")
    periods = {}
    for field in ("min", "default", "max"):
        try:
            periods[field] = Period.parse(words[field])
        except ValueError:
            _demand(kept=False, name=name, kind=kind, why=f"{field} is not an ISO 8601 duration")
    for short, long in (("min", "default"), ("default", "max")):
        fits = periods[short].within(periods[long])
        _demand(fits, name, kind, f"{short} ({words[short]}) is longer than {long} ({words[long]})")
    return Bound(**periods, ground=words["ground"].strip())


def _demand(kept: bool, name: str, kind: str, why: str) -> None:
    if not kept:
        sentence = f"{name}: [{kind}] {why}"
        raise BoundsError(sentence)
