"""What the sweep queue asks of us, and what may become of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from fugace.domain.ids import MessageId, MessageKey, TenantId
from fugace.ports import Place

Left = Callable[[], timedelta]
"""How much time a run still has."""
ENOUGH = timedelta(seconds=30)
"""With less time left, the body goes back to the queue and another run goes on."""
LEASE = timedelta(minutes=20)
"""How long nobody else begins with a hold that is being put on or taken off: longer than the plan's round."""
BRIEFS, DEPARTURES, CLOSE = "briefs", "departures", "close"
GLOBAL = frozenset({BRIEFS, DEPARTURES, CLOSE})
"""Jobs that are not of one tenant."""

_NOBODY = TenantId("")
_TENANT = re.compile(r"ten_[a-z2-7]{16}")
_JOB = re.compile(r"[a-z]{1,20}(?:/[a-z0-9_]{1,40})?")
_HOUR = "%Y-%m-%dT%H"


@dataclass(frozen=True, slots=True)
class Task:
    """A body of the sweep queue: a job, and how far it came where it goes back to the queue."""

    job: str
    """`record/0`, `content/0`, `access`, `statistics`, `exports`, `cases`, `objections`, `hold/<id>`; or a `GLOBAL`."""
    tenant: TenantId = _NOBODY
    """Empty for those of `GLOBAL`."""
    hour: datetime | None = None
    """Which hour to `close`."""
    at: datetime | None = None
    """The moment that a walk in several runs is made for."""
    after: Place | None = None
    """The last place that such a walk dealt with."""
    shard: int = 0
    """The shard that place is in; for jobs that walk through all of them."""
    step: str = ""
    """`on`, `off`: which way a hold is being moved. `open`: a walk through messages has left something."""
    count: int = 0
    """How many it came to so far."""

    @property
    def kind(self) -> str:
        """The job without what it is about."""
        return self.job.partition("/")[0]

    @classmethod
    def read(cls, body: object) -> "Task":
        """Raises ValueError for anything that is not such a body, without quoting it."""
        match body:
            case {"job": "close", "hour": str(hour)}:
                return cls(CLOSE, hour=datetime.strptime(hour, _HOUR).replace(tzinfo=UTC))
            case {"job": ("briefs" | "departures") as job}:
                return cls(str(job))
            case {"tenant": str(tenant), "job": str(job), **more} if _TENANT.fullmatch(tenant) and _JOB.fullmatch(job):
                return cls._of(TenantId(tenant), job, more)
        raise ValueError("not a body of the sweep queue")

    @classmethod
    def _of(cls, tenant: TenantId, job: str, more: Mapping[object, object]) -> "Task":
        at = _number(more, "at")
        return cls(
            job,
            tenant,
            at=_moment(at) if at else None,
            after=_place(tenant, more.get("after")),
            shard=_number(more, "shard"),
            step=str(more.get("step", "")),
            count=_number(more, "count"),
        )

    def body(self) -> dict[str, str | int]:
        """The inverse of `read`."""
        body: dict[str, str | int] = {"tenant": self.tenant, "job": self.job} if self.tenant else {"job": self.job}
        if self.hour:
            body["hour"] = self.hour.strftime(_HOUR)
        if self.at:
            body["at"] = _millis(self.at)
        if self.after:
            body["after"] = f"{_millis(self.after.anchor)}/{self.after.key.id}"
        return body | {name: value for name in ("shard", "step", "count") if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, and what is to be put on the queue because of it."""

    done: int = 0
    """How many things it removed."""
    again: Task | None = None
    """Not finished: this goes on the queue, after `delay`."""
    delay: timedelta = timedelta(0)


class Job(Protocol):
    """What does one kind of task."""

    def run(self, task: Task, left: Left) -> Outcome:
        """Go as far as the time that is `left` allows. Whatever is raised, a repeat of the body mends it."""
        ...


def hour_of(at: datetime) -> datetime:
    """The hour that it is in."""
    return at.replace(minute=0, second=0, microsecond=0)


def _number(body: Mapping[object, object], name: str) -> int:
    value = body.get(name, 0)
    return value if isinstance(value, int) else 0


def _place(tenant: TenantId, after: object) -> Place | None:
    if not isinstance(after, str):
        return None
    anchor, _, message = after.partition("/")
    return Place(_moment(int(anchor)), MessageKey(tenant, MessageId(str(UUID(message)))))


def _millis(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _moment(millis: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
