"""A year of several tenants, with everything that can go wrong, held against a model after every step.

Real use cases over fakes: acceptance, hand-over, receipts, choices, holds, keys; plan, sweep, tally. Disturbed by
deaths and refusals at any call of any port, before or after its effect; other workers and other requests in between two
calls; bodies lost, repeated and out of order; runs without time; throttling; an index that lags; a stream that stalls,
and repeats itself in other batches; TTL that is early, late, or never comes. What has to be true is in `_laws_*`.

More: YEARS=1000 in the environment.
"""

import base64
import os
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from fugace.domain import chain, ids
from fugace.domain.actor import Actor
from fugace.domain.errors import FugaceError, NotFoundError
from fugace.domain.hold import Ground, HoldState
from fugace.domain.message import SENDABLE, Category, Change, Evidence, Status
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.tenant import Role
from functions.auth.keys import Wish as KeyWish
from functions.dlr.record import Report, record
from functions.purge import briefs, cover, departing, plan, walk
from functions.purge.holds import Wish as HoldWish
from functions.send.accept import Sender
from functions.send.once import Once
from functions.send.read import Gaze
from functions.send.schema import Wish
from functions.send.task import Task as Handover
from tests.fakes import ALICE, BAKERY, BOB, SHOP, tenant
from tests.property.year_model import BEGINNING, Order
from tests.property.year_world import Body, World, die, ended, fail

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
LAG = HOUR
"""The promise: nothing that is over is stored for longer."""
KEY_LAG = LAG + 2 * HOUR
"""How long a key outlives its person's last message."""
SMALL = {
    walk: {"PAGE": 2, "PAGES": 2},
    cover: {"PAGE": 2},
    briefs: {"PAGE": 2},
    departing: {"BATCHES": 2},
    plan: {"FIRST": 2},
}
"""Sizes of pages."""
LONGEST = 96 * DAY
"""Longer than any period here, and a job that waited for it takes to find that there is nothing."""
SHOPS, PEOPLE = (SHOP, BAKERY), (ALICE, BOB)
TEXT = "Your parcel is here"
STARTS = [
    datetime(2027, 12, 30, 9, tzinfo=UTC),
    datetime(2027, 1, 28, 22, tzinfo=UTC),
    datetime(2026, 8, 30, tzinfo=UTC),
]

CONTENTS = st.sampled_from(["PT0S", "PT0S", "P1D", "P7D", "P1M", "P1M1D", "P3M"]).map(Period.parse)
RECORDS = st.sampled_from(["P1D", "P2D", "P7D", "P1M", "P1M1D", "P31D", "P3M"]).map(Period.parse)
PERIODS = {
    Kind.RECORD: RECORDS,
    Kind.CONTENT: CONTENTS,
    Kind.STATISTICS: st.sampled_from(["P1M", "P45D", "P2M"]).map(Period.parse),
    Kind.ACCESS: st.sampled_from(["P6M", "P200D", "P1Y"]).map(Period.parse),
}
STEPS = st.sampled_from([1, 20, 36, 600, 900, 3_600, 6 * 3_600, *[86_400, 3 * 86_400, 8 * 86_400, 30 * 86_400] * 2])


@dataclass(frozen=True)
class Upset:
    """Something that disturbs: at which moment of a run, counted in calls of ports, and what happens there."""

    moment: int
    kind: str


UPSETS = st.builds(
    Upset,
    st.integers(1, 80),
    st.sampled_from(["die", "die", "fail", "fail", "twin", "send", "choose", "hold", "lift", "ttl", "hand-over"]),
)
NIGHTS = st.tuples(
    st.lists(UPSETS, max_size=3),
    st.sampled_from(["", "", "", "stall", "repeat", "lose", "outage", "hurry", "throttle", "lag"]),
    st.sampled_from([0.0, 0.0, 0.5, 1.0]),  # how much of what is over TTL takes
    st.integers(0, 1_000),
)
"""What the first runs of a stretch of time meet."""
CALM = ([], "", 0.0, 0)


def chosen(record, content):
    """First choices; what is kept long goes within this year, too."""
    periods = {kind: Period(months=12) for kind in Kind} | {Kind.RECORD: record, Kind.CONTENT: content}
    return Retention.of(periods | {Kind.STATISTICS: Period(months=1), Kind.ACCESS: Period(months=6)})


