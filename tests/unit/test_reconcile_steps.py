"""How reconcile gets on when there is more to look at than a run has time for."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain, count, repeat
from threading import Barrier

import pytest

from fugace.domain.ids import TenantId
from fugace.ports import Step
from functions.purge import steps
from functions.purge.reconcile import EARLY, Reconcile
from functions.purge.steps import Steps
from tests.crashing import Calls, crashes
from tests.fakes import NOON, FakeCarrier, FakeClock, FakeMessages, FakeQueue, FakeTenants, key_number, sealed_record
from tests.fakes import tenant as a_tenant

MINUTE = timedelta(minutes=1)
PLENTY = timedelta(minutes=5)
IDS = [TenantId(f"ten_{letter * 16}") for letter in "abcdefg"]
EACH = {name: key_number(number, name) for number, name in enumerate(IDS)}
BEGUN, LATE = NOON - MINUTE, "late/259200"


@pytest.fixture(autouse=True)
def few_together(monkeypatch):
    """Two tenants are noted together, two messages are a page."""
    monkeypatch.setattr(steps, "TOGETHER", 2)
    monkeypatch.setattr(steps, "PAGE", 2)


class World:
    """Seven tenants with a lost message each, or with `records`; a process may die at any call."""

    def __init__(self, *records):
        self.clock, self.calls, self.queue = FakeClock(), Calls(), FakeQueue()
        self.tenants = FakeTenants(*map(a_tenant, IDS))
        for name in IDS:
            self.tenants.enter(name, NOON.date())
        self.tenants.advance("early", BEGUN)
        self.messages = FakeMessages(self.clock, *(records or [sealed_record(key=key) for key in EACH.values()]))
        tenants, messages, queue = map(self.calls.of, (self.tenants, self.messages, self.queue))
        terms = replace(FakeCarrier().terms, receipt_limit=timedelta(days=3))
        self.reconcile = Reconcile(tenants, messages, self.clock, {"simulator": queue}, {"simulator": terms}, at_once=1)
        self.clock.tick(minutes=11)

    def run(self, looks=10_000):
        """`looks` is how often it finds that there is time left."""
        left = chain(repeat(PLENTY, looks), repeat(timedelta(0)))
        return self.reconcile.run(lambda: next(left))

    def forward(self, looks):
        """The early pass alone; gives whom it looked at."""
        asked, left = [], chain(repeat(False, looks), repeat(True))
        tried = Steps(self.tenants, self.messages, 1)
        end = self.clock() - EARLY
        tried.forward("early", end, lambda records, _: asked.extend(each.key for each in records), lambda: next(left))
        return asked

    @property
    def sent(self):
        return [body["message"] for body in self.queue.sent]


EVERYBODY = {str(key) for key in EACH.values()}


def test_a_step_is_taken_up_where_it_stopped():
    """With more tenants than a run has time for, it would otherwise stand still for ever."""
    world = World()

    assert world.forward(looks=6) == list(EACH.values())[:3]
    assert world.tenants.under_way("early") == Step(BEGUN, NOON + MINUTE, IDS[2])
    assert world.forward(looks=6) == list(EACH.values())[3:6]
    assert world.tenants.watermark("early") == BEGUN


def test_a_step_keeps_its_end_over_runs():
    """Whoever was done before it was taken up has new messages since: they belong to the next one."""
    world = World()
    world.forward(looks=6)
    world.messages.rows |= {key: sealed_record(key=key, at=NOON + 2 * MINUTE) for key in [key_number(99, IDS[0])]}
    world.clock.tick(minutes=5)

    assert world.forward(looks=100) == [*list(EACH.values())[3:], key_number(99, IDS[0])]


@pytest.mark.parametrize("looks", range(3, 30))
def test_whatever_time_a_run_has_nobody_is_left_out(looks):
    """The watermark is never past what was not looked at, and it gets there."""
    world, seen = World(), set()
    for _ in range(len(IDS)):
        seen |= set(world.forward(looks))
        reached = world.tenants.watermark("early")
        assert all(key in seen for key, each in world.messages.rows.items() if each.anchor < reached)

    assert world.tenants.watermark("early") == world.clock() - EARLY


def test_a_step_that_gets_on_stays_as_long():
    """A shorter one is for who needs it: each step costs a look at everybody."""
    world = World()
    world.clock.tick(hours=2)
    world.tenants.pause("early", Step(BEGUN, BEGUN + 20 * MINUTE))

    world.forward(looks=6)

    assert world.tenants.under_way("early") == Step(BEGUN, BEGUN + 20 * MINUTE, IDS[2])


def test_what_takes_many_runs_comes_with_longer_steps():
    """Steps of five minutes that take ten would fall behind for ever."""
    world = World()
    world.clock.tick(hours=2)
    world.tenants.pause("early", Step(BEGUN, BEGUN + 20 * MINUTE, IDS[2]))
    ends = []
    advance = world.tenants.advance
    world.tenants.advance = lambda name, to: (ends.append(to), advance(name, to))

    world.forward(looks=1_000)

    assert ends[:2] == [BEGUN + 20 * MINUTE, BEGUN + 60 * MINUTE]


def test_a_tenant_with_more_than_a_run_has_time_for_gets_a_shorter_step():
    """It would be begun again for ever, and nobody after it would be looked at."""
    many = [sealed_record(key=key_number(n, IDS[0]), at=NOON + n * MINUTE) for n in range(40)]
    world = World(*many, sealed_record(key=EACH[IDS[1]]))
    world.clock.tick(minutes=40)
    world.tenants.pause("early", Step(BEGUN, NOON + 40 * MINUTE))
    seen = set()

    for _ in range(20):
        seen |= set(world.forward(looks=10))

    assert seen == set(world.messages.rows)


def test_a_pass_that_has_not_the_time_leaves_some_to_the_others():
    """The early one comes first, and might never end; receipts would be missed for ever."""
    world = World()
    spent = count()

    world.reconcile.run(lambda: PLENTY - next(spent) * timedelta(seconds=15))

    assert world.tenants.watermark("early") == BEGUN
    assert world.tenants.watermark(LATE)


def test_with_time_for_all_nothing_is_noted_on_the_way_to_the_end():
    """Notes are for tenants by the fifty: most environments have fewer, and pay for none."""
    world = World(sealed_record(key=EACH[IDS[0]]))
    world.tenants.days = {NOON.date(): set(IDS[:2])}

    world.run()

    assert world.calls.names["pause"] == 0


@pytest.mark.parametrize("looks", [10_000, 5], ids=["fresh", "taken-up"])
def test_a_run_that_dies_at_any_call_does_no_harm(looks):
    """The next one repeats what was not noted, and comes to the same end."""

    def make():
        world = World()
        if looks < 10_000:
            world.run(looks)
            world.calls = Calls()
            tenants, messages, queue = map(world.calls.of, (world.tenants, world.messages, world.queue))
            world.reconcile = replace(world.reconcile, tenants=tenants, messages=messages, queues={"simulator": queue})
        return world

    worlds = crashes(make, World.run, lambda world: world.calls)

    assert len(worlds) > 40
    for world in worlds:
        assert set(world.sent) == EVERYBODY
        assert world.tenants.watermark("early") == world.clock() - EARLY


def test_tenants_are_asked_about_at_the_same_time():
    """Most have nothing: a run is through with them as fast as questions can be asked, not answered."""
    world, both = World(), Barrier(2, timeout=5)
    world.tenants.days = {NOON.date(): set(IDS[:2])}
    timeline = world.messages.timeline
    world.messages.timeline = lambda *of, **more: (both.wait(), timeline(*of, **more))[1]
    world.reconcile = replace(world.reconcile, messages=world.messages, at_once=2)

    assert world.run().relayed == 2
