"""Faults on demand: each fails the calls that it is for, as AWS would, and no others."""

import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError, ConnectionClosedError

from local import serve
from local.place import Place
from tests.emulator.cloud import Aws, free_place, wait_for

CLOCK = """
import datetime, time
def handle(event, context):
    assert type(datetime.datetime.now()) is datetime.datetime
    return [time.time(), datetime.datetime.now().timestamp()]
"""
PUT = """
import boto3
def handle(e, c):
    boto3.client("dynamodb").put_item(TableName="struck", Item={"pk": {"S": e}})
"""
ALL = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS on which faults may be asked for, and a table."""
    place = free_place(tmp_path_factory.mktemp("faults"))
    serve.start_emulator(place, FUGACE_FAULTS="1", FUGACE_CHECKPOINT_SECONDS="0")
    yield make_table(Aws(place))
    serve.stop(place, "emulator")


def make_table(aws: Aws) -> Aws:
    aws("dynamodb").create_table(
        TableName="struck",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return aws


def ask(place: Place, method: str, path: str, body: Any = None) -> Any:
    pool = urllib3.PoolManager(ca_certs=str(place.ca), retries=False)
    headers = {"Content-Type": "application/json"}
    answer = pool.request(method, f"{place.endpoint}/_fugace/{path}", body=json.dumps(body).encode(), headers=headers)
    return answer.json() if answer.status == 200 else answer.status


@pytest.fixture(autouse=True)
def _asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would ask again, and hide what is looked for."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def strike(cloud: Aws) -> Iterator[Callable[..., None]]:
    yield lambda **fault: ask(cloud.place, "POST", "faults", fault)
    ask(cloud.place, "DELETE", "faults")


def put(aws: Aws, pk: str) -> None:
    aws("dynamodb").put_item(TableName="struck", Item={"pk": {"S": pk}})


def there(aws: Aws, pk: str) -> bool:
    return "Item" in aws("dynamodb").get_item(TableName="struck", Key={"pk": {"S": pk}})


@pytest.mark.parametrize(
    ("service", "call", "name"),
    [
        ("dynamodb", "list_tables", "ProvisionedThroughputExceededException"),
        ("sqs", "list_queues", "RequestThrottled"),
        ("kms", "list_keys", "ThrottlingException"),
        ("scheduler", "list_schedules", "ThrottlingException"),
        ("s3", "list_buckets", "SlowDown"),
    ],
)
def test_each_service_says_it_in_its_own_words(
    service: str, call: str, name: str, cloud: Aws, strike: Callable[..., None]
) -> None:
    """The SDK tells what may be asked again by the name; a wrong one would test another path."""
    strike(kind="throttle", service=service)

    with pytest.raises(ClientError) as refused:
        getattr(cloud(service), call)()

    assert refused.value.response["Error"]["Code"] == name


def test_only_so_many_calls_of_one_action_fail(
    cloud: Aws, strike: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the SDK's own repetitions get past the others."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    strike(kind="error", service="dynamodb", action="PutItem", count=2)
    put(cloud, "third time")

    assert there(cloud, "third time")
    assert [each["met"] for each in ask(cloud.place, "GET", "faults")["faults"]] == [2]


@pytest.mark.parametrize(("when", "done"), [("before", False), ("after", True)])
def test_an_answer_is_lost_before_or_after_the_call_took_effect(
    when: str, done: bool, cloud: Aws, strike: Callable[..., None]
) -> None:
    """Whoever asked cannot tell the two apart, and has to do right in both."""
    strike(kind="reset", service="dynamodb", action="PutItem", when=when)

    with pytest.raises(ConnectionClosedError):
        put(cloud, when)

    assert there(cloud, when) is done


def test_a_share_is_chosen_by_its_seed(cloud: Aws, strike: Callable[..., None]) -> None:
    """A run that found something can be run again."""
    met = []
    for _ in range(2):
        strike(kind="throttle", service="dynamodb", action="GetItem", share=0.4, seed=7)
        for _ in range(20):
            with contextlib.suppress(ClientError):
                there(cloud, "any")
        met.append(ask(cloud.place, "DELETE", "faults")["faults"][0]["met"])

    assert met[0] == met[1]
    assert 0 < met[0] < 20


def test_a_function_dies_at_its_call_and_no_other_does(cloud: Aws, strike: Callable[..., None]) -> None:
    """Mid-run: what it had asked for is done, and it never heard of it."""
    for name in ("doomed", "spared"):
        cloud.function(name, PUT, ALL, Timeout=30)
    strike(kind="kill", function="doomed", action="PutItem", when="after", count=1)

    assert cloud.invoke("spared", "spared") == (False, None)
    failed, said = cloud.invoke("doomed", "doomed")

    assert (failed, said["errorType"]) == (True, "Runtime.ExitError")
    assert there(cloud, "doomed")
    assert cloud.invoke("doomed", "again") == (False, None)


def test_a_functions_clock_can_be_wrong_and_right_again(cloud: Aws) -> None:
    """Both of Python's ways to ask for the time."""
    cloud.function("clock", CLOCK)

    def ahead() -> list[int]:
        return [round((each - datetime.now(UTC).timestamp()) / 60) for each in cloud.invoke("clock")[1]]

    ask(cloud.place, "PUT", "clock", {"function": "clock", "seconds": 3600})
    assert ahead() == [60, 60]
    ask(cloud.place, "PUT", "clock", {"function": "clock", "seconds": 0})
    assert ahead() == [0, 0]


def test_after_a_crash_everything_that_was_acknowledged_is_there(tmp_path: Path) -> None:
    """As on AWS, whose tables outlive whatever asked them."""
    place = free_place(tmp_path)
    serve.start_emulator(place, FUGACE_FAULTS="1", FUGACE_CHECKPOINT_SECONDS="0")
    put(make_table(Aws(place)), "kept")
    with pytest.raises(urllib3.exceptions.HTTPError):
        ask(place, "POST", "crash")
    wait_for(lambda: not serve.running(place, "emulator"))

    serve.start_emulator(place)
    found = there(Aws(place), "kept")
    serve.stop(place, "emulator", how=signal.SIGKILL)

    assert found


def test_without_the_switch_there_are_no_faults(aws: Aws) -> None:
    """What a person runs for themselves cannot be broken by whatever else talks to the port."""
    assert ask(aws.place, "GET", "faults") in {400, 403, 404, 405}
    assert ask(aws.place, "POST", "faults", {"kind": "throttle", "service": "dynamodb"}) != 200
    aws("dynamodb").list_tables()
