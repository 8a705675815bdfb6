"""AWS in this process, by moto: started once a file, since making clients is what takes time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from pynamodb.models import Model

from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tables import MessageItem, SubjectKeyItem, TenantItem
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.keyring import Keyring
from fugace.adapters.session import Aws
from tests.fakes import BAKERY, SHOP, FakeClock, tenant

TABLES: dict[str, type[Model]] = {"tenants": TenantItem, "messages": MessageItem, "subject-keys": SubjectKeyItem}
Fault = Callable[[str], AWSResponse | Exception | None]


@dataclass
class World:
    """An account in which everything is there and nobody has sent anything yet."""

    aws: Aws
    asked: list[str] = field(default_factory=list)
    """Every operation that was asked of AWS since this was last cleared."""
    fault: Fault | None = None
    """What answers instead of AWS, attempt by attempt: it may pass (None), answer, or raise."""

    def before_send(self, event_name: str, **_: Any) -> AWSResponse | None:
        """See each request as it leaves, retries too: a hook of the SDK."""
        operation = event_name.rpartition(".")[2]
        self.asked.append(operation)
        answer = self.fault(operation) if self.fault else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All that a table holds."""
        rows: list[dict[str, Any]] = self.aws.client("dynamodb").scan(TableName=table)["Items"]
        return rows

    def empty(self) -> None:
        """Nobody has sent anything."""
        for name, model in TABLES.items():
            keys = [key["AttributeName"] for key in model._get_schema()["key_schema"]]
            for row in self.rows(name):
                self.aws.client("dynamodb").delete_item(TableName=name, Key={key: row[key] for key in keys})


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


@pytest.fixture(scope="module")
def account() -> Iterator[World]:
    """One account a file."""
    with mock_aws():
        world = World(Aws())
        for name, model in TABLES.items():
            create(world.aws, name, model)
        kms = world.aws.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/fugace-test", TargetKeyId=key)
        world.aws.client("dynamodb").meta.events.register_first("before-send", world.before_send)
        kms.meta.events.register_first("before-send", world.before_send)
        yield world


@pytest.fixture
def world(account: World) -> World:
    """The account, emptied; two tenants are there."""
    account.fault = None
    account.empty()
    clock = FakeClock()
    keyring = Keyring(account.aws, "tenants", "test", clock)
    keyring.make_root("alias/fugace-test")
    tenants = DynamoTenants(account.aws, "tenants", clock)
    for name in (SHOP, BAKERY):
        tenants.add(tenant(name), keyring.new_tenant_key())
    account.asked.clear()
    return account


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
    return DynamoSubjectKeys(world.aws, "subject-keys")


def refusal(code: str, status: int = 400) -> AWSResponse:
    """An answer of AWS that says no."""

    class Raw:
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield f'{{"__type": "com.amazonaws#{code}", "message": "no"}}'.encode()

    return AWSResponse("https://aws.example", status, {}, Raw())
