"""The laws of the pipeline under everything that can go wrong: repeats, deaths, lost writes, late and early receipts.

One world on fakes. Each rule is something that happens to a real one; a fuse makes the process die, or a call fail, at
any call of any port, before or after its effect. The carrier counts the texts that left: the truth to compare with.
"""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fugace.domain.errors import CarrierSilentError, CarrierUnavailableError, UnavailableError
from fugace.domain.ids import MessageKey
from fugace.domain.message import Category, Change, Evidence, OnUnknown, Status
from fugace.ports import HttpAnswer
from functions.purge.reconcile import Reconcile
from functions.send.clearance import Clearance
from functions.send.dispatch import Dispatch
from functions.send.relay import Relay, Step
from functions.send.task import InDoubtError, Outcome, Task
from tests.fakes import (
    ALICE,
    BOB,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeVault,
    key_number,
    sealed_record,
    tenant,
)

HIDDEN = timedelta(minutes=6)  # how long a queue hides a body that it has given out
TEXT = "Your parcel is here"
SECRETS = (ALICE.reveal()[1:], BOB.reveal()[1:], TEXT)
CARRIERS = {"plain": False, "careful": True, "simulator": False}  # name: does it deduplicate?
PLENTY = timedelta(minutes=5)


class DiedError(BaseException):
    """The process is gone: nothing of ours can catch it."""


class Fuse:
    """Blows at the n-th moment from now; a moment is before or after a call's effect."""

    def __init__(self):
        self.left, self.kind = 0, UnavailableError

    def light(self, moments, kind):
        self.left, self.kind = moments, kind

    def burn(self):
        if self.left:
            self.left -= 1
            if not self.left:
                raise self.kind


class Fused:
    """Any port, behind the fuse."""

    def __init__(self, port, fuse):
        self._port, self._fuse = port, fuse

    def __getattr__(self, name):
        method = getattr(self._port, name)

        def call(*args, **more):
            self._fuse.burn()
            answer = method(*args, **more)
            self._fuse.burn()
            return answer

        return call


class Table(FakeMessages):
    """Messages with their stream, which also checks each write: I5.

    A broken law is kept and shown later: raised here, the code under test might swallow it.
    """

    def __init__(self, clock, broken):
        super().__init__(clock)
        self.stream, self.laws = [], broken

    def _keep(self, record):
        before = self.rows.get(record.key)
        if before:
            if record.history[: before.sequence] != before.history:
                self.laws.append(f"rewritten: {record.key}")
            for old, new in zip(record.history[before.sequence - 1 :], record.history[before.sequence :], strict=False):
                if not new.status.may_follow(old.status):
                    self.laws.append(f"{old.status} -> {new.status}: {record.key}")
        self.stream.append(Step(str(len(self.stream)), before, record))
        return super()._keep(record)


class Body:
    """A body on a queue: visible from some time on, given out so often."""

    def __init__(self, carrier, body, visible):
        self.text, self.carrier, self.visible, self.received = json.dumps(body), carrier, visible, 0


class Post:
    """All queues and the timer: what leaves the process, in clear, from where anybody could read it."""

    def __init__(self, clock):
        self.clock, self.bodies, self.told, self.dead, self.schedules = clock, [], [], [], {}

    def to(self, carrier):
        return Box(self, carrier)

    def at(self, when, queue, body, *, name):
        carrier = queue.removeprefix("carrier/")
        if when - self.clock() > timedelta(minutes=15):
            self.schedules.setdefault(name, Body(carrier, body, when))
        else:
            self.bodies.append(Body(carrier, body, when))

    def cancel(self, name):
        self.schedules.pop(name, None)

    def fire(self):
        for name in [name for name, body in self.schedules.items() if body.visible <= self.clock()]:
            self.bodies.append(self.schedules.pop(name))

    def waiting(self):
        return [*self.bodies, *self.schedules.values()]

    def visible(self):
        self.fire()
        return [body for body in self.bodies if body.visible <= self.clock()]


class Box:
    """One queue."""

    def __init__(self, post, carrier):
        self.post, self.carrier = post, carrier

    def send(self, bodies):
        for body in bodies:
            if self.carrier:
                self.post.bodies.append(Body(self.carrier, body, self.post.clock()))
            else:
                self.post.told.append(json.dumps(body))


