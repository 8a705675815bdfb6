"""What becomes of a claim that DynamoDB took and whose answer nobody heard: the SDK asks again, and meets itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.session import Aws
from fugace.domain.message import Change, OnUnknown, Status
from fugace.ports import HttpAnswer
from functions.send.clearance import Clearance
from functions.send.dispatch import LEASE, Dispatch
from functions.send.task import Outcome, Task
from tests.contract.aws.conftest import World
from tests.fakes import (
    FIRST,
    NOON,
    FakeCarrier,
    FakeClock,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWeb,
    sealed_record,
    statuses,
    tenant,
)

LATER = NOON + LEASE

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def own(account: World) -> World:
    """A client of this module's own: other tests' faults have used up what one may repeat."""
    own = World(Aws(), start=account.start)
    own.watch(own.aws.client("dynamodb"))
    return own


@pytest.fixture
def line(own: World) -> World:
    """The same, and nothing is wrong with it yet."""
    own.fault = None
    own.lost.clear()
    return own


@pytest.fixture
def other(account: World) -> DynamoMessages:
    """Somebody else at the same table, whom no fault meets."""
    return DynamoMessages(account.aws, "messages", FakeClock())


@pytest.fixture
def messages(line: World, clock: FakeClock) -> DynamoMessages:
    return DynamoMessages(line.aws, "messages", clock)


def lose(line: World, meanwhile: Callable[[], object] = lambda: None, *, arrives: bool = True) -> None:
    """The next write is carried out and not heard, or never arrives; then `meanwhile`, before the SDK asks again."""

    def fault(_operation: str) -> Exception | None:
        if len(line.asked) == 1:
            line.lost += ["UpdateItem"] * arrives
            return None if arrives else ReadTimeoutError(endpoint_url="https://dynamodb.example")
        line.fault = None
        meanwhile()
        return None

    line.asked.clear()
    line.fault = fault


def test_a_claim_whose_answer_was_lost_is_given_as_if_it_had_been_heard(line: World, messages: DynamoMessages) -> None:
    """Nobody else has it, and nothing was handed over; and nothing is asked that the SDK would not have asked."""
    messages.add(sealed_record())
    lose(line)

    mine = messages.claim(FIRST, NOON, stale=NOON - LEASE)

    assert line.asked == ["UpdateItem"] * 2
    assert mine is not None
    assert mine == messages.get(FIRST)
    assert (mine.status, mine.claimed_at, mine.sequence) == (Status.QUEUED, NOON, 2)


def test_a_refusal_that_is_lost_changes_nothing(line: World, messages: DynamoMessages) -> None:
    """The third attempt meets the claim of the first."""
    messages.add(sealed_record())
    line.lost += ["UpdateItem"] * 2

    assert messages.claim(FIRST, NOON, stale=NOON - LEASE) == messages.get(FIRST)
    assert line.lost == []


def test_a_claim_after_one_that_was_let_go_is_given_as_well(line: World, messages: DynamoMessages) -> None:
    """When it was queued first says nothing of who has it now: a carrier that was down has seen it many times."""
    messages.add(sealed_record())
    messages.claim(FIRST, NOON, stale=NOON - LEASE)
    messages.release(FIRST, NOON)
    lose(line)

    mine = messages.claim(FIRST, LATER, stale=LATER - LEASE)

    assert mine is not None
    assert (mine.claimed_at, mine.history[-1]) == (LATER, Change(Status.QUEUED, NOON))


def test_a_stale_claim_that_was_taken_over_unheard_still_shows(line: World, messages: DynamoMessages) -> None:
    """I6: what became of the other's call is not known, whether or not we heard that we have it now."""
    messages.add(sealed_record())
    messages.claim(FIRST, NOON, stale=NOON - LEASE)
    lose(line)

    taken = messages.claim(FIRST, LATER, stale=LATER - LEASE)

    assert taken is not None
    assert taken.claimed_at == NOON


def test_anothers_claim_of_the_same_moment_is_not_taken_for_ours(
    line: World, messages: DynamoMessages, other: DynamoMessages
) -> None:
    """Two deliveries of one body may begin in one millisecond, and our first request never have arrived."""
    messages.add(sealed_record())
    lose(line, lambda: other.claim(FIRST, NOON, stale=NOON - LEASE), arrives=False)

    assert messages.claim(FIRST, NOON, stale=NOON - LEASE) is None
    assert line.asked == ["UpdateItem"] * 2


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.SUBMITTED, Status.DELIVERED])
def test_what_ended_before_the_second_request_is_not_given(
    line: World, messages: DynamoMessages, other: DynamoMessages, status: Status
) -> None:
    """Whatever ended it ended the claim with it."""
    messages.add(sealed_record())
    lose(line, lambda: other.note(FIRST, Change(status, NOON), carrier_ref="c-1"))

    assert messages.claim(FIRST, NOON, stale=NOON - LEASE) is None


