"""Answers of /v1/keys, /v1/webhooks and /dlr, and the events we send, are as docs/openapi.yaml describes them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain import callbacks, webhooks
from fugace.domain.ids import uuid7
from fugace.domain.message import Change, Evidence, Status
from fugace.domain.tenant import Attempt, Role
from functions.auth import handler as auth
from functions.auth.keys import KeyRing
from functions.dlr import handler as dlr
from functions.dlr.receive import Receiver
from functions.dlr.replay import Replay
from functions.dlr.webhooks import Desk
from tests.architecture.openapi import document, mismatch, wrong
from tests.edge.events import CONTEXT, event
from tests.fakes import (
    FIRST,
    NOON,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeTenants,
    FakeVault,
    FakeWebhooks,
    sealed_record,
    tenant,
)
from tests.fakes_keeping import FakeAgenda

Ask = Callable[..., Any]
HOOK = "https://shop.example/hook"


def asking(entry: Callable[[dict[str, Any], Any], dict[str, Any]]) -> Ask:
    def ask(method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = entry(event(method, path, body, **more), CONTEXT)
        assert mismatch(method, path, answer) == ""
        return json.loads(answer["body"]) if answer["body"].startswith("{") else answer["body"]

    return ask


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Ask:
    ring = KeyRing(FakeTenants(tenant()), FakeAgenda(), FakeClock())
    monkeypatch.setattr(auth, "ring", lambda: ring)
    return asking(auth.handle)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> FakeWebhooks:
    clock, vault, queue = FakeClock(), FakeVault(), FakeQueue()
    messages, hooks = FakeMessages(clock, sealed_record(vault)), FakeWebhooks(clock)
    desk = Desk(hooks, vault, queue, clock)
    replay = Replay(hooks, messages, vault, FakeTenants(tenant()), queue, clock)
    receiver = Receiver({"simulator": FakeCarrier()}, vault, messages, queue, clock)
    for name, made in {"desk": desk, "replays": replay, "receiver": receiver}.items():
        monkeypatch.setattr(dlr, name, lambda made=made: made)
    return hooks


def test_a_document_that_says_something_else_is_noticed(keys: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check sees what it is there for: a field too many, a status or a code that is not listed."""
    keys("POST", "/v1/keys", {"role": "sender", "mode": "test"})
    described = document()["paths"]["/v1/keys"]["get"]
    monkeypatch.setitem(described, "x-problems", ["unauthorized"])
    with pytest.raises(AssertionError, match="forbidden is not listed"):
        keys("GET", "/v1/keys", role=Role.SENDER)
    monkeypatch.delitem(described["responses"], "403")
    with pytest.raises(AssertionError, match="403 is not listed"):
        keys("GET", "/v1/keys", role=Role.SENDER)
    monkeypatch.delitem(document()["components"]["schemas"]["Key"]["properties"], "note")
    with pytest.raises(AssertionError, match="note"):
        keys("GET", "/v1/keys")


def test_keys_are_as_described(keys: Ask) -> None:
    """Each answer of each operation, and the usual refusals."""
    made = keys("POST", "/v1/keys", {"role": "admin", "mode": "live", "expires": "2027-01-01T00:00:00Z"})
    keys("GET", "/v1/keys")
    keys("DELETE", f"/v1/keys/{made['id']}")
    keys("DELETE", "/v1/keys/key_aaaaaaaa")
    keys("POST", "/v1/keys", {"role": "nobody"})
    keys("GET", "/v1/keys", role=None)
    for _ in range(2):
        spare = keys("POST", "/v1/keys", {"role": "admin", "mode": "live"})
    keys("DELETE", f"/v1/keys/{spare['id']}")
    keys("GET", "/v1/keys")


def test_webhooks_are_as_described(hooks: FakeWebhooks) -> None:
    """Each answer of each operation, and the usual refusals."""
    ask = asking(dlr.webhooks)
    made = ask("POST", "/v1/webhooks", {"url": HOOK, "events": ["message.delivered"]})
    path = f"/v1/webhooks/{made['id']}"
    attempts = [Attempt(FIRST.id, 2, 1, NOON, "200", 12), Attempt(uuid7(NOON), 0, 1, NOON, "timeout", 15_000)]
    hooks.log(SHOP, made["id"], attempts)
    for method, where, body in (
        ("GET", "/v1/webhooks", None),
        ("GET", path, None),
        ("POST", f"{path}/test", None),
        ("POST", f"{path}/secret", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/replay", {"message": FIRST.id}),
        ("POST", f"{path}/replay", {"since": "2026-01-15T00:00:00Z"}),
        ("POST", f"{path}/replay", {}),
        ("POST", "/v1/webhooks", {"url": "http://127.0.0.1/"}),
        ("POST", "/v1/webhooks", {"url": HOOK, "events": ["message.lost"]}),
        ("GET", "/v1/webhooks/wh_aaaaaaaaaaaaaaaa", None),
    ):
        ask(method, where, body)
    hooks.failing(SHOP, made["id"], NOON - timedelta(days=5), disabled="failing")
    assert ask("GET", path)["disabled"] == "failing"
    ask("DELETE", path)


@pytest.mark.usefixtures("hooks")
def test_reports_are_as_described() -> None:
    """What carriers are answered."""
    ask = asking(dlr.receive)
    token = callbacks.token(FakeVault().sign, "simulator", FIRST.reference)
    good = {"headers": {"signature": "genuine"}, "role": None}

    assert ask("POST", f"/dlr/simulator/{token}", [{"status": "delivered"}], **good) == "OK"
    assert ask("GET", f"/dlr/simulator/{token}", [], **good) == "OK"
    ask("POST", f"/dlr/simulator/{token}", [], role=None)
    ask("POST", f"/dlr/nobody/{token}", [], **good)


def test_events_are_as_described() -> None:
    """Every event that there is, with and without what is optional."""
    for name in webhooks.EVENTS:
        change = Change(Status(name.removeprefix("message.")), NOON, Evidence.HANDSET, "000")
        record = sealed_record(campaign="spring").changed(change)
        sent = json.loads(webhooks.payload(record, 2, "order-17"))
        assert sent["type"] == name
        assert wrong({"$ref": "#/components/schemas/MessageEvent"}, sent) == ""

    bare = json.loads(webhooks.payload(sealed_record().changed(Change(Status.UNKNOWN, NOON)), 2))
    assert wrong({"$ref": "#/components/schemas/MessageEvent"}, bare) == ""
    probe = json.loads(webhooks.test_payload(uuid7(NOON)))
    assert wrong({"$ref": "#/components/schemas/TestEvent"}, probe) == ""
