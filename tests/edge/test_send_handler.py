"""/v1/messages from outside: what is asked, what is answered, and what nobody gets to see."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.message import Record, Status
from fugace.domain.tenant import Role
from functions.send import handler
from functions.send.accept import Outbox
from tests.architecture.openapi import mismatch
from tests.edge.events import CONTEXT, event
from tests.fakes import (
    ALICE,
    BAKERY,
    BOB,
    FIRST,
    NOON,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeVault,
    sealed_record,
)
from tests.fakes import tenant as a_tenant

NUMBER = ALICE.reveal()
TEXT = f"Call {NUMBER} about parcel 4711"
GOOD: dict[str, Any] = {"to": NUMBER, "text": TEXT, "category": "transactional"}
FIELDS = {
    "id", "status", "category", "carrier", "live", "sender", "campaign", "encoding", "segments", "parts", "on_unknown",
    "validity", "created_at", "send_at", "expires_at", "content_until", "history",
}  # fmt: skip


class Table(FakeMessages):
    """Messages whose table breaks with a number in its message, when told to."""

    bug = False

    def add(self, record: Record) -> Record | None:
        if self.bug or record.campaign == "bug":
            raise RuntimeError(NUMBER)
        if record.campaign == "busy":
            raise UnavailableError
        return super().add(record)


class Desk:
    """What the handler is wired to."""

    def __init__(self) -> None:
        self.clock, self.vault = FakeClock(), FakeVault()
        self.messages = Table(self.clock)
        tenants = FakeTenants(a_tenant(carrier="rest"), a_tenant(BAKERY, carrier="rest"))
        terms = FakeCarrier().terms
        self.box = Outbox(self.clock, self.vault, self.messages, tenants, {"rest": terms, "simulator": terms})

    def keep(self, **more: Any) -> str:
        record = sealed_record(self.vault, text=TEXT, **more)
        self.messages.rows[record.key] = record
        return record.key.id


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(handler, "outbox", lambda: desk.box)
    return desk


def call(method: str, path: str, *args: Any, **more: Any) -> dict[str, Any]:
    """The answer, which docs/openapi.yaml has to know."""
    answer = handler.handle(event(method, path, *args, **more), CONTEXT)
    assert mismatch(method, path, answer) == ""
    return answer


def ask(*args: Any, **more: Any) -> tuple[int, Any]:
    answer = call(*args, **more)
    return answer["statusCode"], json.loads(answer["body"])


def header(answer: dict[str, Any], name: str) -> str | None:
    several = answer["multiValueHeaders"].get(name)
    return several[0] if several else None


# --- sending ------------------------------------------------------------------------------------


def test_an_accepted_message_is_answered_with_its_cost_and_its_end(desk: Desk) -> None:
    """202: we have it, durably; whether it arrives is another matter."""
    answer = call("POST", "/v1/messages", GOOD)
    (record,) = desk.messages.rows.values()

    assert answer["statusCode"] == 202
    assert json.loads(answer["body"]) == {
        "id": record.key.id,
        "status": "accepted",
        "encoding": "GSM-7",
        "segments": 1,
        "expires_at": "2026-07-15T12:00:00.000Z",
    }
    assert header(answer, "Location") == f"/v1/messages/{record.key.id}"
    assert header(answer, "Idempotent-Replayed") is None


def test_a_repeated_request_is_answered_as_the_first_time(desk: Desk) -> None:
    """To the letter, though the message has gone on since and the JSON was written otherwise."""
    headers = {"idempotency-key": '"order-17"'}
    first = call("POST", "/v1/messages", GOOD, headers=headers)
    (key,) = desk.messages.rows
    desk.messages.claim(key, NOON, stale=NOON)
    again = call("POST", "/v1/messages", json.dumps(dict(reversed(GOOD.items())), indent=1), headers=headers)

    assert (again["statusCode"], again["body"]) == (202, first["body"])
    assert header(again, "Idempotent-Replayed") == "true"


def test_the_same_key_with_another_payload_is_422(desk: Desk) -> None:
    """The draft's answer."""
    headers = {"Idempotency-Key": "order-17"}
    ask("POST", "/v1/messages", GOOD, headers=headers)
    status, problem = ask("POST", "/v1/messages", {**GOOD, "to": BOB.reveal()}, headers=headers)

    assert (status, problem["type"]) == (422, "/problems/idempotency-mismatch")
    assert len(desk.messages.rows) == 1


def test_a_key_that_is_a_number_is_400(desk: Desk) -> None:
    """Before anything is kept."""
    status, problem = ask("POST", "/v1/messages", GOOD, headers={"Idempotency-Key": NUMBER})

    assert (status, problem["type"]) == (400, "/problems/bad-idempotency-key")
    assert desk.messages.rows == {}


