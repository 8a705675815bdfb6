"""What the purge asks of DynamoDB (B12, B13, B14): requests, units, and records a second.

The use cases and adapters are the real ones; DynamoDB is `bench.counting`, behind the SDK's own `before-send` hook.
"""

import base64
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from bench.budget import Figure
from bench.counting import Counting, Shape
from bench.work import TEXT
from fugace.adapters.dynamo import rows
from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.departures import DynamoDepartures
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.session import Aws
from fugace.domain.bounds import defaults
from fugace.domain.ids import MessageId, MessageKey, SubjectId, TenantId, new_tenant
from fugace.domain.message import Category, Change, OnUnknown, Record, Sealed, Status
from fugace.domain.retention import Retention
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from functions.purge.messages import MessageSweep
from functions.purge.plan import Plan
from functions.purge.task import Task

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXPIRED = 1_000
FEW, MANY = 10_000, 100_000
IDLE = (10, 10_000)
SHAPES = {
    "messages": Shape(
        ("pk", ""), {"by-subject": ("subject", "at"), "by-time": ("shard", "at"), "by-content": ("brief", "text_until")}
    ),
    "tenants": Shape(("tenant", "item")),
    "purge": Shape(("tenant", "item"), {"by-due": ("lot", "due_at")}),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a sweep took."""

    requests: int
    bound: int
    write_units: int
    seconds: float
    """Of CPU, in this process."""
    done: int


class _Account:
    """Tables with one tenant that sends, and others that do not."""

    def __init__(self, *, shards: int = 1) -> None:
        self.aws = Aws("eu-west-3")
        self.aws._session.set_credentials("bench", "bench")  # noqa: SLF001 - only a measurement needs none of its own
        self.dynamo = Counting(SHAPES)
        self.dynamo.attach(self.aws._session)  # noqa: SLF001 - only a measurement has to see what is sent
        self.retention = Retention.of(defaults(wiring.bounds()))
        self.tenant = Tenant(new_tenant(), "Bench", "simulator", NOW, self.retention, shards)
        self.agenda = DynamoAgenda(self.aws, "purge")
        self.tenants = DynamoTenants(self.aws, "tenants", lambda: NOW)
        self.tenants.add(self.tenant, b"wrapped")

    def sweep(self) -> MessageSweep:
        """The job of records and texts."""
        policies, holds = DynamoPolicies(self.aws, "tenants"), DynamoHolds(self.aws, "tenants")
        disposal = DynamoDisposal(self.aws, "messages")
        return MessageSweep(self.agenda, policies, holds, disposal, self.tenants, lambda: NOW)

    def plan(self) -> Plan:
        """The plan, with a queue that takes everything."""
        tallies = DynamoTallies(self.aws, "purge", "tenants", lambda: NOW)
        departures = DynamoDepartures(self.aws, "purge", lambda: NOW)
        queue: Any = SimpleNamespace(send=lambda _bodies, delay=None: delay)
        return Plan(self.agenda, tallies, departures, self.tenants, queue, lambda: NOW)

    def load(self, count: int, *, first: datetime, last: datetime) -> None:
        """Messages with anchors from `first` to `last`, over all shards."""
        step = (last - first) / count
        self.dynamo.tables["messages"].load(self._items([first + step * number for number in range(count)]))

    def _items(self, anchors: Sequence[datetime]) -> Iterator[dict[str, Any]]:
        whole = _item(self.tenant.id, anchors[0])
        for number, anchor in enumerate(anchors):
            millis = str(round(anchor.timestamp() * 1000))
            key = {"S": f"{self.tenant.id}/{UUID(int=int(millis) << 40 | number)}"}
            subject = {"S": f"{number:043d}"}
            shard = {"S": f"{self.tenant.id}/{number % self.tenant.shards}"}
            yield {**whole, "pk": key, "subject": subject, "shard": shard, "at": {"N": millis}}


def figures() -> list[Figure]:
    """All of them."""
    few, many = _swept("record", FEW), _swept("record", MANY)
    texts = _swept("content", FEW)
    large = _swept("record", MANY, shards=16)
    idle = [_planned(count) for count in IDLE]
    note = f"{few.requests} for {few.done:,}; bound {few.bound}"
    return [
        Figure("B12", "requests to purge 1,000 records / lower bound", few.requests / few.bound, 1.10, 1.5, note=note),
        Figure("B12", "the same for their texts", texts.requests / texts.bound, 1.10, 1.5),
        Figure("B12", "the same in 16 shards of 1,000 each", large.requests / large.bound, 1.10, 1.5),
        Figure("B13", f"at {MANY:,} live records, not {FEW:,}", _apart(many.requests, few.requests), 5, 10, "% off"),
        Figure("B14", f"with {IDLE[1]:,} idle tenants, not {IDLE[0]}", _apart(idle[1], idle[0]), 5, 10, "% off",
               f"{idle[0]} a plan"),
        Figure("-", "write units to purge a record, its indexes included", few.write_units / few.done, 3.01, 3.1),
        Figure("-", "write units to remove a text", texts.write_units / texts.done, 1.01, 1.1),
        Figure("-", "records purged a second and core, AWS answering at once", many.done / many.seconds),
        Figure("-", "texts removed a second and core", texts.done / texts.seconds),
    ]  # fmt: skip


def _swept(kind: str, live: int, *, shards: int = 1) -> Cost:
    account = _Account(shards=shards)
    count = EXPIRED * shards
    if kind == "record":
        account.load(count, first=NOW - timedelta(days=220), last=NOW - timedelta(days=200))
        account.load(live, first=NOW - timedelta(days=150), last=NOW)
    else:
        account.load(count, first=NOW - timedelta(days=20), last=NOW - timedelta(days=8))
        account.load(live, first=NOW - timedelta(days=6), last=NOW)
    jobs = [f"{kind}/{shard}" for shard in range(shards)]
    for job in jobs:
        account.agenda.ensure(account.tenant.id, job, NOW - timedelta(days=40))
    sweep = account.sweep()
    account.dynamo.reset()
    began, done = time.process_time(), 0
    for job in jobs:
        task: Task | None = Task(job, account.tenant.id)
        while task:
            outcome = sweep.run(task, lambda: timedelta(minutes=5))
            done, task = done + outcome.done, outcome.again
    spent = time.process_time() - began
    if done != count:
        msg = f"{done} instead of {count} were purged: {kind}"
        raise RuntimeError(msg)
    bound = shards + -(-EXPIRED // 25) * shards
    return Cost(account.dynamo.total, bound, account.dynamo.write_units, spent, done)


def _planned(idle: int) -> int:
    """Requests of a plan with so many tenants of whom nothing is due; half of them have data that is not over."""
    account = _Account()
    for number in range(idle):
        tenant = TenantId(
            f"ten_idle{number:012d}".replace("0", "a").replace("1", "b").replace("8", "c").replace("9", "d")
        )
        if number % 2:
            account.agenda.ensure(tenant, "record/0", NOW + timedelta(days=1 + number % 90))
    account.dynamo.reset()
    account.plan().run()
    return account.dynamo.total


def _apart(one: float, other: float) -> float:
    return abs(one / other - 1) * 100


def _item(tenant: TenantId, at: datetime) -> Mapping[str, Any]:
    """A message as it is stored when it was delivered, of a usual size."""
    record = Record(
        key=MessageKey(tenant, MessageId("019bc192-7a00-7000-8000-000000000001")),
        subject=SubjectId("s" * 43),
        epoch=60_000,
        sealed=Sealed(b"n" * 41, b"t" * (len(TEXT) - 40)),
        anchor=at,
        history=(Change(Status.ACCEPTED, at), Change(Status.SUBMITTED, at), Change(Status.DELIVERED, at, code="000")),
        encoding="GSM-7",
        segments=1,
        category=Category.TRANSACTIONAL,
        carrier="simulator",
        on_unknown=OnUnknown.AT_MOST_ONCE,
        validity=timedelta(days=2),
        expires_at=NOW + timedelta(days=30),
        content_until=NOW + timedelta(days=30),
    )
    return {name: dict(map(_as_json, typed.items())) for name, typed in rows.write_record(record).serialize().items()}


def _as_json(typed: tuple[str, Any]) -> tuple[str, Any]:
    kind, value = typed
    return kind, base64.b64encode(value).decode() if kind == "B" else value
