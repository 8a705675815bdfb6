"""One SDK session in a process, whoever makes clients."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import pytest
from pynamodb.connection.base import Connection

from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.dynamo.webhooks import DynamoWebhooks
from fugace.adapters.keyring import Keyring
from fugace.adapters.queues import SqsQueue
from fugace.adapters.session import Aws
from fugace.adapters.timer import ScheduleTimer
from fugace.adapters.vault import KeyVault
from local import layer
from tests.fakes import ALICE, FIRST, SHOP, FakeClock

SERVICES = sorted(layer.SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_every_client_starts(service: str) -> None:
    """The layer carries the SDK's data for these services alone."""
    aws = Aws()

    assert aws.client(service).meta.service_model.service_name == service
    assert aws.client(service) is aws.client(service)
    assert aws.client(service).meta.region_name == "eu-west-3"


@pytest.mark.usefixtures("world")
def test_a_process_makes_one_session_and_one_client_a_service(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """B3: PynamoDB would make a session per thread and a client per model; a session costs more than any request."""
    made: list[str] = []
    session, client = botocore.session.Session.__init__, botocore.session.Session.create_client

    def counted(self: Any, *args: Any, **more: Any) -> None:
        made.append("session")
        session(self, *args, **more)

    def client_counted(self: Any, service: str, *args: Any, **more: Any) -> Any:
        made.append(service)
        return client(self, service, *args, **more)

    monkeypatch.setattr(botocore.session.Session, "__init__", counted)
    monkeypatch.setattr(botocore.session.Session, "create_client", client_counted)
    aws = Aws()
    keyring = Keyring(aws, "tenants", "test", clock)
    vault = KeyVault(keyring, DynamoSubjectKeys(aws, "subject-keys", clock))
    together = threading.Barrier(4)

    def use(_: int) -> None:
        together.wait()
        vault.keys_for(SHOP, [ALICE])
        DynamoMessages(aws, "messages", clock).get(FIRST)
        DynamoTenants(aws, "tenants", clock).get(SHOP)
        DynamoWebhooks(aws, "tenants", clock).of(SHOP)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(use, range(4)))

    assert sorted(made) == ["dynamodb", "kms", "session"]


def test_threads_that_want_the_same_client_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making clients is not safe from two threads at once, and dispatch sends from many."""
    create, made = botocore.session.Session.create_client, []

    def slow(self: Any, service: str, *args: Any, **more: Any) -> Any:
        made.append(service)
        time.sleep(0.05)  # long enough for the others to arrive, if nothing held them back
        return create(self, service, *args, **more)

    monkeypatch.setattr(botocore.session.Session, "create_client", slow)
    aws, together = Aws(), threading.Barrier(4)

    def client(_: int) -> Any:
        together.wait()
        return aws.client("sqs")

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(client, range(4)))) == 1
    assert made == ["sqs"]


def test_making_adapters_asks_nothing_and_makes_no_client(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    """A function that never needs the Scheduler does not pay for it."""
    monkeypatch.setattr(botocore.session.Session, "create_client", None)
    aws = Aws()
    for store in (DynamoMessages, DynamoTenants, DynamoWebhooks):
        store(aws, "table", clock)
    KeyVault(Keyring(aws, "tenants", "test", clock), DynamoSubjectKeys(aws, "subject-keys", clock))
    SqsQueue(aws, "https://sqs.example/1/q")
    ScheduleTimer(aws, queues={}, group="g", role="arn:aws:iam::1:role/r", clock=clock)


def test_the_sdk_answers_within_what_a_request_has() -> None:
    """An API request is cut off after 29 seconds: three attempts and their pauses must fit."""
    config = Aws().client("dynamodb").meta.config

    assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] <= 15


def test_pynamodb_still_asks_for_its_client_where_we_answer() -> None:
    """We stand in for a property of its connection; a release that goes another way must fail here."""
    assert isinstance(Connection.client, property)


def test_no_adapter_imports_boto3() -> None:
    """The layer has botocore alone: boto3 is a tenth more of every cold start (B2)."""
    code = (
        "import sys, fugace.adapters.vault, fugace.adapters.timer, fugace.adapters.dynamo.messages;"
        "import fugace.adapters.dynamo.webhooks, fugace.adapters.dynamo.tenants;"
        "print(sorted({'boto3', 'pydantic', 'requests', 'multiprocessing'} & set(sys.modules)))"
    )
    path = [each for each in sys.path if each]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


def test_a_region_can_be_given() -> None:
    """The operator's command line knows where it works before the environment does."""
    assert Aws("eu-central-1").region == "eu-central-1"
    assert Aws("eu-central-1").client("sqs").meta.region_name == "eu-central-1"
