"""What may come back from a back-up: judged by keys, ledger and clock, never by the back-up itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fugace.domain.case import Case, CaseKey, CaseState, Right
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.ledger import Action, Draft, written
from fugace.domain.message import Record, Status
from fugace.domain.retention import ANNOUNCED, Kind, Period
from fugace.restoring import NOBODY, Row, Sort, Word
from functions.dsar.restoring.judging import CODE, LINKS, RUNS, Judge, Now
from functions.send.relay import Relay, Step
from tests.fakes import ALICE, BOB, FIRST, NOON, SHOP, FakeQueue, FakeTimer, kept, sealed_record, tenant
from tests.fakes_keeping import Keeping
from tests.fakes_rights import FakePersons, FakeRequests
from tests.unit.test_certify import erasure

REQUEST = "5d3f2a1c-0b4e-4f6a-9c8d-7e6f5a4b3c2d"
KEY = CaseKey(SHOP, REQUEST)
LATER = timedelta(hours=2)


class World:
    """A back-up is of noon; it is two hours later, and something happened in between."""

    def __init__(self) -> None:
        self.keeping = Keeping(tenant())
        self.persons = FakePersons(self.keeping.vault)
        self.requests = FakeRequests()
        self.record = sealed_record(self.keeping.vault)
        self.alice = self.record.subject

    @property
    def now(self) -> Now:
        its = self.keeping
        return Now(self.persons, self.requests, its.tenants, its.holds, its.ledger, its.clock)

    def tell(self, action: Action, thing: str = REQUEST, actor: str = "request", **facts: str | int) -> None:
        """An hour after the back-up."""
        self.keeping.ledger.append(Draft(SHOP, NOON + timedelta(hours=1), action, actor, thing, facts))

    def judged(self, row: Row) -> Row | None:
        self.keeping.clock.now = max(self.keeping.clock.now, NOON + LATER)
        return Judge(self.now, NOON).verdict(row).back

    def message(self, record: Record | None = None, **changes: Any) -> Record | None:
        """What comes back of a message."""
        was = replace(record or self.record, **changes)
        back = self.judged(Row(Sort.MESSAGE, SHOP, str(was.key), record=was))
        return back.record if back else None

    def request(self, was: Case) -> Case | None:
        back = self.judged(Row(Sort.CASE, SHOP, f"{SHOP} case/{was.key.id}", case=was))
        return back.case if back else None

    def erase(self, *, done: bool = True, keep_key: bool = False) -> None:
        epoch = self.persons.block(SHOP, self.alice, NOON + timedelta(minutes=1), keep_key=keep_key)
        if done:
            self.persons.bury(self.alice, epoch, NOON + timedelta(minutes=2))

    def hold(self, **more: Any) -> Hold:
        plain = Hold(
            SHOP,
            "hold_abcdefghijklmnop",
            Ground.CLAIM,
            NOON,
            "key_abcdefgh",
            NOON + timedelta(days=400),
            HoldState.HELD,
            subject=self.alice,
        )
        hold = replace(plain, **more)
        self.keeping.holds.rows[SHOP, hold.id] = hold
        return hold


@pytest.fixture
def world() -> World:
    return World()


def case(right: Right = Right.ACCESS, state: CaseState = CaseState.RUNNING, **more: Any) -> Case:
    return replace(erasure(state, right), key=KEY, places={}, **more)


# Messages.


def test_a_message_that_was_over_and_done_comes_back_as_it_was(world: World) -> None:
    """That is what a restore is for."""
    record = sealed_record(world.keeping.vault, status=(Status.ACCEPTED, Status.SUBMITTED, Status.DELIVERED))

    assert world.message(record) == record


@pytest.mark.parametrize("done", [False, True])
def test_an_erased_persons_stays_away(world: World, done: bool) -> None:
    """From the first write of an erasure on: the back-up knows nothing of it, the table of keys does."""
    assert world.message()
    world.erase(done=done)

    assert world.message() is None


def test_who_came_back_is_somebody_new(world: World) -> None:
    """A later key opens nothing of before, and the row is of before."""
    world.erase()
    world.keeping.vault.keys_for(SHOP, [ALICE])

    assert world.message() is None


def test_without_a_key_nothing_comes_back(world: World) -> None:
    """Nobody could read it, and a missing key is never taken for 'nothing happened'."""
    world.keeping.vault.lose(world.alice)

    assert world.message() is None


def test_restrictions_and_objections_need_not_be_told_again(world: World) -> None:
    """They stand in the table of keys: what comes back is under them at once."""
    world.persons.restrict(SHOP, world.alice, NOON)
    back = world.message()

    assert back
    (key,) = world.keeping.vault.keys_of([back]).values()
    assert key.restricted


@pytest.mark.parametrize("status", [s for s in Status if not s.final])
def test_what_was_under_way_is_unknown_and_is_not_sent(world: World, status: Status) -> None:
    """It may have been sent since. The stream's reader is asked, as it will be once the row is back."""
    at = NOON + timedelta(days=1)  # also what was to be sent tomorrow
    history = (Status.ACCEPTED,) if status is Status.ACCEPTED else (Status.ACCEPTED, status)
    record = replace(sealed_record(world.keeping.vault, status=history), anchor=at, claimed_at=NOON)
    back = world.message(record)

    assert back
    assert (back.status, back.history[-1].code, back.claimed_at) == (Status.UNKNOWN, CODE, None)
    assert not letters(back, world), "nothing is sent, now or tomorrow, and nobody is told"
    if status is Status.ACCEPTED:
        assert letters(record, world), "as it was it would be sent: so the reader is one that sees"