def test_each_message_of_a_batch_has_its_own_result(desk: Desk) -> None:
    """In the order of the request, with pointers into it."""
    batch = {"messages": [GOOD, {**GOOD, "to": "x"}, {**GOOD, "text": "x" * 2000}, {**GOOD, "campaign": "busy"}]}
    status, body = ask("POST", "/v1/messages", batch)

    assert (status, body["accepted"], body["refused"]) == (202, 1, 3)
    assert body["results"][0]["status"] == "accepted"
    problems = [each["problem"] for each in body["results"][1:]]
    assert [(each["type"], each["status"]) for each in problems] == [
        ("/problems/invalid-number", 422),
        ("/problems/message-too-long", 422),
        ("/problems/unavailable", 503),
    ]
    assert [each["errors"][0]["pointer"] for each in problems[:2]] == ["/messages/1/to", "/messages/2/text"]
    assert (problems[1]["segments"], problems[1]["allowed"]) == (14, 10)
    assert len(desk.messages.rows) == 1


def test_a_repeated_batch_says_so(desk: Desk) -> None:
    """And gives the first ids."""
    batch = {"messages": [GOOD, {**GOOD, "to": BOB.reveal()}]}
    first, again = (call("POST", "/v1/messages", batch, headers={"Idempotency-Key": "b1"}) for _ in range(2))

    assert again["body"] == first["body"]
    assert header(first, "Idempotent-Replayed") is None
    assert header(again, "Idempotent-Replayed") == "true"
    assert len(desk.messages.rows) == 2


def test_a_test_keys_message_goes_to_the_simulator(desk: Desk) -> None:
    """Whatever the tenant's carrier."""
    ask("POST", "/v1/messages", GOOD, live=False)

    assert [record.carrier for record in desk.messages.rows.values()] == ["simulator"]


def test_a_preview_costs_and_keeps_nothing(desk: Desk) -> None:
    """The caller's text goes back to the caller."""
    status, body = ask("POST", "/v1/messages/preview", {"text": "Ça coûte 5 €…", "max_segments": 1})

    assert status == 200
    assert body == {
        "encoding": "UCS-2",
        "segments": 1,
        "units": 13,
        "parts": ["Ça coûte 5 €…"],
        "fits": True,
        "forced_ucs2": [
            {"char": "û", "name": "LATIN SMALL LETTER U WITH CIRCUMFLEX", "positions": [5]},
            {"char": "…", "name": "HORIZONTAL ELLIPSIS", "positions": [12]},
        ],
        "transliteration": {
            "text": "Ça coute 5 €...",
            "encoding": "GSM-7",
            "segments": 1,
            "units": 16,
            "parts": ["Ça coute 5 €..."],
            "changes": [{"from": "û", "to": "u", "count": 1}, {"from": "…", "to": "...", "count": 1}],
        },
    }
    assert desk.messages.rows == {}


@pytest.mark.parametrize("text", ["", "a\x00"])
def test_a_preview_refuses_what_sending_refuses(text: str) -> None:
    """Else it would promise too much."""
    assert ask("POST", "/v1/messages/preview", {"text": text})[0] == 400


def test_a_preview_of_a_text_that_needs_no_change_offers_none() -> None:
    """`null`: send it as it is."""
    assert ask("POST", "/v1/messages/preview", {"text": "plain"})[1]["transliteration"] is None


# --- looking ------------------------------------------------------------------------------------


def test_a_message_is_shown_with_its_history(desk: Desk) -> None:
    """Every change with who says so, and its number."""
    name = desk.keep(status=[Status.ACCEPTED, Status.SUBMITTED], parts={2: Status.DELIVERED}, campaign="spring")
    status, body = ask("GET", f"/v1/messages/{name}", role=Role.READER)

    assert status == 200
    assert set(body) == FIELDS
    assert body["history"][1] == {
        "sequence": 2,
        "status": "submitted",
        "at": "2026-01-15T12:01:00.000Z",
        "evidence": "platform",
        "code": None,
    }
    assert body["parts"] == [{"part": 2, "status": "delivered"}]
    assert (body["campaign"], body["sender"], body["send_at"], body["validity"]) == ("spring", None, None, "P2D")


@pytest.mark.usefixtures("desk")
def test_when_a_message_is_due_is_shown() -> None:
    """Only where it is not at once."""
    due = NOON + timedelta(days=2)
    name = json.loads(call("POST", "/v1/messages", {**GOOD, "send_at": due.isoformat()})["body"])["id"]

    assert ask("GET", f"/v1/messages/{name}")[1]["send_at"] == "2026-01-17T12:00:00.000Z"


