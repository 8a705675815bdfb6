"""What the HTTP client promises: who is never called, and whether a request may have left."""

import socket
import struct
import time
from pathlib import Path

import pytest

from fugace.adapters import connections, web
from fugace.adapters.web import Limits, UrllibWeb
from fugace.domain.errors import (
    CarrierSilentError,
    CarrierUnavailableError,
    WebhookFailedError,
    WebhookRefusedError,
)
from fugace.ports import HttpRequest
from tests.contract.servers import Authority, answering, read_request, serving

NUMBER = "+33639980001"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Id: 7\r\n\r\nok"
SHORT = {
    "carrier": Limits(connect=0.5, read=0.3, total=0.6, body=100),
    "webhook": Limits(connect=0.5, read=0.3, total=0.6, body=100),
}
HOUR = 3600


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("certificates")))


@pytest.fixture
def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def post(url: str, body: bytes = b"{}") -> HttpRequest:
    return HttpRequest("POST", url, {"Content-Type": "application/json"}, body)


def local(port: int, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{port}"


def public_web(authority: Authority, monkeypatch: pytest.MonkeyPatch, *found: str) -> UrllibWeb:
    """A client for which a name has the addresses `found` and loopback counts as public: how else to test a call?"""
    monkeypatch.setattr(web, "public", lambda ip: ip == "127.0.0.1")
    return UrllibWeb(resolve=lambda *_: found or ("127.0.0.1",), trust=authority.client, limits=SHORT)


# --- carriers -----------------------------------------------------------------------------------


def test_an_answer_comes_back_whole_with_headers_in_lower_case() -> None:
    """Adapters read it without knowing how a carrier spells its headers."""
    seen: list[bytes] = []
    with serving(answering(OK, seen)) as server:
        answer = UrllibWeb().carrier(post(local(server.port) + "/send?a=1", b'{"n": 1}'))

    assert (answer.status, answer.body, answer.headers["x-id"]) == (200, b"ok", "7")
    assert seen[0].startswith(b"POST /send?a=1 HTTP/1.1")
    assert seen[0].endswith(b'{"n": 1}')


def test_a_refused_connection_means_that_nothing_was_handed_over(closed_port: int) -> None:
    """It is safe to try again."""
    with pytest.raises(CarrierUnavailableError) as error:
        UrllibWeb(limits=SHORT).carrier(post(local(closed_port)))

    assert error.value.code == "refused"


def test_a_name_that_does_not_resolve_means_that_nothing_was_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is safe to try again."""

    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(CarrierUnavailableError) as error:
        UrllibWeb(limits=SHORT).carrier(post("https://carrier.example"))

    assert error.value.code == "dns"


def test_a_certificate_nobody_vouches_for_means_that_nothing_was_handed_over(authority: Authority) -> None:
    """The handshake fails before the text leaves."""
    with (
        serving(answering(OK), authority.server("127.0.0.1")) as server,
        pytest.raises(CarrierUnavailableError) as error,
    ):
        UrllibWeb(limits=SHORT).carrier(post(local(server.port, "https")))

    assert error.value.code == "tls"


def test_a_handshake_that_never_ends_means_that_nothing_was_handed_over(authority: Authority) -> None:
    """A carrier that is overloaded often accepts connections and does nothing with them."""
    with (
        serving(lambda sock: sock.recv(1) and time.sleep(HOUR)) as server,
        pytest.raises(CarrierUnavailableError),
    ):
        UrllibWeb(limits=SHORT, trust=authority.client).carrier(post(local(server.port, "https")))


def hang(sock: socket.socket) -> None:
    read_request(sock)
    sock.recv(1)  # until the other side gives up


def hang_up(sock: socket.socket) -> None:
    read_request(sock)


def reset(sock: socket.socket) -> None:
    read_request(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half(sock: socket.socket) -> None:
    read_request(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


def babble(sock: socket.socket) -> None:
    read_request(sock)
    sock.sendall(b"220 ready for mail\r\n")


def drip(sock: socket.socket) -> None:
    """A byte now and then: no read ever times out."""
    read_request(sock)
    while True:
        sock.sendall(b"H")
        time.sleep(0.05)


@pytest.mark.parametrize("play", [hang, hang_up, reset, half, babble, drip])
def test_whatever_happens_after_the_request_left_is_silence(play: object) -> None:
    """Taken for `unavailable`, it would be sent twice (invariant I6)."""
    with serving(play) as server, pytest.raises(CarrierSilentError):
        UrllibWeb(limits=SHORT).carrier(post(local(server.port)))


@pytest.mark.parametrize("play", [hang, hang_up, reset, half, babble])
def test_an_error_never_quotes_the_request(play: object) -> None:
    """Some carriers want the number in the URL, and what urllib3 says of an error has the URL in it."""
    with serving(play) as server, pytest.raises(CarrierSilentError) as error:
        UrllibWeb(limits=SHORT).carrier(post(f"{local(server.port)}/send?to={NUMBER}", NUMBER.encode()))

    assert NUMBER[1:] not in repr(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_silence_is_never_followed_by_a_second_request() -> None:
    """Libraries repeat what looks idempotent; at some carriers a GET sends a text."""
    with serving(hang_up) as server, pytest.raises(CarrierSilentError):
        UrllibWeb(limits=SHORT).carrier(HttpRequest("GET", local(server.port), {}, b""))

    assert server.connections == 1


def test_a_kept_connection_that_drips_is_ended_too() -> None:
    """The first answer may be a good one, to earn a place in the pool."""

    def well_then_slow(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(OK)
        drip(sock)

    with serving(well_then_slow) as server:
        client = UrllibWeb(limits=SHORT)
        client.carrier(post(local(server.port)))
        with pytest.raises(CarrierSilentError):
            client.carrier(post(local(server.port)))

    assert server.connections == 1


def test_a_redirect_is_an_answer() -> None:
    """Followed, it would take number and text to wherever it points."""
    seen: list[bytes] = []
    with serving(answering(b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", seen)) as server:
        answer = UrllibWeb().carrier(post(local(server.port)))

    assert answer.status == 307
    assert len(seen) == 1


def test_a_connection_is_kept_for_the_next_message() -> None:
    """A handshake per message would cost more than the message."""
    with serving(answering(OK)) as server:
        client = UrllibWeb()
        for _ in range(3):
            client.carrier(post(local(server.port)))

    assert server.connections == 1


def test_a_connection_is_not_trusted_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that was frozen would send on a connection that has long been closed, and report `unknown`."""
    with serving(answering(OK)) as server:
        client = UrllibWeb()
        client.carrier(post(local(server.port)))
        monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
        client.carrier(post(local(server.port)))

    assert server.connections == 2


# --- webhooks -----------------------------------------------------------------------------------


def test_a_webhook_is_called_by_address_under_its_name(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """SNI, certificate and Host header are the name's, although the connection goes to the address that was checked."""
    seen: list[bytes] = []
    client = public_web(authority, monkeypatch)
    with serving(answering(OK, seen), authority.server("shop.example")) as server:
        answer = client.webhook(post(f"https://shop.example:{server.port}/hook?x=1"))

    assert answer.status == 200
    assert server.names == ["shop.example"]
    assert b"POST /hook?x=1 HTTP/1.1" in seen[0]
    assert f"Host: shop.example:{server.port}\r\n".encode() in seen[0]


def test_a_certificate_for_another_name_is_refused(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting by address must not mean that the name goes unchecked."""
    client = public_web(authority, monkeypatch)
    with (
        serving(answering(OK), authority.server("other.example")) as server,
        pytest.raises(WebhookFailedError) as error,
    ):
        client.webhook(post(f"https://shop.example:{server.port}/"))

    assert error.value.outcome == "tls"


@pytest.mark.parametrize(
    "found", [("127.0.0.1",), ("93.184.215.14", "10.0.0.1"), ("::1",), ("169.254.169.254",), ("::ffff:127.0.0.1",)]
)
def test_a_name_that_leads_inside_is_never_connected_to(found: tuple[str, ...]) -> None:
    """One private address among several is enough: which one is used would be the stranger's choice."""
    client = UrllibWeb(resolve=lambda *_: found, limits=SHORT)

    with pytest.raises(WebhookRefusedError) as error:
        client.webhook(post("https://shop.example/"))

    assert error.value.facts == {"reason": "address"}


def test_a_name_is_resolved_once(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers otherwise the second time (rebinding) would pass the check and lead inside."""
    asked: list[str] = []

    def rebinding(name: str, _port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    client = public_web(authority, monkeypatch)
    client.resolve = rebinding
    with serving(answering(OK), authority.server("shop.example")) as server:
        client.webhook(post(f"https://shop.example:{server.port}/"))

    assert asked == ["shop.example"]
    assert server.connections == 1


def test_a_webhook_s_redirect_is_not_followed(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is how a public server would send us to a private one."""
    client = public_web(authority, monkeypatch)
    away = b"HTTP/1.1 302 Go\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(away), authority.server("shop.example")) as server:
        assert client.webhook(post(f"https://shop.example:{server.port}/")).status == 302

    assert server.connections == 1


@pytest.mark.parametrize("url", ["http://shop.example/", "https://10.0.0.1/", "https://user@shop.example/"])
def test_an_address_that_was_refused_at_creation_is_refused_at_each_call(url: str) -> None:
    """Rules may have changed since, and a row may have been written by hand."""
    with pytest.raises(WebhookRefusedError):
        UrllibWeb(resolve=lambda *_: ["93.184.215.14"]).webhook(post(url))


def test_an_exception_of_the_operator_s_is_called_although_plain_and_private() -> None:
    """The laptop's sink listens on loopback."""
    with serving(answering(OK)) as server:
        client = UrllibWeb(exceptions={local(server.port)})

        assert client.webhook(post(local(server.port) + "/hook")).status == 200


def test_an_exception_is_one_origin_and_not_its_neighbours(closed_port: int) -> None:
    """Allowing the sink must not allow what listens beside it."""
    client = UrllibWeb(exceptions={local(closed_port)})

    with pytest.raises(WebhookRefusedError):
        client.webhook(post(local(closed_port + 1)))


def exception(port: int) -> UrllibWeb:
    return UrllibWeb(exceptions={local(port)}, limits=SHORT)


@pytest.mark.parametrize(
    ("play", "outcome"),
    [(hang, "timeout"), (drip, "timeout"), (hang_up, "refused"), (reset, "refused"), (babble, "refused")],
)
def test_a_webhook_that_does_not_answer_is_a_failure_in_one_word(play: object, outcome: str) -> None:
    """The delivery log shows it to whoever has to repair it."""
    with serving(play) as server, pytest.raises(WebhookFailedError) as error:
        exception(server.port).webhook(post(local(server.port)))

    assert error.value.outcome == outcome


def test_a_port_without_a_listener_is_a_failure(closed_port: int) -> None:
    """The most common one."""
    with pytest.raises(WebhookFailedError) as error:
        exception(closed_port).webhook(post(local(closed_port)))

    assert error.value.outcome == "refused"


def test_a_name_that_does_not_resolve_is_a_failure() -> None:
    """Names come back; it is tried again."""

    def nothing(*_: object) -> list[str]:
        raise socket.gaierror

    with pytest.raises(WebhookFailedError) as error:
        UrllibWeb(resolve=nothing).webhook(post("https://shop.example/"))

    assert error.value.outcome == "dns"


def test_the_second_address_is_tried_where_the_first_does_not_connect(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many names have an IPv6 address, and many networks no route to it."""
    client = public_web(authority, monkeypatch, "127.0.0.2", "127.0.0.1")
    monkeypatch.setattr(web, "public", lambda _: True)
    with serving(answering(OK), authority.server("shop.example")) as server:
        assert client.webhook(post(f"https://shop.example:{server.port}/")).status == 200


def test_a_body_without_end_is_left_unread() -> None:
    """What a stranger answers is not kept, so most of it is not even read; the status has said it all."""
    written: list[int] = []

    def flood(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            written.append(sock.send(b"x" * 65_536))

    with serving(flood) as server:
        answer = exception(server.port).webhook(post(local(server.port)))

    assert (answer.status, answer.body) == (200, b"")
    assert sum(written) < 100_000_000


def test_a_body_that_drips_does_not_undo_a_success() -> None:
    """Told again, the receiver would get an event twice that it had confirmed."""

    def slow_body(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n".replace(b"204", b"200"))
        while True:
            sock.sendall(b"1\r\nx\r\n")
            time.sleep(0.05)

    with serving(slow_body) as server:
        assert exception(server.port).webhook(post(local(server.port))).status == 200
