"""Use case: a table as it was is restored beside the live one, and what may come back is put back, row by row.

The live table stays where it is, with its name, its stream, its alarms and whatever was written since: what is live
wins. Nothing is sent again: what was under way comes back as `unknown`, and whoever reads the stream acts on what is
accepted alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind
from fugace.keeping import Agenda
from fugace.ports import ConflictError
from fugace.restoring import NOBODY, PLANTED, Quarantine, Run, Source, Verdict, Word
from functions.dsar.restoring.judging import Judge, Now
from functions.dsar.task import ENOUGH, Left

ACTOR = "operator"
_JOBS = (Kind.ACCESS, Kind.STATISTICS, Kind.EXPORTS, Kind.CASES)


def read_run(event: Mapping[str, object]) -> Run:
    """Which restore a step is of. Raises ValueError for anything that is not one, without quoting it."""
    try:
        run, source, at = (str(event[name]) for name in ("restore", "table", "at"))
        found = Run(str(UUID(run)), Source(source), datetime.fromisoformat(at).astimezone(UTC))
    except (KeyError, ValueError, OverflowError):
        raise ValueError("not a step of a restore") from None
    if found.id != run or datetime.fromisoformat(at).tzinfo is None:
        raise ValueError("not a step of a restore")
    return found


@dataclass(frozen=True, slots=True)
class Restore:
    """Its steps, in their order. Each can be repeated; none knows how far another came."""

    quarantine: Quarantine
    now: Now
    agenda: Agenda

    def merge(self, run: Run, left: Left) -> bool:
        """Deal with what is in quarantine. Whether there is more."""
        judge = Judge(self.now, run.at)
        for rows in self.quarantine.rows(run):
            if left() <= ENOUGH:
                return True
            live = self.quarantine.live(run, rows)
            verdicts = [Verdict(row, word=Word.LIVE) if row.key in live else judge.verdict(row) for row in rows]
            self.quarantine.deal(run, verdicts)
        return next(self.quarantine.rows(run), None) is not None

    def close(self, run: Run, left: Left) -> bool:
        """Have the purge look at what came back, and write it down for each tenant. Whether there is more."""
        for tenant, counts in sorted(self.quarantine.counts(run).items()):
            if tenant in {NOBODY, PLANTED} or counts.entered or not counts.kept + counts.refused:
                continue
            if left() <= ENOUGH:
                return True
            if counts.kept:
                self._look_at(tenant)
            facts = {"table": run.source.value, "kept": counts.kept, "refused": counts.refused}
            draft = Draft(tenant, self.now.clock(), Action.RESTORED, ACTOR, run.id, facts)
            try:
                self.now.ledger.append(draft, self.quarantine.entered(run, tenant))
            except ConflictError:  # another run of this step has entered it
                continue
        return False

    def totals(self, run: Run) -> dict[str, int]:
        """What became of all rows."""
        counts = [each for tenant, each in self.quarantine.counts(run).items() if tenant != PLANTED]
        return {word: sum(getattr(each, word) for each in counts) for word in ("kept", "refused", "live")}

    def _look_at(self, tenant: TenantId) -> None:
        """From the beginning: what came back may lie before what the purge has reached."""
        known, now = self.now.tenants.get(tenant), self.now.clock()
        shards = range(known.shards if known else 1)
        jobs = {f"{kind}/{shard}" for kind in (Kind.RECORD, Kind.CONTENT) for shard in shards}
        jobs |= {kind.value for kind in _JOBS} | {due.job for due in self.agenda.of(tenant)}
        for job in sorted(jobs):
            self.agenda.begin(tenant, job, now)
