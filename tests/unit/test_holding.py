"""What becomes of a legal hold: put on what was there, kept out of reach, taken off to the letter, and forgotten."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ledger import Action
from fugace.domain.message import Change, Status
from fugace.domain.retention import Kind, Period
from functions.purge import cover
from functions.purge.holding import LATELY, Holding
from functions.purge.messages import MessageSweep
from functions.purge.task import LEASE, Task
from tests.crashing import Calls, crashes
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, FakeVault, kept, key_number, sealed_record, tenant
from tests.fakes_keeping import Keeping

DAY = timedelta(days=1)
PLENTY = timedelta(minutes=5)
ID = "hold_aaaaaaaaaaaaaaaa"
OTHER = "hold_bbbbbbbbbbbbbbbb"
JOB = f"hold/{ID}"
VAULT = FakeVault()


class House:
    """A shop of two shards with messages to Alice (odd numbers) and Bob, and a hold that was just set."""

    def __init__(self, *records, at_once=1, until=NOON + 30 * DAY, **hold):
        self.k, self.calls = Keeping(tenant(shards=2), tenant(BAKERY), now=NOON), Calls()
        self.k.messages.rows |= {record.key: record for record in records or map(message, range(1, 7))}
        self.k.messages.rows[key_number(70, BAKERY)] = message(70, who=BAKERY)
        self.k.holds.rows[SHOP, ID] = Hold(
            SHOP, ID, Ground.CLAIM, NOON, "key_aaaaaaaa", until, HoldState.SETTING, **hold
        )
        self.k.agenda.ensure(SHOP, JOB, NOON)
        names = ("agenda", "policies", "holds", "disposal", "ledger", "tenants")
        ports = [self.calls.of(getattr(self.k, name)) for name in names]
        self.holding = Holding(*ports, self.k.clock, at_once=at_once)

    def run(self, left=lambda: PLENTY, *, bodies=50):
        """The bodies that the queue gives, one after the other."""
        task = Task(JOB, SHOP)
        while task and bodies:
            bodies -= 1
            outcome = self.holding.run(Task.read(task.body()), left)
            task = outcome.again
        return outcome

    def lift(self):
        self.k.holds.rows[SHOP, ID] = replace(
            self.hold, state=HoldState.LIFTING, lifted_by="key_bbbbbbbb", lifted_at=self.k.clock()
        )
        self.k.agenda.ensure(SHOP, JOB, self.k.clock())

    @property
    def hold(self):
        return self.k.holds.get(SHOP, ID)

    @property
    def due_at(self):
        return self.k.agenda.get(SHOP, JOB).due_at

    @property
    def held(self):
        return sorted(_number(record) for record in self.k.messages.rows.values() if ID in record.held)

    @property
    def there(self):
        return sorted(_number(record) for record in self.k.messages.rows.values() if record.key.tenant == SHOP)

    def record(self, number):
        return self.k.messages.rows[key_number(number)]


def _number(record):
    return int(record.key.id[-12:], 16)


def message(number, *, who=SHOP, at=NOON - 10 * DAY, **more):
    at += timedelta(minutes=number)
    stamps = {"expires_at": Period(months=6).after(at), "content_until": at + 7 * DAY}
    person = ALICE if number % 2 else BOB
    return sealed_record(VAULT, key_number(number, who), person, at=at, shard=number // 4, **{**stamps, **more})


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(cover, "PAGE", 2)


# --- putting on ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"subject": VAULT.subject(SHOP, ALICE)}, [1, 3, 5]),
        ({"message": key_number(4).id}, [4]),
    ],
    ids=["tenant", "subject", "message"],
)
@pytest.mark.parametrize("at_once", [1, 4])
def test_a_hold_is_put_on_what_it_covers(scope, held, at_once):
    """In every shard, and of nobody else; then it says how many there are, and waits for its end."""
    house = House(**scope, at_once=at_once)

    house.run()

    assert house.held == held
    assert (house.hold.state, house.hold.covers) == (HoldState.HELD, len(held))
    assert house.due_at == house.hold.until


def test_every_shard_begins_at_its_own_beginning():
    """What is newer in one says nothing of another."""
    house = House(message(1, at=NOON - DAY), message(5, at=NOON - 20 * DAY))
    house.run()
    assert house.held == [1, 5]


def test_what_is_collected_later_is_not_covered():
    """A hold preserves, it does not stop a tenant from working; what is sent later may have been accepted before."""
    early, late = Change(Status.ACCEPTED, NOON - DAY), Change(Status.ACCEPTED, NOON + timedelta(seconds=1))
    house = House(
        message(1, at=NOON + 2 * DAY, history=(early,)),
        message(2, at=NOON + 2 * DAY, history=(late,)),
        message(3, at=NOON, history=(late,)),
    )
    house.k.clock.tick(minutes=1)

    house.run()

    assert house.held == [1]


def test_what_was_over_is_not_brought_back():
    """It is gone for everybody, only not deleted yet. What another hold has kept is there, though."""
    old = NOON - 300 * DAY
    house = House(message(1, at=old), message(2, at=old, held=frozenset({OTHER})))

    house.run()

    assert house.held == [2]


def test_without_time_left_it_goes_on_where_it_was():
    """And counts on: the number of what it covers is exact, however many runs it took."""
    house = House()
    patience = iter([PLENTY, timedelta(0)] * 20)

    house.run(lambda: next(patience))

    assert house.held == [1, 2, 3, 4, 5, 6]
    assert house.hold.covers == 6


def test_while_somebody_is_at_it_nobody_else_begins():
    """The plan finds the job every quarter of an hour; when the one who was at it is lost, it finds it again."""
    house = House()
    house.run(bodies=1)

    assert house.due_at == NOON + LEASE
    assert house.holding.run(Task(JOB, SHOP), lambda: PLENTY).again is None
    house.k.clock.now += LEASE
    house.run()
    assert house.hold.state is HoldState.HELD


def test_sweeps_wait_for_a_hold_that_is_being_put_on():
    """Between two of its bodies, too."""
    house = House(message(1, at=NOON - 300 * DAY))
    house.run(bodies=1)
    k = house.k
    k.agenda.ensure(SHOP, "record/0", NOON)
    sweep = MessageSweep(k.agenda, k.policies, k.holds, k.disposal, k.tenants, k.clock)

    assert sweep.run(Task("record/0", SHOP), lambda: PLENTY).again
    house.run(bodies=1)
    assert house.there == [1]


# --- taking off ---------------------------------------------------------------------------------


def lifted(*records, **more):
    house = House(*records, **more)
    house.run()
    return house


def test_when_it_is_lifted_everything_has_its_own_end_again():
    """To the second of what was promised; and the ledger says that it is over."""
    house = lifted()
    house.lift()

    house.run()

    assert house.held == []
    assert house.hold.state is HoldState.OVER
    assert house.record(1).expires_at == message(1).expires_at
    (entry,) = house.k.ledger.chains[SHOP]
    assert (entry.draft.action, entry.draft.object, entry.draft.facts) == (Action.HOLD_ENDED, ID, {"covers": 6})


def test_what_became_over_meanwhile_goes_with_the_hold():
    """The purge resumes by itself: neither record nor text waits for somebody to look."""
    house = lifted(message(1, at=NOON - 5 * DAY), message(2, at=NOON - 170 * DAY))
    house.k.clock.tick(days=20)
    house.lift()

    house.run()

    assert house.there == [1]
    assert house.record(1).sealed.text is None


def test_a_hold_ends_by_itself():
    """Nobody has to lift it. Who did is then nobody, and who wrote it down is the purge."""
    house = lifted()
    house.k.clock.tick(days=30)

    house.run()

    assert house.held == []
    assert (house.hold.state, house.hold.lifted_by) == (HoldState.OVER, "")
    assert house.k.ledger.chains[SHOP][0].draft.actor == "purge"


def test_before_its_end_nothing_is_taken_off():
    """A body too many does no harm."""
    house = lifted()
    house.k.clock.tick(days=29)
    house.run()
    assert len(house.held) == 6


def test_what_another_hold_is_on_stays():
    """With its text, and out of TTL's reach for as long as that one lasts."""
    until = NOON + 400 * DAY
    other = Hold(SHOP, OTHER, Ground.CLAIM, NOON, "key_aaaaaaaa", until, HoldState.HELD)
    house = lifted(message(1, at=NOON - 170 * DAY, held=frozenset({OTHER})))
    house.k.holds.rows[SHOP, OTHER] = other
    house.k.clock.tick(days=20)
    house.lift()

    house.run()

    assert house.record(1).held == {OTHER}
    assert house.record(1).sealed.text is not None
    assert house.record(1).expires_at > until


