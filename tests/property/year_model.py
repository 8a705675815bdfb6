"""What ought to be kept, and until when: plain dictionaries, and a calendar counted on one's fingers.

Nothing here asks the code under test when anything is over. What was written (a policy, a message, a hold) is told by
whoever saw it happen; what it means is worked out anew.
"""

import calendar
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.retention import Kind, Period

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
IN_FORCE = timedelta(seconds=35)
"""After how long a choice counts."""


def end(anchor: datetime, period: Period) -> datetime:
    """The end of a period."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + period.months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day) + timedelta(seconds=period.seconds)


@dataclass
class Letter:
    """A message."""

    key: MessageKey
    subject: SubjectId
    collected: datetime
    anchor: datetime
    validity: timedelta
    own: Period | None
    campaign: str
    left: datetime | None = None
    """When it left, or it was clear that it would not, by its own history."""
    noted: datetime | None = None
    """When that was written down."""
    freed: datetime | None = None
    """When the last hold came off."""
    gone: datetime | None = None
    bare: datetime | None = None
    """When its text went."""
    known: tuple[int, datetime] | None = None
    """When it is over, as of so many choices."""


@dataclass
class Order:
    """A hold, as it was set."""

    id: str
    tenant: TenantId
    set_at: datetime
    until: datetime
    covers: set[MessageKey]
    """What has to be held because of it."""
    may: set[MessageKey]
    """What may be, besides: it was over, and only another hold kept it."""
    lifted: datetime | None = None

    @property
    def ends(self) -> datetime:
        """When it binds no more."""
        return min(self.until, self.lifted) if self.lifted else self.until


@dataclass
class Model:
    """What is true of all tenants."""

    choices: dict[tuple[TenantId, Kind], list[tuple[datetime, Period]]] = field(default_factory=dict)
    letters: dict[MessageKey, Letter] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    destroyed: dict[TenantId, Counter[str]] = field(default_factory=dict)
    """What really went, by kind."""
    sums: Counter[tuple[TenantId, str, str, str]] = field(default_factory=Counter)
    """Records that went: by tenant, campaign, month and state."""

    def choose(self, tenant: TenantId, kind: Kind, period: Period, now: datetime) -> None:
        """It was written down at `now`."""
        self.choices[tenant, kind].append((now + IN_FORCE, period))

    def _ends(self, letter: Letter, kind: Kind) -> list[tuple[datetime, Period]]:
        """Choices that bind it: those after it, and the one in force, or announced, when it was collected."""
        made = self.choices[letter.key.tenant, kind]
        superseded = [since for since, _ in made[1:]]
        return [
            each for place, each in enumerate(made) if place == len(superseded) or letter.collected < superseded[place]
        ]

    def over(self, letter: Letter) -> datetime:
        """When the message is. Worked out once for as long as nobody chooses anew: it is asked at every step."""
        made = len(self.choices[letter.key.tenant, Kind.RECORD])
        if letter.known is None or letter.known[0] != made:
            letter.known = made, self._over(letter)
        return letter.known[1]

    def _over(self, letter: Letter) -> datetime:
        return min(max(since, end(letter.anchor, period)) for since, period in self._ends(letter, Kind.RECORD))

    def ends(self, tenant: TenantId, kind: Kind, at: datetime) -> datetime:
        """When something is over that was collected at the moment from which it is counted."""
        made = self.choices[tenant, kind]
        later = [since for since, _ in made[1:]]
        bound = [each for place, each in enumerate(made) if place == len(later) or at < later[place]]
        return min(max(since, end(at, period)) for since, period in bound)

    def bare(self, letter: Letter) -> datetime:
        """When its text is over. Kept for no time, it is needed until it has left, or may not leave any more."""
        latest = letter.anchor + letter.validity
        gone = min(letter.left, latest) if letter.left else latest
        ends = [self.over(letter)]
        for since, period in self._ends(letter, Kind.CONTENT):
            ends.append(max(since, end(letter.anchor, period) if period else gone))
        if letter.own is not None:
            ends.append(end(letter.anchor, letter.own) if letter.own else gone)
        return min(ends)

    def holding(self, key: MessageKey, over: datetime, now: datetime) -> bool:
        """Whether a hold says that it must not go, or its text, that ends at `over`: not what was over before."""
        orders = (order for order in self.orders.values() if key in order.covers)
        return any(order.set_at <= now < order.ends and order.set_at < over for order in orders)

    def lost(self, tenant: TenantId, word: str, count: int = 1) -> None:
        """Something went."""
        self.destroyed.setdefault(tenant, Counter())[word] += count
