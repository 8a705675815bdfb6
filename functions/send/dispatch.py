"""Use case: claim a message, hand it over once, write down what came of it.

The one place where a wrong habit sends a text twice. What is not known is a state, not a retry (I6); what is over,
erased or cancelled is not sent (I4).
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain.errors import CarrierRefusedError, CarrierSilentError, CarrierUnavailableError
from fugace.domain.message import SENDABLE, Change, Evidence, OnUnknown, Record, Status, as_code
from fugace.domain.times import whole
from fugace.ports import Carrier, Clock, HttpRequest, Messages, Submission, Timer, Web
from functions.send.clearance import Clearance
from functions.send.task import InDoubtError, Outcome, Task

LEASE = timedelta(minutes=3)
"""How long a claim is respected: longer than a function may run, shorter than a queue hides a body it has given out."""
SHORTEST_WAIT, FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=4), timedelta(minutes=15)
KEPT_BACK = timedelta(minutes=15)
"""How long until somebody looks again at what a restriction or a legal hold keeps back: as far as a queue delays."""
LONGEST_ASKED = 86_400
"""Seconds that a carrier may ask us to wait."""
MOST_SILENCES = 5
FAILED, REFUSED = "CarrierFailed", "CarrierRefused"
"""What a carrier did with an attempt that it did not take: nothing, for now or at all; or it said no to the message."""
PAUSES = (0.2, 1.0)
"""Seconds between attempts to write down what a carrier answered."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One attempt to hand one message over."""

    task: Task
    carrier: str
    claims: bool
    """The carrier does not deduplicate, so we hold a claim, made at `now`."""
    record: Record
    now: datetime
    drop_content: bool

    @property
    def doubt(self) -> bool:
        """Whether an earlier attempt may have sent it."""
        return self.task.silent > 0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """From a carrier's queue to the carrier."""

    messages: Messages
    clearance: Clearance
    web: Web
    timer: Timer
    clock: Clock
    carriers: Mapping[str, Carrier]
    """By configured name."""
    pause: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random
    """Jitter, from 0 to 1."""
    hear: Callable[[str, str], None] = lambda _carrier, _what: None
    """Told of each attempt that a carrier did not take: by its name, and `FAILED` or `REFUSED`."""

    def run(self, carrier: str, task: Task) -> Outcome:
        """Try once to hand `task` over to `carrier`, from whose queue it came.

        Raises:
            InDoubtError: the carrier may have it. Once the claim is stale, `on_unknown` decides.
            Exception: whatever else it is, nothing was handed over in this attempt.
        """
        job = self._take(carrier, task)
        if isinstance(job, Outcome):
            return job
        try:
            ready = self._prepare(job)
        except Exception:
            if not job.doubt:  # a claim that is let go says "surely not sent"
                self._let_go(job)
            raise
        return ready if isinstance(ready, Outcome) else self._hand_over(*ready)

    def bury(self, carrier: str, task: Task, *, in_doubt: bool) -> None:
        """The last delivery of a body has failed: the message's state says so, before the body is a dead letter."""
        now = self._now()
        record = self.messages.get(task.key)
        if record is None or record.status not in SENDABLE:
            return
        doubt = in_doubt or task.silent > 0 or self.carriers[carrier].terms.deduplicates
        if not doubt:
            record = self.messages.claim(task.key, now, stale=now - LEASE)
            if record is None:  # in another's hands, or over by now: theirs to end
                return
            doubt = _stale(record, now)
        status, evidence = (Status.UNKNOWN, Evidence.INFERRED) if doubt else (Status.REJECTED, Evidence.PLATFORM)
        change = Change(status, now, evidence, "dead-letter")
        drop = self.clearance.drops_content(record, now)
        self.messages.note(task.key, change, drop_content=drop, only_from=SENDABLE)

    def _take(self, carrier: str, task: Task) -> _Job | Outcome:
        """Have it for ourselves, where two of us could send it twice."""
        now, claims = self._now(), not self.carriers[carrier].terms.deduplicates
        record = self.messages.claim(task.key, now, stale=now - LEASE) if claims else self.messages.get(task.key)
        if record is None:
            return self._not_ours(carrier, task) if claims else Outcome.DROPPED
        if record.status not in SENDABLE:
            return Outcome.DROPPED
        job = _Job(task, carrier, claims, record, now, record.drop_content)
        if not claims or not _stale(record, now):
            return job
        # Whoever held it died half-way, and the outcome of that call is not known.
        if record.on_unknown is OnUnknown.AT_MOST_ONCE:
            job = replace(job, drop_content=self.clearance.drops_content(record, now))
            return self._end(job, Status.UNKNOWN, "interrupted", Evidence.INFERRED)
        return replace(job, task=replace(task, silent=task.silent + 1))

    def _not_ours(self, carrier: str, task: Task) -> Outcome:
        """Another has it in hand, it is over, or a legal hold is on it: no claim is given on what is held."""
        there, now = self.messages.get(task.key), self._now()
        if there is None or there.status not in SENDABLE:
            return Outcome.DROPPED
        if not there.held:
            return Outcome.HELD
        job = _Job(task, carrier, claims=False, record=there, now=now, drop_content=there.drop_content)
        return self._keep_back(job)

    def _keep_back(self, job: _Job) -> Outcome:
        """Nothing is sent, and nothing is lost: until its validity ends, somebody looks again."""
        return self._later(job, int(KEPT_BACK.total_seconds()))

    def _prepare(self, job: _Job) -> tuple[_Job, HttpRequest] | Outcome:
        if job.record.carrier != job.carrier:
            raise LookupError("on another carrier's queue")
        ruling = self.clearance.rule(job.record, job.now)
        if ruling is None:
            return Outcome.DROPPED
        job = replace(job, drop_content=ruling.drop_content)
        if isinstance(ruling.verdict, Submission):
            return job, self.carriers[job.carrier].build_send(ruling.verdict)
        if ruling.verdict is None:
            return self._keep_back(job)
        if ruling.verdict.status is Status.EXPIRED:
            return self._over(job)
        if ruling.verdict.status is Status.BLOCKED and job.doubt:  # an earlier attempt may have sent it
            return self._end(job, Status.UNKNOWN, ruling.verdict.code, Evidence.INFERRED)
        return self._end(job, ruling.verdict.status, ruling.verdict.code)

    def _hand_over(self, job: _Job, request: HttpRequest) -> Outcome:
        try:
            reference = self.carriers[job.carrier].read_answer(self.web.carrier(request))
        except CarrierUnavailableError as error:
            self.hear(job.carrier, FAILED)
            return self._later(job, error.retry_after or 0)
        except CarrierRefusedError as error:
            self.hear(job.carrier, REFUSED)
            return self._refused(job, error)
        except CarrierSilentError:
            self.hear(job.carrier, FAILED)
            return self._silent(job)
        except Exception as error:
            self.hear(job.carrier, FAILED)
            raise InDoubtError from error
        self._write(job, Change(Status.SUBMITTED, self._now()), carrier_ref=reference)
        return Outcome.SUBMITTED

    def _refused(self, job: _Job, error: CarrierRefusedError) -> Outcome:
        if job.doubt and job.claims:  # this attempt was refused; what became of an earlier one nobody knows
            return self._end(job, Status.UNKNOWN, error.code, Evidence.INFERRED)
        return self._end(job, Status.BLOCKED if error.blocked else Status.REJECTED, error.code)

    def _silent(self, job: _Job) -> Outcome:
        task = replace(job.task, silent=job.task.silent + 1)
        once = job.record.on_unknown is OnUnknown.AT_MOST_ONCE
        if job.claims and (once or task.silent >= MOST_SILENCES):
            return self._end(job, Status.UNKNOWN, "silent", Evidence.INFERRED)
        return self._later(replace(job, task=task), 0)

    def _later(self, job: _Job, asked: int) -> Outcome:
        """Back on the queue, with full jitter, but not before the carrier asked us to, nor past the validity."""
        ceiling = min(FIRST_WAIT * 2 ** min(job.task.attempt - 1, 10), LONGEST_WAIT)
        wait = max(SHORTEST_WAIT, self.draw() * ceiling, timedelta(seconds=min(asked, LONGEST_ASKED)))
        when = self._now() + wait
        if when >= job.record.anchor + job.record.validity:
            return self._over(job)
        task = replace(job.task, attempt=job.task.attempt + 1)
        # We may die between these steps: after a silence, letting go of the claim comes last.
        if not job.doubt:
            self._let_go(job)
        name = f"r-{task.key.id}-{task.attempt}-{task.silent}"
        self.timer.at(when, f"carrier/{job.carrier}", task.body(), name=name)
        if job.doubt:
            self._let_go(job)
        return Outcome.RETRIED

    def _over(self, job: _Job) -> Outcome:
        """Its validity has ended before a carrier took it, as far as we know."""
        if job.doubt:
            return self._end(job, Status.UNKNOWN, "silent", Evidence.INFERRED)
        return self._end(job, Status.EXPIRED, "validity")

    def _end(self, job: _Job, status: Status, code: str, evidence: Evidence = Evidence.PLATFORM) -> Outcome:
        self._write(job, Change(status, self._now(), evidence, as_code(code)))
        return Outcome.ENDED

    def _write(self, job: _Job, change: Change, *, carrier_ref: str = "") -> None:
        """Insisting: once a carrier has it, forgetting it is the one thing that must not happen."""
        for pause in PAUSES:
            try:
                self._note(job, change, carrier_ref)
            except Exception:  # noqa: BLE001  # whatever it is, the last attempt below shows it
                self.pause(pause)
            else:
                return
        try:
            self._note(job, change, carrier_ref)
        except Exception as error:
            raise InDoubtError from error

    def _note(self, job: _Job, change: Change, carrier_ref: str) -> None:
        drop = job.drop_content
        self.messages.note(job.record.key, change, carrier_ref=carrier_ref, drop_content=drop)

    def _let_go(self, job: _Job) -> None:
        if job.claims:
            self.messages.release(job.record.key, job.now)

    def _now(self) -> datetime:
        """To the millisecond, as times are kept: a claim is let go by the time it was made at."""
        return whole(self.clock())


def _stale(record: Record, now: datetime) -> bool:
    """Whether the claim that we got had been another's."""
    return record.claimed_at is not None and record.claimed_at < now
