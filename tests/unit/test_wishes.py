"""Restriction and objection, wherever something is sent or shown: hidden and not sent, or no advertising."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fugace.domain.errors import BlockedError, NotFoundError
from fugace.domain.message import Category, Change, Record, Status
from fugace.domain.retention import Kind, Period
from fugace.domain.tenant import Webhook
from fugace.domain.wishes import Obstacle, obstacle
from fugace.rights import Persons
from functions.dlr.letter import Letter
from functions.dlr.news import News
from functions.dlr.record import Outcome as Noted
from functions.dlr.record import Report, record
from functions.dlr.replay import Replay, Span
from functions.send.accept import Accepted, Outbox, Sender
from functions.send.clearance import Clearance
from functions.send.cursor import Filter
from functions.send.dispatch import KEPT_BACK, Dispatch
from functions.send.listing import Listing
from functions.send.read import Gaze, Reader
from functions.send.schema import Wish
from functions.send.task import Outcome, Task
from tests.fakes import (
    ALICE,
    BOB,
    FIRST,
    NOON,
    SECOND,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWeb,
    FakeWebhooks,
    KeyRow,
    kept,
    sealed_record,
    statuses,
    tenant,
)
from tests.fakes_rights import FakePersons

YEAR = timedelta(days=365)
GAZE = Gaze(SHOP, live=True, personal=True)
HOOK = Webhook(SHOP, "wh_aaaaaaaaaaaaaaaa", "https://shop.example", secrets=(), created=NOON, events=frozenset())
ADS, PARCEL, CODE = Category.MARKETING, Category.TRANSACTIONAL, Category.OTP
RESTRICT, OBJECT = "restrict", "object"


class World:
    """A message to Alice and one to Bob, and everything that may send or show them."""

    def __init__(self, *, deduplicates: bool = False, **fields: object) -> None:
        self.clock = FakeClock()
        self.vault = FakeVault(self.clock)
        self.persons: Persons = FakePersons(self.vault)
        records = (sealed_record(self.vault, FIRST, ALICE, **fields), sealed_record(self.vault, SECOND, BOB, **fields))
        self.messages = FakeMessages(self.clock, *records)
        self.tenants, self.web, self.timer = FakeTenants(tenant()), FakeWeb(), FakeTimer()
        carrier = FakeCarrier()
        carrier.terms = replace(carrier.terms, deduplicates=deduplicates)
        carriers = {"simulator": carrier}
        clearance = Clearance(self.tenants, self.vault, carriers, frozenset(carriers), "https://sms.example")
        self.dispatching = Dispatch(self.messages, clearance, self.web, self.timer, self.clock, carriers)
        self.reader = Reader(self.clock, self.vault, self.messages, self.tenants)
        self.queue = FakeQueue()
        hooks = FakeWebhooks(self.clock, HOOK)
        self.replay = Replay(hooks, self.messages, self.vault, self.tenants, self.queue, self.clock)
        self.box = Outbox(self.clock, self.vault, self.messages, self.tenants, {"simulator": carrier.terms})

    def wish(self, what: str, at: datetime | None = NOON) -> None:
        """Alice's; None: she takes it back."""
        getattr(self.persons, what)(SHOP, self.vault.subject(SHOP, ALICE), at)

    def accept(self, *categories: Category) -> list[Accepted | BlockedError]:
        wishes = [Wish("", ALICE, "Your parcel is here", category) for category in categories]
        return self.box.accept(Sender(SHOP, live=True), wishes, None)  # type: ignore[return-value]  # no other refusal

    def dispatch(self) -> Outcome:
        return self.dispatching.run("simulator", Task(FIRST))

    def body(self) -> Task:
        """What waits on the carrier's queue, when its time has come."""
        ((when, queue, body),) = self.timer.pending.values()
        self.timer.pending.clear()
        assert (when - self.clock(), queue) == (KEPT_BACK, "carrier/simulator")
        self.clock.now = when
        return Task.read(body)

    @property
    def first(self) -> Record:
        return self.messages.rows[FIRST]


# The rule.


@pytest.mark.parametrize(
    ("wishes", "category", "refused"),
    [
        (KeyRow(), ADS, None),
        (KeyRow(), CODE, None),
        (KeyRow(objected=NOON), ADS, Obstacle.OBJECTION),
        (KeyRow(objected=NOON), PARCEL, None),
        (KeyRow(objected=NOON), CODE, None),
        (KeyRow(restricted=NOON), ADS, Obstacle.RESTRICTION),
        (KeyRow(restricted=NOON), PARCEL, Obstacle.RESTRICTION),
        (KeyRow(restricted=NOON), CODE, Obstacle.RESTRICTION),
        (KeyRow(restricted=NOON, objected=NOON), ADS, Obstacle.RESTRICTION),
        (KeyRow(restricted=NOON, objected=NOON), PARCEL, Obstacle.RESTRICTION),
    ],
)
def test_who_may_be_written_to_what(wishes: KeyRow, category: Category, refused: Obstacle | None) -> None:
    """Art. 18: nothing but keeping. Art. 21: advertising alone."""
    assert obstacle(wishes, category, kept(), NOON) is refused


