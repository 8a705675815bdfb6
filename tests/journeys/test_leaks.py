"""I2: after every outcome, no number and no text is in clear anywhere but at the simulator and with the caller."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.journeys import scan
from tests.journeys.conftest import FINAL, Stack, Tenant, wait_for

TEXT = "Zanzibar-Quokka 4711: votre colis, żółta łódź, est arrivé €"
REFERENCE = "Quokka.reference-8842"


def numbers() -> list[str]:
    """A number for each outcome that the simulator knows: its last two digits choose."""
    return [f"+3363998{77}{digits:02d}" for digits in range(100)]


@pytest.fixture(scope="module")
def sent(tenant_of: Callable[..., Tenant], stack: Stack, environment: str) -> list[str]:
    """Every outcome, each with its own number; refusals; one that waits on a schedule. Gives the values sent."""
    assert environment
    sender = tenant_of("Leaky").client
    sender("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + "/leaks"})
    items = [{"to": to, "text": TEXT, "category": "transactional", "reference": REFERENCE} for to in numbers()]
    answer = sender("POST", "/v1/messages", {"messages": items})
    assert answer.json["accepted"] == len(items)
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    sender("POST", "/v1/messages", {**items[0], "send_at": later})
    for bad in (
        {**items[0], "to": numbers()[0] + "x"},
        {**items[0], "category": TEXT},
        {**items[0], numbers()[1]: TEXT},
    ):
        assert sender("POST", "/v1/messages", bad).status in {400, 422}
    sender("POST", "/v1/messages", json.dumps(items[0])[:-1].encode())
    ids = [result["id"] for result in answer.json["results"]]
    wait_for(lambda: len(final(sender, ids)) > len(ids) * 0.8, seconds=120, every=2)
    return [*numbers(), TEXT, "Zanzibar-Quokka", REFERENCE]


def final(sender: Callable[..., object], ids: list[str]) -> list[str]:
    page = sender("GET", "/v1/messages?limit=100").json["messages"]  # type: ignore[attr-defined] # a Client
    return [message["id"] for message in page if message["id"] in ids and message["status"] in FINAL]


PLANTED = "+33639987799"


def in_table(environment: str) -> Callable[[], object]:
    table = boto3.resource("dynamodb").Table(f"fugace-{environment}-tenants")
    table.put_item(Item={"tenant": "planted", "item": "planted", "value": PLANTED})
    return lambda: table.delete_item(Key={"tenant": "planted", "item": "planted"})


def in_table_as_hash(environment: str) -> Callable[[], object]:
    table = boto3.resource("dynamodb").Table(f"fugace-{environment}-tenants")
    digest = hashlib.sha256(PLANTED.encode()).digest()
    table.put_item(Item={"tenant": "planted", "item": "planted", "value": digest})
    return lambda: table.delete_item(Key={"tenant": "planted", "item": "planted"})


def in_dead_letters(environment: str) -> Callable[[], object]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=f"fugace-{environment}-notify-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"to": PLANTED}))
    return lambda: sqs.purge_queue(QueueUrl=url)


def in_log(environment: str) -> Callable[[], object]:
    logs = boto3.client("logs")
    group = f"/fugace/{environment}/send"
    logs.create_log_stream(logGroupName=group, logStreamName="planted")
    at = int(datetime.now(UTC).timestamp() * 1000)
    logs.put_log_events(
        logGroupName=group, logStreamName="planted", logEvents=[{"timestamp": at, "message": f"sent to {PLANTED[1:]}"}]
    )
    return lambda: logs.delete_log_stream(logGroupName=group, logStreamName="planted")


def in_schedule(environment: str) -> Callable[[], object]:
    scheduler = boto3.client("scheduler")
    group = f"fugace-{environment}"
    scheduler.create_schedule(
        GroupName=group,
        Name="planted",
        ScheduleExpression="at(2099-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:sqs:eu-west-3:000000000000:fugace-{environment}-notify",
            "RoleArn": "arn:aws:iam::000000000000:role/planted",
            "Input": json.dumps({"to": PLANTED}),
        },
    )
    return lambda: scheduler.delete_schedule(GroupName=group, Name="planted")


@pytest.mark.parametrize("plant", [in_table, in_table_as_hash, in_dead_letters, in_log, in_schedule])
def test_the_scan_finds_what_was_planted(plant: Callable[[str], Callable[[], object]], environment: str) -> None:
    """A search that cannot find anything proves nothing."""
    remove = plant(environment)
    try:
        found = wait_for(lambda: scan.hits([PLANTED], environment), seconds=10)
    finally:
        remove()

    assert found


def test_no_number_and_no_text_is_kept_in_clear(sent: list[str], environment: str) -> None:
    """Tables, streams, queues, dead letters, logs, schedules, configurations: ids and ciphertext, nothing else."""
    assert scan.hits(sent, environment) == []


@pytest.mark.usefixtures("sent")
def test_no_webhook_carries_a_number_or_a_text(stack: Stack) -> None:
    """Payloads are thin: ids, states, and the client's own reference."""
    received = stack.sink("GET", "/received").text

    assert "message." in received
    assert not any(form.decode() in received for number in numbers() for form in (number.encode(), number[1:].encode()))
    assert "Zanzibar" not in received
