"""What comes late for a tenant that leaves, or has left: nothing breaks, nothing is sent, nothing comes back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fugace.domain.errors import MissingKeyError, UnauthorizedError
from fugace.domain.ids import MessageKey
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.domain.retention import Kind, Period
from fugace.keeping import Gone
from functions.dsar.course.callback import Callback, Notice
from functions.dsar.course.decisions import CLOSED, Decisions
from functions.dsar.course.settle import Settle
from functions.dsar.course.watch import Watch
from functions.dsar.herald import Herald
from functions.dsar.task import Task as Step
from functions.purge.closing import Closing
from functions.purge.departing import Departing
from functions.purge.plan import Plan
from functions.purge.reconcile import Reconcile
from functions.purge.sweep import Ports, Sweep
from functions.purge.tally import Removal, Tally
from functions.purge.task import Task
from functions.send.task import Task as HandOver
from tests.erasing import PLENTY, case_key
from tests.fakes import BAKERY, NOON, SHOP, FakeQueue, key_number
from tests.fakes_rights import FakeMachine
from tests.leaving import GONE, Leaving
from tests.unit.test_erase_races import HOOK, LATE, Office
from tests.unit.test_leave import NOTHING

Stage = Callable[[Leaving], None]


def key_gone(house: Leaving) -> None:
    """Its key has just been destroyed; its rows are all there."""
    house.leave().begin(house.case, house.left)


def left(house: Leaving) -> None:
    """Nothing of it is there any more."""
    house.run()


STAGES: dict[str, Stage] = {"its key has gone": key_gone, "it has left": left}


def office_of(house: Leaving) -> Office:
    """Whoever looks a tenant up finds what the house has."""
    office = Office(house)
    tenants = house.keeping.tenants
    for each in ("dispatch.clearance", "outbox", "notifier", "replay"):
        actor: Any = office
        for name in each.split("."):
            actor = getattr(actor, name)
        object.__setattr__(actor, "tenants", tenants)
    object.__setattr__(office.notifier, "webhooks", house.estate.webhooks)
    object.__setattr__(office.replay, "webhooks", house.estate.webhooks)
    return office


@pytest.fixture
def house() -> Leaving:
    house = Leaving()
    house.estate.webhooks.put(HOOK)
    return house


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
@pytest.mark.parametrize("act", LATE.values(), ids=LATE.keys())
def test_what_comes_late_sends_nothing_and_breaks_nothing(
    house: Leaving, stage: Stage, act: Callable[[Office, MessageKey], Any]
) -> None:
    """Hand-overs, receipts, the stream, webhooks: no error that somebody would have to look at."""
    stage(house)
    keys = set(house.messages.rows), set(house.vault.rows)
    office = office_of(house)
    for number in (1, 2, 4):
        act(office, key_number(number))

    assert (set(house.messages.rows), set(house.vault.rows)) == keys
    assert not office.web.requests


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_nobody_is_accepted_any_more(house: Leaving, stage: Stage) -> None:
    """By a key that the authorizer remembers; a key is then not valid, and that is no bug."""
    stage(house)

    with pytest.raises(UnauthorizedError):
        office_of(house).accept()


def test_a_process_that_remembers_the_tenant_fails_closed(house: Leaving) -> None:
    """For half a minute it may; what it opens are keys that it remembers, for five, or none."""
    key_gone(house)
    office = Office(house)  # with tenants of its own

    with pytest.raises(MissingKeyError):
        office.accept()
    office.dispatch.run("simulator", HandOver(key_number(1)))
    assert not office.web.requests


# --- whoever looks after things -------------------------------------------------------------------


def sweep(house: Leaving) -> Sweep:
    k = house.keeping
    return Sweep.over(
        Ports(
            agenda=k.agenda,
            policies=k.policies,
            holds=k.holds,
            disposal=k.disposal,
            departures=k.departures,
            keychain=k.keychain,
            tallies=k.tallies,
            statistics=k.statistics,
            exports=k.exports,
            cases=k.cases,
            objections=k.objections,
            ledger=k.ledger,
            old_keys=k.old_keys,
            tenants=k.tenants,
            clock=k.clock,
        )
    )


JOBS = ("record/0", "content/0", "access", "statistics", "exports", "cases", "objections", "hold/hold_a")


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_a_job_of_the_purge_that_was_on_its_way_does_nothing(house: Leaving, stage: Stage, job: str) -> None:
    """It was planned before; no policy says any more what is over."""
    house.keeping.agenda.ensure(SHOP, job, NOON)
    stage(house)
    before = house.of(SHOP)

    sweep(house).run(Task(job, SHOP), lambda: PLENTY)

    assert {**house.of(SHOP), "jobs": []} == {**before, "jobs": []}
    assert stage is key_gone or house.of(SHOP) == NOTHING


def test_nothing_is_planned_for_it_any_more(house: Leaving) -> None:
    """The bakery's jobs are."""
    left(house)
    k, queue = house.keeping, FakeQueue()

    Plan(k.agenda, k.tallies, k.departures, k.tenants, queue, k.clock).run()

    assert {body.get("tenant") for body in queue.sent} <= {BAKERY, None}


