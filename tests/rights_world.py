"""A person's requests over fakes: the machine's use cases, wired as their entry points wire them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from fugace.domain.case import Case, CaseKey, CaseState, Found, Identity, Right
from fugace.domain.deadlines import due
from fugace.domain.ledger import Action
from fugace.domain.lookout import next_look
from fugace.domain.retention import Kind, Period
from functions.dsar.course.callback import Callback
from functions.dsar.course.decisions import Decisions
from functions.dsar.course.settle import Settle
from functions.dsar.course.verify import Verify
from functions.dsar.course.watch import Seen, Watch
from functions.dsar.herald import Herald
from functions.dsar.task import Task
from tests.crashing import Calls
from tests.fakes import ALICE, NOON, SHOP, FakeClock, FakeMessages, FakeQueue, FakeTenants, FakeVault, FakeWeb, tenant
from tests.fakes_keeping import FakeAgenda, FakeHolds, FakeLedger, FakePolicies, FakeSigner, commit
from tests.fakes_rights import FakeCaseSeals, FakeMachine, FakeRequests

WAITING = Period(seconds=86_400)
LEAVE_WAITING = Period(seconds=7 * 86_400)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALLBACK = "https://shop.example/rights"
PLENTY = timedelta(minutes=5)


def case_key(number: int = 1) -> CaseKey:
    """An id for each number."""
    return CaseKey(SHOP, f"3f2504e0-4f89-41d3-9a0c-{number:012x}")


@dataclass
class Rights:
    """Everything, at noon; nothing was filed."""

    clock: FakeClock = field(default_factory=FakeClock)
    requests: FakeRequests = field(default_factory=FakeRequests)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    seals: FakeCaseSeals = field(default_factory=FakeCaseSeals)
    agenda: FakeAgenda = field(default_factory=FakeAgenda)
    tenants: FakeTenants = field(default_factory=lambda: FakeTenants(tenant()))
    holds: FakeHolds = field(default_factory=FakeHolds)
    machine: FakeMachine = field(default_factory=FakeMachine)
    queue: FakeQueue = field(default_factory=FakeQueue)
    web: FakeWeb = field(default_factory=FakeWeb)
    signer: FakeSigner = field(default_factory=FakeSigner)
    calls: Calls = field(default_factory=Calls)

    def __post_init__(self) -> None:
        self.vault = FakeVault(self.clock)
        self.messages = FakeMessages(self.clock)
        self.policies = FakePolicies(self.tenants)

    # What was filed.

    def put(self, number: int = 1, right: Right = Right.ERASURE, **more: Any) -> Case:
        """File one as the intake does: by default an erasure, attested, waiting for a day."""
        key, now = case_key(number), self.clock()
        self.seals.make(key)
        plain = Case(
            key=key,
            right=right,
            state=CaseState.WAITING,
            submitted=now,
            received=now,
            due=due(now),
            identity=Identity.ATTESTED,
            filed_by="key_abcd2345",
            subject=self.vault.subject(SHOP, ALICE),
            sealed=self.seals.seal(key, "number", ALICE.reveal().encode()),
            digest=b"print",
            callbacks=(CALLBACK,),
            run=1,
        )
        case = replace(plain, **more)
        commit(self.requests.file(replace(case, look_at=more.get("look_at", next_look(case, now)))))
        return self.case(number)

    def put_otp(self, number: int = 1, right: Right = Right.ERASURE, **more: Any) -> Case:
        """The same, to be proved."""
        return self.put(number, right, **{"state": CaseState.VERIFYING, "identity": Identity.OTP, **more})

    def case(self, number: int = 1) -> Case:
        """As it is now."""
        return self.requests.rows[case_key(number)]

    def change(self, number: int = 1, **more: Any) -> Case:
        """As somebody else changes it."""
        seen = self.case(number)
        assert self.requests.move(replace(seen, **more), seen)
        return self.case(number)

    def actions(self) -> Sequence[Action]:
        """What the ledger tells."""
        return [entry.draft.action for entry in self.ledger.chains[SHOP]]

    # Use cases.

    @property
    def settle(self) -> Settle:
        of = self.calls.of
        return Settle(
            requests=of(self.requests),
            decisions=Decisions(of(self.requests), WAITING, LEAVE_WAITING),
            ledger=of(self.ledger),
            shredder=of(self.seals),
            agenda=of(self.agenda),
            policies=of(self.policies),
            herald=Herald(of(self.queue)),
            clock=self.clock,
        )

    def step(self, step: str, number: int = 1, **more: str) -> dict[str, str]:
        """One step of the machine; what it is told."""
        return self.settle.run(Task(case_key(number), step, **more)).shown()

    @property
    def verify(self) -> Verify:
        of = self.calls.of
        return Verify(
            requests=of(self.requests),
            seals=of(self.seals),
            vault=of(self.vault),
            messages=of(self.messages),
            tenants=self.tenants,
            clock=self.clock,
        )

    def watch(self, left: timedelta = PLENTY) -> Seen:
        """One round."""
        of = self.calls.of
        watch = Watch(of(self.requests), of(self.holds), of(self.machine), Herald(of(self.queue)), self.clock)
        return watch.run(lambda: left)

    @property
    def callback(self) -> Callback:
        return Callback(self.requests, self.web, self.signer, self.queue, "https://api.example/live")


def chosen(world: Rights, kind: Kind) -> Period:
    """What the tenant keeps that kind for."""
    return world.tenants.tenants[SHOP].retention.period(kind)


__all__ = ["CALLBACK", "DAY", "HOUR", "NOON", "WAITING", "Rights", "case_key", "chosen"]


def running(right: Right = Right.ERASURE, **places: Found) -> Rights:
    """One that has begun, and come so far."""
    world = Rights()
    world.put(right=right, until=NOON)
    world.step("begin")
    world.step("start")
    for place, found in places.items():
        world.requests.note(case_key(), place, found)
    return world
