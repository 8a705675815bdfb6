"""What a restriction does to the person's other requests: through the machine's own file, with all that works in it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain.case import CaseKey, CaseState, Right
from fugace.domain.hold import HoldState
from fugace.domain.ids import MessageKey
from fugace.domain.msisdn import Msisdn
from functions.dsar.amendment.amend import Amend
from functions.dsar.amendment.journal import Journal
from functions.dsar.amendment.rectify import Rectify
from functions.dsar.amendment.restraint import Restraint, hold_of
from functions.dsar.task import Task
from functions.purge.holding import Holding
from functions.purge.task import Task as Job
from tests.fakes import ALICE, BOB, FIRST, NOON, SHOP, sealed_record
from tests.fakes_keeping import FakeDepartures, FakeDisposal
from tests.fakes_rights import FakeAmendments, FakePersons
from tests.rights_world import DAY, Rights, case_key
from tests.workflow.asl import Execution, StateMachine
from tests.workflow.test_request import FILE, NAMES

RESTRICTION, RECTIFICATION, LIFT = 1, 2, 3
PLENTY = timedelta(minutes=5)


@dataclass
class World:
    """Alice, to whom a message is planned; whoever amends is real."""

    rights: Rights = field(default_factory=Rights)

    def __post_init__(self) -> None:
        its = self.rights
        self.disposal, self.persons = FakeDisposal(its.messages), FakePersons(its.vault)
        its.messages.rows[FIRST] = sealed_record(its.vault, FIRST, anchor=NOON + DAY)
        functions: dict[str, Callable[[dict[str, Any]], Any]] = {
            "settle": lambda event: its.settle.run(Task.read(event)).shown(),
            "amend": lambda event: {"more": self.amend.run(Task.read(event), lambda: PLENTY)},
        }
        names = {name: name.lower() for name in NAMES} | {"Partition": "aws", "DrainSeconds": "300"}
        self.machine = StateMachine.read(FILE, names, functions=functions, clock=its.clock)

    @property
    def amend(self) -> Amend:
        its = self.rights
        journal = Journal(its.requests, its.ledger, its.clock)
        rectify = Rectify(
            requests=its.requests,
            persons=self.persons,
            seals=its.seals,
            vault=its.vault,
            disposal=self.disposal,
            amendments=FakeAmendments(its.messages),
            departures=FakeDepartures(),
            policies=its.policies,
            journal=journal,
            clock=its.clock,
        )
        restraint = Restraint(its.requests, its.holds, its.ledger, its.agenda, its.queue, its.clock)
        return Amend(its.requests, self.persons, its.agenda, its.policies, rectify, restraint, journal, its.clock)

    def file(self, number: int, right: Right, **correction: str) -> CaseState:
        """And have the machine do it."""
        key = case_key(number)
        self.rights.seals.make(key)
        sealed = self.rights.seals.seal(key, "correction", json.dumps(correction).encode()) if correction else b""
        reason = "accuracy" if right is Right.RESTRICTION else ""
        self.rights.put(number, right, correction=sealed, reason=reason)
        self.run(key, 1)
        return self.rights.case(number).state

    def run(self, key: CaseKey, number: int) -> Execution:
        self.rights.machine.start(key, number)
        done = self.machine.run({"request": str(key)}, f"{key.tenant}-{key.id}-{number}")
        self.rights.machine.over.add((key, number))
        return done

    def purge(self) -> None:
        """The job of the restriction's hold, to its end."""
        its = self.rights
        job = Holding(its.agenda, its.policies, its.holds, self.disposal, its.ledger, its.tenants, its.clock)
        task: Job | None = Job(f"hold/{hold_of(case_key(RESTRICTION))}", SHOP)
        while task:
            task = job.run(task, lambda: PLENTY).again

    def watch(self, **later: float) -> None:
        """A round, and the runs that it begins."""
        self.rights.clock.tick(**later)
        before = len(self.rights.machine.started)
        self.rights.watch()
        for key, number in self.rights.machine.started[before:]:
            self.run(key, number)

    def of(self, person: Msisdn) -> set[MessageKey]:
        subject = self.rights.vault.subject(SHOP, person)
        return {key for key, row in self.rights.messages.rows.items() if row.subject == subject}


@pytest.fixture
def world() -> World:
    return World()


def test_a_correction_waits_for_the_lift_and_is_completed_after_it(world: World) -> None:
    """Held as long as the restriction lasts, by the mark first and then by the hold; nobody has to file it again."""
    assert world.file(RESTRICTION, Right.RESTRICTION) is CaseState.COMPLETED
    assert world.file(RECTIFICATION, Right.RECTIFICATION, field="to", value=BOB.reveal()) is CaseState.HELD
    world.purge()
    for _ in range(3):
        world.watch(minutes=15)
    assert world.rights.case(RECTIFICATION).state is CaseState.HELD
    assert world.of(ALICE) == {FIRST}

    assert world.file(LIFT, Right.LIFT_RESTRICTION) is CaseState.COMPLETED
    world.watch(minutes=15)
    assert world.rights.case(RECTIFICATION).state is CaseState.HELD  # the hold is still being taken off
    world.purge()
    (hold,) = world.rights.holds.of(SHOP)
    assert hold.state is HoldState.OVER
    world.watch(minutes=15)

    assert world.rights.case(RECTIFICATION).state is CaseState.COMPLETED
    assert world.of(BOB) == {FIRST}
    assert world.rights.case(RECTIFICATION).sealed == b""
    assert case_key(RECTIFICATION) not in world.rights.seals.keys


def test_a_correction_to_the_number_of_who_is_restricted_follows_as_well(world: World) -> None:
    """It fails as long as that lasts, and is tried again, ever more seldom."""
    bob = world.rights.vault.subject(SHOP, BOB)
    world.persons.restrict(SHOP, bob, NOON)
    assert world.file(RECTIFICATION, Right.RECTIFICATION, field="to", value=BOB.reveal()) is CaseState.PARTIAL
    world.watch(minutes=15)
    assert world.rights.case(RECTIFICATION).state is CaseState.PARTIAL

    world.persons.restrict(SHOP, bob, None)
    world.watch(hours=6)

    assert world.rights.case(RECTIFICATION).state is CaseState.COMPLETED
    assert world.of(BOB) == {FIRST}
