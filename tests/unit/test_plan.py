"""What the plan promises: everything that is due is asked for, and what is not costs nothing."""

from datetime import timedelta

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.retention import Kind
from fugace.keeping import Departure, Gone
from functions.purge import plan
from functions.purge.plan import KINDS, Plan
from functions.purge.task import Task
from tests.crashing import Calls
from tests.fakes import BAKERY, FIRST, NOON, SHOP, Status
from tests.fakes_keeping import Keeping

HOUR = timedelta(hours=1)


class Office:
    """A plan over an empty agenda."""

    def __init__(self):
        self.k, self.calls = Keeping(now=NOON), Calls()
        ports = [self.k.agenda, self.k.tallies, self.k.departures, self.k.tenants, self.k.queue]
        self.plan = Plan(*map(self.calls.of, ports), self.k.clock)

    def run(self):
        self.k.queue.sent.clear()
        return self.plan.run()

    @property
    def jobs(self):
        return [(body["tenant"], body["job"]) for body in self.k.queue.sent if "tenant" in body]


def test_what_is_due_is_put_on_the_queue():
    """And nothing else: the longest overdue first."""
    office = Office()
    office.k.agenda.ensure(SHOP, "record/0", NOON - timedelta(minutes=1))
    office.k.agenda.ensure(BAKERY, "content/0", NOON - HOUR)
    office.k.agenda.ensure(SHOP, "content/0", NOON + timedelta(seconds=1))

    planned = office.run()

    assert office.jobs == [(BAKERY, "content/0"), (SHOP, "record/0")]
    assert planned.jobs == 2


def test_how_late_it_is_is_told_by_kind():
    """Zero where nothing is due: an alarm has to see that it is over."""
    office = Office()
    office.k.agenda.ensure(SHOP, "record/0", NOON - timedelta(minutes=1))
    office.k.agenda.ensure(SHOP, "record/1", NOON - timedelta(minutes=9))
    office.k.agenda.ensure(SHOP, "hold/hold_a", NOON - timedelta(minutes=2))

    planned = office.run()

    assert planned.lag == {
        **dict.fromkeys(KINDS, timedelta(0)),
        "record": timedelta(minutes=9),
        "hold": timedelta(minutes=2),
    }
    assert planned.behind == timedelta(minutes=9)


def test_a_job_stays_due_until_a_sweep_settles_it():
    """Bodies can be lost; the next plan asks again."""
    office = Office()
    office.k.agenda.ensure(SHOP, "record/0", NOON)

    office.run()
    office.run()

    assert office.jobs == [(SHOP, "record/0")]


def test_more_than_one_look_holds_is_found_too(monkeypatch):
    """Each look begins at the longest overdue, so the next one is larger; nothing is sent twice."""
    monkeypatch.setattr(plan, "FIRST", 2)
    office = Office()
    for number in range(30):
        office.k.agenda.ensure(TenantId(f"ten_{number:016}"), "record/0", NOON - timedelta(minutes=number))

    assert office.run().jobs == 30
    assert len(set(office.jobs)) == len(office.jobs) == 30


def test_idle_tenants_cost_nothing():
    """Ten or ten thousand that wait for something later, or for nothing: the requests are the same."""
    costs = []
    for tenants in (10, 10_000):
        office = Office()
        for number in range(tenants):
            office.k.agenda.ensure(TenantId(f"ten_{number:016}"), "record/0", NOON + HOUR)
        office.run()
        costs.append(office.calls.requests)

    assert costs[0] == costs[1] == 5


def test_briefly_kept_texts_are_looked_for_each_time():
    """Nobody is asked whether there are some."""
    office = Office()
    office.run()
    assert office.k.queue.sent == [{"job": "briefs"}]


def test_texts_that_nobody_looked_for_are_late_texts():
    """Their job is not in the agenda; how far it came is."""
    office = Office()
    office.k.tenants.advance("briefs", NOON - 3 * HOUR)

    assert office.run().lag["content"] > HOUR
    office.k.tenants.advance("briefs", NOON - HOUR)
    assert office.run().lag["content"] == timedelta(0)


def test_hours_with_news_are_closed_and_departures_looked_at():
    """The ledger is not to wait for the next purge."""
    office = Office()
    office.k.tallies.tell(NOON - HOUR, SHOP, "a", [Gone(Kind.RECORD, FIRST.id, NOON, Status.DELIVERED, 1)])
    office.k.departures.add(Departure(NOON, "a", SHOP, frozenset({SubjectId("s")}), marked=False))

    office.run()

    assert {"job": "close", "hour": "2026-01-15T11"} in office.k.queue.sent
    assert {"job": "departures"} in office.k.queue.sent
    assert [Task.read(body).body() for body in office.k.queue.sent] == office.k.queue.sent


def test_a_queue_that_does_not_answer_is_no_success():
    """Or the heartbeat would say that all is well."""
    office = Office()
    office.k.queue.broken = True

    with pytest.raises(UnavailableError):
        office.run()
