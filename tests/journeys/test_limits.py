"""How much of the API a tenant may have, on the deployed stack: its own plan, and nobody else's."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.conftest import Answer, Client, Stack, Tenant, fugace, wait_for

AT_ONCE = 24
TEXT = {"to": "+33639980001", "text": "Your parcel is here", "category": "transactional"}


def hurry(client: Client) -> list[Answer]:
    """More messages at a time than a trial may send: a burst of five, and one a second."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(client, "POST", "/v1/messages", TEXT) for _ in range(AT_ONCE)]
    return [each.result() for each in asked]


@pytest.fixture(scope="module")
def trial(tenant_of: Callable[..., Tenant]) -> Tenant:
    """Known to the gateway already, so that a flood is not the first that it sees."""
    made = tenant_of("Trial", "--plan", "trial")
    assert made.client("GET", "/v1/messages").status == 200
    return made


@pytest.fixture(scope="module")
def flood(trial: Tenant, stack: Stack) -> tuple[list[Answer], list[Answer]]:
    """What the tenant on trial, and another at the same moment, were answered."""
    assert stack.admin("GET", "/v1/messages").status == 200
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(hurry, client) for client in (trial.client, stack.admin)]
        return both[0].result(), both[1].result()


def test_who_is_over_the_plan_is_told_so_and_when_to_come_back(flood: tuple[list[Answer], list[Answer]]) -> None:
    """RFC 9457 and draft-ietf-httpapi-ratelimit-headers, as every other answer; RFC 9110 section 10.2.3."""
    refused = [answer for answer in flood[0] if answer.status == 429]

    assert {answer.status for answer in flood[0]} == {202, 429}
    for answer in refused:
        assert answer.json["type"] == "/problems/too-many-requests"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["ratelimit"] == '"second";r=0;t=1'
        assert answer.headers["ratelimit-policy"] == '"second";q=1;w=1'
        assert answer.headers["x-request-id"]


def test_nobody_else_is_slowed_down_by_it(flood: tuple[list[Answer], list[Answer]]) -> None:
    """Tenants are walls (I8): one that hurries uses up what is its own."""
    assert {answer.status for answer in flood[1]} == {202}
    assert {answer.headers["ratelimit-policy"] for answer in flood[1]} == {'"second";q=200;w=1'}


def test_what_was_accepted_before_the_refusals_is_not_lost(
    flood: tuple[list[Answer], list[Answer]], trial: Tenant
) -> None:
    """202 is a promise (I1), and 429 says that nothing was done: there are as many messages as were accepted."""
    accepted = {answer.json["id"] for answer in flood[0] if answer.status == 202}

    def kept() -> set[str] | None:
        page = trial.client("GET", "/v1/messages?limit=100")
        return {each["id"] for each in page.json["messages"]} if page.status == 200 else None

    assert wait_for(kept) == accepted


def test_a_key_for_counting_opens_nothing(stack: Stack, trial: Tenant) -> None:
    """It is known to whoever knows the tenant's id; the gateway takes it from the authorizer alone."""
    named = f"fugace-laptop_standard_{trial.id}"

    assert stack.admin.as_(None)("GET", "/v1/messages", x_api_key=named).status == 401
    answers = [trial.client("GET", "/v1/messages", x_api_key="fugace-laptop_tenants-on-no-plan") for _ in range(12)]
    assert 429 in {answer.status for answer in answers}


def test_a_plan_is_changed_without_a_moment_in_which_nothing_goes(stack: Stack, trial: Tenant) -> None:
    """The old key is there as long as the gateway may still count by it; the new plan counts within a minute."""
    assert fugace(stack, "tenants", "plan", trial.id, "standard")["plan"] == "standard"

    fresh = trial.client.as_(fugace(stack, "keys", "create", trial.id, "--role", "reader", "--mode", "test")["key"])
    assert fresh("GET", "/v1/messages").headers["ratelimit-policy"] == '"second";q=200;w=1'
    remembered = wait_for(lambda: (answer := trial.client("GET", "/v1/messages")).status == 200 and answer)
    assert remembered.headers["ratelimit-policy"] in {'"second";q=1;w=1', '"second";q=200;w=1'}


def test_a_request_is_followed_by_one_id(stack: Stack) -> None:
    """The client's own trace where it sends one (W3C Trace Context), else the gateway's; never what else it says."""
    client, trace = stack.admin, "4bf92f3577b34da6a3ce929d0e0e4736"

    own = client("GET", "/v1/messages", traceparent=f"00-{trace}-00f067aa0ba902b7-01", tracestate="to=33639980001")
    plain = client("GET", "/v1/messages", traceparent="33639980001")
    stranger = stack.admin.as_(None)("GET", "/v1/messages", traceparent=f"00-{trace}-00f067aa0ba902b7-01")

    assert own.headers["x-request-id"] == trace
    for answer in (plain, stranger):
        assert answer.headers["x-request-id"] not in {trace, ""}
        assert "33639980001" not in json.dumps([answer.headers, answer.text])
