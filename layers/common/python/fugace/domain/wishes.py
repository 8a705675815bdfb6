"""What a person has wished for, and what may not be sent because of it: accept and dispatch ask the same rule."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from fugace.domain.message import Category
from fugace.domain.retention import Kind, Retention


class Wishes(Protocol):
    """What stands in the row of a person's key."""

    @property
    def restricted(self) -> datetime | None:
        """Since when nothing but keeping may be done with what is known of the person (Art. 18)."""
        ...

    @property
    def objected(self) -> datetime | None:
        """Since when the person objects to advertising (Art. 21)."""
        ...


class Obstacle(StrEnum):
    """Why somebody is not written to. Public words: the tenant is the controller, and filed what they speak of."""

    ERASURE = "erasure"  # under way: nothing may be kept
    RESTRICTION = "restriction"  # nothing but keeping, whatever the category
    OBJECTION = "objection"  # advertising alone


def obstacle(wishes: Wishes, category: Category, retention: Retention, now: datetime) -> Obstacle | None:
    """What stands between a message of `category` and the person, by their wishes; None: nothing does."""
    if wishes.restricted:
        return Obstacle.RESTRICTION
    if category is Category.MARKETING and objects(wishes, retention, now):
        return Obstacle.OBJECTION
    return None


def objects(wishes: Wishes, retention: Retention, now: datetime) -> bool:
    """Whether an objection counts: one past its period does not, whether or not it was removed already (I4)."""
    at = wishes.objected
    if at is None:
        return False
    # Where a period was never chosen, it is remembered: to forget a wish takes a decision.
    return Kind.OBJECTIONS not in retention.caps or retention.expiry(Kind.OBJECTIONS, at, at) > now
