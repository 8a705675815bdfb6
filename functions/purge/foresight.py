"""Use case: how much a proposed policy would delete that the present one would keep. Nothing is changed by asking.

Only keys of the time index are counted and no message is read, so numbers of texts and messages are upper bounds: a
text may have gone with its hand-over, a message may be held, and around the end of a short month some of three days may
not be over yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain.expiry import AHEAD, LONGEST_VALIDITY
from fugace.domain.ids import TenantId
from fugace.domain.retention import ANNOUNCED, BEGINNING, Cap, Kind, Period, Retention
from fugace.domain.tenant import ApiKey
from fugace.keeping import Agenda, Disposal, Statistics
from fugace.ports import Clock, Tenants

MOST = 100_000
"""Counting stops there: some fifteen pages of the index."""
PATIENCE = timedelta(seconds=5)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a proposed period of one kind would delete at once."""

    period: Period
    count: int
    complete: bool
    """False: counting stopped, there are more."""
    exact: bool
    """False: of what was counted, some may be gone already or stay."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """Counts what would go."""

    tenants: Tenants
    agenda: Agenda
    disposal: Disposal
    statistics: Statistics
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
            count, complete = self._messages(case, kind, proposed.horizon(kind, case.at, AHEAD))
            return Foreseen(period, count, complete=complete, exact=count == 0)
        if kind is Kind.STATISTICS:
            count = self._hours(case, proposed.horizon(kind, case.at, timedelta(0)))
            return Foreseen(period, count, complete=True, exact=count == 0)
        if kind is Kind.ACCESS:
            return Foreseen(period, self._keys(case, proposed), complete=True, exact=True)
        return Foreseen(period, 0, complete=True, exact=True)  # nothing of the kind is stored yet

    def _messages(self, case: "_Case", kind: Kind, until: datetime) -> tuple[int, bool]:
        known = self.tenants.get(case.tenant)
        reached = {job.job: job.reached for job in self.agenda.of(case.tenant)}
        total = 0
        for shard in range(known.shards if known else 1):
            if total > MOST or self.clock() > case.deadline:
                return min(total, MOST), False
            since = max(case.over(kind), reached.get(f"{kind}/{shard}") or BEGINNING)
            if since <= until:
                most = MOST + 1 - total
                total += self.disposal.count(case.tenant, shard, since=since, until=until, most=most)
        return min(total, MOST), total <= MOST

    def _hours(self, case: "_Case", until: datetime) -> int:
        since = case.over(Kind.STATISTICS)
        if since > until:
            return 0
        upto, before = (self.statistics.overdue(case.tenant, each) for each in (until + _MILLISECOND, since))
        return upto - before

    def _keys(self, case: "_Case", proposed: Retention) -> int:
        ends = (_end(key, case.at) for key in self.tenants.api_keys(case.tenant))
        return sum(case.newly(proposed, Kind.ACCESS, end, end) for end in ends if end)


@dataclass(frozen=True, slots=True)
class _Case:
    tenant: TenantId
    present: Retention
    at: datetime
    """When the proposed policy would be in force."""
    deadline: datetime

    def over(self, kind: Kind) -> datetime:
        """The first anchor that the present policy may not have ended by then: whatever is before it goes anyhow."""
        kinds = {kind, Kind.RECORD} if kind is Kind.CONTENT else {kind}  # a record takes its text along
        caps = [cap for each in kinds for cap in self.present.caps.get(each, ()) if cap.since <= self.at]
        return max((self._over(cap) for cap in caps), default=BEGINNING) + _MILLISECOND

    def _over(self, cap: Cap) -> datetime:
        # Without a period a text goes with the hand-over, which may be as late as its validity allows.
        sure = cap.period.before(self.at)[0] if cap.period else self.at - LONGEST_VALIDITY
        return min(sure, cap.until - _MILLISECOND) if cap.until else sure

    def newly(self, proposed: Retention, kind: Kind, anchor: datetime, collected: datetime) -> bool:
        """Whether it would go with the proposed policy, and would not without."""
        before, after = (each.expiry(kind, anchor, collected) for each in (self.present, proposed))
        return after <= self.at < before


def _end(key: ApiKey, at: datetime) -> datetime | None:
    """Since when it opens nothing."""
    return min((end for end in (key.revoked, key.expires) if end and end <= at), default=None)