def numbered(prefix, number):
    """An id, as opaque as any."""
    return f"{prefix}_" + base64.b32encode(number.to_bytes(10, "big")).decode().lower()


class Year(RuleBasedStateMachine):
    """See above."""

    @initialize(
        start=st.sampled_from(STARTS),
        first=st.lists(st.tuples(RECORDS, CONTENTS, st.integers(1, 3)), min_size=2, max_size=2),
    )
    def build(self, start, first):
        shops = [
            tenant(shop, retention=chosen(records, content), shards=shards, created=start)
            for shop, (records, content, shards) in zip(SHOPS, first, strict=True)
        ]
        self.small = ExitStack()
        for module, sizes in SMALL.items():  # so that a handful is many pages
            self.small.enter_context(patch.multiple(module, **sizes))
        numbers = count(1)  # ids that are the same each time
        self.small.enter_context(patch.object(ids, "short", lambda prefix: numbered(prefix, next(numbers))))
        self.world = World(*shops, now=start)
        self.model, self.clock, self.stop = self.world.model, self.world.clock, start + timedelta(days=366)
        for shop in shops:
            for kind in Kind:
                self.model.choices[shop.id, kind] = [(BEGINNING, shop.retention.period(kind))]
        self.calm = start  # since when nothing has disturbed
        self.verified = Counter()
        self.orphans, self.empty, self.fates, self.ended = set(), {}, {}, {}
        self.count = 0
        self.draw = Random(0)  # noqa: S311  # reseeded by what Hypothesis draws

    # --- what tenants do ---

    SENDS = st.tuples(
        st.sampled_from(SHOPS),
        st.sampled_from(PEOPLE),
        st.sampled_from([0, 0, 0, 3_600, 5 * 86_400, 7 * 86_400]),  # seconds ahead
        st.sampled_from([300, 2 * 86_400, 3 * 86_400]),  # of validity
        st.none() | st.none() | st.sampled_from(["PT0S", "P1D", "P5D"]).map(Period.parse),
        st.sampled_from(["", "spring"]),
        st.sampled_from([0, 0, 60, 7_200, None, None]),  # handed over so many seconds after its time, or never
    )

    @rule(sends=st.lists(SENDS, min_size=1, max_size=3), upset=st.none() | st.none() | UPSETS)
    def send(self, sends, upset):
        for one in sends:
            self.accept(one, upset)
        self.laws()

    def accept(self, one, upset=None):
        shop, to, ahead, validity, own, campaign, fate = one
        now, known = self.clock(), set(self.world.table.rows)
        wish = Wish(
            at="",
            to=to,
            text=TEXT,
            category=Category.TRANSACTIONAL,
            campaign=campaign,
            send_at=now + timedelta(seconds=ahead) if ahead else None,
            validity=timedelta(seconds=validity),
            content_retention=own,
        )
        subject = self.world.vault.subject(shop, to)
        self.count += 1
        once = Once(f"order-{self.count}", b"")  # so that ids are the same each time

        def add():
            self.world.knock(shop)
            self.world.outbox.accept(Sender(shop, live=True), [wish], once)

        # The model has to know it before anybody else can find it.
        before, self.world.table.expected = self.world.table.expected, (subject, now, wish)
        self.ask(upset, add)
        self.world.table.expected = before
        new = set(self.world.table.rows) - known
        if not new and subject in self.world.vault.rows:
            self.orphans.add(subject)  # perhaps a key, for a message that came to nothing
        for key in new:
            self.fates[key] = (
                None if fate is None else max(now, self.model.letters[key].anchor) + timedelta(seconds=fate)
            )
            self.orphans.discard(subject)

    @rule(
        shop=st.sampled_from(SHOPS),
        kind=st.sampled_from([*[Kind.RECORD, Kind.CONTENT] * 3, Kind.STATISTICS, Kind.ACCESS]),
        data=st.data(),
    )
    def choose(self, shop, kind, data):
        periods = PERIODS[kind]
        for period in data.draw(st.lists(periods, min_size=1, max_size=3)):
            self.settle_on(shop, kind, period, data.draw(st.none() | st.none() | UPSETS))
            self.laws()
            self.run_until(self.clock() + timedelta(seconds=data.draw(st.sampled_from([0, 1, 34, 60]))))

    def settle_on(self, shop, kind, period, upset=None):
        before = self.world.policies.fresh(shop)
        now = self.clock()
        self.ask(upset, lambda: self.world.policy.choose(Actor(shop, "key_aaaaaaaa", live=True), {kind: period}))
        after = self.world.policies.fresh(shop)
        if after.caps[kind] != before.caps[kind] and after.period(kind) == period:
            self.model.choose(shop, kind, period, now)

    @rule(
        what=st.tuples(
            st.sampled_from(SHOPS),
            st.sampled_from(["message", "subject", "tenant"]),
            st.sampled_from(PEOPLE),
            st.sampled_from([1, 30, 24 * 9, 24 * 40]),
        ),
        upset=st.none() | UPSETS,
        data=st.data(),
    )
    def hold(self, what, upset, data):
        (shop, scope, to, hours), message = what, None
        if scope == "message":
            mine = sorted((key for key in self.world.table.rows if key.tenant == shop), key=str)
            if not mine:
                return
            message = data.draw(st.sampled_from(mine))
        self.order(shop, message, to if scope == "subject" else None, hours, upset)
        self.laws()

    def order(self, shop, message, to, hours, upset=None):
        now = self.clock()
        wish = HoldWish(Ground.CLAIM, now + timedelta(hours=hours), message and message.id, to)
        subject = to and self.world.vault.subject(shop, to)
        covers, may = set(), set()
        for letter in self.model.letters.values():
            mine = letter.key.tenant == shop and letter.gone is None and letter.collected <= now
            if mine and message in {None, letter.key} and subject in {None, letter.subject}:
                row = self.world.table.rows[letter.key]
                (covers if self.model.over(letter) > now and letter.collected < now else may).add(letter.key)
                if row.held:
                    may.add(letter.key)
        before = self.world.holds.expected
        self.world.holds.expected = Order("", shop, now, wish.until, covers, may)
        self.ask(upset, lambda: self.world.desk.set(Actor(shop, "key_aaaaaaaa", live=True), wish))
        self.world.holds.expected = before

    @precondition(lambda self: any(order.ends > self.clock() for order in self.model.orders.values()))
    @rule(upset=st.none() | UPSETS, data=st.data())
    def lift(self, upset, data):
        open_ = sorted(order.id for order in self.model.orders.values() if order.ends > self.clock())
        place = data.draw(st.integers(0, len(open_) - 1))  # ids are random: a place in their order of setting
        order = sorted((self.model.orders[each] for each in open_), key=lambda order: order.set_at)[place]
        self.release(order, upset)
        self.laws()

    def release(self, order, upset=None):
        now = self.clock()
        other = Actor(order.tenant, "key_bbbbbbbb", live=True)
        self.ask(upset, lambda: self.world.desk.lift(other, order.id))
        if self.world.holds.rows[order.tenant, order.id].lifted_at == now:
            order.lifted = order.lifted or now

    @precondition(lambda self: self.world.table.rows)
    @rule(
        data=st.data(),
        status=st.sampled_from([Status.SUBMITTED, Status.DELIVERED, Status.DELIVERED, Status.UNDELIVERABLE]),
    )
    def report(self, data, status):
        """A receipt, early, late or twice; also on what our own note never came to."""
        letter = self.some_letter(data)
        if letter.anchor <= self.clock():
            change = Change(status, self.clock(), Evidence.HANDSET)
            record(self.world.table, Report(letter.key, "simulator", change))
        self.laws()

    @precondition(lambda self: self.world.table.rows)
    @rule(data=st.data())
    def cancel(self, data):
        letter = self.some_letter(data)
        self.ask(None, lambda: self.world.reader.cancel(Gaze(letter.key.tenant, live=True), letter.key))
        self.laws()

    def some_letter(self, data):
        """One of those that are stored; ids are random, so by the order in which they came."""
        letters = [letter for letter in self.model.letters.values() if letter.key in self.world.table.rows]
        return letters[data.draw(st.integers(0, len(letters) - 1))]

    @rule(shop=st.sampled_from(SHOPS), days=st.sampled_from([None, 1, 40]), upset=st.none() | UPSETS)
    def give_access(self, shop, days, upset):
        """A key with an end, or the end of one."""
        ring, keys = self.world.keyring, self.world.tenants.api_keys(shop)
        if days:
            wish = KeyWish(Role.READER, live=True, expires=self.clock() + timedelta(days=days))
            self.ask(upset, lambda: ring.make(shop, wish, live=True))
        elif key := next((key for key in reversed(keys) if key.role is Role.READER and key.usable(self.clock())), None):
            self.ask(upset, lambda: ring.revoke(shop, key.id, live=True))
        self.laws()

    # --- time ---

    @rule(seconds=STEPS, night=NIGHTS)
    def wait(self, seconds, night):
        self.run_until(min(self.clock() + timedelta(seconds=seconds), self.stop), night)

    def run_until(self, when, night=CALM):
        """Through every quarter of an hour with something to do, and every moment at which something ends."""
        upsets, mishap, ttl, seed = night
        self.draw.seed(seed)
        upsets, outage = list(upsets), self.clock() + 12 * HOUR
        while self.clock() < when:
            self.clock.now = min(self.following(), when)
            self.hand_over()
            if self.clock().minute % 15 == 0 and self.clock().second == 0 and self.clock().microsecond == 0:
                disturbed = bool(upsets) or bool(mishap)
                self.quarter(upsets.pop(0) if upsets else None, mishap)
                mishap = mishap if mishap == "outage" and self.clock() < outage else ""
                if disturbed:
                    self.calm = self.clock()
            if ttl:
                self.world.expire(ttl, self.draw)
            self.laws()

    def following(self):
        """The next moment at which anything can change."""
        now = self.clock()
        moments = [now + 30 * DAY]
        for letter in self.model.letters.values():
            if letter.gone is None:
                over, bare = self.model.over(letter), self.model.bare(letter)
                moments += [over, over + timedelta(seconds=1), bare, bare + timedelta(seconds=1)]
        moments += [order.ends for order in self.model.orders.values()]
        moments += [at for key, at in self.fates.items() if at and self.world.table.rows.get(key)]
        moments += [made[-1][0] for made in self.model.choices.values()]
        moments += [due.due_at for due in self.world.agenda.rows.values() if due.due_at]
        moments = [self.quarter_after(at) if at <= now else at for at in moments if at > now]
        later = min(moments)
        busy = (
            self.world.box.bodies
            or self.world.read < len(self.world.table.stream)
            or self.world.tallies.news
            or self.world.departures.rows
            or any(due.due_at and due.due_at <= now + QUARTER for due in self.world.agenda.rows.values())
            or self.overdue(timedelta(0))
            or self.overdue_texts(timedelta(0))
        )
        return min(later, self.quarter_after(now)) if busy else later

    @staticmethod
    def quarter_after(at):
        whole = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        return whole + QUARTER

    def hand_over(self):
        """Dispatch, for what has come to its time; and the end of what never left."""
        for key, at in list(self.fates.items()):
            row = self.world.table.rows.get(key)
            if row is None or row.status not in SENDABLE:
                del self.fates[key]
            elif at is not None and at <= self.clock():
                self.submit(key)
                self.fates.pop(key, None)
            elif self.clock() >= row.anchor + timedelta(days=3):
                change = Change(Status.EXPIRED, self.clock(), code="validity")
                self.world.table.note(key, change, drop_content=row.drop_content, only_from=SENDABLE)
                del self.fates[key]

    def submit(self, key):
        letter, row, sent = self.model.letters[key], self.world.table.rows[key], len(self.world.web.requests)
        readable = self.clock() < min(self.model.bare(letter), letter.anchor + letter.validity)
        self.world.dispatch.run("simulator", Handover(key))
        left = len(self.world.web.requests) > sent
        assert not (left and (row.held or not readable)), f"{key} was sent at {self.clock()}"
        assert left or row.held or not readable, f"{key} was not sent at {self.clock()}"

    # --- a quarter of an hour of the purge ---

    def quarter(self, upset, mishap):
        world = self.world
        world.tallies.forget(self.clock() - 3 * DAY)  # DynamoDB's TTL, of what an hour told
        if mishap == "outage":
            return
        world.disposal.throttled = 3 if mishap == "throttle" else 0
        world.disposal.unseen = (
            {
                key
                for key, letter in self.model.letters.items()
                if letter.collected > self.clock() - timedelta(minutes=5)
            }
            if mishap == "lag"
            else set()
        )
        self.guard(upset if upset and upset.moment % 5 == 0 else None, world.plan.run)
        for _ in range(200):
            bodies = world.box.visible()
            self.draw.shuffle(bodies)
            if not bodies:
                break
            for body in bodies:
                self.deliver(body, upset, mishap)
            world.disposal.throttled = 0
            if mishap in {"lose", "hurry"}:
                mishap = ""
        else:
            assert world.box.visible() == [], "the queue is never empty"
        if mishap == "stall":
            return
        again, cut = (self.draw.randint(1, 9), self.draw.randint(1, 4)) if mishap == "repeat" else (0, 1_000)
        self.guard(upset, lambda: world.tell(len(world.table.stream), again, cut))
        world.disposal.unseen = set()

    def deliver(self, body, upset, mishap):
        world = self.world
        if mishap == "lose" and self.draw.random() < 0.5:
            body.visible = self.clock() + timedelta(minutes=30)
            return
        if mishap == "repeat" and self.draw.random() < 0.5:
            world.box.bodies.append(Body(body.text, self.clock()))
        if body not in world.box.bodies:
            return
        budget = self.draw.randint(0, 3) if mishap == "hurry" else 10_000
        self.light(upset, body)
        world.serve(body, budget)

    def guard(self, upset, act):
        self.light(upset, None)
        self.world.survive(act)

    def ask(self, upset, act):
        """A request of a tenant's, which may be refused."""
        with suppress(FugaceError):
            self.guard(upset, act)

    def light(self, upset, body):
        """What happens at that moment, in between two calls of whoever is at work."""
        if upset is None:
            return
        self.calm = self.clock()
        effect = {
            "die": die,
            "fail": fail,
            "twin": lambda: body and self.world.serve(Body(body.text, self.clock()), 10_000),
            "send": lambda: self.accept((SHOP, ALICE, 0, 300, None, "", 0)),
            "choose": lambda: self.settle_on(SHOP, Kind.RECORD, Period.parse("P1D")),
            "hold": lambda: self.order(SHOP, None, None, 30),
            "lift": self.release_first,
            "ttl": lambda: self.world.expire(1.0, self.draw),
            "hand-over": self.hand_over,
        }[upset.kind]
        self.world.fuse.light(upset.moment, effect)

    def release_first(self):
        for order in list(self.model.orders.values()):
            if order.ends > self.clock():
                self.release(order)
                return

    # --- laws ---

    def overdue(self, by):
        """What should have gone, by so much, and is stored."""
        now = self.clock()
        return [
            key
            for key, row in self.world.table.rows.items()
            if not row.held and max(self.model.over(self.model.letters[key]), self.freed(key)) + by <= now
        ]

    def overdue_texts(self, by):
        """The same of texts, with the time since when."""
        found = {}
        for key, row in self.world.table.rows.items():
            letter = self.model.letters[key]
            noted = letter.noted if letter.noted and letter.left else BEGINNING
            since = max(self.model.bare(letter), self.freed(key), noted)
            if row.sealed.text is not None and not row.held and since + by <= self.clock():
                found[key] = since
        return found

    def freed(self, key):
        return self.model.letters[key].freed or BEGINNING

    def laws(self):
        assert self.world.broken == [], self.world.broken
        calm = self.clock() - self.calm
        self._laws_of_reading()
        self._laws_of_keys(calm)
        if calm >= LAG:
            self._laws_of_leaving()
            self._laws_of_holding()
            self._laws_of_idleness()
        if calm >= LAG and not self.busy_counting():
            self._laws_of_counting()

    def _laws_of_reading(self):
        """What is over is not there for anybody, from that moment on; what is not, is, with its text."""
        now = self.clock()
        for letter in self.model.letters.values():
            over, bare = self.model.over(letter).replace(microsecond=0), self.model.bare(letter).replace(microsecond=0)
            if letter.gone and letter.gone + DAY < now:
                continue
            row = self.world.table.rows.get(letter.key)
            alive = now < over and not (row and row.held)
            try:
                seen = self.world.reader.get(Gaze(letter.key.tenant, live=True, personal=True), letter.key)
            except NotFoundError:
                assert not alive, f"{letter.key} cannot be read at {now}, and is over at {over}"
                continue
            assert alive, f"{letter.key} can be read at {now}, and is over at {over}"
            assert seen.personal is not None
            if seen.personal.text is not None:
                assert now < bare, f"the text of {letter.key} can be read at {now}, and is over at {bare}"
            elif letter.bare is None:
                assert now >= bare, f"the text of {letter.key} cannot be read at {now}, and is over at {bare}"

    def _laws_of_leaving(self):
        """Nothing overdue beyond the promise is stored, in calm weather."""
        now = self.clock()
        late = self.overdue(LAG)
        assert late == [], f"stored at {now}: {[(key, self.model.over(self.model.letters[key])) for key in late]}"
        texts = self.overdue_texts(LAG)
        assert texts == {}, f"texts stored at {now}, and over since: {texts}"

        for place in self.world.statistics.rows:
            over = self.model.ends(place[0], Kind.STATISTICS, place[1])
            assert over + LAG > now, f"statistics of {place} are stored at {now}, and are over since {over}"
        for key in self.world.tenants.keys.values():
            over = self.model.ends(key.tenant, Kind.ACCESS, ended(key)) if ended(key) <= now else now
            assert over + LAG > now, f"{key.id} is stored at {now}, and is over since {over}"

    def _laws_of_holding(self):
        """What has to be held is, and what has not, is not."""
        now, rows = self.clock(), self.world.table.rows
        for order in self.model.orders.values():
            state = self.world.holds.rows.get((order.tenant, order.id))
            if order.set_at + LAG <= now < order.ends:
                left = [key for key in order.covers if key in rows and order.id not in rows[key].held]
                assert left == [], f"{order.id} is not on {left}"
            if order.ends + LAG <= now:
                left = [key for key, row in rows.items() if order.id in row.held]
                assert left == [], f"{order.id} is still on {left} at {now}, and ended at {order.ends}"
                assert state is None or state.state is HoldState.OVER, f"{order.id} is {state.state} at {now}"

    def _laws_of_keys(self, calm):
        """Whoever has something has its key; whoever has nothing left has none, soon."""
        now, rows = self.clock(), self.world.vault.rows
        there = {row.subject: row for row in self.world.table.rows.values()}
        for row in self.world.table.rows.values():
            key = rows.get(row.subject)
            assert key, f"no key for {row.key} at {now}"
            assert (key.state, key.epoch) == ("live", row.epoch), f"another key for {row.key} at {now}"
        for subject in rows:
            if subject in there:
                self.empty.pop(subject, None)
                continue
            since = self.empty.setdefault(subject, now)
            if subject not in self.orphans and calm >= KEY_LAG:
                assert now - since < KEY_LAG, f"the key of nobody at {now}, since {since}"

    def _laws_of_idleness(self):
        """A tenant of whom nothing is left costs nothing."""
        now = self.clock()
        for shop in SHOPS:
            mine = [letter for letter in self.model.letters.values() if letter.key.tenant == shop]
            last = max((each for letter in mine for each in (letter.gone or now, letter.collected)), default=None)
            if last and last + LONGEST <= now and self.calm + 3 * DAY <= now:
                waiting = [
                    due for due in self.world.agenda.of(shop) if due.due_at and due.job[:6] in {"record", "conten"}
                ]
                assert waiting == [], f"{waiting} at {now}, and nothing since {last}"

    def busy_counting(self):
        return self.world.read < len(self.world.table.stream) or self.world.tallies.news or self.world.box.visible()

    def _laws_of_counting(self):
        """The ledger says what has really gone, and each chain is whole."""
        for shop in SHOPS:
            entries = self.world.ledger.page(shop, after=0, limit=10_000)
            counts = Counter()
            for entry in entries:
                if entry.draft.action.value == "purged":
                    counts.update(entry.draft.facts)
            assert counts == self.model.destroyed.get(shop, Counter()), f"{shop} at {self.clock()}"
            if len(entries) > self.verified[shop]:
                assert chain.verify([entry.text for entry in entries], [entry.hash for entry in entries]) is None
                self.verified[shop] = len(entries)
        assert self.world.statistics.sums == self.model.sums, f"at {self.clock()}"

    def teardown(self):
        """When all is quiet, everything comes to its end."""
        if not hasattr(self, "world"):
            return
        with self.small:
            self.run_until(self.clock() + 5 * HOUR)
            self.run_until(self.clock() + 800 * DAY)
        assert not self.busy_counting()
        assert self.world.table.rows == {}
        assert not set(self.world.vault.rows) - self.orphans
        assert [due for due in self.world.agenda.rows.values() if due.due_at] == []
        assert self.world.statistics.rows == self.world.holds.rows == {}


TestYear = Year.TestCase
TestYear.settings = settings(
    max_examples=int(os.environ.get("YEARS", "60")),
    derandomize="YEARS" not in os.environ,  # the same years every time, unless somebody asks for more
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
