"""Tenants are told, for days if need be, and only they: webhooks on the deployed stack."""

from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.journeys.conftest import Stack, Tenant, wait_for

WISH = {"to": "+33639984400", "text": "Knock, knock.", "category": "transactional"}


@pytest.fixture(scope="module")
def tenant(tenant_of: Callable[..., Tenant]) -> Tenant:
    return tenant_of("Listener")


def hook(tenant: Tenant, stack: Stack, path: str, *events: str) -> dict[str, Any]:
    wish = {"url": stack.local["sink_url"] + path, **({"events": list(events)} if events else {})}
    made = tenant.client("POST", "/v1/webhooks", wish)
    assert made.status == 201, made.text
    found: dict[str, Any] = made.json
    return found


def received(stack: Stack, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.sink("GET", f"/received?path={path}").json["received"]
    return found


def test_a_failed_delivery_is_tried_again_under_the_same_id(tenant: Tenant, stack: Stack) -> None:
    """The receiver was down for a moment; it is told all the same, and can tell a repeat from news."""
    stack.sink("POST", "/behave", {"path": "/flaky", "status": 500, "times": 1})
    made = hook(tenant, stack, "/flaky", "message.delivered")
    tenant.client("POST", "/v1/messages", WISH)

    first, second = wait_for(lambda: len(found := received(stack, "/flaky")) == 2 and found, seconds=40)

    assert (first["answered"], second["answered"]) == (500, 204)
    assert first["id"] == second["id"]
    log = wait_for(
        lambda: (
            len(found := tenant.client("GET", f"/v1/webhooks/{made['id']}/deliveries").json["deliveries"]) == 2
            and found
        )
    )
    assert [line["outcome"] for line in log] == ["204", "500"]


def test_an_endpoint_that_is_gone_is_not_called_again_until_it_says_it_is_back(tenant: Tenant, stack: Stack) -> None:
    """410 means: stop. A test event that is answered means: go on."""
    stack.sink("POST", "/behave", {"path": "/gone", "status": 410, "times": 1})
    made = hook(tenant, stack, "/gone", "message.delivered")
    where = f"/v1/webhooks/{made['id']}"
    tenant.client("POST", "/v1/messages", WISH)
    wait_for(lambda: tenant.client("GET", where).json["disabled"] == "gone")

    assert tenant.client("POST", f"{where}/test").status == 202

    wait_for(lambda: not tenant.client("GET", where).json["disabled"])
    tenant.client("POST", "/v1/messages", WISH)
    wait_for(lambda: [row for row in received(stack, "/gone") if "message.delivered" in row["body"]][1:])


def test_a_rotated_secret_leaves_no_gap(tenant: Tenant, stack: Stack) -> None:
    """For a day both sign, so that a receiver may change over whenever it likes."""
    made = hook(tenant, stack, "/rotated", "message.delivered")
    fresh = tenant.client("POST", f"/v1/webhooks/{made['id']}/secret").json["secret"]
    tenant.client("POST", "/v1/messages", WISH)

    row = wait_for(lambda: received(stack, "/rotated"))[0]

    headers = {name.lower(): value for name, value in row["headers"].items()}
    for secret in (made["secret"], fresh):
        Webhook(secret).verify(row["body"], headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(row["body"], headers)


def test_a_replay_tells_of_it_again(tenant: Tenant, stack: Stack) -> None:
    """A receiver that lost its own database asks for what it has missed, with the ids it may already know."""
    made = hook(tenant, stack, "/replayed", "message.delivered")
    sent = tenant.client("POST", "/v1/messages", WISH).json["id"]
    first = wait_for(lambda: received(stack, "/replayed"))[0]

    assert tenant.client("POST", f"/v1/webhooks/{made['id']}/replay", {"message": sent}).status == 202

    again = wait_for(lambda: received(stack, "/replayed")[1:])[0]
    assert again["id"] == first["id"]


def test_a_removed_webhook_hears_nothing_more(tenant: Tenant, stack: Stack) -> None:
    """Removed means removed, for what is under way too."""
    made = hook(tenant, stack, "/removed")
    other = hook(tenant, stack, "/witness", "message.delivered")
    tenant.client("DELETE", f"/v1/webhooks/{made['id']}")
    sent = tenant.client("POST", "/v1/messages", WISH).json["id"]
    wait_for(lambda: [row for row in received(stack, "/witness") if sent in row["body"]])

    assert not received(stack, "/removed")
    assert tenant.client("GET", f"/v1/webhooks/{made['id']}").status == 404
    assert other["id"] in tenant.client("GET", "/v1/webhooks").text


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://10.0.0.1/hook",
        "https://127.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://user:secret@example.com/",
        "ftp://example.com/",
        "not a url",
    ],
)
def test_addresses_that_are_never_called_are_refused_at_once(url: str, tenant: Tenant) -> None:
    """A gateway that calls whatever it is told to is a way into the operator's network."""
    answer = tenant.client("POST", "/v1/webhooks", {"url": url})

    assert answer.status in {400, 422}
    assert url not in answer.text