def test_what_is_over_by_then_is_not_given(line: World, messages: DynamoMessages, clock: FakeClock) -> None:
    """Read means alive (I4)."""
    messages.add(sealed_record(expires_at=NOON + timedelta(seconds=1)))
    lose(line, lambda: clock.tick(seconds=1))

    assert messages.claim(FIRST, NOON, stale=NOON - LEASE) is None


@pytest.mark.parametrize(
    "end",
    [
        lambda messages: messages.release(FIRST, NOON),
        lambda messages: messages.note(FIRST, Change(Status.SUBMITTED, NOON), carrier_ref="c-1"),
        lambda messages: messages.note(FIRST, Change(Status.DELIVERED, NOON), drop_content=True),
    ],
    ids=["let go", "handed over", "without its text"],
)
def test_nothing_of_a_claim_outlives_it(
    line: World, messages: DynamoMessages, end: Callable[[DynamoMessages], object]
) -> None:
    """What is not needed any more is not kept, and a row at its end is no larger than it was (B11)."""
    messages.add(sealed_record())
    messages.claim(FIRST, NOON, stale=NOON - LEASE)
    assert {"claimed", "by", "over"} <= set(line.rows("messages")[0])

    end(messages)

    assert not {"claimed", "by", "over"} & set(line.rows("messages")[0])


# What dispatch makes of it.


class Desk:
    """A dispatch over the table, with one message to Alice and a carrier that takes it."""

    def __init__(self, messages: DynamoMessages, clock: FakeClock, **fields: Any) -> None:
        self.clock, self.web, vault = clock, FakeWeb(HttpAnswer(200, {}, b'{"id": "carrier-1"}')), FakeVault()
        messages.add(sealed_record(vault, **fields))
        carriers = {"simulator": FakeCarrier()}
        clearance = Clearance(FakeTenants(tenant()), vault, carriers, frozenset({"simulator"}), "https://sms.example")
        self.dispatch = Dispatch(messages, clearance, self.web, FakeTimer(), clock, carriers)

    def run(self) -> Outcome:
        return self.dispatch.run("simulator", Task(FIRST))


def test_a_message_whose_claim_was_not_heard_is_handed_over_once(
    line: World, messages: DynamoMessages, clock: FakeClock
) -> None:
    """Else its body waits, and it ends as `unknown` although it never left; and a second body finds it gone."""
    desk = Desk(messages, clock)
    lose(line)

    assert (desk.run(), desk.run()) == (Outcome.SUBMITTED, Outcome.DROPPED)

    after = messages.get(FIRST)
    assert after is not None
    assert statuses(after.history) == ["accepted", "queued", "submitted"]
    assert len(desk.web.requests) == 1


@pytest.mark.parametrize(("choice", "sent"), [(OnUnknown.AT_MOST_ONCE, 0), (OnUnknown.AT_LEAST_ONCE, 1)])
def test_what_another_may_have_sent_is_sent_again_only_as_the_client_chose(
    line: World, messages: DynamoMessages, clock: FakeClock, choice: OnUnknown, sent: int
) -> None:
    """I6, where the one who takes over was not heard either."""
    desk = Desk(messages, clock, on_unknown=choice)
    messages.claim(FIRST, NOON, stale=NOON - LEASE)
    clock.tick(seconds=LEASE.total_seconds())
    lose(line)

    desk.run()

    after = messages.get(FIRST)
    assert after is not None
    assert (after.status, after.history[-1].code) == (
        (Status.SUBMITTED, "") if sent else (Status.UNKNOWN, "interrupted")
    )
    assert len(desk.web.requests) == sent


def test_a_hold_that_came_before_the_second_request_is_kept(
    account: World, line: World, messages: DynamoMessages, clock: FakeClock
) -> None:
    """It is kept back, and the claim let go, so that it can be sent when the hold ends."""
    desk = Desk(messages, clock)
    disposal = DynamoDisposal(account.aws, "messages")
    lose(line, lambda: disposal.hold(FIRST, "hold_a", NOON + timedelta(days=90)))

    assert desk.run() is Outcome.RETRIED

    after = messages.get(FIRST)
    assert after is not None
    assert (after.held, after.claimed_at, desk.web.requests) == ({"hold_a"}, None, [])