def letters(record: Record, world: World) -> list[Any]:
    """What the reader of the stream sends when it sees a row appear."""
    queue, notify, timer = FakeQueue(), FakeQueue(), FakeTimer()
    for anchor in (NOON, NOON + timedelta(days=1)):
        relay = Relay({record.carrier: queue}, notify, timer, world.keeping.clock)
        assert relay.run([Step("1", None, replace(record, anchor=anchor))]) == {}
    return [*queue.sent, *notify.sent, *timer.pending]


def test_what_is_over_stays_away(world: World) -> None:
    """By the policy of now, not by that of then: a shorter choice acts on everything."""
    short = tenant(retention=kept(record=Period(seconds=3_600)))
    world.keeping.tenants.tenants[SHOP] = short

    assert world.message() is None


def test_a_text_that_is_over_stays_away(world: World) -> None:
    """The rest of the message may still be there."""
    short = tenant(retention=kept(content=Period(seconds=3_600)))
    world.keeping.tenants.tenants[SHOP] = short
    back = world.message()

    assert back
    assert back.sealed.text is None
    assert back.sealed.to


def test_what_a_tenant_has_who_left_stays_away(world: World) -> None:
    """Whether its rows are gone already, or its erasure has only begun."""
    world.tell(
        Action.REQUEST_FILED, kind="offboarding", identity="attested", submitted=written(NOON), due=written(NOON)
    )
    assert world.message()
    world.tell(Action.ERASURE_BEGUN)
    assert world.message() is None

    other = World()
    other.keeping.tenants.tenants.clear()
    assert other.message() is None


def test_a_persons_erasure_does_not_keep_the_others_away(world: World) -> None:
    """It is of one person, whose key is gone; the tenant stays."""
    world.tell(Action.REQUEST_FILED, kind="erasure", identity="attested", submitted=written(NOON), due=written(NOON))
    world.tell(Action.ERASURE_BEGUN)

    assert world.message()


def test_what_was_corrected_does_not_come_back_uncorrected(world: World) -> None:
    """A number that was another's is not brought back; nor is a reference that was wrong."""
    mine = case(Right.RECTIFICATION, CaseState.COMPLETED, subject=world.alice)
    world.requests.rows[KEY] = mine
    world.tell(Action.RECTIFIED, field="reference", records=1)
    record = sealed_record(world.keeping.vault)
    record = replace(record, sealed=replace(record.sealed, reference=b"\1"))
    back = world.message(record)
    assert back
    assert back.sealed.reference is None

    world = World()
    world.requests.rows[KEY] = replace(mine, subject=world.alice)
    world.tell(Action.RECTIFIED, field="to", records=1)
    assert world.message() is None
    assert world.message(sealed_record(world.keeping.vault, to=BOB)), "somebody else's is not concerned"


def test_a_hold_that_ended_since_is_not_brought_back(world: World) -> None:
    """Nobody could lift it any more, and the row would stay for ever."""
    record = replace(world.record, held=frozenset({"hold_ended"}), expires_at=NOON + timedelta(days=900))
    back = world.message(record)

    assert back
    assert not back.held
    assert back.expires_at < NOON + timedelta(days=200)
    assert back.brief, "its text has to be looked for by the index of its own"


