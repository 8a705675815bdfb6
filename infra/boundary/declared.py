"""What a project says of itself, so that the rules can hold its templates against it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from infra.boundary.regions import UNION
from infra.boundary.template import Resource


@dataclass(frozen=True, slots=True)
class Part:
    """A resource, or what is in it: `DynamoDB::Table/Index`, `/Stream`, `/Recovery`."""

    type: str
    resource: Resource
    name: str = ""
    """Of the part, where it has one: an index's."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the project's personal-data map says of a part: that it is known, and how long what is in it may live."""

    life: timedelta | None = None
    """None: whatever has a life of its own there is bounded elsewhere, or it holds nothing of anybody."""
    without_ttl: str = ""
    """Of a table: the reason why its rows end by something else than DynamoDB's TTL."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One finding that somebody has decided to live with, for a while."""

    rule: str
    resource: str
    """Of one construct, the path; of one resource without, stack and logical id. No pattern."""
    reason: str
    until: date
    """The last day on which it holds."""


@dataclass(frozen=True, eq=False)
class Declared:
    """The map, the Regions, the hosts and the accounts of one deployment."""

    kept: Callable[[Part], Kept | None]
    """None: the part is not on the map."""
    hosts: Collection[str] = ()
    """Whom functions, webhooks and API destinations may call, besides AWS in the stack's own Region."""
    told: Callable[[Resource], Iterator[tuple[str, str]]] | None = None
    """Where, and which URLs a resource is told to call; None: every one in a function's environment."""
    regions: Collection[str] = UNION
    accounts: Collection[str] = ()
    """Other accounts that may be named: the publisher of a layer, say."""
    custom: Collection[str] = ()
    """Types of custom resources of which somebody has read what they do."""
    suppressions: Sequence[Suppression] = field(default=())
