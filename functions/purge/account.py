"""Use case: a tenant looks at what was decided and destroyed, and at what remains of it: its ledger, and counts."""

from collections import defaultdict
from dataclasses import dataclass

from fugace.domain.checkpoint import Inclusion
from fugace.domain.errors import UnauthorizedError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Entry
from fugace.domain.message import Status
from fugace.domain.retention import Kind
from fugace.keeping import Checkpoints, Head, Ledger, Policies, Statistics
from fugace.ports import Clock
from functions.purge import checkpoint


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, in their order."""

    entries: list[Entry]
    head: Head | None
    """The end of the chain; None where nothing was ever written."""
    inclusion: Inclusion | None
    """With the last page: what the newest checkpoint says of this chain; None where there is none of it yet."""

    @property
    def after(self) -> int | None:
        """Where the next page begins; None on the last."""
        last = self.entries[-1].seq if self.entries else None
        return last if last and self.head and last < self.head.seq else None


@dataclass(frozen=True, slots=True)
class Sum:
    """Messages of one campaign, month and state whose records have gone."""

    month: str
    campaign: str
    status: Status
    messages: int
    segments: int


@dataclass(frozen=True, slots=True)
class Account:
    """What a tenant is told about the past."""

    ledger: Ledger
    statistics: Statistics
    policies: Policies
    checkpoints: Checkpoints | None
    """None where the function may not read them: then no page brings one."""
    clock: Clock

    def page(self, tenant: TenantId, *, after: int, limit: int) -> Page:
        """At most `limit` entries behind number `after`."""
        # The end first: an entry that comes in between is on the next page, and not behind the end.
        head = self.ledger.head(tenant)
        entries = self.ledger.page(tenant, after=after, limit=limit)
        found = Page([each for each in entries if head and each.seq <= head.seq], head, None)
        if head is None or found.after is not None or self.checkpoints is None:
            return found
        return Page(found.entries, head, checkpoint.newest(self.checkpoints, tenant, self.clock()))

    def sums(self, tenant: TenantId, month: str | None, campaign: str | None) -> list[Sum]:
        """Over all hours that are not over by the policy in force: whether or not they were removed already (I4)."""
        retention, now = self.policies.fresh(tenant), self.clock()
        if retention is None:
            raise UnauthorizedError
        found: dict[tuple[str, str, Status], list[tuple[int, int]]] = defaultdict(list)
        for each in self.statistics.of(tenant):
            asked = month in {None, each.month} and campaign in {None, each.campaign}
            if asked and retention.expiry(Kind.STATISTICS, each.entered, each.entered) > now:
                found[each.month, each.campaign, each.status].append((each.messages, each.segments))
        return [
            Sum(*what, messages=sum(each for each, _ in counts), segments=sum(each for _, each in counts))
            for what, counts in sorted(found.items())
        ]
