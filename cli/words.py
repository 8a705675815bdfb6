"""Entries of the personal-data map in words, and tables in Markdown."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from fugace.datamap.entry import Fixed
from fugace.datamap.place import Place
from fugace.domain.retention import Kind, Period

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def span(length: timedelta) -> str:
    """A length of time, in days or in the largest unit that divides it.

    >>> span(timedelta(days=7, minutes=5)), span(timedelta(hours=2))
    ('7 days and 5 minutes', '2 hours')
    """
    for unit, size in _UNITS:
        count, rest = divmod(length, size)
        if count and (unit == "day" or not rest):
            words = f"{count} {unit}" + ("s" if count > 1 else "")
            return f"{words} and {span(rest)}" if rest else words
    return f"{int(length.total_seconds())} seconds"


def kept(period: Kind | Fixed) -> str:
    """How long, and why so long."""
    if isinstance(period, Kind):
        return f"class `{period}`"
    if period.period is None:
        return f"until the end of: {period.reason}"
    return f"{_period(period.period)}: {period.reason}"


def outlives(place: Place) -> str:
    """What remains in a place after an erasure, and for how long."""
    if isinstance(place.outlives, str):
        return place.outlives
    return f"at most {span(place.outlives)}" if place.outlives else "nothing is left"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, and an empty one behind it."""
    return [_line(head), f"|{'---|' * len(head)}", *map(_line, rows), ""]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _period(period: Period) -> str:
    if not period:
        return "not at all"
    return f"{period.months} months" if period.months else span(timedelta(seconds=period.seconds))