def test_a_shorter_choice_made_meanwhile_counts():
    """A shorter policy acts on everything at once, and on what was held when the hold ends."""
    house = lifted()
    retention = kept().changed(Kind.RECORD, Period(seconds=86_400), NOON)
    house.k.tenants.tenants[SHOP] = tenant(shards=2, retention=retention)
    house.k.clock.tick(days=1)
    house.lift()

    house.run()

    assert house.there == []


def test_a_hold_that_is_lifted_while_it_is_put_on_is_on_nothing_in_the_end():
    """Whatever the walk put on after the lifting: nobody else would find it."""
    for bodies in (1, 2):
        house = House()
        patience = iter([PLENTY, timedelta(0)] * 20)
        task, taken = Task(JOB, SHOP), 0
        while task:
            task = house.holding.run(task, lambda: next(patience) if taken < 3 else PLENTY).again  # noqa: B023
            taken += 1
            if taken == bodies + 1:
                house.lift()
        assert house.held == []
        assert house.hold.state is HoldState.OVER


def test_a_walk_stops_when_its_hold_is_lifted():
    """It is not put on a million messages to be taken off again."""
    house = House()
    hold = house.k.disposal.hold

    def then_lifted(key, *rest):
        if house.hold.state is HoldState.SETTING:
            house.lift()
        return hold(key, *rest)

    house.k.disposal.hold = then_lifted
    house.run()

    assert house.calls.names["hold"] == cover.PAGE
    assert house.held == []


