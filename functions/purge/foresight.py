"""Use case: how much a proposed policy would delete that the present one would keep. Nothing is changed by asking.

Only keys of the time index are counted and no message is read, so numbers of texts and messages are upper bounds: a
text may have gone with its hand-over, or be kept briefly, and a message may be held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from fugace.domain.case import ARCHIVED
from fugace.domain.ids import TenantId
from fugace.domain.retention import ANNOUNCED, BEGINNING, Kind, Period, Retention
from fugace.keeping import Agenda, Disposal, Holds, Over, Statistics
from fugace.ports import Clock, Tenants
from fugace.rights import Requests
from functions.purge.access import ended
from functions.purge.holds import forgotten
from functions.purge.spans import INSTANT, Rule

MOST = 100_000
"""Counting stops there: some fifteen pages of the index."""
PATIENCE = timedelta(seconds=5)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a proposed period of one kind would delete at once."""

    period: Period
    count: int
    complete: bool
    """False: counting stopped, there are more."""
    exact: bool
    """False: of what was counted, some may be gone already or stay."""


class Overdue(Protocol):
    """What comes of persons' requests: each kind of it is counted from one moment of its own."""

    def overdue(self, tenant: TenantId, over: Over, /) -> int:
        """How many are over."""
        ...


@dataclass(frozen=True, slots=True)
class Archived:
    """Archives, by the requests that they were made for: an archive is there some seconds before its request is done.

    Who answers for a tenant has no right to the bucket in which they are. Those that an erasure has removed count, too.
    """

    requests: Requests

    def overdue(self, tenant: TenantId, over: Over, /) -> int:
        """A page of requests at a time."""
        count, after = 0, ""
        while found := self.requests.all(tenant, after=after, limit=_PAGE):
            ends = (each.finished for each in found if each.right in ARCHIVED and each.records is not None)
            count += sum(end is not None and over(end) for end in ends)
            after = found[-1].key.id
        return count


@dataclass(frozen=True, slots=True)
class Foresight:
    """Counts what would go."""

    tenants: Tenants
    agenda: Agenda
    disposal: Disposal
    statistics: Statistics
    holds: Holds
    requests: Mapping[Kind, Overdue]
    """Archives, requests and objections."""
    clock: Clock

    def foresee(self, tenant: TenantId, present: Retention, wanted: Mapping[Kind, Period]) -> dict[Kind, Foreseen]:
        """For each kind in `wanted`, if it were chosen now: at the moment when it would be in force."""
        now = self.clock()
        case = _Case(tenant, present, now + ANNOUNCED, now + PATIENCE)
        return {
            kind: self._one(case, kind, period, present.changed(kind, period, now)) for kind, period in wanted.items()
        }

    def _one(self, case: "_Case", kind: Kind, period: Period, proposed: Retention) -> Foreseen:
        if proposed is case.present:
            return Foreseen(period, 0, complete=True, exact=True)
        if kind in {Kind.RECORD, Kind.CONTENT}:
            # What is over by promises of the past goes anyhow.
            rule = Rule(Retention({kind: proposed.caps[kind][-1:]}), kind)
            count, complete = self._messages(case, rule)
            return Foreseen(period, count, complete=complete, exact=count == 0)
        if kind is Kind.STATISTICS:
            fronts = (Rule(each, kind).front(case.at) for each in (case.present, proposed))
            before, after = (self.statistics.overdue(case.tenant, front + INSTANT) for front in fronts)
            return Foreseen(period, max(after - before, 0), complete=True, exact=True)
        if kind is Kind.ACCESS:
            return Foreseen(period, self._keys(case, proposed), complete=True, exact=True)
        count = self._requests(case, kind, proposed)
        if kind is Kind.CASES:
            count += self._holds(case, proposed)
        return Foreseen(period, count, complete=True, exact=count == 0 or kind is not Kind.EXPORTS)

    def _requests(self, case: "_Case", kind: Kind, proposed: Retention) -> int:
        kept = self.requests.get(kind)
        if kept is None:  # nothing of the kind is stored yet
            return 0
        return kept.overdue(
            case.tenant,
            lambda at: proposed.expiry(kind, at, at) <= case.at < case.present.expiry(kind, at, at),
        )

    def _messages(self, case: "_Case", rule: Rule) -> tuple[int, bool]:
        known = self.tenants.get(case.tenant)
        reached = {job.job: job.reached for job in self.agenda.of(case.tenant)}
        total = 0
        for shard in range(known.shards if known else 1):
            since = max(case.over(rule.kind), reached.get(f"{rule.kind}/{shard}") or BEGINNING)
            for span in rule.spans(swept=case.at, now=case.at, reached=since):
                if total > MOST or self.clock() > case.deadline:
                    return min(total, MOST), False
                most = MOST + 1 - total
                total += self.disposal.count(case.tenant, shard, since=span.since, until=span.until, most=most)
        return min(total, MOST), total <= MOST

    def _keys(self, case: "_Case", proposed: Retention) -> int:
        ends = (end for key in self.tenants.api_keys(case.tenant) if (end := ended(key)))
        return sum(
            proposed.expiry(Kind.ACCESS, end, end) <= case.at < case.present.expiry(Kind.ACCESS, end, end)
            for end in ends
        )

    def _holds(self, case: "_Case", proposed: Retention) -> int:
        found = self.holds.of(case.tenant)
        return sum(forgotten(each, proposed, case.at) and not forgotten(each, case.present, case.at) for each in found)


@dataclass(frozen=True, slots=True)
class _Case:
    tenant: TenantId
    present: Retention
    at: datetime
    """When the proposed policy would be in force."""
    deadline: datetime

    def over(self, kind: Kind) -> datetime:
        """The first anchor that the present policy may not have ended by then: whatever is before it goes anyhow."""
        kinds = {kind, Kind.RECORD}  # a record takes its text along
        return max(Rule(self.present, each).front(self.at) for each in kinds) + INSTANT
