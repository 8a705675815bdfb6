"""What a controller does with an archive, and what becomes of it elsewhere."""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli import importing, options
from cli.faults import CliError
from fugace.domain.case import CaseKey
from fugace.domain.ids import MessageId, MessageKey, TenantId
from fugace.domain.message import Record, Status
from fugace.domain.portable import ARCHIVE
from fugace.domain.retention import Kind, Period
from fugace.edge import wiring
from functions.send.relay import Relay, Step
from local import certs
from tests.cli.conftest import Terminal
from tests.exporting import REQUEST, Desk, later
from tests.fakes import (
    ALICE,
    BAKERY,
    NOON,
    SHOP,
    FakeClock,
    FakeQueue,
    FakeTimer,
    kept,
    key_number,
    tenant,
)
from tests.fakes_keeping import FakeDisposal

THERE = CaseKey(BAKERY, REQUEST.id)
Data = dict[str, Any]


def sealed(desk: Desk) -> tuple[bytes, str]:
    """An archive as it lies in the bucket, and the key that goes with the link."""
    desk.file()
    desk.run()
    key = base64.urlsafe_b64encode(desk.seals.secret(REQUEST, "archive")).decode().rstrip("=")
    return desk.archives.objects[REQUEST], key


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.send(text="a secret text")
    return desk


# Open.


