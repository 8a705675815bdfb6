"""The simulator's HTTP API, asked as a stranger, a clumsy client or an operator would."""

import json
import socket
import stat
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

from fugace.adapters.carriers import ADAPTERS
from local.place import ROOT
from local.simulator.book import Book
from local.simulator.post import PER_ACCOUNT
from tests.contract.loop import SECRETS, Loop, eventually, number, running
from tests.fakes import key_number

ORDER = {"to": "+33639980000", "text": "Hello", "reference": "ref-1"}


def bearer(name: str = "simulator") -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRETS[name]['token']}"}


# --- the carrier's own --------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic token", "Bearer t\u00f6ken"])
def test_without_a_token_nothing_is_taken(loop: Loop, given: str) -> None:
    """A carrier that took anything would hide a missing header."""
    status, said = loop.ask("POST", "/v1/messages", ORDER, Authorization=given.encode("latin-1").decode("latin-1"))

    assert (status, said) == (401, {"code": "unauthorized"})
    assert loop.book.sms == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "0639980000"}, "invalid_number"),
        ({"to": "+33 6 39 98 00 00"}, "invalid_number"),
        ({"to": None}, "invalid_number"),
        ({"text": ""}, "invalid_text"),
        ({"text": "x" * 2001}, "invalid_text"),
        ({"reference": "a b"}, "invalid_reference"),
        ({"reference": "x" * 41}, "invalid_reference"),
        ({"segments": 0}, "invalid_segments"),
        ({"segments": 11}, "invalid_segments"),
        ({"segments": True}, "invalid_segments"),
        ({"validity_seconds": 0}, "invalid_validity_seconds"),
        ({"encoding": ["GSM-7"]}, "invalid_encoding"),
        ({"callback_url": "file:///etc/passwd"}, "invalid_callback_url"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_an_order_that_is_wrong_is_refused_by_a_code(loop: Loop, change: dict[str, object], code: str) -> None:
    """A real carrier says what is wrong; the adapter keeps the code and nothing else."""
    assert loop.ask("POST", "/v1/messages", ORDER | change, **bearer()) == (422, {"code": code})


@pytest.mark.parametrize("missing", sorted(ORDER))
def test_an_order_without_what_it_needs_is_refused(loop: Loop, missing: str) -> None:
    """One code for each field."""
    order = {name: value for name, value in ORDER.items() if name != missing}

    assert loop.ask("POST", "/v1/messages", order, **bearer()) == (422, {"code": f"missing_{missing}"})


@pytest.mark.parametrize("body", ["", "{", "[]", "17", "[" * 5_000])
def test_a_body_that_is_no_object_is_refused(loop: Loop, body: str) -> None:
    """And does not end the connection, let alone the simulator."""
    answer = loop.pool.request(
        "POST", f"{loop.url}/v1/messages", body=body, headers={"Content-Type": "application/json", **bearer()}
    )

    assert answer.status == 400


def test_a_text_of_any_characters_goes_through(loop: Loop) -> None:
    """Half an emoji is no Unicode text, and JSON can carry it."""
    text = "é€😀 \ud83d <b>"
    assert loop.ask("POST", "/v1/messages", ORDER | {"text": text}, **bearer())[0] == 202
    assert loop.ask("GET", "/messages")[1]["messages"][0]["order"]["text"] == text.replace("\ud83d", "?")
    assert loop.ask("GET", "/health")[0] == 200


def test_unknown_paths_and_methods_are_told_apart(loop: Loop) -> None:
    """404 for what is not there, 405 for what is there in another way."""
    assert loop.ask("GET", "/nothing")[0] == 404
    assert loop.ask("PATCH", "/messages")[0] == 405
    assert loop.ask("PUT", "/v1/messages/sim_1")[0] == 405


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_an_erased_message_is_gone_from_memory_page_and_file(tmp_path: Path, name: str) -> None:
    """Erasure upstream is real here: number and text are nowhere, the bare fact of an SMS stays."""
    state = tmp_path / "state.jsonl"
    with running(state=state) as loop:
        ref = loop.submit("00", name=name)
        loop.settled(2)
        assert "39980000" in state.read_text("utf-8")  # so we are looking at the right place
        request = loop.carriers[name].build_erasure(ref)
        assert request is not None

        assert loop.web.carrier(request).status == 204

        page = loop.pool.request("GET", loop.url).data.decode()
        for place in (json.dumps(loop.ask("GET", "/messages")), state.read_text("utf-8"), page):
            assert "39980000" not in place
            assert "parcel" not in place
            assert ref in place
        assert loop.web.carrier(request).status == 204  # asked again, it is still erased


def test_after_an_erasure_nothing_more_is_reported(loop: Loop) -> None:
    """What is forgotten cannot be reported on: neither the retry nor the next report comes."""
    loop.gateway.script = [500]
    loop.gateway.called = lambda: loop.ask("DELETE", f"/v1/messages/{next(iter(loop.book.sms))}", **bearer(PER_ACCOUNT))
    loop.submit("00", name=PER_ACCOUNT)

    eventually(lambda: loop.gateway.calls and not loop.post.busy)
    assert len(loop.gateway.calls) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_one_account_does_not_see_the_others_messages(loop: Loop, method: str) -> None:
    """Two flavours are two accounts."""
    ref = loop.submit("00")

    assert loop.ask(method, f"/v1/messages/{ref}", **bearer(PER_ACCOUNT))[0] == 404
    assert loop.ask(method, f"/v1/messages/{ref}")[0] == 401
    assert loop.ask("GET", f"/v1/messages/{ref}", **bearer())[1]["order"]["to"] == number("00").reveal()


# --- what only a simulator has ------------------------------------------------------------------


def test_a_forced_outcome_goes_before_the_number(loop: Loop) -> None:
    """For the next so many messages; a retry of one of them is no new message."""
    loop.ask("POST", "/faults", {"outcome": "503-once", "count": 1})

    assert loop.ask("POST", "/v1/messages", ORDER, **bearer())[0] == 503
    assert loop.ask("POST", "/v1/messages", ORDER, **bearer())[0] == 202
    assert loop.ask("POST", "/v1/messages", ORDER | {"reference": "ref-2"}, **bearer())[0] == 202
    assert loop.ask("GET", "/faults")[1] == {"faults": []}


def test_forced_outcomes_wait_in_line_and_can_be_called_off(loop: Loop) -> None:
    """What is still to come can be seen."""
    loop.ask("POST", "/faults", {"outcome": "refused", "count": 2})
    loop.ask("POST", "/faults", {"outcome": "opted-out"})
    codes = [loop.ask("POST", "/v1/messages", ORDER | {"reference": f"r{n}"}, **bearer())[1]["code"] for n in range(3)]
    loop.ask("POST", "/faults", {"outcome": "refused", "count": 9})
    loop.ask("DELETE", "/faults")

    assert codes == ["invalid_number", "invalid_number", "opted_out"]
    assert loop.ask("POST", "/v1/messages", ORDER | {"reference": "r4"}, **bearer())[0] == 202


def test_a_forced_outcome_passes_by_what_was_tried_before(loop: Loop) -> None:
    """Somebody else's message that is tried again must not use up what a test has asked for."""
    busy = ORDER | {"to": "+33639980020"}
    assert loop.ask("POST", "/v1/messages", busy, **bearer())[0] == 503
    loop.ask("POST", "/faults", {"outcome": "refused"})

    assert loop.ask("POST", "/v1/messages", busy, **bearer())[0] == 202
    assert loop.ask("GET", "/faults")[1] == {"faults": [{"outcome": "refused", "count": 1}]}


def test_a_forced_outcome_may_ask_for_another_wait(loop: Loop) -> None:
    """A carrier that asks for an hour is handled by other means than one that asks for two seconds."""
    loop.ask("POST", "/faults", {"outcome": "429-once", "retry_after": 3600})

    assert loop.ask("GET", "/faults")[1] == {"faults": [{"outcome": "429-once", "count": 1, "retry_after": 3600}]}
    answer = loop.pool.request("POST", f"{loop.url}/v1/messages", json=ORDER, headers=bearer())
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3600")


@pytest.mark.parametrize(
    "fault",
    [
        *({}, {"outcome": "nonsense"}, {"outcome": ["refused"]}, {"outcome": "refused", "count": 0}),
        {"outcome": "429-once", "retry_after": "soon"},
    ],
)
def test_an_outcome_that_is_none_cannot_be_forced(loop: Loop, fault: dict[str, object]) -> None:
    """A typing error in a test must not pass for a fault."""
    assert loop.ask("POST", "/faults", fault)[0] == 422


def test_messages_are_found_by_a_number_in_a_body(loop: Loop) -> None:
    """Never in a URL, not even here; requests that sent nothing are found by their reference."""
    loop.submit("00", message=1)
    loop.submit("00", message=2)
    loop.submit("01", message=3)
    loop.ask("POST", "/v1/messages", ORDER | {"to": "+33639980003", "reference": "refused"}, **bearer())

    found = loop.ask("POST", "/messages/search", {"to": number("00").reveal()})[1]
    assert [sms["reference"] for sms in found["messages"]] == [key_number(1).reference, key_number(2).reference]
    assert len(found["requests"]) == 2
    found = loop.ask("POST", "/messages/search", {"reference": "refused"})[1]
    assert [(each["outcome"], each["answer"]) for each in found["requests"]] == [("refused", 422)]
    assert loop.ask("POST", "/messages/search", {})[0] == 422


def test_requests_are_kept_without_number_and_text(loop: Loop) -> None:
    """What was refused cannot be erased by an id, so nothing personal of it is kept."""
    loop.ask("POST", "/v1/messages", ORDER | {"to": "+33639980003"}, **bearer())

    assert "63998" not in json.dumps(loop.ask("GET", "/messages")[1])


def test_clearing_forgets_all_but_the_accounts_address(loop: Loop) -> None:
    """A test starts afresh without setting the carrier up again."""
    loop.submit("00")
    address = loop.ask("GET", "/account")[1]

    assert loop.ask("DELETE", "/messages")[0] == 204
    assert loop.ask("GET", "/messages")[1] == {"messages": [], "requests": []}
    assert loop.ask("GET", "/account")[1] == address


def test_the_accounts_address_is_a_url(loop: Loop) -> None:
    """Set once, by whoever deploys the gateway."""
    assert loop.ask("PUT", "/account", {"callback_url": "nowhere"})[0] == 422
    assert loop.ask("PUT", "/account", {})[0] == 422


# --- on this machine only -----------------------------------------------------------------------


def test_a_name_that_points_here_is_not_answered(loop: Loop) -> None:
    """A page whose name resolves to 127.0.0.1 could read every number otherwise (DNS rebinding)."""
    assert loop.ask("GET", "/messages", Host="evil.example")[0] == 421


def test_another_pages_form_changes_nothing(loop: Loop) -> None:
    """A form can be posted across origins, JSON cannot."""
    answer = loop.pool.request(
        "POST", f"{loop.url}/faults", body='{"outcome": "refused"}', headers={"Content-Type": "text/plain"}
    )

    assert answer.status == 415
    assert loop.book.faults == []


def test_a_body_without_end_is_not_read(loop: Loop) -> None:
    """Nor one of a megabyte: it is refused by its head."""
    huge = loop.pool.request("POST", f"{loop.url}/faults", headers={"Content-Length": "1000001"})
    chunked = loop.pool.request("POST", f"{loop.url}/faults", body=iter([b"{}"]), chunked=True)

    assert (huge.status, chunked.status) == (413, 413)
    assert (huge.headers["connection"], chunked.headers["connection"]) == ("close", "close")


def talking() -> list[threading.Thread]:
    """A thread for each connection that is open."""
    return [each for each in threading.enumerate() if "process_request_thread" in each.name]


def test_a_client_that_goes_away_leaves_no_trace(loop: Loop, capfd: pytest.CaptureFixture[str]) -> None:
    """A dispatcher that timed out is no news here."""
    loop.ask("GET", "/health")
    before = len(talking())
    for sent in (b"", b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{", b"\x16\x03\x01"):
        with socket.create_connection(("127.0.0.1", int(loop.url.rpartition(":")[2]))) as sock:
            sock.sendall(sent)
            eventually(lambda: len(talking()) > before)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # gone without a word
        eventually(lambda: len(talking()) == before)
    assert capfd.readouterr().err == ""


def test_many_at_a_time_are_all_taken_and_all_reported(loop: Loop) -> None:
    """400 messages from 16 connections: none lost, none twice."""
    with ThreadPoolExecutor(16) as pool:
        refs = list(pool.map(lambda n: loop.submit("00", message=n), range(400)))

    assert len(set(refs)) == 400
    assert len(loop.settled(800)) == 800


# --- across a restart ---------------------------------------------------------------------------


def test_a_restart_keeps_what_was_received_and_goes_on_reporting(tmp_path: Path) -> None:
    """The gateway may be waiting for a receipt that the simulator still owes it."""
    state = tmp_path / "folder" / "state.jsonl"
    with running(state=state) as before:
        before.post.start = lambda _: None  # stopped before it could report
        ref = before.submit("00", name=PER_ACCOUNT)
        before.ask("POST", "/v1/messages", ORDER | {"to": "+33639980020"}, **bearer())
    with running(state=state) as after:
        after.post.resume()

        assert after.settled(2) == ["submitted", "delivered"]
        assert after.submit("00", name=PER_ACCOUNT) == ref  # and still knows the reference
        assert after.ask("POST", "/v1/messages", ORDER | {"to": "+33639980020"}, **bearer())[0] == 202  # second attempt


def test_the_accounts_address_outlives_restarts(tmp_path: Path) -> None:
    """It is set once, by whoever deploys; `make down` and `make up` again must not lose it."""
    state = tmp_path / "state.jsonl"
    Book(state).call_back("https://gateway.example/dlr")

    assert [Book(state).account for _ in range(3)] == ["https://gateway.example/dlr"] * 3


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds numbers and texts."""
    state = tmp_path / "state.jsonl"
    with running(state=state) as loop:
        loop.submit("33")

        assert stat.S_IMODE(state.stat().st_mode) == 0o600


# --- as a program -------------------------------------------------------------------------------


def start(*options: str, module: str = "local.simulator") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *options],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/layers/common/python"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("module", ["local.simulator", "local.sink"])
def test_a_port_that_is_taken_is_one_clear_sentence(tmp_path: Path, module: str) -> None:
    """No traceback for what a person can mend."""
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    more = ["--secrets", str(secrets)] if module == "local.simulator" else []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = start("--port", port, *more, module=module)

    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("content", [None, "{", "[]", '{"simulator": {"token": "a"}}'])
def test_secrets_that_cannot_be_read_are_one_clear_sentence(tmp_path: Path, content: str | None) -> None:
    """And the sentence does not quote them."""
    secrets = tmp_path / "secrets.json"
    if content is not None:
        secrets.write_text(content)
    ended = start("--secrets", str(secrets))

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


def test_it_starts_says_where_and_stops_when_told(tmp_path: Path) -> None:
    """The way `make up` runs it."""
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    process = subprocess.Popen(
        [sys.executable, "-m", "local.simulator", "--port", "0", "--secrets", str(secrets)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/layers/common/python"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with urllib3.PoolManager(retries=False) as pool:
            assert pool.request("GET", url).status == 200
        process.terminate()
        assert process.wait(20) == 0
