"""What was deployed is what was asked for: a property that is dropped without a word is an error.

CloudFormation, or what stands in for it, may accept a property and do nothing. Each resource of the three templates is
read back from its own service and compared, whatever its type; a type without a reader fails too.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest

from tests.journeys import api_readers, bucket_readers  # noqa: F401  # their readers enter themselves
from tests.journeys.conftest import Stack
from tests.journeys.readers import READERS
from tests.journeys.template import Resource, Template, differences

NOT_SHOWN = {
    "AWS::KMS::Key.PendingWindowInDays": "says how long a deletion waits: no service shows it before there is one",
    "AWS::SecretsManager::Secret.GenerateSecretString": "what it made is the secret itself; every journey uses it",
    "AWS::CloudWatch::Dashboard.Tags": "the emulator lists the tags of alarms alone",
}
"""Properties that cannot be read back, and why. Everything else must come back as it was asked for."""


@pytest.fixture(scope="module")
def client(stack: Stack) -> Callable[[str], Any]:
    environment = stack.environment()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": environment["AWS_REGION"]}
    where = {"endpoint_url": environment["AWS_ENDPOINT_URL"], "verify": stack.ca}
    return cache(lambda service: botocore.session.get_session().create_client(service, **keys, **where))


@pytest.fixture(scope="module")
def resources(stack: Stack, client: Callable[[str], Any]) -> list[Resource]:
    """Every resource of every template."""
    return list(_resources(stack, client))


def _resources(stack: Stack, client: Callable[[str], Any]) -> Iterator[Resource]:
    for file in sorted((stack.folder / "cdk.out").glob("*.template.json")):
        asked = json.loads(file.read_text())["Resources"]
        template = Template(file.name.removesuffix(".template.json"), asked, client)
        for logical in asked:
            yield template.filled_in(logical)


def test_every_type_of_resource_can_be_read_back(resources: list[Resource]) -> None:
    """A new type needs a reader in tests/journeys/readers.py before anyone relies on it."""
    assert {resource.type for resource in resources} - READERS.keys() == set()


def test_every_property_came_through(resources: list[Resource], client: Callable[[str], Any]) -> None:
    """TTL, keys, back-ups, roles, retention, retries, the API's settings: as written, or it is an error."""
    lost = []
    for resource in resources:
        found = READERS[resource.type](client, resource)
        shown = {key: each for key, each in resource.properties.items() if f"{resource.type}.{key}" not in NOT_SHOWN}
        lost += differences(shown, found, f"{resource.type} {resource.logical}")

    assert lost == []


def test_the_list_of_what_is_not_shown_is_no_longer_than_it_has_to_be(resources: list[Resource]) -> None:
    """An entry that no template needs any more would hide the next loss."""
    used = {f"{resource.type}.{key}" for resource in resources for key in resource.properties}

    assert set(NOT_SHOWN) - used == set()


def test_a_lost_property_is_seen(resources: list[Resource], client: Callable[[str], Any]) -> None:
    """The comparison itself: without one TTL, or with one more second of time-out, it finds exactly that."""
    table = next(each for each in resources if "TimeToLiveSpecification" in each.properties)
    function = next(each for each in resources if each.type == "AWS::Lambda::Function")
    found = READERS[table.type](client, table)
    longer = {**function.properties, "Timeout": function.properties["Timeout"] + 1}

    assert len(differences(table.properties, {**found, "TimeToLiveSpecification": None})) == 1
    assert len(differences(longer, READERS[function.type](client, function))) == 1
