"""/dlr and /v1/webhooks as carriers and tenants see them, and what nobody gets to see."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from fugace.domain import callbacks
from fugace.domain import webhooks as rules
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageKey
from fugace.domain.message import Record, Status
from fugace.domain.tenant import Attempt, Role
from functions.dlr import handler
from functions.dlr.receive import Receiver
from functions.dlr.replay import Replay
from functions.dlr.webhooks import Desk
from tests.edge.events import CONTEXT, event
from tests.fakes import (
    ALICE,
    BAKERY,
    FIRST,
    NOON,
    SECOND,
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

NUMBER = ALICE.reveal()
SENT = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED)
GENUINE = {"Signature": "genuine"}
URL = "https://shop.example/hook"


class Store(FakeMessages):
    """Messages whose table breaks with a number in its message, when told to."""

    fails: Exception | None = None

    def _alive(self, key: MessageKey) -> Record | None:
        if self.fails:
            raise self.fails
        return super()._alive(key)


class Room:
    """Both entry points, and what they work with."""

    def __init__(self) -> None:
        self.clock, self.vault, self.late, self.notify = FakeClock(), FakeVault(), FakeQueue(), FakeQueue()
        records = [sealed_record(self.vault, key, text=f"call {NUMBER}", status=SENT) for key in (FIRST, SECOND)]
        self.messages = Store(self.clock, *records)
        self.webhooks = FakeWebhooks(self.clock)
        carriers = {"simulator": FakeCarrier()}
        self.receiver = Receiver(carriers, self.vault, self.messages, self.late, self.clock)
        self.desk = Desk(self.webhooks, self.vault, self.notify, self.clock)
        shops = FakeTenants(tenant(SHOP))
        self.replay = Replay(self.webhooks, self.messages, self.vault, shops, self.notify, self.clock)

    def report(self, *reports: Any, token: str = "", method: str = "POST", **more: Any) -> dict[str, Any]:
        token = token or callbacks.token(self.vault.sign, "simulator", FIRST.reference)
        body = json.dumps(reports)
        call = event(method, f"/dlr/simulator/{token}", body, role=None, headers=GENUINE)
        return handler.receive({**call, **more}, CONTEXT)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    room = Room()
    monkeypatch.setattr(handler, "receiver", lambda: room.receiver)
    monkeypatch.setattr(handler, "desk", lambda: room.desk)
    monkeypatch.setattr(handler, "replays", lambda: room.replay)
    return room


DELIVERED = {"status": "delivered"}


def ask(*args: Any, **more: Any) -> tuple[int, Any]:
    answer = handler.webhooks(event(*args, **more), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"] or "null")


def made(**more: Any) -> str:
    _, webhook = ask("POST", "/v1/webhooks", {"url": URL}, **more)
    return str(webhook["id"])


# --- carriers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_carrier_reports_by_either_method(room: Room, method: str) -> None:
    """Some know only one of them."""
    answer = room.report(DELIVERED, method=method)

    assert (answer["statusCode"], answer["body"]) == (200, "OK")
    assert room.messages.rows[FIRST].status is Status.DELIVERED


def test_a_body_is_verified_as_the_bytes_that_were_sent(room: Room) -> None:
    """API Gateway hands binary bodies over in base64; a signature is of what is in it."""
    body = base64.b64encode(json.dumps([DELIVERED]).encode()).decode()

    assert room.report(body=body, isBase64Encoded=True)["statusCode"] == 200
    assert room.messages.rows[FIRST].status is Status.DELIVERED


def test_a_signature_is_found_however_its_header_is_spelt(room: Room) -> None:
    """Names of headers have no case, and some events carry them in lists alone."""
    assert room.report(DELIVERED, headers=None, multiValueHeaders={"SIGNATURE": ["genuine"]})["statusCode"] == 200
    assert room.report(DELIVERED, headers={"SIGNATURE": "genuine"}, multiValueHeaders=None)["statusCode"] == 200


def test_a_forged_report_is_refused_and_counted(room: Room, printed: Callable[[], str]) -> None:
    """A carrier whose signature we read wrongly looks the same: somebody has to see it."""
    answer = room.report(DELIVERED, token="account." + "A" * 22, pathParameters={"carrier": "simulator"})

    assert answer["statusCode"] == 403
    assert "/problems/receipt-refused" in answer["body"]
    seen = printed()
    line = next(json.loads(text) for text in seen.splitlines() if "receipt-refused" in text)
    assert (line["carrier"], line["reason"]) == ("simulator", "token")
    assert '"ReceiptRefused"' in seen


@pytest.mark.usefixtures("room")
def test_an_unknown_carrier_is_not_found() -> None:
    """Whatever the token."""
    answer = handler.receive(event("POST", "/dlr/nobody/x.y", "[]", role=None), CONTEXT)

    assert answer["statusCode"] == 404


@pytest.mark.parametrize(("reference", "metric"), [("nothing", "UnknownReceipt"), (FIRST.reference, "RepeatedReceipt")])
def test_what_changes_nothing_is_answered_and_counted(
    room: Room, printed: Callable[[], str], reference: str, metric: str
) -> None:
    """Refused, a carrier would send it for days."""
    token = callbacks.token(room.vault.sign, "simulator", callbacks.ACCOUNT)
    said = {"status": "submitted", "reference": reference}

    assert room.report(said, said, token=token)["statusCode"] == 200
    assert f'"{metric}":[2.0]' in printed().replace(" ", "")


def test_a_state_that_no_table_has_is_counted_and_named(room: Room, printed: Callable[[], str]) -> None:
    """A carrier has a new word: somebody has to add it, and must learn which. A code that could be a number is none."""
    strange = {"status": "unknown", "code": "PARKED"}

    assert room.report(strange, {**strange, "code": NUMBER}, DELIVERED)["statusCode"] == 200

    seen = printed()
    line = next(json.loads(text) for text in seen.splitlines() if "unknown-state" in text)
    assert (line["carrier"], line["code"]) == ("simulator", "PARKED")
    assert '"UnknownState":[2.0]' in seen.replace(" ", "")


def test_what_the_table_cannot_take_is_answered_once_it_is_queued(room: Room) -> None:
    """It is ours now."""
    room.messages.fails = UnavailableError()

    assert room.report(DELIVERED)["statusCode"] == 200
    assert len(room.late.sent) == 1


def test_if_neither_takes_it_the_carrier_is_told_when_to_come_again(room: Room) -> None:
    """503 with Retry-After: carriers do."""
    room.messages.fails, room.late.broken = UnavailableError(), True

    answer = room.report(DELIVERED)

    assert answer["statusCode"] == 503
    assert answer["multiValueHeaders"]["Retry-After"] == ["5"]


RECEIPTS: dict[str, dict[str, Any]] = {
    "noted": {"body": json.dumps([{**DELIVERED, "code": NUMBER, "to": NUMBER, "text": f"call {NUMBER}"}])},
    "receipt-refused": {"body": f"to={NUMBER}"},
    "unknown": {"body": json.dumps([{**DELIVERED, "reference": NUMBER}]), "account": True},
    "not-found": {"path": f"/dlr/{NUMBER}/{NUMBER}"},
    "unavailable": {"body": json.dumps([{**DELIVERED, "code": NUMBER}]), "fails": UnavailableError()},
    "bug": {"body": json.dumps([{**DELIVERED, "code": NUMBER}]), "fails": RuntimeError(NUMBER)},
}


@pytest.mark.parametrize("outcome", RECEIPTS)
def test_no_number_that_a_carrier_sends_is_ever_shown(room: Room, outcome: str, printed: Callable[[], str]) -> None:
    """Receipts are full of numbers and of the first words of texts."""
    more = dict(RECEIPTS[outcome])
    room.messages.fails = more.pop("fails", None)
    room.late.broken = outcome == "unavailable"
    if more.pop("account", False):
        more["path"] = f"/dlr/simulator/{callbacks.token(room.vault.sign, 'simulator', callbacks.ACCOUNT)}"

    answer = room.report(**more)

    seen = json.dumps(answer) + printed() + json.dumps(room.late.sent)
    assert outcome in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen


# --- tenants ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("room")
def test_a_new_webhook_is_shown_with_its_secret_once() -> None:
    """The secret is one that the reference implementation takes."""
    status, webhook = ask("POST", "/v1/webhooks", {"url": URL, "events": ["message.delivered"]})

    assert status == 201
    Verifier(webhook.pop("secret"))
    assert webhook == {
        "id": webhook["id"],
        "url": URL,
        "events": ["message.delivered"],
        "created": "2026-01-15T12:00:00.000Z",
        "enabled": True,
        "disabled": None,
        "failing_since": None,
        "old_secrets_until": [],
    }
    assert ask("GET", f"/v1/webhooks/{webhook['id']}") == (200, webhook)
    assert ask("GET", "/v1/webhooks") == (200, {"webhooks": [webhook]})


@pytest.mark.usefixtures("room")
def test_a_webhook_for_everything_says_what_that_is() -> None:
    """Its owner should not have to guess."""
    _, webhook = ask("GET", f"/v1/webhooks/{made()}")

    assert webhook["events"] == sorted(rules.EVENTS)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 400, "/url"),
        ({"url": 1}, 400, "/url"),
        ({"url": URL, "events": []}, 400, "/events"),
        ({"url": URL, "events": ["message.read"]}, 400, "/events"),
        ({"url": URL, "secret": "mine"}, 400, "/secret"),
        ({"url": "http://shop.example"}, 422, "/url"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_field(room: Room, body: Any, status: int, pointer: str) -> None:
    """And never by its value."""
    answered, problem = ask("POST", "/v1/webhooks", body)

    assert (answered, problem["errors"][0]["pointer"]) == (status, pointer)
    assert room.webhooks.webhooks == {}


@pytest.mark.usefixtures("room")
def test_a_secret_is_rotated() -> None:
    """It is shown when the old one stops."""
    status, webhook = ask("POST", f"/v1/webhooks/{made()}/secret")

    assert status == 200
    Verifier(webhook["secret"])
    assert webhook["old_secrets_until"] == ["2026-01-16T12:00:00.000Z"]


def test_a_test_is_on_its_way(room: Room) -> None:
    """The answer names the event that will come."""
    status, answer = ask("POST", f"/v1/webhooks/{made()}/test")

    (body,) = room.notify.sent
    assert (status, answer) == (202, {"event": rules.event_id(str(body["test"]), 0)})


def test_the_delivery_log_is_shown(room: Room) -> None:
    """What was tried when, and what came of it."""
    webhook = made()
    room.webhooks.log(SHOP, webhook, [Attempt(FIRST.id, 4, 2, NOON + timedelta(seconds=5), "timeout", 15_000)])
    room.webhooks.log(SHOP, webhook, [Attempt(SECOND.id, 0, 1, NOON, "200", 12)])

    status, answer = ask("GET", f"/v1/webhooks/{webhook}/deliveries", query={"limit": "2"})

    assert status == 200
    test, event_ = answer["deliveries"]
    assert event_ == {
        "event": rules.event_id(FIRST.id, 4),
        "message": FIRST.id,
        "sequence": 4,
        "attempt": 2,
        "at": "2026-01-15T12:00:05.000Z",
        "outcome": "timeout",
        "millis": 15_000,
    }
    assert test["test"]
    assert "message" not in test


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_limit_has_limits(limit: str) -> None:
    """One answer is one read."""
    status, problem = ask("GET", f"/v1/webhooks/{made()}/deliveries", query={"limit": limit})

    assert (status, problem["errors"][0]["pointer"]) == (400, "/query/limit")


@pytest.mark.parametrize("wish", [{"message": FIRST.id}, {"since": "2026-01-15T13:00:00+01:00"}])
def test_events_come_again(room: Room, wish: Any) -> None:
    """Of one message, or of a span of time; the answer says how many."""
    room.clock.tick(minutes=1)

    status, answer = ask("POST", f"/v1/webhooks/{made()}/replay", wish)

    assert (status, answer["after"]) == (202, None)
    assert answer["events"] == len(room.notify.sent) > 0


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({}, "/since"),
        ({"since": "2026-01-15T12:00:00"}, "/since"),
        ({"since": "yesterday"}, "/since"),
        ({"message": FIRST.id, "since": "2026-01-15T12:00:00Z"}, "/message"),
        ({"since": "2026-01-15T12:00:00Z", "until": "2026-01-15T12:00:00Z"}, "/until"),
        ({"since": "2026-01-15T12:00:00Z", "after": "x"}, "/after"),
        ({"message": "1"}, "/message"),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused(wish: Any, pointer: str) -> None:
    """A time without a zone would be hours off."""
    status, problem = ask("POST", f"/v1/webhooks/{made()}/replay", wish)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)


ROUTES = [
    ("GET", ""),
    ("DELETE", ""),
    ("POST", "/test"),
    ("POST", "/secret"),
    ("GET", "/deliveries"),
    ("POST", "/replay"),
]


@pytest.mark.parametrize(("method", "what"), ROUTES)
def test_another_tenant_s_webhook_does_not_exist(room: Room, method: str, what: str) -> None:
    """Tenants are walls (I8): the answer is that of an id that nobody has."""
    theirs = made(tenant=BAKERY)
    body = {"since": "2026-01-15T12:00:00Z"} if method == "POST" else None

    answers = [ask(method, f"/v1/webhooks/{each}{what}", body) for each in (theirs, "wh_aaaaaaaaaaaaaaaa")]

    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert list(room.webhooks.webhooks) == [(BAKERY, theirs)]


@pytest.mark.parametrize(("method", "what"), [*ROUTES, ("POST", None), ("GET", None)])
@pytest.mark.parametrize("role", [Role.SENDER, Role.READER, Role.PRIVACY])
def test_only_an_admin_says_where_events_go(room: Room, role: Role, method: str, what: str | None) -> None:
    """Whoever can add a webhook reads along."""
    webhook = made()
    path = "/v1/webhooks" if what is None else f"/v1/webhooks/{webhook}{what}"

    status, problem = ask(method, path, {"url": URL} if method == "POST" else None, role=role)

    assert (status, problem["type"]) == (403, "/problems/forbidden")
    assert list(room.webhooks.webhooks) == [(SHOP, webhook)]


@pytest.mark.usefixtures("room")
def test_a_webhook_is_removed() -> None:
    """204, and then it is not there."""
    path = f"/v1/webhooks/{made()}"

    assert ask("DELETE", path) == (204, None)
    assert ask("DELETE", path)[0] == 404


WISHES: dict[str, tuple[Any, ...]] = {
    "webhook-refused": ("POST", "/v1/webhooks", {"url": f"http://{NUMBER}.example"}),
    "bad-request": ("POST", "/v1/webhooks", {"url": URL, "events": [NUMBER], NUMBER: 1}),
    "not-found": ("GET", f"/v1/webhooks/{NUMBER}"),
    "webhook-made": ("POST", "/v1/webhooks", {"url": f"https://shop.example/{NUMBER}"}),
    "bug": ("POST", "/v1/webhooks/{}/replay", {"message": FIRST.id}),
}


@pytest.mark.parametrize("outcome", WISHES)
def test_no_number_that_a_tenant_sends_is_ever_logged(room: Room, outcome: str, printed: Callable[[], str]) -> None:
    """A URL is shown to its owner again, and to nobody else."""
    method, path, *body = WISHES[outcome]
    request = event(method, path.format(made()), *body)
    room.messages.fails = RuntimeError(NUMBER)

    answer = handler.webhooks(request, CONTEXT)

    shown = "" if outcome == "webhook-made" else json.dumps(answer)
    seen = shown + printed()
    assert outcome in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen


@pytest.mark.usefixtures("room")
def test_a_secret_is_never_logged(printed: Callable[[], str]) -> None:
    """Whoever reads the log must not be able to sign for us."""
    _, webhook = ask("POST", "/v1/webhooks", {"url": URL})
    _, rotated = ask("POST", f"/v1/webhooks/{webhook['id']}/secret")

    seen = printed()
    assert "webhook-secret-made" in seen
    assert webhook["secret"] not in seen
    assert rotated["secret"] not in seen
