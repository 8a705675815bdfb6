"""What `fugace.ports.Queue` and `fugace.ports.Timer` promise."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fugace.adapters.queues import SqsQueue
from fugace.adapters.timer import ScheduleTimer
from fugace.domain.errors import UnavailableError
from fugace.ports import Queue, Timer
from tests.contract.aws.conftest import World, answer, refusal
from tests.fakes import NOON, FakeClock, FakeQueue, FakeTimer

ROLE = "arn:aws:iam::123456789012:role/fugace-test-schedules"
BODY = {"message": "ten_shopshopshopshop/019bc192-7a00-7000-8000-000000000001", "attempt": 1}
DAY = timedelta(days=1)


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """A queue of its own for each test."""
    sqs = world.aws.client("sqs")
    url = sqs.create_queue(QueueName="fugace-test-notify")["QueueUrl"]
    world.asked.clear()
    yield url
    world.fault = None
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def timer(world: World, url: str, clock: FakeClock) -> Iterator[ScheduleTimer]:
    scheduler = world.aws.client("scheduler")
    scheduler.create_schedule_group(Name="fugace-test")
    world.asked.clear()
    yield ScheduleTimer(world.aws, queues={"notify": url}, group="fugace-test", role=ROLE, clock=clock)
    world.fault = None
    scheduler.delete_schedule_group(Name="fugace-test")


def received(world: World, url: str) -> list[Any]:
    bodies = []
    while found := world.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in found]
    return bodies


# Queues.


def test_all_bodies_arrive_in_batches_of_ten(world: World, url: str) -> None:
    """B9: a tenth of a request per message."""
    bodies = [BODY | {"attempt": number} for number in range(23)]

    SqsQueue(world.aws, url).send(bodies)

    assert world.asked == ["SendMessageBatch"] * 3
    assert sorted(received(world, url), key=lambda body: body["attempt"]) == bodies


@pytest.fixture(params=["fake", "sqs"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "fake":
        return FakeQueue()
    return SqsQueue(request.getfixturevalue("world").aws, request.getfixturevalue("url"))


@pytest.mark.parametrize("delay", [timedelta(minutes=15, seconds=1), timedelta(seconds=-1)])
def test_a_delay_that_a_queue_cannot_keep_is_refused(queue: Queue, delay: timedelta) -> None:
    """SQS knows 15 minutes at most; what is later is the timer's."""
    with pytest.raises(ValueError, match="15 minutes"):
        queue.send([BODY], delay=delay)


def test_sending_nothing_asks_nothing(world: World, url: str) -> None:
    """SQS refuses an empty batch."""
    SqsQueue(world.aws, url).send([])

    assert world.asked == []


def test_a_delay_is_rounded_up(world: World, url: str) -> None:
    """Never early."""
    sent: list[Any] = []
    events = world.aws.client("sqs").meta.events
    events.register("before-parameter-build.sqs.SendMessageBatch", lambda params, **_: sent.append(params))

    SqsQueue(world.aws, url).send([BODY], delay=timedelta(milliseconds=1_001))

    assert sent[0]["Entries"][0]["DelaySeconds"] == 2


def failed(*ids: str) -> str:
    return json.dumps({"Failed": [{"Id": each, "Code": "Busy", "SenderFault": False} for each in ids]})


def test_what_a_queue_would_not_take_is_sent_once_more(world: World, url: str) -> None:
    """And nothing else with it."""
    world.fault = lambda _: answer(failed("1", "3")) if len(world.asked) == 1 else None

    SqsQueue(world.aws, url).send([BODY | {"attempt": number} for number in range(4)])

    assert [body["attempt"] for body in received(world, url)] == [1, 3]


def test_a_queue_that_will_not_take_it_is_unavailable(world: World, url: str) -> None:
    """The caller still has the body, and somebody gives it out again."""
    world.fault = lambda _: answer(failed("0"))

    with pytest.raises(UnavailableError):
        SqsQueue(world.aws, url).send([BODY])


@pytest.mark.parametrize("code", ["RequestThrottled", "ThrottlingException"])
def test_a_busy_queue_is_unavailable(world: World, url: str, code: str) -> None:
    """Not an error of ours."""
    world.fault = lambda _: refusal(code)

    with pytest.raises(UnavailableError):
        SqsQueue(world.aws, url).send([BODY])


# The timer.


def test_up_to_fifteen_minutes_the_queue_waits_by_itself(world: World, timer: ScheduleTimer) -> None:
    """A schedule for each retry would be a request more, and less exact."""
    timer.at(NOON + timedelta(minutes=15), "notify", BODY, name="r-1")
    timer.at(NOON - DAY, "notify", BODY, name="r-2")

    assert world.asked == ["SendMessageBatch"] * 2


def test_what_is_already_due_goes_out_at_once(world: World, timer: ScheduleTimer, url: str) -> None:
    """Time has gone on since the caller looked at the clock."""
    timer.at(NOON - DAY, "notify", BODY, name="r-1")

    assert received(world, url) == [BODY]


def test_beyond_that_a_one_off_schedule_does(world: World, timer: ScheduleTimer) -> None:
    """It carries ids only (I2), and goes when it is done."""
    timer.at(NOON + DAY + timedelta(milliseconds=1), "notify", BODY, name="m-1")

    made = world.aws.client("scheduler").get_schedule(GroupName="fugace-test", Name="m-1")
    assert made["ScheduleExpression"] == "at(2026-01-16T12:00:01)"
    assert made["ScheduleExpressionTimezone"] == "UTC"
    assert made["ActionAfterCompletion"] == "DELETE"
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["Target"]["Arn"] == "arn:aws:sqs:eu-west-3:123456789012:fugace-test-notify"
    assert made["Target"]["RoleArn"] == ROLE
    assert json.loads(made["Target"]["Input"]) == BODY


def test_a_repeated_call_is_harmless(world: World, timer: ScheduleTimer) -> None:
    """The stream shows a change twice when a batch is given out again."""
    timer.at(NOON + DAY, "notify", BODY, name="m-1")
    timer.at(NOON + DAY, "notify", BODY, name="m-1")

    assert len(world.aws.client("scheduler").list_schedules(GroupName="fugace-test")["Schedules"]) == 1


def test_a_schedule_can_be_cancelled_whether_or_not_it_is_there(world: World, timer: ScheduleTimer) -> None:
    """It may just have run."""
    timer.at(NOON + DAY, "notify", BODY, name="m-1")
    timer.cancel("m-1")
    timer.cancel("m-1")

    assert world.aws.client("scheduler").list_schedules(GroupName="fugace-test")["Schedules"] == []


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceQuotaExceededException"])
def test_a_busy_scheduler_is_unavailable(world: World, timer: ScheduleTimer, code: str) -> None:
    """The stream gives the change out again."""
    world.fault = lambda _: refusal(code)

    with pytest.raises(UnavailableError):
        timer.at(NOON + DAY, "notify", BODY, name="m-1")
    with pytest.raises(UnavailableError):
        timer.cancel("m-1")


def test_the_fake_timer_bears_repeats_and_cancels() -> None:
    """It stands in for the real one in other tests."""
    timer = FakeTimer()
    real: Timer = timer
    real.at(NOON + DAY, "notify", BODY, name="m-1")
    real.at(NOON + 2 * DAY, "notify", BODY, name="m-1")
    assert timer.pending == {"m-1": (NOON + DAY, "notify", BODY)}
    real.cancel("m-1")
    real.cancel("m-1")
    assert timer.pending == {}