class Outside:
    """The carriers. `plan` says what the next calls meet; `texts` counts what left for people."""

    def __init__(self, world):
        self.world, self.plan, self.texts, self.asked = world, [], {}, []

    def carrier(self, request):
        said = json.loads(request.body)
        key = MessageKey.from_reference(said["reference"])
        self.world.check_call(key, said)
        plan = self.plan.pop(0) if self.plan else "taken"
        if plan == "meanwhile":  # another dispatcher gets a body of the same message during our call
            self.world.receive(Body(self.world.table.rows[key].carrier, {"message": str(key), "attempt": 1}, None))
            plan = "taken"
        if plan in {"taken", "reported-first", "silent-taken", "died-taken", "garbled"}:
            first = key not in self.texts
            if first or not CARRIERS[self.world.table.rows[key].carrier]:
                self.texts[key] = self.texts.get(key, 0) + 1
        if plan == "reported-first":
            self.world.table.note(key, Change(Status.DELIVERED, self.world.clock(), Evidence.HANDSET))
        return self._answer(plan)

    @staticmethod
    def _answer(plan):
        if plan.startswith("died"):
            raise DiedError
        if plan.startswith("silent"):
            raise CarrierSilentError("timeout")
        if plan == "unreachable":
            raise CarrierUnavailableError("refused")
        if plan == "garbled":
            return HttpAnswer(200, {}, b"<html>")
        return HttpAnswer({"busy": 503, "refused": 400, "blocked": 403}.get(plan, 200), {}, b'{"id": "c1"}')


PLANS = st.sampled_from(
    [
        "taken",
        "reported-first",
        "meanwhile",
        "garbled",
        "silent-taken",
        "silent-lost",
        "died-taken",
        "died-before",
        "unreachable",
        "busy",
        "refused",
        "blocked",
    ]
)
NONE = st.just((0, DiedError))
FUSES = NONE | NONE | st.tuples(st.integers(1, 14), st.sampled_from([DiedError, UnavailableError]))
CALLS = st.tuples(st.lists(PLANS, min_size=1, max_size=2), FUSES)
"""What the next calls of the carrier meet, and what the process does."""
WISHES = st.tuples(
    st.sampled_from(["plain", "plain", "careful", "simulator"]),
    st.sampled_from(OnUnknown),
    st.sampled_from([ALICE, BOB]),
    st.sampled_from([0, 0, 0, 5, 120]),  # minutes ahead
    st.sampled_from([2880, 60, 5]),  # minutes of validity
    st.sampled_from([True, True, True, False]),  # with a live key
    st.sampled_from([Category.TRANSACTIONAL, Category.MARKETING]),
    FUSES,
    CALLS,
)


