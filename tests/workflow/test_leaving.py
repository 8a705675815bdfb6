"""A tenant leaves, through the file that is deployed, with the real use cases as its functions, over fakes."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain.case import CaseState, Stage
from fugace.domain.certificate import Kept
from fugace.domain.certificate import Stage as Certified
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ledger import Action
from fugace.domain.retention import Period
from functions.dsar.course.certify import Certify
from functions.dsar.course.decisions import Decisions
from functions.dsar.course.settle import Settle
from functions.dsar.course.watch import Watch
from functions.dsar.herald import Herald
from functions.dsar.task import Task
from tests.erasing import ASL, PLENTY
from tests.fakes import BAKERY, NOON, SHOP, FakeQueue
from tests.fakes_rights import FakeMachine
from tests.leaving import GONE, WEEK
from tests.unit.test_depart import Departing
from tests.unit.test_leave import NOTHING
from tests.workflow.asl import Execution, StateMachine

DRAIN = 300
FUNCTIONS = ("settle", "depart", "leave", "recall", "certify")


class World(Departing):
    """The house, the machine, and whoever looks after it."""

    def __init__(self) -> None:
        super().__init__()
        self.machine, self.queue = FakeMachine(), FakeQueue()
        self.signer = self.keeping.signer
        self.functions: dict[str, Callable[[dict[str, Any]], Any]] = {
            name: getattr(self, f"_{name}") for name in FUNCTIONS
        }
        names = {name.title(): name for name in (*FUNCTIONS, "verify", "export", "erase", "amend")}
        text = {**names, "Partition": "aws", "DrainSeconds": str(DRAIN)}
        self.asl = StateMachine.read(ASL, text, functions=self.functions, clock=self.clock)

    def _settle(self, event: dict[str, Any]) -> Any:
        its = self.keeping
        settle = Settle(
            requests=self.requests,
            decisions=Decisions(self.requests, Period(), Period(seconds=7 * 86_400)),
            ledger=self.ledger,
            shredder=self.seals,
            agenda=its.agenda,
            policies=its.policies,
            herald=Herald(self.queue),
            clock=self.clock,
        )
        return settle.run(Task.read(event)).shown()

    def _depart(self, event: dict[str, Any]) -> Any:
        return {"more": self.depart().run(Task.read(event), lambda: PLENTY).more}

    def _leave(self, event: dict[str, Any]) -> Any:
        return self.leave().run(Task.read(event), lambda: PLENTY).shown()

    def _recall(self, event: dict[str, Any]) -> Any:
        return {"more": self.recall().run(Task.read(event), lambda: PLENTY)}

    def _certify(self, event: dict[str, Any]) -> Any:
        terms = {name: carrier.terms for name, carrier in self.carriers.items()}
        Certify(self.requests, self.ledger, self.signer, self.clock, terms, "test").run(Task.read(event))
        return {}

    def execute(self) -> Execution:
        run = self.case.run
        self.machine.start(GONE, run)
        done = self.asl.run({"request": str(GONE)}, f"{SHOP}-{GONE.id}-{run}")
        self.machine.over.add((GONE, run))
        return done

    def watch(self) -> int:
        return (
            Watch(self.requests, self.holds, self.machine, Herald(self.queue), self.clock).run(lambda: PLENTY).started
        )


def test_a_tenant_leaves() -> None:
    """Exported, fetched in a week, then nothing is left of it but its ledger and a certificate."""
    world = World()
    bakery = world.of(BAKERY)

    done = world.execute()

    assert done.status == "SUCCEEDED"
    assert world.clock() == NOON + WEEK + timedelta(seconds=DRAIN)
    assert world.case.state is CaseState.COMPLETED
    assert world.of(SHOP) == NOTHING
    assert world.of(BAKERY) == bakery
    assert Kept.read(world.case.certificate).stage is Certified.ERASED
    assert world.entries(SHOP) == [
        Action.ARCHIVE_MADE,
        Action.ERASURE_BEGUN,
        Action.KEY_DESTROYED,
        Action.REQUEST_CANCELLED,
        Action.REQUEST_CANCELLED,
        Action.ERASED,
        Action.CERTIFIED,
        Action.REQUEST_DONE,
    ]


def test_the_last_certificate_comes_when_the_last_back_up_is_over() -> None:
    """By then nobody knows the tenant any more, and nobody has to."""
    world = World()
    world.execute()
    horizon = world.case.final_at
    assert horizon

    world.clock.now = horizon
    assert world.watch() == 1
    world.execute()

    assert Kept.read(world.case.certificate).stage is Certified.FINAL
    assert world.of(SHOP) == NOTHING
    world.clock.tick(days=99)
    assert world.watch() == 0


def test_what_is_called_off_in_time_loses_nothing() -> None:
    """Up to the last moment of the waiting time."""
    world = World()
    before = world.of(SHOP)
    settle = world.functions["settle"]

    def cancelled(event: dict[str, Any]) -> Any:
        if event["step"] == "start":
            seen = world.case
            world.requests.rows[GONE] = type(seen)(
                **{
                    **{name: getattr(seen, name) for name in seen.__slots__},
                    "state": CaseState.CANCELLED,
                    "finished": world.clock(),
                }
            )
        return settle(event)

    world.asl.functions = {**world.functions, "settle": cancelled}
    assert world.execute().status == "SUCCEEDED"

    after = world.of(SHOP)
    assert {name: after[name] for name in ("messages", "persons", "tenant", "webhooks")} == {
        name: before[name] for name in ("messages", "persons", "tenant", "webhooks")
    }


def test_a_hold_that_was_set_meanwhile_holds_all_of_it() -> None:
    """Until it is over; then the watch has it done, and the certificate comes after."""
    world = World()
    world.clock.tick(days=1)
    hold = Hold(SHOP, "hold_aaaaaaaaaaaaaaaa", Ground.CLAIM, NOON, "key_abcdefga", NOON + 9 * WEEK, HoldState.HELD)
    world.holds.rows[SHOP, hold.id] = hold
    messages = world.of(SHOP)["messages"]

    world.execute()
    assert (world.case.state, world.case.stage) == (CaseState.HELD, Stage.NOTHING)
    assert world.of(SHOP)["messages"] == messages
    world.clock.tick(hours=1)
    assert world.watch() == 0

    del world.holds.rows[SHOP, hold.id]
    world.clock.tick(hours=1)
    assert world.watch() == 1
    world.execute()
    assert world.case.state is CaseState.COMPLETED
    assert world.of(SHOP) == NOTHING


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_step_that_gives_up_is_begun_again(name: str) -> None:
    """Whatever fails for longer than the machine tries: the watch goes on from there, to the same end."""
    world = World()
    real, left = world.functions[name], [5]

    def down(event: dict[str, Any]) -> Any:
        if left[0]:
            left[0] -= 1
            raise RuntimeError
        return real(event)

    world.asl.functions = {**world.functions, name: down}
    world.execute()
    for _ in range(3):
        if world.case.state is CaseState.COMPLETED:
            break
        world.clock.tick(hours=1)
        assert world.watch() == 1
        world.execute()

    assert world.case.state is CaseState.COMPLETED
    assert world.of(SHOP) == NOTHING
    assert world.entries(SHOP).count(Action.CERTIFIED) == world.entries(SHOP).count(Action.ARCHIVE_MADE) == 1


def test_its_history_names_nobody() -> None:
    """It stays for 90 days, and nobody can delete it."""
    world = World()

    history = json.dumps(world.execute().history)

    assert not any(record.subject in history for record in world.messages.rows.values())
    assert "+33" not in history
