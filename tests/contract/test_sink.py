"""The webhook sink: keeps what comes, says whether its signature is right, fails when told to."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from standardwebhooks.webhooks import Webhook

from local.loopback import Server
from local.sink.api import Api
from local.sink.inbox import Inbox

OLD, NEW = ("whsec_" + "c2VjcmV0" * n for n in (4, 5))
BODY = json.dumps({"type": "message.delivered", "timestamp": "2026-01-15T12:00:00Z", "data": {"id": "m-1"}})


class Sink:
    """The sink on a port of the system's choice."""

    def __init__(self, state: Path | None = None) -> None:
        self.server = Server(0, Api(Inbox(state)))
        self.thread = self.server.start()
        self.pool = urllib3.PoolManager(retries=False)

    def ask(self, method: str, path: str, value: object = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        body = None if value is None else json.dumps(value)
        answer = self.pool.request(method, self.server.url + path, body=body, headers=headers)
        return answer.status, json.loads(answer.data) if answer.data else None

    def hook(
        self, path: str = "/hook", body: str | bytes = BODY, *secrets: str, **more: str
    ) -> urllib3.BaseHTTPResponse:
        """Call it as the product does."""
        now = datetime.now(UTC)
        headers = {"webhook-id": "evt_1", "webhook-timestamp": str(int(now.timestamp())), **more}
        if secrets:
            signed = [Webhook(each).sign("evt_1", now, str(body)) for each in secrets]
            headers["webhook-signature"] = " ".join(signed)
        return self.pool.request("POST", self.server.url + path, body=body, headers=headers, redirect=False)

    def received(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/received{query}")[1]["received"])

    def stop(self) -> None:
        self.pool.clear()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    it = Sink()
    yield it
    it.stop()


def test_whatever_comes_is_kept_as_it_came(sink: Sink) -> None:
    """Headers, body, order: what a tenant's developer would want to look at."""
    assert sink.hook("/a/b", BODY).status == 204
    assert sink.hook("/c", b"\xff\x00").status == 204

    first, second = sink.received()
    assert (first["id"], first["path"], first["body"], first["verified"]) == ("evt_1", "/a/b", BODY, None)
    assert first["headers"]["webhook-id"] == "evt_1"
    assert (second["body"], second["base64"]) == ("/wA=", True)
    assert [each["path"] for each in sink.received("?path=/c")] == ["/c"]


def test_a_right_signature_is_told_from_a_wrong_one(sink: Sink) -> None:
    """By the specification's own library, so that ours is checked by somebody else's code."""
    sink.ask("PUT", "/secrets", {"path": "/hook", "secret": NEW})
    sink.hook("/hook", BODY, NEW)
    sink.hook("/hook", BODY, OLD)
    sink.hook("/hook", BODY)
    sink.hook("/hook", BODY, **{"webhook-signature": "nonsense"})

    assert [each["verified"] for each in sink.received()] == [True, False, False, False]


def test_an_old_signature_is_wrong(sink: Sink) -> None:
    """Replays are refused here as a careful tenant would."""
    sink.ask("PUT", "/secrets", {"path": "/hook", "secret": NEW})
    at = datetime.now(UTC) - timedelta(minutes=6)
    signed = Webhook(NEW).sign("evt_1", at, BODY)
    sink.hook("/hook", BODY, **{"webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signed})

    (received,) = sink.received()
    assert received["verified"] is False
    assert "old" in received["why"]


def test_while_a_secret_is_changed_either_is_right(sink: Sink) -> None:
    """Rotation without a gap: the receiver may know one, the other, or both."""
    sink.ask("PUT", "/secrets", {"path": "/hook", "secrets": [OLD, NEW]})
    sink.hook("/hook", BODY, OLD)
    sink.hook("/hook", BODY, NEW)
    sink.hook("/hook", BODY, OLD, NEW)

    assert [each["verified"] for each in sink.received()] == [True, True, True]


def test_it_fails_as_often_as_it_was_told_to(sink: Sink) -> None:
    """At that path, with that status and that wait; then it is obliging again."""
    sink.ask("POST", "/behave", {"path": "/hook", "status": 503, "times": 2, "retry_after": 7})
    answers = [sink.hook() for _ in range(3)]

    assert [answer.status for answer in answers] == [503, 503, 204]
    assert [answer.headers.get("retry-after") for answer in answers] == ["7", "7", None]
    assert sink.hook("/other").status == 204
    assert [each["answered"] for each in sink.received("?path=/hook")] == [503, 503, 204]


def test_it_fails_until_it_is_told_otherwise(sink: Sink) -> None:
    """Without a number of times it stays so: 410, a redirect, anything."""
    sink.ask("POST", "/behave", {"path": "/hook", "status": 302, "location": "http://127.0.0.1:1/"})
    answers = [sink.hook() for _ in range(3)]
    sink.ask("POST", "/behave", {"path": "/hook", "status": 200})

    assert {(answer.status, answer.headers["location"]) for answer in answers} == {(302, "http://127.0.0.1:1/")}
    assert sink.hook().status == 200


def test_it_can_hang_up(sink: Sink) -> None:
    """Status 0: the connection ends without an answer."""
    sink.ask("POST", "/behave", {"path": "/hook", "status": 0, "times": 1})

    with pytest.raises(urllib3.exceptions.ProtocolError):
        sink.hook()
    assert len(sink.received()) == 1


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("POST", "/behave", {"path": "/hook", "status": 99}),
        ("POST", "/behave", {"path": "/hook", "status": "503"}),
        ("POST", "/behave", {"path": "/hook", "status": 503, "times": 0}),
        ("POST", "/behave", {"path": "/hook", "status": 503, "delay": -1}),
        ("POST", "/behave", {"path": "/hook", "status": 503, "retry_after": "1\r\nX: y"}),
        ("POST", "/behave", {"path": "hook"}),
        ("POST", "/behave", {}),
        ("PUT", "/secrets", {"path": "/hook"}),
        ("PUT", "/secrets", {"path": "/hook", "secret": "whsec_"}),
        ("PUT", "/secrets", {"path": "/hook", "secrets": NEW}),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(sink: Sink, method: str, path: str, wish: object) -> None:
    """A typing error in a test must not pass for a fault."""
    assert sink.ask(method, path, wish)[0] == 422


def test_clearing_forgets_what_came_and_keeps_the_secrets(sink: Sink) -> None:
    """A test starts afresh without telling it the secrets again."""
    sink.ask("PUT", "/secrets", {"path": "/hook", "secret": NEW})
    sink.ask("POST", "/behave", {"path": "/hook", "status": 500})
    sink.hook()
    assert sink.ask("DELETE", "/received")[0] == 204

    assert sink.received() == []
    assert sink.hook("/hook", BODY, NEW).status == 204
    assert [each["verified"] for each in sink.received()] == [True]


def test_its_own_paths_are_no_webhooks(sink: Sink) -> None:
    """A webhook to /received would be a puzzle."""
    assert sink.ask("POST", "/received", {})[0] == 405
    assert sink.received() == []


def test_a_restart_keeps_what_came(tmp_path: Path) -> None:
    """`make down` and `make up` lose nothing that somebody wanted to look at."""
    state = tmp_path / "sink.jsonl"
    before = Sink(state)
    before.ask("PUT", "/secrets", {"path": "/hook", "secret": NEW})
    before.hook("/hook", BODY, NEW)
    before.stop()
    after = Sink(state)
    after.hook("/hook", BODY, NEW)

    assert [each["verified"] for each in after.received()] == [True, True]
    after.stop()