def test_a_hold_that_covers_it_is_put_on(world: World) -> None:
    """It was there when the hold was set: the evidence must not be lost to an accident."""
    hold = world.hold(set_at=NOON + timedelta(minutes=30))
    back = world.message()

    assert back
    assert back.held == {hold.id}
    assert back.expires_at > hold.until


@pytest.mark.parametrize(
    "more", [{"subject": SubjectId("b" * 43)}, {"set_at": NOON - timedelta(1)}, {"state": HoldState.OVER}]
)
def test_a_hold_that_does_not_cover_it_is_not(world: World, more: dict[str, Any]) -> None:
    """Somebody else's, one from before the message, and one that is over."""
    world.hold(**more)
    back = world.message()

    assert back
    assert not back.held


def test_what_a_hold_keeps_of_somebody_who_is_being_erased_comes_back(world: World) -> None:
    """The key is kept for it as well; nobody can show or send it, and it goes when the hold is lifted."""
    world.hold()
    world.erase(done=False, keep_key=True)
    assert world.message()

    world.hold(state=HoldState.OVER)
    assert world.message() is None


# Requests.


def test_an_open_request_is_begun_anew(world: World) -> None:
    """What ran for it is gone, or goes on: its next run must have a name that none had."""
    back = world.request(case(run=3, token="t", code=b"c", tries=2))

    assert back
    assert (back.look_at, back.run) == (NOON + LATER, 3 + RUNS)
    assert (back.token, back.code, back.tries) == ("", b"", 0)


@pytest.mark.parametrize("links", [0, 2])
def test_a_link_that_may_have_been_used_since_works_no_more(world: World, links: int) -> None:
    """It works once: whoever has it may have followed it behind the back-up, and so may one that was made since."""
    until = NOON + LATER + timedelta(hours=9)
    back = world.request(case(state=CaseState.COMPLETED, finished=NOON, links=links, link_until=until))

    assert back
    assert (back.links, back.link_until) == (links + LINKS, None)


@pytest.mark.parametrize(
    ("action", "facts", "state"),
    [
        (Action.REQUEST_CANCELLED, {}, CaseState.CANCELLED),
        (Action.REQUEST_DENIED, {"reason": "suspected_fraud"}, CaseState.DENIED),
        (Action.REQUEST_CLOSED, {"state": "unverified"}, CaseState.UNVERIFIED),
        (Action.REQUEST_DONE, {"kind": "access", "state": "completed"}, CaseState.COMPLETED),
    ],
)
def test_a_request_that_ended_since_has_ended(
    world: World, action: Action, facts: dict[str, str], state: CaseState
) -> None:
    """A cancelled erasure that came back as waiting would erase."""
    world.tell(action, **facts)
    back = world.request(case(sealed=b"number", look_at=NOON))

    assert back
    assert (back.state, back.look_at, back.sealed) == (state, None, b"")
    assert back.finished == NOON + timedelta(hours=1)


def test_a_partial_end_is_none(world: World) -> None:
    """It is tried again, and goes on."""
    world.tell(Action.REQUEST_DONE, kind="erasure", state="partial")
    back = world.request(case(Right.ERASURE))

    assert back
    assert back.state is CaseState.RUNNING


def test_an_extended_date_stays_extended(world: World) -> None:
    """The person was told."""
    due = NOON + timedelta(days=80)
    world.tell(Action.REQUEST_EXTENDED, reason="complexity", due=written(due))
    back = world.request(case())

    assert back
    assert (back.due, back.extended) == (due, "complexity")


def test_a_request_of_somebody_erased_comes_back_without_whose_it_was(world: World) -> None:
    """As the erasure left it."""
    was = case(state=CaseState.COMPLETED, finished=NOON, subject=world.alice, sealed=b"number", digest=b"d")
    world.erase()
    back = world.request(was)

    assert back
    assert (back.subject, back.sealed, back.digest) == (None, b"", b"")


def test_an_erasure_under_way_knows_whom_it_erases(world: World) -> None:
    """Or it could not go on."""
    world.erase(done=False)
    back = world.request(case(Right.ERASURE, subject=world.alice))

    assert back
    assert back.subject == world.alice


def test_a_request_that_is_over_stays_away(world: World) -> None:
    """Its time ended since."""
    world.keeping.clock.now = NOON + timedelta(days=366)

    assert world.request(case(state=CaseState.COMPLETED, finished=NOON)) is None


def test_what_carriers_are_still_to_be_asked_comes_back_with_an_open_request(world: World) -> None:
    """Twice is harmless; of one that ended they were asked."""
    row = Row(Sort.RECALL, SHOP, f"{SHOP} recall/{REQUEST}/7")
    assert world.judged(row) == row
    world.tell(Action.REQUEST_DONE, kind="erasure", state="completed")

    assert world.judged(row) is None


