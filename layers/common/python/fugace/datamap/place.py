"""What the map says of a place, and the bounds that it claims: tests compare them with what is deployed."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from fugace.datamap.entry import Branch, Category, Fixed
from fugace.datamap.messages import INSTRUCTED
from fugace.domain.retention import Kind, Period

LAG = timedelta(hours=1)
"""How long something that is over may stay stored: the promise that the purge is held to."""
STREAM = timedelta(hours=24)
BACKUP, LEDGER_BACKUP = timedelta(days=7), timedelta(days=35)
QUEUED, DEAD = timedelta(days=4), timedelta(days=14)
SCHEDULED = timedelta(days=7, minutes=5)
ASYNC = timedelta(hours=3)
REMEMBERED = timedelta(minutes=5)
"""Keys, in the memory of a running function: the longest that anything is remembered there."""
LOGS, ACCESS_LOG = timedelta(days=90), timedelta(days=365)
"""At most; an environment may keep its logs shorter."""
EXPIRING = timedelta(hours=72)
"""How long CloudWatch takes, at most, to remove what has expired."""
CHECKPOINTS = timedelta(days=6 * 365 + 2 + 30 + 1)
"""Six years under lock, a month, and a day for a version that was replaced."""
EXPORTS = timedelta(days=31 + 1)
"""The longest that S3 lets an archive be, should the purge never come: a day more than the operator's longest, and a
day for what it leaves behind."""
HISTORY = timedelta(days=90)
"""Of a state machine's run, once it has ended: nobody can delete it before."""
TRAIL = timedelta(days=90)
"""What AWS itself remembers of calls to it."""

OWN_END = "own-end"
"""Certificates' word for what stays until it ends by itself."""
AT_REST = "encrypted at rest with a key of ours"


class State(StrEnum):
    """What is to be thought of a place."""

    PRESENT = "present"  # personal data is there, because it has to be
    BOUNDED = "bounded"  # ids, or a copy that comes with the service: for so long, and no longer
    BANNED = "banned"  # it must not be there: a test of what is deployed sees to it


@dataclass(frozen=True, slots=True)
class Place:
    """One place where personal data hides in such systems: one that is used, one that is bounded, or a banned one."""

    number: int
    name: str
    state: State
    what: str
    categories: tuple[Category, ...]
    purpose: str
    ground: str
    kept: Kind | Fixed
    protection: str
    exported: str
    """Under which name it is in a person's export, or why it is in none."""
    erased: str
    outlives: timedelta | str
    """The longest that it is there after an erasure; a sentence where that is not ours to say."""
    probe: str
    """How to see that it is so."""
    branches: tuple[Branch, ...] = ()
    """Who erases what is there when a person asks; nobody: it ends by itself, in the time that it outlives."""
    stays: str = ""
    """What of it stays although it was erased: the word that certificates have for why."""


_NOT_EXPORTED = "not exported: what it points at is"
_SOME = Place(
    number=0,
    name="",
    state=State.PRESENT,
    what="",
    categories=(Category.NUMBER, Category.CONTENT, Category.TRAFFIC, Category.PSEUDONYM),
    purpose="handing over what a tenant sends, and telling what became of it",
    ground=INSTRUCTED,
    kept=Kind.RECORD,
    protection=f"number, text and reference are sealed with the person's key; {AT_REST}",
    exported=_NOT_EXPORTED,
    erased="by its own end",
    outlives=timedelta(0),
    probe="",
)
NOBODY: dict[str, Any] = {
    "exported": "not exported: nobody is in it",
    "erased": "nobody is in it",
    "outlives": timedelta(0),
}


def present(number: int, name: str, what: str, **more: Any) -> Place:  # noqa: ANN401  # fields of a place
    """One that holds personal data; what is not said is as for most of them."""
    return replace(_SOME, number=number, name=name, what=what, **more)


def bounded(number: int, name: str, what: str, **more: Any) -> Place:  # noqa: ANN401  # fields of a place
    """One that holds ids alone, for a while; what is not said is as for most of them."""
    usual = {
        "categories": (Category.TRAFFIC,),
        "purpose": "doing the work, and finding out what went wrong",
        "protection": f"opaque ids alone: of a message that is gone they lead to nobody; {AT_REST}",
    }
    return replace(_SOME, number=number, name=name, state=State.BOUNDED, what=what, **{**usual, **more})


def banned(number: int, name: str, what: str, why: str, probe: str) -> Place:
    """One that there must not be."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("purpose", "ground", "protection", "exported", "erased"), "nothing is there"
    )
    never = Fixed(Period(), why)
    return replace(
        _SOME,
        number=number,
        name=name,
        state=State.BANNED,
        what=what,
        categories=(),
        kept=never,
        probe=probe,
        **nothing,
    )


def until(period: timedelta, reason: str) -> Fixed:
    """A time that no tenant chooses."""
    return Fixed(Period(seconds=int(period.total_seconds())), reason)