@pytest.mark.parametrize("gone", [False, True])
def test_i4_an_objection_counts_for_its_period(*, gone: bool) -> None:
    """Invariant I4: to the second, removed already or not; and for good where no period was ever chosen."""
    retention, end = kept(), Period(months=12).after(NOON)
    now = end if gone else end - timedelta(seconds=1)

    assert (obstacle(KeyRow(objected=NOON), ADS, retention, now) is None) == gone
    caps = {kind: cap for kind, cap in retention.caps.items() if kind is not Kind.OBJECTIONS}
    assert obstacle(KeyRow(objected=NOON), ADS, replace(retention, caps=caps), now + 50 * YEAR)


# Accepting.


@pytest.mark.parametrize(
    ("what", "refused"), [(RESTRICT, {ADS, PARCEL, CODE}), (OBJECT, {ADS})], ids=["restricted", "objected"]
)
def test_who_does_not_want_it_is_not_written_to(what: str, refused: set[Category]) -> None:
    """The refusal says why, message by message: the tenant filed the request, and has to act on the answer."""
    world = World()
    world.wish(what)
    reason = {RESTRICT: "restriction", OBJECT: "objection"}[what]

    results = world.accept(ADS, PARCEL, CODE)

    for category, result in zip((ADS, PARCEL, CODE), results, strict=True):
        assert isinstance(result, BlockedError) == (category in refused)
        if isinstance(result, BlockedError):
            assert result.facts == {"reason": reason}
    assert len(world.messages.rows) == 2 + 3 - len(refused)


@pytest.mark.parametrize("what", [RESTRICT, OBJECT])
def test_what_is_taken_back_counts_no_more(what: str) -> None:
    """From the next message on."""
    world = World()
    world.wish(what)
    world.wish(what, None)

    assert isinstance(world.accept(ADS)[0], Accepted)


def test_who_is_being_erased_is_refused_for_that() -> None:
    """Whatever else they wished for."""
    world = World()
    world.wish(RESTRICT)
    world.vault.block(world.vault.subject(SHOP, ALICE))

    (refused,) = world.accept(PARCEL)

    assert isinstance(refused, BlockedError)
    assert refused.facts == {"reason": "erasure"}


@pytest.mark.parametrize(("what", "category"), [(RESTRICT, PARCEL), (OBJECT, ADS)])
@pytest.mark.parametrize("state", ["bare", "erased"])
def test_a_refusal_leaves_no_key(what: str, category: Category, state: str) -> None:
    """An old list is sent to again and again: of whom only a wish is kept, only that is kept."""
    world = World()
    world.wish(what)
    row = world.vault.rows[world.vault.subject(SHOP, ALICE)]
    row.state = state
    before = replace(row)

    assert isinstance(world.accept(category)[0], BlockedError)

    assert world.vault.rows[world.vault.subject(SHOP, ALICE)] == before


def test_who_objected_gets_a_key_for_what_they_may_be_sent() -> None:
    """Even where advertising comes in the same batch; the wish stays."""
    world = World()
    world.wish(OBJECT)
    row = world.vault.rows[world.vault.subject(SHOP, ALICE)]
    row.state, epoch = "bare", row.epoch

    ads, parcel = world.accept(ADS, PARCEL)

    assert isinstance(ads, BlockedError)
    assert isinstance(parcel, Accepted)
    assert parcel.record.epoch > epoch
    assert row.objected == NOON


# Handing over.


@pytest.mark.parametrize("deduplicates", [False, True])
@pytest.mark.parametrize("category", [ADS, PARCEL, CODE])
def test_what_is_restricted_waits(category: Category, *, deduplicates: bool) -> None:
    """Nothing is sent and nothing is lost; when the restriction is lifted in time it goes out, once."""
    world = World(category=category, deduplicates=deduplicates)
    world.wish(RESTRICT)

    assert world.dispatch() is Outcome.RETRIED
    assert not world.web.requests
    assert world.first.status in {Status.ACCEPTED, Status.QUEUED}
    assert world.first.claimed_at is None

    world.wish(RESTRICT, None)
    assert world.dispatching.run("simulator", world.body()) is Outcome.SUBMITTED
    assert world.dispatch() is Outcome.DROPPED
    assert len(world.web.requests) == 1


def test_what_is_restricted_is_not_sent_after_its_validity() -> None:
    """It has expired like anything else that nobody could send."""
    world = World()
    world.wish(RESTRICT)
    task, looks = Task(FIRST), 0
    while world.dispatching.run("simulator", task) is Outcome.RETRIED:
        task, looks = world.body(), looks + 1

    assert looks == 4 * 48 - 1
    assert (world.first.status, world.first.history[-1].code) == (Status.EXPIRED, "validity")
    assert not world.web.requests


