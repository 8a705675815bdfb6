"""The simulator over real HTTP, the real adapters on one side of it, a gateway that takes receipts on the other."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3

from fugace.adapters.carriers import ADAPTERS
from fugace.adapters.web import UrllibWeb
from fugace.domain.errors import ReceiptRefusedError
from fugace.domain.ids import MessageKey
from fugace.domain.msisdn import Msisdn
from fugace.ports import Callback, Carrier, Event, Submission
from local.loopback import Asked, Said, Server
from local.simulator.api import Api
from local.simulator.book import Book
from local.simulator.post import PER_ACCOUNT, Post, Timing
from tests.fakes import key_number

SECRETS = {name: {"token": f"token of {name}", "signing": f"signing of {name}"} for name in ADAPTERS}
QUICK = Timing(gap=0.01, slow=0.05, hold=0.01, retries=(0.01, 0.01, 0.01))


def number(digits: str) -> Msisdn:
    """A number of fiction that ends in these two digits."""
    return Msisdn.parse(f"+336399800{digits}")


def eventually(condition: Callable[[], Any]) -> Any:
    """What `condition` gives as soon as it gives anything; how long that takes is not what is tested."""
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return found


@dataclass
class Gateway:
    """Takes receipts as the product does: verified on raw bytes, then read. `script` are its first answers."""

    carriers: dict[str, Carrier]
    script: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refused: int = 0
    calls: list[Asked] = field(default_factory=list)
    happened: Callable[[str], object] = lambda _: None
    called: Callable[[], object] = lambda: None
    """What is done when a call comes in, before it is answered."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Said:
        callback = Callback(asked.method, asked.headers, {}, asked.body)
        carrier = self.carriers[asked.path.strip("/")]
        self.called()
        with self._lock:
            self.calls.append(asked)
            status = self.script.pop(0) if self.script else 204
            if status != 204:
                return Said(status)
            try:
                carrier.verify(callback)
            except ReceiptRefusedError:
                self.refused += 1
                return Said(401)
            self.events += carrier.read_callback(callback)
            self.happened("receipt")
        return Said(204)

    def forget(self) -> None:
        """As new."""
        self.script, self.events, self.calls, self.refused = [], [], [], 0
        self.happened, self.called = lambda _: None, lambda: None

    @property
    def states(self) -> list[str]:
        """What was reported, in the order in which it came: state, and part where there is one."""
        return [f"{event.status} {event.part}" if event.part else str(event.status) for event in list(self.events)]


@dataclass
class Loop:
    """Everything that a test of the simulator needs."""

    url: str
    book: Book
    post: Post
    gateway: Gateway
    carriers: dict[str, Carrier]
    back: str
    web: UrllibWeb = field(default_factory=UrllibWeb)
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def submit(self, digits: str, *, name: str = "simulator", message: int = 1, segments: int = 1) -> str:
        """Hand a message over, as the product does: one request, one answer, read."""
        submission = self.submission(key_number(message), digits, name, segments)
        carrier = self.carriers[name]
        return carrier.read_answer(self.web.carrier(carrier.build_send(submission)))

    def submission(self, key: MessageKey, digits: str, name: str, segments: int) -> Submission:
        """A message to the number with these digits."""
        return Submission(
            key=key,
            to=number(digits),
            text="Your parcel is here, Alice, at the counter",
            sender="Shop",
            category="transactional",
            encoding="GSM-7",
            segments=segments,
            validity=timedelta(hours=48),
            callback=f"{self.back}/{name}",
        )

    def ask(self, method: str, path: str, value: object = None, **headers: str) -> tuple[int, Any]:
        """Ask the simulator something as an operator would, in JSON."""
        body = None if value is None else json.dumps(value)
        answer = self.pool.request(
            method, self.url + path, body=body, headers={"Content-Type": "application/json", **headers}
        )
        return answer.status, json.loads(answer.data) if answer.data else None

    def reset(self) -> None:
        """As new, for the next test."""
        self.book.clear()
        eventually(lambda: not self.post.busy)
        self.gateway.forget()

    def sent(self, digits: str) -> list[dict[str, Any]]:
        """The SMS that left for the number with these digits."""
        found = self.ask("POST", "/messages/search", {"to": number(digits).reveal()})[1]
        return list(found["messages"])

    def settled(self, count: int) -> list[str]:
        """The gateway's states, once that many have come and no report is on its way."""
        eventually(lambda: len(self.gateway.events) >= count and not self.post.busy)
        return self.gateway.states


@contextmanager
def running(*, timing: Timing = QUICK, state: Path | None = None) -> Iterator[Loop]:
    """The simulator and a gateway, on ports of the system's choice."""
    book = Book(state)
    post = Post(book, {name: each["signing"] for name, each in SECRETS.items()}, timing)
    simulator = Server(0, Api(book, post, {name: each["token"] for name, each in SECRETS.items()}, timing))
    carriers = {
        name: factory(url=simulator.url, secret=SECRETS[name], clock=lambda: datetime.now(UTC))
        for name, factory in ADAPTERS.items()
    }
    gateway = Gateway(carriers)
    back = Server(0, gateway)
    threads = [simulator.start(), back.start()]
    book.call_back(f"{back.url}/{PER_ACCOUNT}")
    loop = Loop(simulator.url, book, post, gateway, carriers, back.url)
    try:
        yield loop
    finally:
        post.close()
        loop.pool.clear()
        loop.web._manager.clear()
        for server, thread in zip((simulator, back), threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
