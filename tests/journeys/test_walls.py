"""I8 where an id is not all: lists, cursors, idempotency keys. test_matrix.py has the ids, on every route."""

from collections.abc import Callable

import pytest

from tests.journeys.conftest import Stack, Tenant, wait_for

TEXT = {"to": "+33639980001", "text": "Between us", "category": "transactional"}


@pytest.fixture(scope="module")
def neighbours(tenant_of: Callable[..., Tenant]) -> tuple[Tenant, Tenant]:
    return tenant_of("Bakery"), tenant_of("Shop")


@pytest.fixture(scope="module")
def belongings(neighbours: tuple[Tenant, Tenant], stack: Stack) -> dict[str, str]:
    """One of each thing that a tenant can have, made by the bakery."""
    client = neighbours[0].client
    message = client("POST", "/v1/messages", TEXT).json["id"]
    webhook = client("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + "/bakery"}).json["id"]
    key = client("POST", "/v1/keys", {"role": "reader", "mode": "test"}).json["id"]
    return {"message": message, "webhook": webhook, "key": key}


@pytest.mark.parametrize("field", ["messages", "webhooks", "keys"])
def test_lists_hold_only_what_is_ones_own(
    field: str, neighbours: tuple[Tenant, Tenant], belongings: dict[str, str]
) -> None:
    """Listing is where a forgotten condition shows a neighbour's rows."""
    own = wait_for(lambda: neighbours[0].client("GET", f"/v1/{field}").json[field])
    foreign = neighbours[1].client("GET", f"/v1/{field}")

    assert {row["id"] for row in own} & set(belongings.values())
    assert not any(value in foreign.text for value in belongings.values())


@pytest.mark.usefixtures("belongings")
def test_a_cursor_is_of_no_use_to_another_tenant(neighbours: tuple[Tenant, Tenant]) -> None:
    """A cursor says where a listing stands; in other hands it must say nothing."""
    bakery, shop = (neighbour.client for neighbour in neighbours)
    bakery("POST", "/v1/messages", TEXT)
    page = wait_for(lambda: (found := bakery("GET", "/v1/messages?limit=1").json).get("next_cursor") and found)

    answer = shop("GET", f"/v1/messages?limit=1&cursor={page['next_cursor']}")

    assert answer.status == 400
    assert answer.json["type"] == "/problems/bad-cursor"


def test_the_same_idempotency_key_of_two_tenants_are_two_keys(neighbours: tuple[Tenant, Tenant]) -> None:
    """Derived ids come from each tenant's own key, so nobody can reach, or block, a neighbour's message."""
    first, second = (n.client("POST", "/v1/messages", TEXT, Idempotency_Key="order-1") for n in neighbours)

    assert (first.status, second.status) == (202, 202)
    assert first.json["id"] != second.json["id"]


@pytest.mark.parametrize("key", ["fug_test_nonsense", "x" * 5_000])
def test_what_is_no_key_at_all_opens_nothing(key: str, stack: Stack, belongings: dict[str, str]) -> None:
    """The door is the first wall, whatever is thrown at it."""
    answer = stack.admin.as_(key)("GET", f"/v1/messages/{belongings['message']}")

    assert answer.status in {401, 431}
    assert belongings["message"] not in answer.text