@pytest.mark.parametrize("deduplicates", [False, True])
def test_what_is_held_waits_too(*, deduplicates: bool) -> None:
    """A restriction's hold is taken off by a job, some time after the restriction: what is in between is not lost."""
    world = World(deduplicates=deduplicates, held=frozenset({"hold_aaaaaaaaaaaaaaaa"}))

    assert world.dispatch() is Outcome.RETRIED
    assert statuses(world.first.history) == ["accepted"]

    world.messages.rows[FIRST] = replace(world.first, held=frozenset())
    assert world.dispatching.run("simulator", world.body()) is Outcome.SUBMITTED
    assert len(world.web.requests) == 1


@pytest.mark.parametrize("deduplicates", [False, True])
@pytest.mark.parametrize(("category", "stopped"), [(ADS, True), (PARCEL, False), (CODE, False)])
def test_advertising_stops_before_its_next_hand_over(category: Category, *, stopped: bool, deduplicates: bool) -> None:
    """In the middle of a campaign, whatever was accepted before."""
    world = World(category=category, deduplicates=deduplicates)
    world.wish(OBJECT)

    assert world.dispatch() is (Outcome.ENDED if stopped else Outcome.SUBMITTED)

    assert len(world.web.requests) == (not stopped)
    last = world.first.history[-1]
    assert (last.status, last.code) == ((Status.BLOCKED, "objection") if stopped else (Status.SUBMITTED, ""))


def test_advertising_that_may_have_gone_out_is_not_said_to_have_been_stopped() -> None:
    """I6: an attempt before the objection ended in silence."""
    world = World(category=ADS)
    world.wish(OBJECT)

    world.dispatching.run("simulator", Task(FIRST, attempt=2, silent=1))

    assert (world.first.status, world.first.history[-1].code) == (Status.UNKNOWN, "objection")


def test_an_objection_that_is_over_stops_nothing() -> None:
    """I4: the tenant's period says so, the row need not."""
    world = World(category=ADS)
    world.wish(OBJECT, NOON - 2 * YEAR)

    assert world.dispatch() is Outcome.SUBMITTED


# Showing.

LOOKS: dict[str, Callable[[World], object]] = {
    "get": lambda world: world.reader.get(GAZE, FIRST),
    "cancel": lambda world: world.reader.cancel(GAZE, FIRST),
    "replay": lambda world: world.replay.message(SHOP, HOOK.id, FIRST.id),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_what_is_restricted_is_not_there(look: Callable[[World], object]) -> None:
    """Like something that never was; and nothing happens to it."""
    world = World()
    world.wish(RESTRICT)

    with pytest.raises(NotFoundError):
        look(world)
    assert statuses(world.first.history) == ["accepted"]
    assert not world.queue.sent

    world.wish(RESTRICT, None)
    look(world)


def told(world: World) -> int:
    """How many of the two messages a webhook would be told of, with and without a reference."""
    news = News(world.messages, world.vault, world.tenants, world.clock)
    letters = {key.id: Letter(SHOP, key.id, 1) for key in (FIRST, SECOND)}
    return len(news.of(letters)[0])


def listed(world: World) -> int:
    return len(Listing(world.reader).page(GAZE, Filter(), limit=9).seen)


def replayed(world: World) -> int:
    world.replay.span(SHOP, HOOK.id, Span(NOON - YEAR))
    messages = {body["message"] for body in world.queue.sent}
    world.queue.sent.clear()
    return len(messages)


@pytest.mark.parametrize("count", [told, listed, replayed])
def test_lists_go_on_without_what_is_restricted(count: Callable[[World], int]) -> None:
    """Others' are there, and these again when the restriction is lifted."""
    world = World(status=(Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED, Status.DELIVERED))
    world.clock.tick(minutes=10)
    assert count(world) == 2

    world.wish(RESTRICT)
    assert count(world) == 1

    world.wish(RESTRICT, None)
    assert count(world) == 2


def test_an_objection_hides_nothing() -> None:
    """It is about what is to come."""
    world = World()
    world.wish(OBJECT)

    assert listed(world) == 2
    assert told(world) == 2


def test_what_an_erasure_has_blocked_is_not_told_without_a_reference_either() -> None:
    """The key says so, and there is one whether or not something of it is needed to tell."""
    world = World()
    world.vault.block(world.vault.subject(SHOP, ALICE))

    assert told(world) == 1


def test_a_receipt_is_written_down_all_the_same() -> None:
    """To keep is what a restriction allows; it is shown when it is lifted."""
    world = World(status=(Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED))
    world.wish(RESTRICT)

    said = Report(FIRST, "simulator", Change(Status.DELIVERED, NOON))

    assert record(world.messages, said) is Noted.NOTED
    assert world.first.status is Status.DELIVERED
