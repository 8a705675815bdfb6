"""A restore's probe: what must not come back is planted, and looked for, before anything is put back.

An absence shows nothing unless the same look would have found a presence. So the planted person is judged twice: as
erased, which the person is, and as if that had not happened. The first must stay away, the second must not.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from fugace.domain.ids import MessageId, MessageKey, SubjectId, TenantId
from fugace.domain.message import Category, Change, OnUnknown, Record, Sealed, Status
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.standing import Standing
from fugace.domain.tenant import Tenant
from fugace.ports import Clock
from fugace.restoring import PLANTED, Counts, Quarantine, Run, Source
from fugace.rights import Persons
from functions.dsar.restoring.judging import Judge, Known, Now

PERSON = SubjectId("restore-probe")
"""Nobody: erased, so that it can be seen that erased persons stay away."""
_DAY = timedelta(days=1)


class ProbeError(Exception):
    """What must not come back would, or the probe itself sees nothing: nothing is put back."""


@dataclass(frozen=True, slots=True)
class Planting:
    """Plants, and looks."""

    quarantine: Quarantine
    persons: Persons
    now: Now

    def run(self, run: Run) -> None:
        """Raises ProbeError."""
        record = self._erased() if run.source is Source.MESSAGES else None
        row = self.quarantine.plant(run, record)
        now = replace(self.now, tenants=_Planted(self.now.tenants, self.now.clock))
        if record and Judge(replace(now, persons=_Alive(record.epoch)), run.at).verdict(row).back is None:
            raise ProbeError
        verdict = Judge(now if record else self.now, run.at).verdict(row)
        if verdict.back is not None:
            raise ProbeError
        before = self.quarantine.counts(run).get(PLANTED, Counts())
        self.quarantine.deal(run, [verdict])
        after = self.quarantine.counts(run).get(PLANTED, Counts())
        if after != replace(before, refused=before.refused + 1) or self.quarantine.live(run, [row]):
            raise ProbeError

    def _erased(self) -> Record:
        """A message of an erased person, of the very key that was destroyed."""
        now = self.now.clock()
        epoch = self.persons.block(PLANTED, PERSON, now)
        self.persons.bury(PERSON, epoch, now)
        return Record(
            key=MessageKey(PLANTED, MessageId(str(UUID(int=0)))),
            subject=PERSON,
            epoch=epoch,
            sealed=Sealed(b"\0"),
            anchor=now,
            history=(Change(Status.ACCEPTED, now),),
            encoding="GSM-7",
            segments=1,
            category=Category.TRANSACTIONAL,
            carrier="none",
            on_unknown=OnUnknown.AT_MOST_ONCE,
            validity=_DAY,
            expires_at=now + _DAY,
            content_until=now + _DAY,
        )


@dataclass(frozen=True, slots=True)
class _Alive:
    """As if nobody had ever been erased."""

    epoch: int

    def standing(self, _subject: SubjectId, /) -> Standing:
        """A key that is there."""
        return Standing(self.epoch, live=True)


@dataclass(frozen=True, slots=True)
class _Planted:
    """Tenants, and the planted one among them: it keeps everything for a day."""

    tenants: Known
    clock: Clock

    def get(self, tenant: TenantId, /) -> Tenant | None:
        """A tenant."""
        if tenant != PLANTED:
            return self.tenants.get(tenant)
        kept = Retention.of(dict.fromkeys(Kind, Period(seconds=int(_DAY.total_seconds()))))
        return Tenant(PLANTED, "", "", self.clock(), kept)
