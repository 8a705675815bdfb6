"""Use case: what a change in the table sets going. The stream is the outbox (I1), and only ids leave it (I2)."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec

from fugace.domain.message import Record, Status
from fugace.domain.webhooks import TOLD
from fugace.ports import Clock, Queue, Timer

P = ParamSpec("P")
Body = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the stream: a message before and after; None where there was, or is, none."""

    number: str
    """Its place in the stream."""
    before: Record | None
    after: Record | None

    @property
    def seen(self) -> int:
        """How much of the history is old: 0 for a message just accepted.

        Its id may be that of an expired one of which the remains were still there: then the history is another.
        """
        if self.before is None or self.after is None or self.before.history[0] != self.after.history[0]:
            return 0
        return self.before.sequence


@dataclass(frozen=True, slots=True)
class Relay:
    """From the stream to the queues. Every repeat of it is harmless: consumers look at the table."""

    carriers: Mapping[str, Queue]
    notify: Queue
    timer: Timer
    clock: Clock

    def run(self, steps: Sequence[Step]) -> dict[str, str]:
        """Relay all that can be, whatever else fails; give the places in the stream to try again, and why."""
        now = self.clock()
        failed = {step.number: cause for step in steps if (cause := _cause(self._time, step, now))}
        letters = defaultdict[str, list[tuple[str, Body]]](list)
        for step in steps:
            for queue, body in _letters(step, now):
                letters[queue].append((step.number, body))
        for queue, posted in letters.items():
            if cause := _cause(self._post, queue, [body for _, body in posted]):
                failed.update((number, cause) for number, _ in posted)
        return failed

    def _post(self, queue: str, bodies: Sequence[Body]) -> None:
        (self.carriers[queue] if queue else self.notify).send(bodies)

    def _time(self, step: Step, now: datetime) -> None:
        """Schedule what is due later, forget the schedule of what was cancelled."""
        after = step.after
        if after is None or after.anchor <= now:
            return
        name = f"m-{after.key.id}"
        if not step.seen and after.status is Status.ACCEPTED:
            self.timer.at(after.anchor, f"carrier/{after.carrier}", first_body(after), name=name)
        elif step.seen and after.status is Status.CANCELLED and step.seen < after.sequence:
            self.timer.cancel(name)


def first_body(record: Record) -> Body:
    """What asks `dispatch` to hand a message over."""
    return {"message": str(record.key), "attempt": 1}


def _letters(step: Step, now: datetime) -> Iterator[tuple[str, Body]]:
    """What goes out at once: (a carrier's name, or '' for the notify queue; a body)."""
    after = step.after
    if after is None:
        return
    if not step.seen:
        if after.status is Status.ACCEPTED and after.anchor <= now:
            yield after.carrier, first_body(after)
        return
    for sequence in range(step.seen + 1, after.sequence + 1):
        if after.history[sequence - 1].status in TOLD:
            yield "", {"message": str(after.key), "sequence": sequence}


def _cause(act: Callable[P, None], *args: P.args, **named: P.kwargs) -> str:
    """Do it; the kind of error it met, '' where it worked."""
    try:
        act(*args, **named)
    except Exception as error:  # noqa: BLE001  # one queue's trouble is not the others'; the caller reports it
        return type(error).__name__
    return ""