def test_number_and_text_are_shown_on_request(desk: Desk) -> None:
    """With the scope for it."""
    name = desk.keep()
    _, body = ask("GET", f"/v1/messages/{name}", role=Role.PRIVACY, query={"include": "personal"})

    assert set(body) == FIELDS | {"to", "text", "reference"}
    assert (body["to"], body["text"], body["reference"]) == (NUMBER, TEXT, None)


@pytest.mark.parametrize("path", ["/v1/messages", f"/v1/messages/{FIRST.id}"])
@pytest.mark.parametrize("role", [Role.SENDER, Role.READER])
def test_number_and_text_need_a_scope(desk: Desk, path: str, role: Role) -> None:
    """Who sends knows them already; a leaked sender's key should not tell them to others."""
    desk.keep()
    status, problem = ask("GET", path, role=role, query={"include": "personal"})

    assert (status, problem["scope"]) == (403, "messages:personal")


def test_a_list_goes_on_where_it_stopped(desk: Desk) -> None:
    """By the cursor in the body, or the link in the header."""
    for number in range(3):
        ask("POST", "/v1/messages", {**GOOD, "campaign": f"c{number}"})
        desk.clock.tick(minutes=1)
    query = {"limit": "2", "since": "2026-01-15T00:00:00Z"}
    first = call("GET", "/v1/messages", query=query)
    page = json.loads(first["body"])
    _, rest = ask("GET", "/v1/messages", query={**query, "cursor": page["next_cursor"]})

    assert [each["campaign"] for each in page["messages"] + rest["messages"]] == ["c2", "c1", "c0"]
    assert rest["next_cursor"] is None
    link = f'<?limit=2&since=2026-01-15T00%3A00%3A00Z&cursor={page["next_cursor"]}>; rel="next"'
    assert header(first, "Link") == link


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "101"}, "/query/limit"),
        ({"limit": "x"}, "/query/limit"),
        ({"since": "yesterday"}, "/query/since"),
        ({"since": "2026-01-15T12:00:00Z", "until": "2026-01-15T12:00:00Z"}, "/query/until"),
        ({"status": "lost"}, "/query/status"),
        ({"campaign": NUMBER}, "/query/campaign"),
        ({"cursor": "x"}, "/query/cursor"),
        ({"include": "everything"}, "/query/include"),
        ({"to": NUMBER}, "/query/to"),
    ],
)
def test_a_query_that_means_nothing_is_refused(query: dict[str, str], pointer: str) -> None:
    """A filter that is ignored would show too much."""
    status, problem = ask("GET", "/v1/messages", query=query)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)


# --- cancelling ---------------------------------------------------------------------------------


def test_a_cancelled_message_is_shown(desk: Desk) -> None:
    """With the change in its history."""
    name = desk.keep()
    status, body = ask("DELETE", f"/v1/messages/{name}", role=Role.SENDER)

    assert (status, body["status"], len(body["history"])) == (200, "cancelled", 2)


def test_too_late_is_409_with_the_state(desk: Desk) -> None:
    """So that the client knows what to expect instead."""
    name = desk.keep(status=[Status.ACCEPTED, Status.SUBMITTED])
    status, problem = ask("DELETE", f"/v1/messages/{name}")

    assert (status, problem["type"], problem["state"]) == (409, "/problems/too-late", "submitted")


# --- walls --------------------------------------------------------------------------------------

ROUTES = [
    ("POST", "/v1/messages", Role.READER),
    ("POST", "/v1/messages/preview", Role.READER),
    ("GET", "/v1/messages", None),
    ("GET", f"/v1/messages/{FIRST.id}", None),
    ("DELETE", f"/v1/messages/{FIRST.id}", Role.READER),
]


@pytest.mark.parametrize(("method", "path", "role"), ROUTES)
def test_every_route_asks_who_is_there(desk: Desk, method: str, path: str, role: Role | None) -> None:
    """And whether that key may."""
    body = {"text": "x"} if path.endswith("preview") else GOOD

    assert ask(method, path, body, role=None)[0] == 401
    if role:
        assert ask(method, path, body, role=role)[0] == 403
    assert desk.messages.rows == {}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", [FIRST.id, "preview", "x", NUMBER, f"{FIRST}", "../v1"])