def test_a_hold_that_is_lifted_at_the_last_moment_is_taken_off_at_once():
    """The walk was at its end, and the job is known to be in somebody's hands: its own."""
    house = House()
    move = house.k.holds.move

    def lifted_before(*args):
        house.lift()
        return move(*args)

    house.k.holds.move = lifted_before
    house.run()

    assert house.held == []
    assert house.hold.state is HoldState.OVER


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=30)], ids=["put-on", "at-its-end"])
def test_a_hold_that_does_not_move_is_tried_again_later(later):
    """Bodies that go back at once, for ever, are what a queue is taken out of service for."""
    house = House()
    house.run(bodies=1)
    house.k.holds.move = lambda *_: False
    house.k.clock.now += later

    outcome = house.holding.run(Task(JOB, SHOP, step="on"), lambda: PLENTY)

    assert outcome.again == Task(JOB, SHOP, step="on")
    assert outcome.delay > timedelta(0)


def test_a_walk_that_comes_too_late_cleans_up_behind_itself():
    """Its body was given again after the hold was lifted, taken off and over."""
    house = House()
    house.run()
    house.lift()
    house.run()
    house.k.disposal.hold(key_number(1), ID, house.hold.until)

    outcome = house.holding.run(Task(JOB, SHOP, step="on"), lambda: PLENTY)
    while outcome.again:
        outcome = house.holding.run(outcome.again, lambda: PLENTY)

    assert house.held == []
    assert len(house.k.ledger.chains[SHOP]) == 1


# --- before and after ---------------------------------------------------------------------------


def test_a_job_may_be_there_before_its_hold():
    """It is planned first; for two minutes it waits for the hold to be written."""
    house = House()
    hold = house.k.holds.rows.pop((SHOP, ID))
    outcome = house.holding.run(Task(JOB, SHOP), lambda: PLENTY)
    assert (outcome.again, outcome.delay) == (Task(JOB, SHOP), LATELY)

    house.k.holds.rows[SHOP, ID] = hold
    house.run()
    assert house.hold.state is HoldState.HELD


def test_a_job_whose_hold_never_came_is_forgotten():
    """Whoever planned it died, or was refused."""
    house = House()
    house.k.holds.rows.clear()
    house.k.clock.tick(minutes=3)
    house.run()
    assert house.due_at is None


def test_a_hold_that_is_over_is_remembered_as_long_as_a_case_and_then_forgotten():
    """Who had what kept, and why, is asked for later; but not for ever."""
    house = lifted()
    house.k.clock.tick(days=30)
    house.run()
    assert house.due_at == Period(months=12).after(house.hold.until)

    house.k.clock.now = house.due_at
    house.run()
    assert house.hold is None
    assert house.due_at is None


def test_a_message_that_left_before_its_hold_could_be_put_on_it_ends_it():
    """There is nothing to keep, and the ledger says so."""
    house = House(message=key_number(4).id)
    del house.k.messages.rows[key_number(4)]
    house.run()
    assert house.hold.state is HoldState.OVER
    assert house.k.ledger.chains[SHOP][0].draft.facts == {"covers": 0}


def test_a_tenant_that_is_gone_ends_the_walk():
    """There is nobody whose choices could be asked for."""
    house = House()
    del house.k.tenants.tenants[SHOP]
    assert house.run().again is None


@pytest.mark.parametrize("way", ["on", "off"])
def test_a_walk_that_dies_anywhere_is_finished(way):
    """The queue gives its body again, or the plan finds the job when its time is up."""

    def make():
        if way == "on":
            return House()
        house = lifted(message(1), message(2, at=NOON - 170 * DAY), message(5))
        house.k.clock.tick(days=20)
        house.lift()
        house.calls.__init__()
        return house

    def run(house):
        house.run()
        house.k.clock.now += LEASE
        house.run()

    for house in crashes(make, run, lambda house: house.calls):
        house.k.clock.now += LEASE
        house.run()
        assert house.held == ([1, 2, 3, 4, 5, 6] if way == "on" else [])
        assert house.there == ([1, 2, 3, 4, 5, 6] if way == "on" else [1, 5])
        assert house.hold.state is (HoldState.HELD if way == "on" else HoldState.OVER)
        assert house.hold.covers == (6 if way == "on" else 3)
        assert len(house.k.ledger.chains[SHOP]) == (0 if way == "on" else 1)
