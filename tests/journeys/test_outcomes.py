"""Every outcome that the simulator knows, on the deployed stack: the right end, as many SMS as due, true webhooks."""

import base64
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from fugace.domain.ids import MessageId, MessageKey, TenantId
from fugace.domain.message import Status
from local.simulator.outcomes import Outcome
from local.simulator.table import OUTCOMES
from tests.journeys.conftest import FINAL, Client, Stack, Tenant, wait_for

LONG = "Your parcel waits at the counter. " * 12  # three segments

# What takes longer than a test may: the state that it stays in, and why.
STAYS = {
    ("simulator", "503-for-long"): "queued",  # until its validity ends
    ("simulator-account", "503-for-long"): "accepted",  # likewise; without a claim nothing says `queued`
    ("simulator-account", "silence-for-ever"): "accepted",
}
# The reconciling pass ends it as the table says; test_looking_after.py shows that it does.
WAITS = {"no-receipt": {"submitted", "unknown"}}
# A carrier that deduplicates is simply asked again: what was silent once is delivered.
DEDUPLICATED = {"silence": ("delivered", 1)}


@dataclass
class Run:
    """One message for each outcome, all of one tenant, and what came of them."""

    tenant: Tenant
    secret: str
    path: str
    ids: dict[str, str] = field(default_factory=dict)
    """Message id by outcome."""
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What the tenant was told, by message id, in the order of arrival: headers, body."""


def expected(flavour: str, outcome: Outcome) -> tuple[set[str], int]:
    """The state that it ends in (or stays in, for a test's patience), and how many SMS leave."""
    if state := STAYS.get((flavour, outcome.name)):
        return {state}, outcome.sms
    if flavour == "simulator-account" and outcome.name in DEDUPLICATED:
        state, sms = DEDUPLICATED[outcome.name]
        return {state}, sms
    return WAITS.get(outcome.name, {outcome.ends}), outcome.sms


def start(tenant: Tenant, stack: Stack, flavour: str) -> Run:
    path = f"/outcomes/{flavour}"
    webhook = tenant.client("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + path}).json
    run = Run(tenant, webhook["secret"], path)
    items = [
        {
            "to": f"+3363998{12 if flavour == 'simulator' else 34}{digits}",
            "text": LONG if outcome.by_part else f"Outcome {digits}",
            "category": "transactional",
            "reference": f"ref-{outcome.name}",
            "on_unknown": "at_most_once",
        }
        for digits, outcome in OUTCOMES.items()
    ]
    answer = tenant.client("POST", "/v1/messages", {"messages": items})
    assert answer.status == 202, answer.text
    run.ids = {
        outcome.name: item["id"] for outcome, item in zip(OUTCOMES.values(), answer.json["results"], strict=True)
    }
    return run


def settled(run: Run, flavour: str) -> bool:
    """Every message is in the state that is expected of it, or one that says the test will fail."""
    page = {row["id"]: row["status"] for row in run.tenant.client("GET", "/v1/messages?limit=100").json["messages"]}
    states = {outcome.name: page.get(run.ids[outcome.name]) for outcome in OUTCOMES.values()}
    patient = {name for kind, name in STAYS if kind == flavour}
    return all(
        state in FINAL - {"unknown", "expired"} or state in expected(flavour, by_name(name))[0] or name in patient
        for name, state in states.items()
    )


def by_name(name: str) -> Outcome:
    return next(outcome for outcome in OUTCOMES.values() if outcome.name == name)


@pytest.fixture(scope="module", params=["simulator", "simulator-account"])
def run(request: pytest.FixtureRequest, tenant_of: Callable[..., Tenant], stack: Stack) -> tuple[str, Run]:
    """A test key's messages go to `simulator`; a live tenant's to the carrier that it was given."""
    flavour: str = request.param
    live = flavour == "simulator-account"
    tenant = tenant_of(f"Outcomes {flavour}", "--carrier", flavour, mode="live" if live else "test")
    run = start(tenant, stack, flavour)
    wait_for(lambda: settled(run, flavour), seconds=150, every=1)
    patience = time.monotonic() + 60
    run.events = heard(run, stack)
    while time.monotonic() < patience and not all(told(run, outcome) for outcome in OUTCOMES.values()):
        time.sleep(1)
        run.events = heard(run, stack)
    return flavour, run


def heard(run: Run, stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """What the tenant was told so far, its signature checked."""
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in stack.sink("GET", f"/received?path={run.path}").json["received"]:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        raw = base64.b64decode(event["body"]) if event["base64"] else event["body"]
        data = Webhook(run.secret).verify(raw, headers)
        events[data["data"]["id"]].append({"webhook-id": headers["webhook-id"], **data})
    return events


def told(run: Run, outcome: Outcome) -> bool:
    """Whether there is an event for each change so far that there should be one for."""
    return {event["data"]["sequence"] for event in run.events[run.ids[outcome.name]]} >= set(telling(run, outcome))


def telling(run: Run, outcome: Outcome) -> dict[int, str]:
    """The event for each change that a tenant is told of, as the API shows the message."""
    history = message(run.tenant.client, run, outcome)["history"]
    return {
        entry["sequence"]: f"message.{entry['status']}"
        for entry in history
        if entry["status"] not in {"accepted", "queued"}
    }


def message(client: Client, run: Run, outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = client("GET", f"/v1/messages/{run.ids[outcome.name]}").json
    return found


EACH = pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=lambda outcome: outcome.name)


@EACH
def test_it_ends_as_the_table_says(run: tuple[str, Run], outcome: Outcome) -> None:
    """I5, I6: late, repeated, reordered, missing and contradictory reports lead to the one true state."""
    flavour, its = run

    found = wait_for(
        lambda: (now := message(its.tenant.client, its, outcome))["status"] in expected(flavour, outcome)[0] and now,
        seconds=30,
    )

    ranks = [Status(entry["status"]) for entry in found["history"]]
    assert all(after.may_follow(before) for before, after in pairwise(ranks))


@EACH
def test_exactly_so_many_sms_leave(run: tuple[str, Run], outcome: Outcome, stack: Stack) -> None:
    """I6: never twice where the client said at most once, and never none where the carrier took it."""
    flavour, its = run
    key = MessageKey(TenantId(its.tenant.id), MessageId(its.ids[outcome.name]))

    everything = stack.simulator("GET", "/messages").json["messages"]

    sms = [each for each in everything if each["reference"] == key.reference]
    assert len(sms) == expected(flavour, outcome)[1]
    assert all(each["flavour"] == flavour for each in sms)


@EACH
def test_the_webhooks_tell_the_same_story(run: tuple[str, Run], outcome: Outcome) -> None:
    """Signed, thin, one id per event, and in the end the state that the API shows."""
    _, its = run
    events = {event["data"]["sequence"]: event for event in its.events[its.ids[outcome.name]]}

    assert {sequence: event["type"] for sequence, event in events.items()} == telling(its, outcome)
    assert len({event["webhook-id"] for event in events.values()}) == len(events)
    assert all(event["data"]["reference"] == f"ref-{outcome.name}" for event in events.values())
    assert all({"to", "text"}.isdisjoint(event["data"]) for event in events.values())


def test_who_says_so_is_kept(run: tuple[str, Run]) -> None:
    """'Delivered' by an operator is not a receipt from a handset."""
    _, its = run

    by_operator = message(its.tenant.client, its, by_name("by-operator"))["history"][-1]
    by_handset = message(its.tenant.client, its, by_name("delivered"))["history"][-1]

    assert (by_operator["evidence"], by_handset["evidence"]) == ("operator", "handset")


def test_at_least_once_sends_again_after_a_silence(tenant_of: Callable[..., Tenant], stack: Stack) -> None:
    """The client chose the risk of two over the risk of none: where at most once ends `unknown`, this is delivered."""
    tenant = tenant_of("At least once")
    wish = {"to": "+33639981211", "text": "Again?", "category": "otp", "on_unknown": "at_least_once"}
    sent = tenant.client("POST", "/v1/messages", wish).json["id"]

    wait_for(lambda: tenant.client("GET", f"/v1/messages/{sent}").json["status"] == "delivered")
    reference = MessageKey(TenantId(tenant.id), MessageId(sent)).reference
    found = stack.simulator("GET", "/messages").json

    assert len([request for request in found["requests"] if request["reference"] == reference]) == 2
    assert len([sms for sms in found["messages"] if sms["reference"] == reference]) == 1
