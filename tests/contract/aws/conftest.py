"""AWS in this process, by moto: started once, since making clients is what takes time."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.core.models import botocore_stubber
from moto.dynamodb import dynamodb_backends
from pynamodb.models import Model

from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tables.cases import CaseItem
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.dynamo.tables.ledger import LedgerItem
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.dynamo.tables.purge import DueItem
from fugace.adapters.dynamo.tables.tenants import TenantItem
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.keyring import Keyring
from fugace.adapters.session import Aws
from tests.fakes import BAKERY, SHOP, FakeClock, tenant

TABLES: dict[str, type[Model]] = {
    "tenants": TenantItem,
    "messages": MessageItem,
    "subject-keys": SubjectKeyItem,
    "purge": DueItem,
    "ledger": LedgerItem,
    "cases": CaseItem,
}
Fault = Callable[[str], AWSResponse | Exception | None]


@dataclass
class World:
    """An account in which everything is there and nobody has sent anything yet."""

    aws: Aws
    asked: list[str] = field(default_factory=list)
    """Every operation that was asked of AWS since this was last cleared."""
    start: dict[str, Any] = field(default_factory=dict)
    """What each test finds in the tables."""
    fault: Fault | None = None
    """What answers instead of AWS, attempt by attempt: it may pass (None), answer, or raise."""
    lost: list[str] = field(default_factory=list)
    """Operations that are carried out, once each, but whose answer nobody hears."""
    alone: Lock = field(default_factory=Lock)
    """DynamoDB looks at a condition and writes in one step; moto does so if it is asked one thing at a time."""

    def watch(self, client: Any) -> None:
        """See each request of `client` as it leaves, retries too, before moto does: a hook of the SDK."""
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.unregister("before-send", self._before_send)  # two would ask everything twice
        client.meta.events.register("before-send", self._before_send)

    def _before_send(self, event_name: str, **request: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self.asked.append(operation)
        said = self.fault(operation) if self.fault else None
        if isinstance(said, Exception):
            raise said
        if said:
            return said
        with self.alone:
            done = botocore_stubber(event_name, **request)
        if operation in self.lost:
            self.lost.remove(operation)
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        return done

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All that a table holds."""
        rows: list[dict[str, Any]] = self.aws.client("dynamodb").scan(TableName=table)["Items"]
        return rows

    def reset(self) -> None:
        """Nobody has sent anything; what was there at the start is there again. Behind AWS's back: this is quicker."""
        self.fault = None
        self.lost.clear()
        for name in TABLES:
            table = dynamodb_backends[ACCOUNT_ID]["eu-west-3"].get_table(name)
            table.items = deepcopy(self.start.setdefault(name, deepcopy(table.items)))
        self.asked.clear()


def create(aws: Aws, name: str, model: type[Model]) -> None:
    """A table as its model describes it."""
    schema = model._get_schema()
    indexes = [
        {"IndexName": each["index_name"], "KeySchema": each["key_schema"], "Projection": each["projection"]}
        for each in schema["global_secondary_indexes"]
    ]
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=sorted(schema["key_schema"], key=lambda key: key["KeyType"]),
        AttributeDefinitions=list({each["AttributeName"]: each for each in schema["attribute_definitions"]}.values()),
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )


@pytest.fixture(scope="package")
def account() -> Iterator[World]:
    """One account for all of them."""
    # It outlives this folder's tests: moto's own credentials would stay in the environment of whatever comes next.
    with mock_aws(config={"core": {"mock_credentials": False}}):
        world = World(Aws())
        for name, model in TABLES.items():
            create(world.aws, name, model)
        kms = world.aws.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/fugace-test", TargetKeyId=key)
        for service in ("dynamodb", "kms", "sqs", "scheduler"):
            world.watch(world.aws.client(service))
        keyring = Keyring(world.aws, "tenants", "test", FakeClock())
        keyring.make_root("alias/fugace-test")
        tenants = DynamoTenants(world.aws, "tenants", FakeClock())
        for name in (SHOP, BAKERY):
            tenants.add(tenant(name), keyring.new_tenant_key())
        yield world


@pytest.fixture
def world(account: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The account as it was at the start: two tenants and no message. Nobody waits between attempts."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    account.reset()
    yield account
    account.fault = None  # whoever prepares something for the next module is not to meet it


@pytest.fixture
def clock() -> FakeClock:
    """It is noon."""
    return FakeClock()


@pytest.fixture
def keyring(world: World, clock: FakeClock) -> Keyring:
    """A cold one."""
    return Keyring(world.aws, "tenants", "test", clock)


@pytest.fixture
def subject_keys(world: World) -> DynamoSubjectKeys:
    """The table of persons' keys."""
    return DynamoSubjectKeys(world.aws, "subject-keys", FakeClock())


def answer(body: str, status: int = 200) -> AWSResponse:
    """What AWS says."""

    class Raw:
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield body.encode()

    return AWSResponse("https://aws.example", status, {}, Raw())


def refusal(code: str, status: int = 400) -> AWSResponse:
    """AWS says no."""
    return answer(f'{{"__type": "com.amazonaws#{code}", "message": "no"}}', status)
