"""A small HTTP server for this machine alone: what the carrier simulator and the webhook sink stand on."""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
LARGEST_BODY = 1_000_000

_MINE = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d+)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Header names in lower case; the path is without its query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Refusal where it is none, or does not say that it is."""
        if "json" not in self.headers.get("content-type", ""):
            # A page of another origin can post forms and text here, but not JSON without asking first.
            raise Refusal(415, "json_expected")
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Refusal(400, "not_json") from None
        if not isinstance(value, dict):
            raise Refusal(400, "not_an_object")
        return value


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `status` 0 closes the connection without any."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: object, **headers: str) -> "Said":
        """An answer in JSON."""
        body = json.dumps(value, ensure_ascii=False, indent=1).encode(errors="replace") + b"\n"
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **headers})


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that is answered with `{"code": …}`."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.answer = Said.json(status, {"code": code})


Answers = Callable[[Asked], Said]


class _Handler(BaseHTTPRequestHandler):
    """Reads a request whole, has it answered, writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a kept connection may be idle
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "Server"

    def handle_one_request(self) -> None:
        """One request; a client that went away is nobody's fault."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def answer(self) -> None:
        """Any method comes here."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = self._read(headers)
            said = self.server.answers(Asked(self.command, path, query, headers, body))
        except Refusal as refusal:
            said = refusal.answer
        self._write(said)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer  # noqa: N815 - the names that http.server looks for

    def _read(self, headers: Mapping[str, str]) -> bytes:
        if not _MINE.fullmatch(headers.get("host", "")):
            # A name that somebody points at 127.0.0.1 would let their page read everything here.
            self.close_connection = True
            raise Refusal(421, "not_this_host")
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            raise Refusal(413, "body_too_large_or_of_unknown_length")
        return self.rfile.read(int(length))

    def _write(self, said: Said) -> None:
        if not said.status:
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        if said.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Nothing: the page shows what came, and a log file would keep it."""


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1 and nowhere else."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answers: Answers) -> None:
        super().__init__((HOST, port), _Handler)
        self.answers = answers

    @property
    def url(self) -> str:
        """Where it is: with port 0, the system has chosen one."""
        return f"http://{HOST}:{self.server_port}"

    def start(self) -> threading.Thread:
        """Answer in a thread of its own until `shutdown`."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return thread

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as socketserver calls it
        """A bug of ours: say which, without the request."""
        print(f"simulator or sink: {sys.exc_info()[0]}", file=sys.stderr)


def run(name: str, port: int, answers: Answers, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until told to stop; `ready` is called once it listens. Exits with one sentence where the port is taken."""
    try:
        server = Server(port, answers)
    except OSError as error:
        sys.exit(
            f"The {name} cannot listen on {HOST}:{port} ({error.strerror}): stop what does, or choose another port."
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ready()
    print(f"The {name} listens on {server.url}", flush=True)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        sys.exit(0)
