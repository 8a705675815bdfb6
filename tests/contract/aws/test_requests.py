"""What the stores ask of DynamoDB, and what they make of its refusals."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.dynamo.webhooks import DynamoWebhooks
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId
from fugace.domain.message import Change, Status
from tests.contract.aws.conftest import World, answer, refusal
from tests.fakes import FIRST, NOON, SHOP, FakeClock, key_number, sealed_record, statuses

SUBMITTED = Change(Status.SUBMITTED, NOON)


@pytest.fixture
def messages(world: World, clock: FakeClock) -> DynamoMessages:
    return DynamoMessages(world.aws, "messages", clock)


def listing(messages: DynamoMessages) -> Any:
    return messages.timeline(SHOP, 0, since=NOON, until=NOON + timedelta(days=1), after=None, limit=9)


OPERATIONS: dict[str, tuple[str, Callable[[DynamoMessages], Any]]] = {
    "add": ("PutItem", lambda messages: messages.add(sealed_record(key=key_number(7)))),
    "add a second time": ("PutItem", lambda messages: messages.add(sealed_record(text="Another text"))),
    "get": ("GetItem", lambda messages: messages.get(FIRST)),
    "get many": ("BatchGetItem", lambda messages: messages.get_many([key_number(n) for n in range(100)])),
    "claim": ("UpdateItem", lambda messages: messages.claim(FIRST, NOON, stale=NOON)),
    "release": ("UpdateItem", lambda messages: messages.release(FIRST, NOON)),
    "note": ("UpdateItem", lambda messages: messages.note(FIRST, SUBMITTED, carrier_ref="c", drop_content=True)),
    "note a part": ("UpdateItem", lambda messages: messages.note_part(FIRST, 1, Status.DELIVERED)),
    "timeline": ("Query", listing),
}


@pytest.mark.parametrize(("request_", "act"), OPERATIONS.values(), ids=OPERATIONS.keys())
def test_each_operation_is_one_request(
    world: World, messages: DynamoMessages, request_: str, act: Callable[[DynamoMessages], Any]
) -> None:
    """B9 and I1: one write accepts, one claims, one notes; requests are what costs."""
    messages.add(sealed_record())
    world.asked.clear()

    act(messages)

    assert world.asked == [request_]


def test_what_is_over_is_deleted_and_not_overwritten(world: World, messages: DynamoMessages, clock: FakeClock) -> None:
    """Only a deletion is one on the stream: what was overwritten would be destroyed without being counted."""
    messages.add(sealed_record(expires_at=NOON + timedelta(days=1)))
    clock.tick(days=1)
    world.asked.clear()

    assert messages.add(sealed_record(text="Another text")) is None

    assert world.asked == ["PutItem", "DeleteItem", "PutItem"]


@pytest.mark.parametrize("first", [True, False], ids=["accepted anew", "held"])
def test_what_came_in_between_is_not_deleted_as_over(
    world: World, messages: DynamoMessages, clock: FakeClock, *, first: bool
) -> None:
    """The same key was sent twice at a time, or a hold was put on, after the row was seen to be over."""
    messages.add(sealed_record(expires_at=NOON + timedelta(days=1)))
    clock.tick(days=1)
    other = sealed_record(text="Another text", at=clock())
    disposal = DynamoDisposal(world.aws, "messages")

    def in_between(operation: str) -> None:
        if operation == "DeleteItem":
            world.fault = None
            if first:
                assert messages.add(other) is None
            else:
                assert disposal.hold(FIRST, "hold_a", NOON - timedelta(days=90))  # which leaves its stamp behind

    world.fault = in_between
    there = messages.add(sealed_record(text="A third text", at=clock()))

    assert there is not None
    assert there == disposal.records([FIRST])[FIRST]
    assert there == other if first else there.held


def test_a_window_that_is_empty_asks_nothing(world: World, messages: DynamoMessages) -> None:
    """DynamoDB refuses a range that ends before it begins; moto does not."""
    for since, until, limit in [(NOON, NOON, 9), (NOON + timedelta(1), NOON, 9), (NOON, NOON + timedelta(1), 0)]:
        assert messages.timeline(SHOP, 0, since=since, until=until, after=None, limit=limit) == []

    assert world.asked == []


def test_what_may_have_been_erased_a_moment_ago_is_read_consistently(world: World, clock: FakeClock) -> None:
    """A replica may not have heard of the tombstone, the revocation or the cancellation yet; moto knows no replicas."""
    seen: list[bool] = []
    events = world.aws.client("dynamodb").meta.events

    def look(params: Any, **_: Any) -> None:
        tables = params.get("RequestItems", {"": params})
        seen.extend(table.get("ConsistentRead", False) for table in tables.values())

    events.register("provide-client-params", look)
    rows, tenants = (
        DynamoSubjectKeys(world.aws, "subject-keys", FakeClock()),
        DynamoTenants(world.aws, "tenants", clock),
    )
    rows.rows([SubjectId("a")])
    rows.rows([SubjectId("a"), SubjectId("b")])
    tenants.api_key(SHOP, "abcd2345")
    tenants.api_keys(SHOP)
    tenants.active([NOON.date()])
    DynamoWebhooks(world.aws, "tenants", clock).of(SHOP)
    DynamoMessages(world.aws, "messages", clock).get(FIRST)
    events.unregister("provide-client-params", look)

    assert seen == [True] * 7


def test_no_claim_and_no_note_reads_before_it_writes(world: World, messages: DynamoMessages) -> None:
    """I5 is kept by a condition in the write: what was read a moment ago is already old."""
    messages.add(sealed_record(status=[Status.ACCEPTED, Status.DELIVERED]))
    world.asked.clear()

    messages.claim(FIRST, NOON, stale=NOON)
    messages.note(FIRST, SUBMITTED)
    messages.note(FIRST, SUBMITTED, carrier_ref="c-1")

    assert world.asked == ["UpdateItem"] * 4  # the last was refused, and brought a reference


@pytest.mark.parametrize("act", [act for _, act in OPERATIONS.values()], ids=OPERATIONS.keys())
@pytest.mark.parametrize(
    "fault",
    [
        refusal("ThrottlingException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("InternalServerError", 500),
        refusal("NobodyKnows", 503),
        EndpointConnectionError(endpoint_url="https://dynamodb.example"),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ],
    ids=["throttled", "too much", "broken", "overloaded", "unreachable", "silent"],
)
def test_a_table_that_cannot_take_it_is_unavailable(
    world: World, messages: DynamoMessages, fault: Any, act: Callable[[DynamoMessages], Any]
) -> None:
    """The tenant is told to try again; a queue gives the message out again."""
    world.fault = lambda _: fault

    with pytest.raises(UnavailableError):
        act(messages)


def test_a_wrong_right_is_not_taken_for_a_busy_table(world: World, messages: DynamoMessages) -> None:
    """Trying again would not help, and an operator has to see it."""
    world.fault = lambda _: refusal("AccessDeniedException")

    with pytest.raises(ClientError) as refused:
        messages.get(FIRST)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_lost_answer_is_not_taken_for_an_earlier_message(world: World, clock: FakeClock) -> None:
    """The SDK asks again by itself; the record that is in the way then is the one it has just put."""
    fresh = World(Aws())  # other tests' faults have used up what a client may repeat
    fresh.watch(fresh.aws.client("dynamodb"))
    lost = []

    def lose(_operation: str) -> Exception | None:
        if not lost:
            lost.append(True)
            DynamoMessages(world.aws, "messages", FakeClock()).add(record)  # it arrived …
            return ReadTimeoutError(endpoint_url="https://dynamodb.example")  # … and nobody heard
        return None

    record = sealed_record()
    fresh.fault = lose

    assert DynamoMessages(fresh.aws, "messages", clock).add(record) is None
    assert fresh.asked == ["PutItem"] * 2


def unread(key: str) -> AWSResponse:
    """A batch's answer that has left `key` for later."""
    return answer(f'{{"Responses": {{}}, "UnprocessedKeys": {{"messages": {{"Keys": [{{"pk": {{"S": "{key}"}}}}]}}}}}}')