class Pipeline(RuleBasedStateMachine):
    """Accept → stream → relay → queues → dispatch → carrier → receipt, and reconcile."""

    @initialize(first=st.lists(WISHES, min_size=2, max_size=4), deliveries=st.sampled_from([5, 1, 2]))
    def build(self, first, deliveries):
        self.deliveries = deliveries  # few, so that dead letters happen
        self.clock, self.vault, self.fuse, self.broken, self.lost = FakeClock(), FakeVault(), Fuse(), [], set()
        self.table, self.post, self.outside = Table(self.clock, self.broken), Post(self.clock), Outside(self)
        self.tenants, self.erased, self.read, self.keys = FakeTenants(tenant()), set(), 0, []
        self.day()
        terms = {name: replace(FakeCarrier().terms, deduplicates=careful) for name, careful in CARRIERS.items()}
        carriers = {name: FakeCarrier(terms=each) for name, each in terms.items()}
        messages, post = Fused(self.table, self.fuse), Fused(self.post, self.fuse)
        queues = {name: Fused(self.post.to(name), self.fuse) for name in CARRIERS}
        vault, tenants = Fused(self.vault, self.fuse), Fused(self.tenants, self.fuse)
        self.relay = Relay(queues, Fused(self.post.to(""), self.fuse), post, self.clock)
        clearance = Clearance(tenants, vault, carriers, frozenset({"simulator"}), "https://sms.example")
        self.dispatch = Dispatch(
            messages, clearance, self.outside, post, self.clock, carriers, pause=lambda _: None, draw=lambda: 0.9
        )
        self.reconcile = Reconcile(tenants, messages, self.clock, queues, terms)
        for wish in first:
            self.accept(wish)

    def day(self):
        self.tenants.seen(SHOP, "", self.clock().date())

    # --- what a tenant, a person, a carrier and time do; few rules, so that each run meets all of them ---

    @rule(wish=WISHES)
    def accept(self, wish):
        carrier, on_unknown, to, ahead, validity, live, category, fuse, calls = wish
        self.vault.keys_for(SHOP, [to])
        record = sealed_record(
            self.vault,
            key_number(len(self.keys) + 1),
            to,
            TEXT,
            at=self.clock() + timedelta(minutes=ahead),
            carrier=carrier,
            on_unknown=on_unknown,
            validity=timedelta(minutes=validity),
            live=live or carrier != "plain",
            category=category,
        )
        self.day()
        self.keys.append(record.key)
        self.table.add(record)
        self.read_stream(fuse)
        if self.post.visible():
            self.serve(self.post.visible()[-1], calls)

    @precondition(lambda self: self.keys)
    @rule(
        data=st.data(),
        kind=st.sampled_from(["cancel", "erase", "lose", "restrict", "lift", "object", *["report"] * 3]),
        status=st.sampled_from([Status.SUBMITTED, Status.BUFFERED, Status.DELIVERED, Status.UNDELIVERABLE]),
        times=st.integers(1, 2),
    )
    def happen(self, data, kind, status, times):
        """To one message: cancelled as the API does it, its person erased, reported on, or forgotten by the stream.

        Or its person wishes for something, or takes it back.
        """
        key = data.draw(st.sampled_from(self.keys[-3:]))
        person = self.vault.rows[self.table.rows[key].subject]
        if kind == "cancel":
            self.table.note(key, Change(Status.CANCELLED, self.clock()), only_from=frozenset({Status.ACCEPTED}))
        elif kind == "erase":
            subject = self.table.rows[key].subject
            self.vault.destroy(subject)
            self.erased |= {each for each in self.keys if self.table.rows[each].subject == subject}
        elif kind in {"restrict", "lift"}:
            person.restricted = self.clock() if kind == "restrict" else None
        elif kind == "object":
            person.objected = self.clock()
        elif kind == "lose" and self.read < len(self.table.stream):
            self.lost.add(self.read)
            self.read += 1
        elif kind == "report" and key in self.outside.texts:  # nothing is reported on what did not leave
            for _ in range(times):
                self.table.note(key, Change(status, self.clock(), Evidence.OPERATOR))

    # --- what runs ---

    @rule(fuse=FUSES, minutes=st.sampled_from([1, 6, 20, 300]))
    def wait(self, fuse, minutes):
        self.clock.tick(minutes=minutes)
        self.read_stream(fuse)

    def read_stream(self, fuse):
        """A batch; from its lowest failure on it is read again."""
        self.fuse.light(*fuse)
        batch = self.table.stream[self.read : self.read + 10]
        try:
            failed = self.relay.run(batch)
        except DiedError:
            return
        finally:
            self.fuse.light(0, DiedError)
        self.read += len(batch) if not failed else min(int(number) for number in failed) - self.read

    @precondition(lambda self: self.post.waiting())
    @rule(data=st.data(), calls=CALLS, copy=st.booleans())
    def deliver(self, data, calls, copy):
        """A body that has become visible, now or as soon as one does; perhaps not for the last time."""
        self.clock.now = max(self.clock.now, min(body.visible for body in self.post.waiting()))
        body = data.draw(st.sampled_from(self.post.visible()))
        if copy:  # queues deliver at least once, and more than once when they like
            self.post.bodies.append(Body(body.carrier, json.loads(body.text), self.clock()))
        self.serve(body, calls)

    def serve(self, body, calls):
        plan, fuse = calls
        self.outside.plan = list(plan)
        self.fuse.light(*fuse)
        try:
            gone = self.receive(body)
        except DiedError:
            gone = False
        finally:
            self.fuse.light(0, DiedError)
        body.visible = self.clock() + HIDDEN
        if gone or body.received >= self.deliveries:
            self.post.bodies.remove(body)

    def receive(self, body):
        """As the entry point does. Whether the body is done with."""
        body.received += 1
        task = Task.read(json.loads(body.text))
        try:
            return self.dispatch.run(body.carrier, task) is not Outcome.HELD
        except Exception as error:  # noqa: BLE001  # as the entry point does
            if body.received >= self.deliveries:
                try:
                    self.dispatch.bury(body.carrier, task, in_doubt=isinstance(error, InDoubtError))
                except UnavailableError:
                    self.post.dead.append(body)
            return False

    @rule(fuse=FUSES)
    def look_after(self, fuse):
        self.fuse.light(*fuse)
        try:
            self.reconcile.run(lambda: PLENTY)
        except (DiedError, UnavailableError):
            pass
        finally:
            self.fuse.light(0, DiedError)

    # --- laws ---

    def check_call(self, key, said):
        """Whatever is handed over: in time, to somebody who is there and wants it, and a test's to no real carrier."""
        record = self.table.rows[key]
        person = self.vault.rows[record.subject]
        laws = {
            "restricted": person.restricted is None,
            "objected": person.objected is None or record.category is not Category.MARKETING,
            "erased": key not in self.erased,
            "early": record.anchor <= self.clock(),
            "late": self.clock() < record.anchor + record.validity,
            "test": record.live or record.carrier == "simulator",
            "cancelled": record.status is not Status.CANCELLED,
            "text": said["text"] == TEXT,
        }
        self.broken.extend(f"{law}: {key}" for law, kept in laws.items() if not kept)

    @invariant()
    def no_law_was_broken(self):
        assert self.broken == []

    @invariant()
    def never_twice(self):
        for key, texts in self.outside.texts.items():
            record = self.table.rows[key]
            if record.on_unknown is OnUnknown.AT_MOST_ONCE or CARRIERS[record.carrier]:
                assert texts == 1

    @invariant()
    def never_a_lie(self):
        """Where we say ourselves that nobody got it, nobody did."""
        for key in self.keys:
            record = self.table.rows[key]
            ours = {Status.CANCELLED, Status.EXPIRED, Status.REJECTED, Status.BLOCKED}
            once = record.on_unknown is OnUnknown.AT_MOST_ONCE and not CARRIERS[record.carrier]
            if once and record.status in ours:
                assert key not in self.outside.texts

    @invariant()
    def only_ids_travel(self):
        bodies = [*self.post.waiting(), *self.post.dead]
        seen = " ".join([*(body.text for body in bodies), *self.post.told])
        assert not any(secret in seen for secret in SECRETS)
        assert all(str(self.table.rows[key].subject) not in seen for key in self.keys)

    def teardown(self):
        """When all works again, everything comes to an end, whatever has happened before."""
        if not hasattr(self, "keys"):
            return
        for _ in range(20):
            self.clock.tick(hours=12)
            self.reconcile.run(lambda: PLENTY)
            self.relay_all()
        self.no_law_was_broken()
        self.never_twice()
        self.never_a_lie()
        assert {key: self.table.rows[key].status for key in self.keys if not self.table.rows[key].status.final} == {}
        self.told_of_everything()

    def relay_all(self):
        self.relay.run(self.table.stream[self.read :])
        self.read = len(self.table.stream)
        for body in self.post.visible():
            self.outside.plan = []
            self.receive(body)
            self.post.bodies.remove(body)

    def told_of_everything(self):
        """The tenant has heard of each new state that the stream did not forget."""
        for place, step in enumerate(self.table.stream):
            if step.before is None or place in self.lost:
                continue
            for sequence in range(step.before.sequence + 1, step.after.sequence + 1):
                told = json.dumps({"message": str(step.after.key), "sequence": sequence}) in self.post.told
                assert told is (step.after.history[sequence - 1].status is not Status.QUEUED)


TestPipeline = Pipeline.TestCase
TestPipeline.settings = settings(
    max_examples=100, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
