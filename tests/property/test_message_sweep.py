"""Sweeps against brute force: whatever was chosen when, wherever a run dies, what is over goes, and nothing else."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fugace.domain.expiry import content_expiry, record_expiry, stamp
from fugace.domain.message import Change, Status
from fugace.domain.retention import ANNOUNCED, Kind, Period
from functions.purge import walk
from functions.purge.messages import MessageSweep
from functions.purge.task import Task
from tests.fakes import SHOP, FakeVault, kept, key_number, sealed_record, tenant
from tests.fakes_keeping import Keeping

PLENTY = timedelta(minutes=5)
DAY = timedelta(days=1)
# Ends of short months, of a leap year and of an ordinary one.
STARTS = [datetime(2028, 1, 27, 12, tzinfo=UTC), datetime(2026, 1, 29, 23, 50, tzinfo=UTC)]
PERIODS = [
    Period(months=1),
    Period(months=2),
    Period(seconds=86_400),
    Period(seconds=30 * 86_400),
    Period(months=1, seconds=86_400),
]
CONTENT = [Period(), Period(seconds=60), Period(seconds=3600), *PERIODS]
VAULT = FakeVault()
AHEAD = [timedelta(0), timedelta(hours=5), timedelta(days=2), timedelta(days=7)]

steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "send", "leave", "sweep", "sweep", "crash", "throttle", "choose", "hold"]),
        st.integers(0, 6),
        st.sampled_from(
            [
                timedelta(0),
                timedelta(minutes=3),
                timedelta(minutes=15),
                timedelta(hours=7),
                DAY,
                3 * DAY,
                11 * DAY,
                31 * DAY,
            ]
        ),
    ),
    max_size=25,
)


class CrashError(Exception):
    """The process is gone."""


class Failing:
    """A port whose next calls are counted down to a crash, before or after the call was carried out."""

    def __init__(self, port, world):
        self._port, self._world = port, world

    def __getattr__(self, name):
        what = getattr(self._port, name)

        def call(*args, **kwargs):
            world = self._world
            world.left -= 1
            if world.left == 0 and world.before:
                raise CrashError
            answer = what(*args, **kwargs)
            if world.left == 0:
                raise CrashError
            return answer

        return call


class World:
    """A shop, its purge, and what should have become of its messages."""

    def __init__(self, kind, start, first, unseen):
        self.kind, self.unseen, self.coming = kind, unseen, []
        chosen = kept(**{kind.value: first})
        self.k = Keeping(tenant(retention=chosen), now=start)
        self.left, self.before = 0, True
        self.number = 0
        ports = [self.k.agenda, self.k.policies, self.k.holds, self.k.disposal, self.k.tenants]
        self.sweeper = MessageSweep(*(Failing(port, self) for port in ports), self.k.clock)
        self.job = f"{kind}/0"
        self.gone = {}

    @property
    def retention(self):
        return self.k.policies.fresh(SHOP)

    def send(self, choice):
        now, self.number = self.k.clock(), self.number + 1
        # As the authorizer does, on the first use of a day.
        if not self.k.tenants.was_active(SHOP, [now.date()]):
            self.k.tenants.enter(SHOP, now.date())
            self.k.agenda.ensure(SHOP, self.job, self.retention.soonest(self.kind, now))
        anchor, validity = now + AHEAD[choice % 4], DAY
        said = stamp(self.retention, anchor=anchor, collected=now, validity=validity, content=None)
        record = sealed_record(
            VAULT, key_number(self.number), at=anchor, validity=validity, history=(Change(Status.ACCEPTED, now),),
            expires_at=said.expires_at, content_until=said.content_until, drop_content=said.drop_content,
        )  # fmt: skip
        self.coming.append(record)
        self.later(timedelta(0))

    def later(self, step):
        """Time passes; what was written shows in the index, sooner or later."""
        self.k.clock.now += step
        seen = [record for record in self.coming if record.collected + self.unseen <= self.k.clock()]
        self.coming = [record for record in self.coming if record not in seen]
        self.k.messages.rows |= {record.key: record for record in seen}

    def throttle(self, choice):
        self.k.disposal.throttled = choice

    def leave(self, choice):
        """A hand-over that left the text behind, as only a crash can."""
        waiting = [key for key, record in self.k.messages.rows.items() if record.left_at is None]
        if waiting:
            key = waiting[choice % len(waiting)]
            record = self.k.messages.rows[key]
            if record.anchor <= self.k.clock():
                self.k.messages.rows[key] = record.changed(Change(Status.SUBMITTED, self.k.clock()))

    def hold(self, choice):
        rows = self.k.messages.rows
        if rows:
            key = list(rows)[choice % len(rows)]
            rows[key] = replace(rows[key], held=frozenset({"hold_x"}), expires_at=datetime(2099, 1, 1, tzinfo=UTC))

    def choose(self, choice):
        now = self.k.clock()
        periods = CONTENT if self.kind is Kind.CONTENT else PERIODS
        changed = self.retention.changed(self.kind, periods[choice % len(periods)], now)
        self.k.agenda.ensure(SHOP, self.job, now + ANNOUNCED)
        self.k.tenants.tenants[SHOP] = replace(self.k.tenants.tenants[SHOP], retention=changed)
        self.k.agenda.ensure(SHOP, self.job, now + ANNOUNCED)
        self.later(timedelta(seconds=40))

    def crash(self, choice):
        for self.before in (True, False):
            self.left = choice + 1
            with suppress(CrashError):
                self.run()
        self.left = 0

    def run(self):
        outcome = self.sweeper.run(Task(self.job, SHOP), lambda: PLENTY)
        bodies = 0
        while outcome.again:
            bodies += 1
            assert bodies < 500, "it does not end"
            outcome = self.sweeper.run(Task.read(outcome.again.body()), lambda: PLENTY)

    def sweep(self, _choice=0):
        self.run()
        self.check()

    def end(self, record):
        return (content_expiry if self.kind is Kind.CONTENT else record_expiry)(record, self.retention)

    def there(self, record):
        return self.kind is Kind.RECORD or record.sealed.text is not None

    def check(self):
        """Nothing that is over is there; and the job is due before the next thing is."""
        now, job = self.k.clock(), self.k.agenda.get(SHOP, self.job)
        due_at = job.due_at if job and job.due_at else datetime.max.replace(tzinfo=UTC)
        for record in self.k.messages.rows.values():
            if not record.held and self.there(record):
                assert self.end(record) > now - timedelta(seconds=1), "overdue, and still there"
        for record in [*self.coming, *self.k.messages.rows.values()]:
            if record.held or not self.there(record):
                continue
            end = self.end(record)
            assert due_at <= max(end, now) + timedelta(seconds=1), "nobody looks when it is over"


class Early:
    """Raises when something goes that is not over."""

    def __init__(self, world):
        self.world = world
        self.remove, self.keep = world.k.messages._remove, world.k.messages._keep
        world.k.messages._remove, world.k.messages._keep = self.removed, self.kept

    def removed(self, key):
        self.check(self.world.k.messages.rows[key])
        self.remove(key)

    def kept(self, record):
        before = self.world.k.messages.rows[record.key]
        if before.sealed.text is not None and record.sealed.text is None:
            self.check(before)
        return self.keep(record)

    def check(self, record):
        assert not record.held
        assert self.world.end(record) <= self.world.k.clock(), "gone before its time"


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from([Kind.RECORD, Kind.CONTENT]),
    start=st.sampled_from(STARTS),
    first=st.integers(0, 4),
    steps=steps,
    page=st.integers(1, 5),
    unseen=st.sampled_from([timedelta(0), timedelta(minutes=9)]),
)
def test_what_is_over_goes_and_nothing_else(*, kind, start, first, steps, page, unseen):
    """After every run that was not killed; from any run that was, the next one recovers."""
    before = walk.PAGE, walk.PAGES
    walk.PAGE, walk.PAGES = page, 2
    try:
        world = World(kind, start, (CONTENT if kind is Kind.CONTENT else PERIODS)[first], unseen)
        Early(world)
        for name, choice, later in steps:
            getattr(world, name)(choice)
            world.later(later)
            if (job := world.k.agenda.get(SHOP, world.job)) and job.due_at and job.due_at <= world.k.clock():
                world.sweep()
        world.sweep()
    finally:
        walk.PAGE, walk.PAGES = before