def test_what_its_end_deleted_is_counted_and_no_statistics_come_back(house: Leaving) -> None:
    """The stream tells of it, an hour later: counts for the ledger, and persons of whom nothing is left."""
    before = dict(house.messages.rows)
    left(house)
    k = house.keeping
    gone = [
        Removal(str(number), key, NOON, record, deleted=True, text=True)
        for number, (key, record) in enumerate(before.items())
        if key.tenant == SHOP
    ]
    Tally(k.tallies, k.departures).run(gone)
    closing = Closing(k.tallies, k.ledger, k.agenda, k.policies, k.clock)

    for _ in range(2):  # the second time there is nothing new
        closing.run(Task("close", hour=NOON), lambda: PLENTY)
        k.tallies.tell(NOON, SHOP, "again", [Gone(Kind.RECORD, key_number(1).id, NOON, Status.DELIVERED, 1)])
    house.clock.tick(hours=3)
    Departing(k.departures, k.keychain, k.disposal, k.clock).run(Task("departures"), lambda: PLENTY)

    assert house.of(SHOP) == NOTHING
    assert house.entries(SHOP).count(Action.PURGED) == 1
    assert k.departures.due(house.clock.now, 9) == []


def test_reconciling_passes_it_over(house: Leaving) -> None:
    """It is in the register of tenants that were active, for two weeks."""
    house.keeping.tenants.enter(SHOP, NOON.date())
    key_gone(house)
    queue = FakeQueue()
    terms = {name: carrier.terms for name, carrier in house.carriers.items()}
    house.clock.tick(days=1)

    Reconcile(house.keeping.tenants, house.messages, house.clock, {"simulator": queue, "deaf": queue}, terms).run(
        lambda: PLENTY
    )

    assert not queue.sent


def test_executions_that_slept_wake_up_to_nothing(house: Leaving) -> None:
    """A person's erasure waited for its day; the tenant, and the request with it, has gone meanwhile."""
    left(house)
    its = house.keeping
    settle = Settle(
        requests=house.requests,
        decisions=Decisions(house.requests, Period(), Period()),
        ledger=house.ledger,
        shredder=house.seals,
        agenda=its.agenda,
        policies=its.policies,
        herald=Herald(FakeQueue()),
        clock=house.clock,
    )

    assert settle.run(Step(case_key(1), "start")).next == CLOSED
    assert house.of(SHOP) == NOTHING


def test_the_watch_and_callbacks_find_nothing(house: Leaving) -> None:
    """What was on the queue of callbacks names a request that is not there."""
    left(house)
    machine, queue = FakeMachine(), FakeQueue()
    house.clock.tick(days=40)

    watched = Watch(house.requests, house.holds, machine, Herald(queue), house.clock).run(lambda: PLENTY)
    told = Callback(house.requests, house.web, house.keeping.signer, queue, "https://api.example").run(
        Notice(case_key(1), "cancelled")
    )

    assert watched.failed == []
    assert {key for key, _ in machine.started} <= {GONE, case_key(100), case_key(101)}
    assert (told.told, told.again, told.lost) == (0, 0, 0)


def test_its_certificate_is_told_where_nobody_can_fetch_it(house: Leaving) -> None:
    """No API key works any more: the callback brings it along."""
    left(house)
    house.requests.rows[GONE] = replace(
        house.case, callbacks=("https://shop.example/left",), certificate="a.b.c", told=""
    )

    Callback(house.requests, house.web, house.keeping.signer, FakeQueue(), "https://api.example").run(
        Notice(GONE, "completed")
    )

    assert b'"certificate":"a.b.c"' in house.web.requests[-1].body


def test_before_it_would_have_sent(house: Leaving) -> None:
    """A positive control."""
    office = office_of(house)
    LATE["a first hand-over"](office, key_number(1))

    assert office.web.requests