def test_i8_what_is_not_there_and_what_is_not_yours_look_the_same(desk: Desk, method: str, name: str) -> None:
    """Invariant I8: the message exists, and belongs to the shop."""
    desk.keep()
    yours = call(method, f"/v1/messages/{name}", tenant=BAKERY)
    nobodys = call(method, "/v1/messages/00000000-0000-7000-8000-000000000000", tenant=BAKERY)

    assert (yours["statusCode"], yours["body"]) == (404, nobodys["body"])


# --- leaks --------------------------------------------------------------------------------------

LONG = {**GOOD, "text": TEXT * 60}
OUTCOMES: dict[str, tuple[str, str, Any, dict[str, Any]]] = {
    "accepted": ("POST", "/v1/messages", {**GOOD, "reference": "r-4711"}, {}),
    "results": ("POST", "/v1/messages", {"messages": [GOOD, LONG, {**GOOD, "to": NUMBER + "x"}, {NUMBER: TEXT}]}, {}),
    "invalid-number": ("POST", "/v1/messages", {**GOOD, "to": NUMBER + "000000"}, {}),
    "bad-request": ("POST", "/v1/messages", {**GOOD, "sender": NUMBER, "category": TEXT, NUMBER: TEXT}, {}),
    "not an allowed value": ("POST", "/v1/messages", {**GOOD, "category": TEXT}, {}),
    "control character": ("POST", "/v1/messages", {**GOOD, "text": TEXT + "\x00"}, {}),
    "not JSON": ("POST", "/v1/messages", json.dumps(GOOD)[:-1], {}),
    "too-large": ("POST", "/v1/messages", {**GOOD, "text": TEXT * 20_000}, {}),
    "message-too-long": ("POST", "/v1/messages", LONG, {}),
    "looks like": ("POST", "/v1/messages", {**GOOD, "reference": NUMBER, "campaign": NUMBER[1:]}, {}),
    "recipient-blocked": ("POST", "/v1/messages", {**GOOD, "to": BOB.reveal()}, {}),
    "bad-idempotency-key": ("POST", "/v1/messages", GOOD, {"headers": {"Idempotency-Key": NUMBER}}),
    "forbidden": ("POST", "/v1/messages", GOOD, {"role": Role.READER}),
    "unavailable": ("POST", "/v1/messages", {**GOOD, "campaign": "busy"}, {}),
    "RuntimeError": ("POST", "/v1/messages", {**GOOD, "campaign": "bug"}, {}),
    '"failed":1': ("POST", "/v1/messages", {"messages": [GOOD, {**GOOD, "campaign": "bug"}]}, {}),
    "bad-cursor": ("GET", "/v1/messages", None, {"query": {"cursor": NUMBER}}),
    "listed": ("GET", "/v1/messages", None, {}),
    "looked": ("GET", f"/v1/messages/{FIRST.id}", None, {}),
    "not-found": ("GET", f"/v1/messages/{NUMBER}", None, {}),
    "cancelled": ("DELETE", f"/v1/messages/{FIRST.id}", None, {}),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_answer_and_no_log_line_shows_a_number_or_a_text(
    desk: Desk, outcome: str, printed: Callable[[], str]
) -> None:
    """Whatever a tenant sends, wherever it goes wrong."""
    desk.keep()
    desk.vault.block(desk.vault.subject(SHOP, BOB))
    method, path, body, more = OUTCOMES[outcome]

    answer = call(method, path, body, **more)

    seen = json.dumps(answer) + printed()
    assert outcome in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen
    assert "parcel" not in seen
    assert "r-4711" not in seen


def test_what_broke_for_one_of_a_batch_is_in_the_log(desk: Desk, printed: Callable[[], str]) -> None:
    """The tenant is told `unavailable`; somebody of ours has to see why."""
    call("POST", "/v1/messages", {"messages": [GOOD, {**GOOD, "campaign": "bug"}]})

    assert '"error":["RuntimeError"]' in printed()
    assert len(desk.messages.rows) == 1


def test_what_is_shown_on_request_is_not_logged(desk: Desk, printed: Callable[[], str]) -> None:
    """The answer has it; nothing else has."""
    name = desk.keep()
    shown = call("GET", f"/v1/messages/{name}", query={"include": "personal"})["body"]
    shown += call("POST", "/v1/messages/preview", {"text": TEXT})["body"]
    log = printed()

    assert NUMBER[1:] in shown
    assert "looked" in log
    assert "previewed" in log
    assert NUMBER[1:] not in log
    assert "parcel" not in log


@pytest.mark.usefixtures("desk")
def test_a_log_line_of_the_happy_path_is_short(printed: Callable[[], str]) -> None:
    """Logs are paid by the byte, and this is the line there is one of per message."""
    call("POST", "/v1/messages", GOOD)
    (line,) = printed().splitlines()

    assert len(line) < 250
