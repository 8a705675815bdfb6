"""Use case: a text with a period of its own goes when that is over, whatever its tenant has chosen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.keeping import Disposal
from fugace.ports import Clock, Tenants
from functions.purge.spans import VISIBLE
from functions.purge.task import BRIEFS, ENOUGH, Left, Outcome, Task, hour_of

HOUR = timedelta(hours=1)
FIRST_RUN = timedelta(days=31)
"""How far back the first run begins, where no watermark is."""
PAGE = 500
PAGES = 50
BACK_OFF = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BriefSweep:
    """Job `briefs`: the hours in which texts end, one after the other, from a watermark on."""

    disposal: Disposal
    tenants: Tenants
    clock: Clock

    def run(self, task: Task, left: Left) -> Outcome:
        """Up to the present hour, which is looked at again until it has surely told everything."""
        now, pages, done = self.clock(), PAGES, 0
        hour = self.tenants.watermark(BRIEFS) or hour_of(now - FIRST_RUN)
        while hour <= now:
            more = True
            while more:
                if left() <= ENOUGH or not pages:
                    return Outcome(done, again=task)
                pages -= 1
                found = self.disposal.briefs(hour, now, PAGE)
                undone = self.disposal.redact_briefs(found) if found else 0
                done += len(found) - undone
                if undone:
                    return Outcome(done, again=task, delay=BACK_OFF)
                more = len(found) == PAGE
            hour += HOUR
            if hour <= now - VISIBLE:
                self.tenants.advance(BRIEFS, hour)
        return Outcome(done)


def behind(reached: datetime | None, now: datetime) -> timedelta:
    """How long the oldest text that nobody looked for may be over."""
    return max(now - VISIBLE - HOUR - reached, timedelta(0)) if reached else timedelta(0)
