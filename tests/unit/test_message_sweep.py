"""What a sweep of records and texts promises: to the second, whatever crashes, in few requests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.message import Change, Status
from fugace.domain.retention import ANNOUNCED, Kind, Period
from functions.purge import walk
from functions.purge.messages import A_MINUTE, LATER, MessageSweep
from functions.purge.spans import VISIBLE
from functions.purge.task import Task
from tests.crashing import Calls, crashes
from tests.fakes import NOON, SHOP, FakeVault, kept, key_number, sealed_record, tenant
from tests.fakes_keeping import Keeping

PLENTY = timedelta(minutes=5)
LONG_AGO = NOON - timedelta(days=200)
DAY = timedelta(days=1)
VAULT = FakeVault()
TODAY = NOON.date()


class House:
    """A shop with messages, one a number, and the sweep over them."""

    def __init__(self, *records, retention=None):
        self.k = Keeping(tenant(retention=retention or kept()), now=NOON)
        self.k.messages.rows |= {record.key: record for record in records}
        self.calls = Calls()
        ports = [self.k.agenda, self.k.policies, self.k.holds, self.k.disposal, self.k.tenants]
        self.sweep = MessageSweep(*map(self.calls.of, ports), self.k.clock)

    def run(self, job="record/0", left=lambda: PLENTY, *, bodies=200):
        """Until nothing goes back to the queue; gives the outcomes."""
        self.k.agenda.ensure(SHOP, job, self.k.clock())
        outcomes = [self.sweep.run(Task(job, SHOP), left)]
        while (again := outcomes[-1].again) and len(outcomes) < bodies:
            outcomes.append(self.sweep.run(Task.read(again.body()), left))
        return outcomes

    def job(self, job="record/0"):
        return self.k.agenda.get(SHOP, job)

    @property
    def there(self):
        return sorted(int(key.id[-12:], 16) for key in self.k.messages.rows)

    @property
    def texts(self):
        return sorted(int(key.id[-12:], 16) for key, record in self.k.messages.rows.items() if record.sealed.text)


def message(number, at, **more):
    retention = kept()
    stamps = {
        "expires_at": retention.expiry(Kind.RECORD, at, at),
        "content_until": retention.expiry(Kind.CONTENT, at, at),
    }
    return sealed_record(VAULT, key_number(number), at=at, **{**stamps, **more})


@pytest.fixture
def small(monkeypatch):
    """Pages of three, two of them a run."""
    monkeypatch.setattr(walk, "PAGE", 3)
    monkeypatch.setattr(walk, "PAGES", 2)


# --- to the second ------------------------------------------------------------------------------


@pytest.mark.parametrize("job", ["record/0", "content/0"])
def test_what_is_over_goes_and_what_is_not_stays_to_the_second(job):
    """Half a year for a record, a week for its text; one second more or less decides."""
    end = NOON.replace(year=2025, month=7) if job == "record/0" else NOON - timedelta(days=7)
    second = timedelta(seconds=1)
    house = House(*(message(number, end + second * number) for number in (-1, 0, 1)))
    if job == "content/0":
        house.k.tenants.tenants[SHOP] = tenant(retention=kept(record=Period(months=60)))

    house.run(job)

    # Numbers of keys are not negative: -1 is the first.
    left = house.texts if job == "content/0" else house.there
    assert [key for key in left if key < 2**40] == [1]
    assert len(left) == 1


def test_a_text_goes_and_its_record_stays():
    """The class that is over leaves, and only it."""
    house = House(message(1, NOON - timedelta(days=8)))

    house.run("content/0")

    assert (house.there, house.texts) == ([1], [])


def test_at_the_end_of_a_short_month_days_end_in_turns():
    """28 February, noon: mornings of 28 to 31 January are over, afternoons are not, in one index and no order."""
    days = [datetime(2026, 1, day, hour, tzinfo=UTC) for day in (28, 29, 30, 31) for hour in (11, 13)]
    record = {"expires_at": datetime(2027, 1, 1, tzinfo=UTC)}
    house = House(
        *(message(number, at, **record) for number, at in enumerate(days)), retention=kept(record=Period(months=1))
    )
    house.k.clock.now = datetime(2026, 2, 28, 12, tzinfo=UTC)

    house.run()
    assert house.there == [1, 3, 5, 7]

    house.k.clock.tick(hours=1)
    house.run()
    assert house.there == []


def test_a_shorter_choice_acts_on_everything_when_it_is_in_force():
    """And not a moment before: what the answer said is what happens."""
    house = House(message(1, NOON - timedelta(days=100)), message(2, NOON - timedelta(days=10)))
    house.run()
    shorter = house.k.policies.fresh(SHOP).changed(Kind.RECORD, Period(seconds=30 * 86_400), NOON)
    house.k.tenants.tenants[SHOP] = tenant(retention=shorter)
    house.k.agenda.ensure(SHOP, "record/0", NOON + ANNOUNCED)

    house.k.clock.tick(seconds=34)
    house.run()
    assert house.there == [1, 2]

    house.k.clock.tick(seconds=1)
    house.run()
    assert house.there == [2]


def test_a_longer_choice_keeps_what_was_promised_before():
    """Only who is written to afterwards is kept longer; the anchor alone does not tell them apart."""
    retention = kept(record=Period(seconds=86_400)).changed(Kind.RECORD, Period(months=6), NOON)
    soon = NOON + timedelta(hours=1)
    stamps = {"expires_at": NOON + timedelta(days=300)}
    house = House(
        message(1, soon, history=(Change(Status.ACCEPTED, NOON - DAY),), **stamps),
        message(2, soon, history=(Change(Status.ACCEPTED, soon),), **stamps),
        retention=retention,
    )
    house.k.clock.now = soon + DAY

    house.run()

    assert house.there == [2]
    assert house.job().due_at <= Period(months=6).after(soon)


def test_what_had_to_be_read_is_not_read_again_every_quarter_of_an_hour():
    """It was found not to be over by the old promise; what it is over by is months away."""
    retention = kept(record=Period(seconds=86_400)).changed(Kind.RECORD, Period(months=6), NOON)
    soon = NOON + timedelta(hours=1)
    house = House(message(2, soon, expires_at=NOON + timedelta(days=300)), retention=retention)
    house.k.clock.now = soon + DAY
    house.run()
    assert house.calls.names["records"] == 1

    house.k.clock.tick(minutes=15)
    house.run()

    assert house.calls.names["records"] == 1


@pytest.mark.parametrize(("status", "gone"), [((Status.ACCEPTED,), False), ((Status.ACCEPTED, Status.SUBMITTED), True)])
def test_a_text_that_is_kept_for_the_hand_over_goes_when_that_is_done(status, gone):
    """PT0S: of this no index tells, so the message is read."""
    house = House(message(1, NOON - timedelta(hours=2), status=status), retention=kept(content=Period()))

    house.run("content/0")

    assert house.texts == ([] if gone else [1])


def test_a_text_that_waits_for_its_hand_over_is_looked_at_again_soon():
    """It may leave at any moment, and whoever hands it over may die before taking it along."""
    house = House(message(1, NOON - timedelta(hours=2)), retention=kept(content=Period()))

    house.run("content/0")

    assert house.job("content/0").due_at == NOON


def test_a_text_that_left_since_the_last_look_goes_with_the_next():
    """It was waiting then; its anchor is before everything that became over since."""
    house = House(message(1, NOON - timedelta(hours=2)), retention=kept(content=Period()))
    house.run("content/0")
    row = house.k.messages.rows[key_number(1)]
    house.k.messages.rows[row.key] = row.changed(Change(Status.SUBMITTED, NOON))

    house.k.clock.tick(minutes=15)
    house.run("content/0")

    assert house.texts == []


def test_a_text_that_was_given_up_before_its_time_goes_when_none_is_retained_any_more():
    """It was to be sent in two days, and cancelled; a shorter choice acts on everything, wherever its anchor lies."""
    collected, cancelled = Change(Status.ACCEPTED, NOON - DAY), Change(Status.CANCELLED, NOON - timedelta(hours=1))
    house = House(message(1, NOON + 2 * DAY, history=(collected, cancelled)))
    house.run("content/0")
    none = house.k.policies.fresh(SHOP).changed(Kind.CONTENT, Period(), NOON)
    house.k.tenants.tenants[SHOP] = tenant(retention=none)
    house.k.agenda.ensure(SHOP, "content/0", NOON + ANNOUNCED)

    house.k.clock.now += ANNOUNCED
    house.run("content/0")

    assert house.texts == []


# --- holds --------------------------------------------------------------------------------------


def test_what_is_held_stays():
    """Whatever its time; and it does not keep others waiting."""
    house = House(message(1, LONG_AGO, held=frozenset({"hold_a"})), message(2, LONG_AGO))

    (outcome,) = house.run()

    assert house.there == [1]
    assert outcome.done == 1


def test_while_a_hold_is_being_put_on_nothing_goes():
    """What it covers may be what would go next. A minute later the same body is tried again."""
    house = House(message(1, LONG_AGO))
    hold = Hold(SHOP, "hold_a", Ground.CLAIM, NOON, "key_a", NOON + 30 * DAY, HoldState.SETTING)
    house.k.holds.rows[SHOP, hold.id] = hold
    house.k.agenda.ensure(SHOP, "hold/hold_a", NOON)

    (outcome,) = house.run(bodies=1)
    assert (house.there, outcome.again, outcome.delay) == ([1], Task("record/0", SHOP), A_MINUTE)

    house.k.holds.rows[SHOP, hold.id] = replace(hold, state=HoldState.HELD)
    house.run()
    assert house.there == []


def test_a_tenant_without_holds_is_not_asked_for_them():
    """Its jobs are read anyway, and a hold that is being put on has one that is due."""
    house = House(message(1, LONG_AGO))

    house.run()

    assert house.calls.names["of"] == 1


# --- what is next -------------------------------------------------------------------------------


def test_the_next_look_is_when_the_next_message_is_over():
    """Neither later, nor, for an idle tenant, a single time before."""
    house = House(message(1, LONG_AGO), message(2, NOON - 100 * DAY))

    house.run()

    assert house.job().due_at == Period(months=6).after(NOON - 100 * DAY)


def test_a_tenant_of_whom_nothing_is_left_leaves_the_index():
    """Idle tenants cost nothing. One look after the last thing was found makes sure."""
    house = House(message(1, LONG_AGO))

    house.run()
    assert house.job().due_at == NOON + LATER

    house.k.clock.tick(hours=1)
    house.run()
    assert house.job().due_at is None


def test_what_the_index_does_not_show_yet_is_found_later():
    """An index is behind its table: a text of a minute can be over before it is seen there."""
    house = House(message(1, NOON - timedelta(hours=2)), retention=kept(content=Period(seconds=60)))
    house.k.tenants.enter(SHOP, TODAY)
    house.run("content/0")
    late = message(2, NOON - timedelta(minutes=5))

    house.k.clock.tick(minutes=4)
    assert house.job("content/0").due_at <= house.k.clock()
    house.k.messages.rows[late.key] = late
    house.run("content/0")

    assert house.texts == []


@pytest.mark.parametrize("days", [0, 1])
def test_a_tenant_that_sends_stays_in_the_index(days):
    """What it sends next is over at a time that can be told now, less what the index may not show yet."""
    house = House()
    house.k.tenants.enter(SHOP, TODAY - timedelta(days=days))

    house.run()

    assert house.job().due_at == Period(months=6).after(NOON - VISIBLE)


def test_what_is_announced_is_waited_for():
    """A shorter choice ends things at a moment that no message tells."""
    retention = kept().changed(Kind.RECORD, Period(seconds=86_400), NOON)
    house = House(message(1, NOON - 30 * DAY), retention=retention)

    house.run()

    assert house.job().due_at == NOON + ANNOUNCED


def test_a_wish_for_a_look_during_a_run_is_not_lost():
    """Somebody chose a shorter period after the run had read the old one."""
    house = House(message(1, NOON - 100 * DAY))
    settle = house.k.agenda.settle

    def after_a_wish(*args, **more):
        house.k.agenda.ensure(SHOP, "record/0", NOON + ANNOUNCED)
        return settle(*args, **more)

    house.k.agenda.settle = after_a_wish
    house.run()

    assert house.job().due_at <= NOON + ANNOUNCED


def test_a_tenant_that_is_gone_is_not_looked_at_again():
    """Nobody knows what it had chosen; TTL has the stamps."""
    house = House(message(1, LONG_AGO))
    del house.k.tenants.tenants[SHOP]

    house.run()

    assert house.job().due_at is None


@pytest.mark.parametrize("due_at", [NOON + timedelta(seconds=1), None])
def test_a_body_that_comes_again_finds_nothing_to_do(due_at):
    """Queues repeat; the plan sends a job as long as it is due."""
    house = House(message(1, LONG_AGO))
    if due_at:
        house.k.agenda.ensure(SHOP, "record/0", due_at)

    outcome = house.sweep.run(Task("record/0", SHOP), lambda: PLENTY)

    assert (outcome.done, outcome.again, house.there) == (0, None, [1])


# --- in pieces ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("job", ["record/0", "content/0"])
def test_a_backlog_is_worked_off_in_pieces(job):
    """A run has a bounded number of pages; what is left goes back to the queue with the place that it came to."""
    house = House(*(message(number, LONG_AGO + timedelta(minutes=number)) for number in range(20)))

    outcomes = house.run(job)

    assert len(outcomes) == 4
    assert sum(outcome.done for outcome in outcomes) == 20
    assert (house.there if job == "record/0" else house.texts) == []


@pytest.mark.usefixtures("small")
def test_a_job_that_was_never_settled_looks_at_everything_in_all_its_pieces():
    """The agenda can be made anew; what is over by a promise of long ago is not found by what became over since."""
    retention = kept(record=Period(seconds=86_400)).changed(Kind.RECORD, Period(months=6), NOON)
    before, stamps = Change(Status.ACCEPTED, NOON - DAY), {"expires_at": NOON + 300 * DAY}
    soon = [NOON + timedelta(hours=number) for number in range(1, 21)]
    rows = (message(number, at, history=(before,), **stamps) for number, at in enumerate(soon))
    house = House(*rows, retention=retention)
    house.k.clock.tick(days=20)

    house.run()

    assert house.there == []


@pytest.mark.usefixtures("small")
def test_a_walk_in_pieces_is_made_for_the_moment_it_began():
    """What became over behind its back, in a day that it had passed, is for the next walk."""
    hours = [datetime(2026, 1, day, hour, tzinfo=UTC) for day in (28, 29, 30) for hour in (9, 10, 11, 13)]
    record = {"expires_at": datetime(2027, 1, 1, tzinfo=UTC)}
    house = House(
        *(message(number, at, **record) for number, at in enumerate(hours)), retention=kept(record=Period(months=1))
    )
    house.k.clock.now = datetime(2026, 2, 27, 12, tzinfo=UTC)
    house.run()
    house.k.clock.now = datetime(2026, 2, 28, 12, tzinfo=UTC)
    task = house.sweep.run(Task("record/0", SHOP), lambda: PLENTY).again

    house.k.clock.tick(hours=2)
    while task:
        task = house.sweep.run(task, lambda: PLENTY).again
    assert house.there == [3, 7, 11]
    assert house.job().due_at <= house.k.clock()

    house.run()
    assert house.there == []


@pytest.mark.usefixtures("small")
def test_many_messages_of_one_millisecond_are_no_trap():
    """The place in the body is a message, not only a time: the next run goes on behind it."""
    house = House(*(message(number, LONG_AGO) for number in range(20)))

    outcomes = house.run("content/0")

    assert len(outcomes) == 4
    assert house.texts == []


@pytest.mark.usefixtures("small")
@pytest.mark.usefixtures("small")
def test_a_walk_in_pieces_forgets_nothing_that_an_earlier_piece_left_open():
    """Accepted as one batch, and one in the middle waits for its hand-over: pieces behind it must not call it done."""
    at, valid = NOON - timedelta(hours=1), timedelta(days=2)
    batch = [message(number, at, validity=valid, content_until=at + valid) for number in range(20)]
    gone = (*batch[0].history, Change(Status.SUBMITTED, at))
    left = [replace(each, history=gone) if number != 8 else each for number, each in enumerate(batch)]
    house = House(*left, retention=kept(content=Period()))
    house.k.tenants.enter(SHOP, TODAY)
    house.run("content/0")
    assert house.texts == [8]

    for days in (0.5, 1, 2.5):
        house.k.clock.now = NOON + timedelta(days=days)
        house.run("content/0")

    assert house.texts == []


def test_held_messages_in_front_do_not_keep_a_run_from_what_is_behind():
    """They stay where they are, page after page."""
    held = (message(number, LONG_AGO, held=frozenset({"hold_a"})) for number in range(20))
    house = House(*held, message(99, LONG_AGO + DAY))

    house.run()

    assert 99 not in house.there


@pytest.mark.usefixtures("small")
def test_a_second_walk_that_is_behind_gives_way():
    """The plan sends a job again as long as it is due: one of two walks through the same backlog is enough."""
    house = House(*(message(number, LONG_AGO + timedelta(minutes=number)) for number in range(40)))
    house.run("content/0", bodies=1)
    house.k.agenda.rows[SHOP, "content/0"] = replace(house.job("content/0"), reached=LONG_AGO - DAY)
    first = house.sweep.run(Task("content/0", SHOP), lambda: PLENTY).again
    second = house.sweep.run(Task("content/0", SHOP), lambda: PLENTY).again
    house.sweep.run(second, lambda: PLENTY)

    outcome = house.sweep.run(first, lambda: PLENTY)

    assert (outcome.done, outcome.again) == (0, None)


def test_with_no_time_left_the_body_goes_back():
    """Lambda kills without asking."""
    house = House(message(1, LONG_AGO))

    (outcome,) = house.run(left=lambda: timedelta(seconds=30), bodies=1)

    assert outcome.again
    assert house.there == [1]
    assert house.job().due_at == NOON


@pytest.mark.usefixtures("small")
def test_throttling_backs_off():
    """DynamoDB said that it was too much: what it did not take is tried a minute later, and nothing is left out."""
    house = House(*(message(number, LONG_AGO + timedelta(minutes=number)) for number in range(6)))
    house.k.disposal.throttled = 2

    first, *rest = house.run()

    assert first.delay == A_MINUTE
    assert [each.delay for each in rest] == [timedelta(0)]
    assert house.there == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("job", ["record/0", "content/0"])
def test_whatever_call_a_run_dies_at_the_next_one_finishes(job):
    """Before the call or after it: nothing is wrong in between, and the end is the same."""

    def make():
        old = (message(number, LONG_AGO + timedelta(minutes=number)) for number in range(8))
        return House(*old, message(90, LONG_AGO, held=frozenset({"hold_a"})), message(91, NOON - DAY))

    calm = make()
    calm.run(job)

    worlds = crashes(make, lambda house: house.run(job), lambda house: house.calls)

    assert len(worlds) > 20
    for world in worlds:
        assert (world.there, world.texts) == (calm.there, calm.texts)
        assert world.job(job).due_at == calm.job(job).due_at


# --- cost ---------------------------------------------------------------------------------------


def test_a_thousand_cost_little_more_than_their_deletion():
    """40 deletions of 25, one page of the index, and three requests around them."""
    old = (message(number, LONG_AGO + timedelta(seconds=number)) for number in range(1_000))
    house = House(*old, message(5_000, NOON - 10 * DAY))
    house.run()

    assert house.there == [5_000]
    assert house.calls.requests == 44


def test_what_is_not_over_costs_nothing():
    """A run reads one page, whatever else a tenant has."""
    few, many = (
        House(message(0, LONG_AGO), *(message(number, NOON - DAY) for number in range(1, total)))
        for total in (10, 3_000)
    )
    few.run()
    many.run()

    assert few.calls.requests == many.calls.requests == 5


def test_a_run_without_need_costs_four_requests():
    """Its jobs, its choices, one look at the index, and the note of when to look next."""
    house = House(message(1, NOON - 10 * DAY))

    house.run()

    assert house.calls.requests == 4
