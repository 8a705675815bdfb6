"""What a certificate says of each of the 37 places once a person was erased: made of the map and of what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.datamap.entry import Branch, Category
from fugace.datamap.place import OWN_END, Place, State
from fugace.datamap.places import PLACES
from fugace.domain.case import Found, Outcome

ABSENT = "absent"
"""Nothing of any person is there, or may be. All other words are those of `Outcome`."""
_PERSONAL = frozenset({Category.NUMBER, Category.CONTENT, Category.TRAFFIC, Category.PSEUDONYM})
_GRAVITY = (Outcome.FAILED, Outcome.HELD, Outcome.NOT_SUPPORTED, Outcome.RETAINED, Outcome.ERASED)
"""The gravest first: a place that several branches see to is as good as the worst of them."""
_CARRIER = Branch.CARRIERS


@dataclass(frozen=True, slots=True)
class Entry:
    """One place."""

    number: int
    """1 to 37."""
    name: str
    outcome: str
    """A word of `Outcome`, or `ABSENT`."""
    count: int = 0
    """How much of the person is gone from there."""
    left: int = 0
    """How much is still there."""
    until: datetime | None = None
    """How long that stays at most, where it is known."""
    ground: str = ""
    """Why: a word of ours."""
    remains: tuple[str, ...] = ()
    """Of carriers that take no request: each one's terms on what remains, and until when."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All places."""

    entries: tuple[Entry, ...]
    """By number."""
    horizon: datetime
    """When the last of those is over that end by themselves: back-ups, streams, queues, logs."""

    @property
    def whole(self) -> bool:
        """Nothing failed, and no hold keeps anything."""
        return not any(entry.outcome in {Outcome.FAILED, Outcome.HELD} for entry in self.entries)


def manifest(places: Mapping[str, Found], erased_at: datetime, keeps: Mapping[str, str] | None = None) -> Manifest:
    """What became of a person that was erased at `erased_at`, place by place.

    `places`: what each branch of the machine found, by `Branch`; one that said nothing has failed. `keeps`: the terms
    of the carriers that keep something, by configured name.
    """
    remains = tuple(f"{name}: {what}" for name, what in sorted((keeps or {}).items()))
    entries = tuple(_entry(place, places, erased_at, remains) for _, place in sorted(PLACES.items()))
    ends = (entry.until for entry in entries if entry.ground == OWN_END and entry.until)
    return Manifest(entries, max((erased_at, *ends)))


def worst(found: Iterable[Found]) -> Found:
    """Several as one: the gravest outcome with its ground, all counts, the latest end."""
    every = list(found)
    gravest = min(every, key=lambda each: _GRAVITY.index(each.outcome))
    ends = [each.until for each in every if each.until]
    count, left = sum(each.count for each in every), sum(each.left for each in every)
    return Found(gravest.outcome, count, left, max(ends, default=None), gravest.ground)


def _entry(place: Place, places: Mapping[str, Found], at: datetime, remains: tuple[str, ...]) -> Entry:
    if place.branches:
        seen = worst(places.get(branch, Found(Outcome.FAILED)) for branch in place.branches)
        return _seen_to(place, seen, at, remains if _CARRIER in place.branches else ())
    if place.state is State.BANNED or not _PERSONAL.intersection(place.categories):
        return Entry(place.number, place.name, ABSENT)
    if not isinstance(place.outlives, timedelta):  # somebody else's
        return Entry(place.number, place.name, Outcome.NOT_SUPPORTED)
    if not place.outlives:
        return Entry(place.number, place.name, Outcome.ERASED)
    return Entry(place.number, place.name, Outcome.RETAINED, until=at + place.outlives, ground=OWN_END)


def _seen_to(place: Place, seen: Found, at: datetime, remains: tuple[str, ...]) -> Entry:
    """What a branch says; of what is erased there, something may have to stay, or end by itself."""
    if seen.outcome is Outcome.ERASED and place.stays:
        until = at + place.outlives if isinstance(place.outlives, timedelta) else None
        return Entry(place.number, place.name, Outcome.RETAINED, seen.count, until=until, ground=place.stays)
    told = remains if seen.outcome is Outcome.NOT_SUPPORTED else ()
    return Entry(place.number, place.name, seen.outcome, seen.count, seen.left, seen.until, seen.ground, told)