def test_an_archive_is_opened_offline(fugace: Terminal, desk: Desk, tmp_path: Path) -> None:
    """By its owner, and nobody else on the machine."""
    data, key = sealed(desk)
    (tmp_path / "sealed").write_bytes(data)
    out = tmp_path / "archive.zip"

    result = fugace("archive", "open", str(tmp_path / "sealed"), "--key", key, "--out", str(out))

    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(b"PK")
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("wrong", ["", "x", "A" * 44, "*" * 43])
def test_what_is_no_key_is_a_sentence(fugace: Terminal, tmp_path: Path, wrong: str) -> None:
    """Which does not repeat it."""
    (tmp_path / "sealed").write_bytes(b"")
    said = fugace.refused("archive", "open", str(tmp_path / "sealed"), "--key", wrong, "--out", str(tmp_path / "o"))

    assert "43 characters" in said


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data + b"x", lambda _: b"PK\x03\x04"])
def test_what_is_not_whole_is_not_written(
    fugace: Terminal, desk: Desk, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    """Nor is a part of it left behind, and what was there stays."""
    data, key = sealed(desk)
    (tmp_path / "sealed").write_bytes(spoil(data))
    out = tmp_path / "archive.zip"
    out.write_bytes(b"before")

    assert "cannot be opened" in fugace.refused(
        "archive", "open", str(tmp_path / "sealed"), "--key", key, "--out", str(out)
    )
    assert out.read_bytes() == b"before"
    assert {each.name for each in tmp_path.iterdir()} == {"sealed", "archive.zip"}


def test_a_file_that_is_not_there_is_a_sentence(fugace: Terminal, tmp_path: Path) -> None:
    """Not a traceback."""
    key = "A" * 43
    assert "No such file" in fugace.refused("archive", "open", str(tmp_path / "no"), "--key", key, "--out", "x")


# Fetch.


class Shelf:
    """A gateway and a bucket, behind the laptop's own authority."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.once: set[str] = set()
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the library's name
                path = self.path.partition("?")[0]
                status, body = shelf.answers.get(path, (404, b"{}"))
                if path in shelf.once:
                    shelf.answers[path] = 410, b"{}"
                self.send_response(status)
                self.send_header("Location", "/bucket")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        certs.make(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        self.ca = str(folder / "ca.pem")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certs")


@pytest.fixture
def shelf(authority: Path) -> Iterator[Shelf]:
    shelf = Shelf(authority)
    yield shelf
    shelf.server.shutdown()
    shelf.server.server_close()


def linked(shelf: Shelf, data: bytes, **more: str) -> None:
    shelf.answers["/bucket"] = 200, data
    answer = {"url": f"{shelf.url}/bucket?X-Amz-Signature=x", "format": ARCHIVE, **more}
    shelf.answers["/link"] = 200, json.dumps(answer).encode()
    shelf.once.add("/link")


def fetch(fugace: Terminal, shelf: Shelf, out: Path, env: dict[str, str | None] | None = None) -> str:
    words = ("requests", "fetch", f"{shelf.url}/link", "--out", str(out))
    return fugace.refused(*words, env={"AWS_CA_BUNDLE": shelf.ca, **(env or {})})


def test_a_link_is_followed_once(fugace: Terminal, desk: Desk, shelf: Shelf, tmp_path: Path) -> None:
    """As a controller's program would: link, download, open. The second time it leads nowhere."""
    data, key = sealed(desk)
    linked(shelf, data, key=key)
    out = tmp_path / "archive.zip"

    words = ("requests", "fetch", f"{shelf.url}/link", "--out", str(out))
    result = fugace(*words, env={"AWS_CA_BUNDLE": shelf.ca})

    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(b"PK")
    assert "works once" in fetch(fugace, shelf, out)


def test_what_a_link_may_answer_besides_is_a_sentence(
    fugace: Terminal, desk: Desk, shelf: Shelf, tmp_path: Path
) -> None:
    """None of them repeats a key or an address."""
    data, key = sealed(desk)
    out = tmp_path / "archive.zip"
    linked(shelf, data, key=key, format="fugace-archive/2")
    assert "a newer fugace is needed" in fetch(fugace, shelf, out)
    linked(shelf, data)
    assert "something else than an archive" in fetch(fugace, shelf, out)
    shelf.answers["/link"] = 200, b"<html>"
    assert "something else than an archive" in fetch(fugace, shelf, out)
    shelf.answers["/link"] = 302, b""
    assert "answered 302" in fetch(fugace, shelf, out)
    linked(shelf, data, key=key)
    shelf.answers["/bucket"] = 403, b""
    assert "answered 403" in fetch(fugace, shelf, out)
    linked(shelf, data, key=key, url="http://example.com/archive")
    assert "over HTTPS" in fetch(fugace, shelf, out)
    linked(shelf, data[:-5], key=key)
    assert "cannot be opened" in fetch(fugace, shelf, out)
    assert not out.exists()


def test_nobody_else_is_taken_for_the_service(fugace: Terminal, shelf: Shelf, tmp_path: Path) -> None:
    """Without its authority the laptop is a stranger."""
    said = fetch(fugace, shelf, tmp_path / "x", env={"AWS_CA_BUNDLE": None})

    assert "not who it says it is" in said


# Import.


def full(desk: Desk) -> None:
    """A person with a bit of everything that is final."""
    finals = [status for status in Status if status.final]
    for number, status in enumerate(finals, 1):
        record = desk.send(
            number,
            text=f"Text {number}: zażółć 🙂",
            status=(Status.ACCEPTED, Status.QUEUED, status),
            at=NOON - timedelta(days=number % 3, minutes=number),
            sender="Shop" * (number % 2),
            campaign="spring" * (number % 3),
            carrier_ref=f"c-{number}" * (number % 2),
            parts={1: status} if number % 2 else {},
            segments=number,
        )
        if number == 2:
            desk.messages.rows[record.key] = replace(record, sealed=replace(record.sealed, text=None))
    desk.send(20, text="over", content_until=NOON)
    key = desk.vault.keys_for(SHOP, [ALICE])[desk.subject()]
    assert key
    record = desk.messages.rows[key_number(1)]
    sealed_ = replace(record.sealed, reference=key.seal(str(record.key), "reference", "order 7"))
    desk.messages.rows[record.key] = replace(record, sealed=sealed_)


def moved(desk: Desk, **more: Any) -> Desk:
    """Another service, with a tenant of which there is nothing."""
    other = Desk(clock=desk.clock)
    other.tenants.tenants = {BAKERY: tenant(BAKERY, **more)}
    return other


def into(desk: Desk, text: bytes) -> importing.Imported:
    its = importing.Import(
        desk.tenants.tenants[BAKERY],
        desk.vault,
        desk.messages,
        FakeDisposal(desk.messages),
        desk.agenda,
        desk.clock,
    )
    return its.run(importing.read(text))


def exported(desk: Desk) -> Data:
    """What an archive there says, but for who and when asks, and for what has the tenant's key in it."""
    desk.file(THERE, subject=desk.vault.subject(BAKERY, ALICE))
    desk.run(THERE)
    return compared(desk.opened(THERE).data)


def compared(data: Data) -> Data:
    subject = data["person"]["subject"]
    text = json.dumps({name: data[name] for name in ("format", "number", "person", "requests", "messages", "holds")})
    return {**json.loads(text.replace(subject, "SUBJECT")), "retention": data["information"]["retention"]}


def test_an_import_into_an_empty_tenant_gives_equal_content(desk: Desk) -> None:
    """Everything but the envelope: ids, times, histories, texts, what is over and what was removed."""
    full(desk)
    first = desk.answer()
    other = moved(desk)

    done = into(other, first.files["data.json"])

    assert (done.count, done.over) == (len(first.data["messages"]), 0)
    assert exported(other) == compared(first.data)
    assert {each["text_state"] for each in first.data["messages"]} == {"kept", "expired", "removed"}


def test_what_is_imported_is_sealed_with_new_keys(desk: Desk) -> None:
    """And found by another hash: two tenants' rows cannot be put together."""
    before = desk.messages.rows[key_number(1)]
    other = moved(desk)
    into(other, desk.answer().files["data.json"])

    after = other.messages.rows[MessageKey(BAKERY, MessageId(before.key.id))]
    assert after.subject != before.subject
    assert after.sealed.to != before.sealed.to


def test_nothing_that_is_imported_is_sent_or_told(desk: Desk) -> None:
    """The stream shows them as new rows: relay finds nothing to do for any of them."""
    full(desk)
    other = moved(desk)
    into(other, desk.answer().files["data.json"])
    queue, timer = FakeQueue(), FakeTimer()
    relay = Relay({"simulator": queue}, queue, timer, FakeClock())

    steps = [Step(str(number), None, record) for number, record in enumerate(other.messages.rows.values())]

    assert len(steps) > 5
    assert relay.run(steps) == {}
    assert queue.sent == []


def test_the_purge_looks_at_them(desk: Desk) -> None:
    """Of a time that it has passed already."""
    other = moved(desk, shards=2)
    into(other, desk.answer().files["data.json"])

    for job in ("record/0", "record/1", "content/0", "content/1"):
        due = other.agenda.get(BAKERY, job)
        assert due
        assert (due.due_at, due.reached) == (NOON, None)
    assert all(record.brief for record in other.messages.rows.values())


def test_of_who_is_erased_meanwhile_nothing_stays(desk: Desk) -> None:
    """An import takes longer than an erasure waits for anybody: rows that come behind it would name the person."""
    text = desk.answer().files["data.json"]
    other = moved(desk)
    add = other.messages.add

    def overtaken(record: Record) -> Record | None:
        there = add(record)
        other.persons.bury(record.subject, other.persons.block(BAKERY, record.subject, NOON), NOON)
        return there

    other.messages.add = overtaken  # type: ignore[method-assign]  # the whole erasure, behind the first write
    with pytest.raises(CliError, match="erased meanwhile"):
        into(other, text)

    assert not other.messages.rows


def test_a_stricter_tenant_keeps_them_shorter(desk: Desk) -> None:
    """What is over by its periods is left out, and texts that are go."""
    desk.send(2, at=later(-40))
    desk.send(3, at=later(-3))
    other = moved(desk, retention=kept(Period(seconds=86_400), Period(months=1)))

    done = into(other, desk.answer().files["data.json"])

    assert (done.count, done.over) == (2, 1)
    texts = {record.key.id: record.sealed.text is not None for record in other.messages.rows.values()}
    assert texts == {key_number(1).id: True, key_number(3).id: False}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: {**data, "format": "fugace-data/2"}, "another format"),
        (lambda data: {**data, "messages": {}}, "another format"),
        (lambda _: [], "no data.json"),
        (lambda data: {**data, "messages": [*data["messages"], *data["messages"]]}, "twice"),
        (lambda data: with_(data, status="submitted", history=data["messages"][0]["history"][:3]), "to be sent"),
        (lambda data: with_(data, status="accepted", history=data["messages"][0]["history"][:1]), "to be sent"),
        (lambda data: with_(data, history=[]), "Message 1"),
        (lambda data: with_(data, status="delivered "), "Message 1"),
        (lambda data: with_(data, to="0639980001"), "Message 1"),
        (lambda data: with_(data, to="+33 6 39 98 00 01"), "Message 1"),
        (lambda data: with_(data, id="7"), "Message 1"),
        (lambda data: with_(data, send_at="2026-01-15T12:00:00"), "Message 1"),
        (lambda data: with_(data, segments=True), "Message 1"),
        (lambda data: with_(data, segments="1"), "Message 1"),
        (lambda data: with_(data, live=1), "Message 1"),
        (lambda data: with_(data, validity="P1M"), "Message 1"),
        (lambda data: with_(data, parts={}), "Message 1"),
        (lambda data: {**data, "messages": ["x"]}, "Message 1"),
        (lambda data: {**data, "messages": [{}]}, "Message 1"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_anything_is_written(
    desk: Desk, spoil: Callable[[Data], Any], said: str
) -> None:
    """And not quoted."""
    data = spoil(desk.answer().data)
    other = moved(desk)

    with pytest.raises(CliError, match=said) as refused:
        into(other, json.dumps(data).encode())

    assert other.messages.rows == {}
    assert ALICE.reveal()[1:] not in str(refused.value)


def with_(data: Data, **more: Any) -> Data:
    return {**data, "messages": [{**data["messages"][0], **more}]}


def test_a_code_that_is_a_sentence_is_refused(desk: Desk) -> None:
    """What is readable in a table must not become the way in for a text."""
    data = desk.answer().data
    data["messages"][0]["history"][0]["code"] = "call me back"

    with pytest.raises(CliError, match="Message 1"):
        into(moved(desk), json.dumps(data).encode())


def test_ids_that_are_taken_are_refused(desk: Desk) -> None:
    """Also by what is over and not removed yet: nothing is written over, and a second import is none."""
    text = desk.answer().files["data.json"]
    other = moved(desk)
    into(other, text)
    (record,) = other.messages.rows.values()
    other.messages.rows[record.key] = replace(record, expires_at=NOON)

    with pytest.raises(CliError, match="taken: 1"):
        into(other, text)


def test_somebody_who_is_being_erased_there_gets_nothing(desk: Desk) -> None:
    """Or the erasure would not find an end."""
    other = moved(desk)
    other.vault.block(other.vault.subject(BAKERY, ALICE))

    with pytest.raises(CliError, match="being erased"):
        into(other, desk.answer().files["data.json"])
    assert other.messages.rows == {}


def test_an_import_on_aws_is_read_like_any_other_message(fugace: Terminal, tmp_path: Path) -> None:
    """With the adapters of a deployment: rows that can be opened, listed and found by their person."""
    now = datetime.now(UTC).replace(microsecond=0)
    desk = Desk(clock=FakeClock(now))
    for number in (1, 2):
        desk.send(number, text=f"text {number}", at=now - timedelta(hours=number))
    file = tmp_path / "data.json"
    file.write_bytes(desk.answer().files["data.json"])
    there = fugace.json("tenants", "create", "The bakery")["tenant"]["id"]

    done = fugace.json("requests", "import", str(file), "--tenant", there)

    assert done == {"imported": 2, "over": 0}
    shown = fugace.json("messages", "show", there, key_number(1).id, "--personal")
    assert (shown["to"], shown["text"], shown["status"]) == (ALICE.reveal(), "text 1", "delivered")
    settings = options.settings(fugace.environment)
    subject = wiring.vault(settings).subject(TenantId(there), ALICE)
    places = wiring.disposal(settings).of_subject(subject, after=None, limit=9)
    assert [each.key.id for each in places] == [key_number(2).id, key_number(1).id]
    assert wiring.agenda(settings).get(TenantId(there), f"{Kind.RECORD}/0")
    assert "taken: 2" in fugace.refused("requests", "import", str(file), "--tenant", there)


def test_a_file_that_is_none_is_a_sentence(fugace: Terminal, tmp_path: Path) -> None:
    """Before anybody is asked."""
    there = fugace.json("tenants", "create", "The bakery")["tenant"]["id"]
    (tmp_path / "x").write_text("x")

    assert "no data.json" in fugace.refused("requests", "import", str(tmp_path / "x"), "--tenant", there)
    assert "No such file" in fugace.refused("requests", "import", str(tmp_path / "y"), "--tenant", there)
