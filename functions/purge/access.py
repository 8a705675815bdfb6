"""Use case: a key that opens nothing any more tells who had access, for a while, and goes."""

from dataclasses import dataclass
from datetime import datetime

from fugace.domain.retention import Kind
from fugace.domain.tenant import ApiKey
from fugace.domain.times import whole
from fugace.keeping import Agenda, OldKeys, Policies, Tallies
from fugace.ports import Clock, Tenants
from functions.purge.task import Left, Outcome, Task, hour_of


@dataclass(frozen=True, slots=True)
class AccessSweep:
    """Job `access`: revoked and expired API keys, a while after they could last be used."""

    agenda: Agenda
    policies: Policies
    tenants: Tenants
    old_keys: OldKeys
    tallies: Tallies
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:  # noqa: ARG002  # a job is given its time; this one is short
        """Delete those whose time is over; look again when the next one's is."""
        now, done, ends = whole(self.clock()), 0, []
        seen, retention = self.agenda.get(task.tenant, task.job), self.policies.fresh(task.tenant)
        if seen is None or seen.due_at is None or seen.due_at > now:
            return Outcome()
        for key in self.tenants.api_keys(task.tenant) if retention else ():
            end = ended(key)
            if retention is None or end is None:
                continue
            expiry = retention.expiry(Kind.ACCESS, end, end)
            if expiry > now:
                ends.append(expiry)
                continue
            word = Kind.ACCESS.value
            counted = self.tallies.counted(hour_of(now), task.tenant, word, 1, f"{word}/{key.id}")
            done += self.old_keys.forget(key, counted)
        self.agenda.settle(seen, reached=None, due_at=min(ends, default=None))
        return Outcome(done)


def ended(key: ApiKey) -> datetime | None:
    """Since when it opens nothing any more, or will: what its retention is counted from."""
    return min((end for end in (key.revoked, key.expires) if end), default=None)