def test_a_claim_comes_with_its_request_alone(world: World) -> None:
    """One of a request that ended would lock the person out for good."""
    verdict = Judge(world.now, NOON).verdict(Row(Sort.CLAIM, SHOP, f"{SHOP} claim/{world.alice}/access"))

    assert (verdict.back, verdict.word) == (None, Word.SKIPPED)


# What tenants configured.


def test_choices_since_are_made_again(world: World) -> None:
    """A shorter one must not be undone; a longer one is made again as it was: what was promised before stays so."""
    was = kept()
    later = NOON + timedelta(hours=1)
    shorter, longer = Period(seconds=3_600), Period(months=1)
    facts = {"in_force_from": written(later + ANNOUNCED)}
    world.tell(
        Action.POLICY_CHANGED, SHOP, "key_abcdefgh", **facts, **{"content.from": "P7D", "content.to": str(shorter)}
    )
    expected = was.changed(Kind.CONTENT, shorter, later)
    back = world.judged(Row(Sort.TENANT, SHOP, f"{SHOP} tenant", retention=was))
    assert back
    assert back.retention == expected

    world.tell(
        Action.POLICY_CHANGED, SHOP, "key_abcdefgh", **facts, **{"content.from": "PT3600S", "content.to": str(longer)}
    )
    back = world.judged(Row(Sort.TENANT, SHOP, f"{SHOP} tenant", retention=was))
    assert back
    assert back.retention == expected.changed(Kind.CONTENT, longer, later)


def test_a_tenant_whose_key_is_destroyed_stays_away(world: World) -> None:
    """Without it nothing of its people can be read, and somebody meant that."""
    assert world.judged(Row(Sort.TENANT, SHOP, f"{SHOP} tenant", retention=None)) is None

    world.tell(
        Action.REQUEST_FILED, kind="offboarding", identity="attested", submitted=written(NOON), due=written(NOON)
    )
    world.tell(Action.ERASURE_BEGUN)
    assert world.judged(Row(Sort.TENANT, SHOP, f"{SHOP} tenant", retention=kept())) is None


@pytest.mark.parametrize("sort", [Sort.API_KEY, Sort.WEBHOOK])
def test_keys_and_webhooks_come_back_out_of_use(world: World, sort: Sort) -> None:
    """One that was revoked or removed since looks like any other in a back-up."""
    back = world.judged(Row(sort, SHOP, f"{SHOP} {sort}/x"))

    assert back
    assert back.closed == NOON + LATER


def test_a_hold_that_ended_since_stays_ended(world: World) -> None:
    """What it covered has been let go of."""
    row = Row(Sort.HOLD, SHOP, f"{SHOP} hold/hold_abcdefghijklmnop")
    assert world.judged(row) == row
    world.tell(Action.HOLD_ENDED, "hold_abcdefghijklmnop", "purge", covers=1)

    assert world.judged(row) is None


@pytest.mark.parametrize(("expires", "comes"), [(NOON, False), (NOON + timedelta(days=1), True), (None, True)])
def test_registers_come_back_until_they_are_over(world: World, expires: datetime | None, comes: bool) -> None:
    """DynamoDB's own deletion is late: a back-up is full of what was over."""
    assert (world.judged(Row(Sort.OTHER, NOBODY, "day/2026-01-15 x", expires)) is not None) is comes


def test_what_cannot_be_read_stays_away(world: World) -> None:
    """Nobody can tell about whom it is."""
    assert world.judged(Row(Sort.UNREADABLE, NOBODY, "?")) is None


def test_what_was_decided_before_the_back_up_is_in_it(world: World) -> None:
    """It is not told twice: the chain may be years long."""
    world.keeping.ledger.append(Draft(SHOP, NOON - LATER, Action.REQUEST_CANCELLED, "request", REQUEST, {}))
    back = world.request(case())

    assert back
    assert back.state is CaseState.RUNNING


def test_another_tenants_ledger_says_nothing(world: World) -> None:
    """I8: ids are made by tenants, and may be the same."""
    other = TenantId("ten_bakerybakerybake")
    world.keeping.ledger.append(Draft(other, NOON + timedelta(1), Action.REQUEST_CANCELLED, "request", REQUEST, {}))
    back = world.request(case())

    assert back
    assert back.state is CaseState.RUNNING
    assert FIRST.tenant == SHOP
