"""I8: another tenant's ids answer as if they did not exist, on every route."""

import re
from collections.abc import Callable

import pytest

from tests.journeys.conftest import Answer, Stack, Tenant, wait_for

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


ROUTES = [
    ("GET", "/v1/messages/{message}", None),
    ("GET", "/v1/messages/{message}?include=personal", None),
    ("DELETE", "/v1/messages/{message}", None),
    ("GET", "/v1/webhooks/{webhook}", None),
    ("POST", "/v1/webhooks/{webhook}/test", None),
    ("POST", "/v1/webhooks/{webhook}/secret", None),
    ("POST", "/v1/webhooks/{webhook}/replay", {"message": "{message}"}),
    ("GET", "/v1/webhooks/{webhook}/deliveries", None),
    ("DELETE", "/v1/webhooks/{webhook}", None),
    ("DELETE", "/v1/keys/{key}", None),
]
ABSENT = {"message": "01890a5d-ac96-774b-bcce-b302099a8057", "webhook": "wh_aaaaaaaaaaaaaaaa", "key": "key_aaaaaaaa"}


def comparable(answer: Answer) -> tuple[int, str, str]:
    return answer.status, answer.headers["content-type"], re.sub(r'"instance":\s*"[^"]*"', "", answer.text)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_foreign_ids_answer_as_absent_ones(
    method: str, path: str, body: dict[str, str] | None, neighbours: tuple[Tenant, Tenant], belongings: dict[str, str]
) -> None:
    """A difference between 'not yours' and 'not there' tells that it is there."""
    shop = neighbours[1].client

    def fill(ids: dict[str, str]) -> Answer:
        filled = {name: value.format(**ids) for name, value in body.items()} if body else None
        return shop(method, path.format(**ids), filled)

    foreign, absent = fill(belongings), fill(ABSENT)

    assert foreign.status == 404
    assert comparable(foreign) == comparable(absent)


def test_what_a_neighbour_asked_about_is_untouched(
    neighbours: tuple[Tenant, Tenant], belongings: dict[str, str]
) -> None:
    """Refused means refused: nothing was cancelled, removed or revoked by the attempts."""
    bakery = neighbours[0].client

    assert bakery("GET", f"/v1/messages/{belongings['message']}").json["status"] != "cancelled"
    assert bakery("GET", f"/v1/webhooks/{belongings['webhook']}").status == 200
    keys = bakery("GET", "/v1/keys").json["keys"]
    assert [key.get("revoked") for key in keys if key["id"] == belongings["key"]] == [None]


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


@pytest.mark.parametrize("key", [None, "fug_test_nonsense", "x" * 5_000])
def test_without_a_good_key_nothing_answers(key: str | None, stack: Stack, belongings: dict[str, str]) -> None:
    """The door is the first wall."""
    for method, path, _ in ROUTES:
        answer = stack.admin.as_(key)(method, path.format(**belongings))
        assert answer.status in {401, 403, 431}
        assert not any(value in answer.text for value in belongings.values())