def test_keys_that_a_batch_left_unread_are_asked_for_again(world: World, messages: DynamoMessages) -> None:
    """A throttled partition answers in part; what it left out is not gone."""
    messages.add(sealed_record())
    world.fault = lambda _: unread(str(FIRST)) if world.asked.count("BatchGetItem") == 1 else None

    assert FIRST in messages.get_many([FIRST])


def test_a_table_that_never_gives_the_rest_is_unavailable(world: World, messages: DynamoMessages) -> None:
    """An answer with holes would look like messages that are gone."""
    world.fault = lambda _: unread("x")

    with pytest.raises(UnavailableError):
        messages.get_many([FIRST])


@pytest.mark.parametrize("crash", ["before", "after"])
def test_a_crash_around_a_write_leaves_all_of_it_or_nothing(world: World, messages: DynamoMessages, crash: str) -> None:
    """State, history, text and claim change in one write: there is no half."""
    record = sealed_record(status=[Status.ACCEPTED, Status.QUEUED], claimed_at=NOON, drop_content=True)
    messages.add(record)

    class Crash(BaseException):
        """The process ends."""

    def end(_operation: str) -> None:
        if crash == "after":
            world.fault = None
            DynamoMessages(world.aws, "messages", FakeClock()).note(
                FIRST, SUBMITTED, carrier_ref="c-1", drop_content=True
            )
        raise Crash

    world.fault = end
    with pytest.raises(Crash):
        messages.note(FIRST, SUBMITTED, carrier_ref="c-1", drop_content=True)
    world.fault = None

    now = messages.get(FIRST)
    assert now is not None
    if crash == "before":
        assert now == record
    else:
        assert statuses(now.history) == ["accepted", "queued", "submitted"]
        assert (now.carrier_ref, now.sealed.text, now.claimed_at) == ("c-1", None, None)
