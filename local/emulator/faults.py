"""Faults on demand, between the SDK and the endpoint, where FUGACE_FAULTS is set.

`POST /_fugace/faults` adds a fault, `GET` tells how often each was met, `DELETE` heals all. A fault is for calls of a
service, an action, a function; for the next `count` of them, or for a `share` that a `seed` chooses. It comes `before`
the call took effect, or `after` it: then the call was carried out, and its answer is lost. `PUT /_fugace/clock` puts a
function's clock wrong; `POST /_fugace/crash` writes the state down, as AWS would have it, and kills the emulator.
"""

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

import hypercorn.asyncio
from hypercorn.protocol.http_stream import HTTPStream
from ministack.core import lambda_runtime

from local.emulator import skew, state

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Asgi = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

KINDS = {"throttle", "error", "reset", "slow", "kill"}
_ROOM = "/_fugace/"
_RESET = "fugace.reset"
_SIGNED = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
_NAMES: dict[tuple[str, str], tuple[int, str]] = {
    ("throttle", "dynamodb"): (400, "ProvisionedThroughputExceededException"),
    ("throttle", "sqs"): (400, "RequestThrottled"),
    ("throttle", "scheduler"): (429, "ThrottlingException"),
    ("throttle", "s3"): (503, "SlowDown"),
    ("error", "sqs"): (500, "InternalError"),
    ("error", "kms"): (500, "KMSInternalException"),
    ("error", "s3"): (500, "InternalError"),
}
"""What each service calls it. Others say `ThrottlingException` (400) and `InternalServerError` (500)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it comes in: whose, of what."""

    service: str
    action: str
    function: str


@dataclass(slots=True)
class Fault:
    """One way in which calls fail. An empty `service`, `action` or `function` means any."""

    kind: str
    service: str = ""
    action: str = ""
    function: str = ""
    when: str = "before"
    skip: int = 0
    """How many fitting calls are spared first."""
    count: int | None = None
    share: float = 1.0
    seed: int = 0
    seconds: float = 4.0
    """How long a slow answer takes: by default longer than our clients wait for DynamoDB and KMS."""
    met: int = 0
    """How many calls it struck."""
    _random: Random = field(default_factory=Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.when not in {"before", "after"}:
            raise ValueError("no such fault")
        self._random.seed(self.seed)

    def strikes(self, call: Call) -> bool:
        """Whether it does now; counted."""
        wanted = (self.service, call.service), (self.action, call.action), (self.function, call.function)
        if not call.service or any(name and name != found for name, found in wanted):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.met == self.count or self._random.random() >= self.share:
            return False
        self.met += 1
        return True


_faults: list[Fault] = []
_callers: dict[str, str] = {}
_frozen = asyncio.Event()
_thread = ThreadPoolExecutor(1)


def faults_on_demand() -> None:
    """Stand between the gateway's port and its services."""
    if not os.environ.get("FUGACE_FAULTS"):
        return
    serve, refuse, credentials = (
        hypercorn.asyncio.serve,
        HTTPStream._send_error_response,
        lambda_runtime.execution_credentials,
    )

    async def refused(stream: Any, status: int) -> None:
        if not stream.scope.get(_RESET):  # one that was cut has no answer at all
            await refuse(stream, status)

    def known(config: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = credentials(config)
        _callers[found["AWS_ACCESS_KEY_ID"]] = config["FunctionName"]
        return found

    hypercorn.asyncio.serve = lambda asgi, *more, **named: serve(between(asgi), *more, **named)
    HTTPStream._send_error_response, lambda_runtime.execution_credentials = refused, known
    skew.clocks_can_be_wrong()


def between(asgi: Asgi) -> Asgi:
    """`asgi`, with faults."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_ROOM):
            return await _control(scope, receive, send)
        if _frozen.is_set():
            await asyncio.Event().wait()  # it is crashing: nobody is answered any more
        call = _call(scope) if scope["type"] == "http" and _faults else None
        fault = next((each for each in _faults if call and each.strikes(call)), None)
        if call is None or fault is None:
            return await asgi(scope, receive, send)
        return await _strike(fault, call, asgi, (scope, receive, send))

    return run


def _call(scope: Scope) -> Call:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    signed = _SIGNED.search(headers.get("authorization", ""))
    if not signed:  # a client of ours, not the SDK
        return Call("", "", "")
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return Call(signed[2], target or scope["method"], _callers.get(signed[1], ""))


async def _strike(fault: Fault, call: Call, asgi: Asgi, asked: tuple[Scope, Receive, Send]) -> None:
    scope, receive, send = asked
    if fault.kind == "slow":
        return await _slowly(fault, asgi, asked)
    if fault.when == "after":
        await asgi(scope, receive, _unheard)
    else:
        await _body(receive)
    if fault.kind in {"throttle", "error"}:
        return await _refuse(fault.kind, call.service, send)
    scope[_RESET] = True
    if fault.kind == "kill":
        _kill(call.function)
    return None


async def _slowly(fault: Fault, asgi: Asgi, asked: tuple[Scope, Receive, Send]) -> None:
    """Long before it is carried out, or long after."""
    scope, receive, send = asked
    said: list[Message] = []

    async def keep(message: Message) -> None:
        said.append(message)

    if fault.when == "before":
        await asyncio.sleep(fault.seconds)
    await asgi(scope, receive, keep)
    if fault.when == "after":
        await asyncio.sleep(fault.seconds)
    for message in said:
        await send(message)


async def _unheard(message: Message) -> None:
    """An answer that nobody gets."""


def _kill(function: str) -> None:
    """Every process of a function that is at work, as if its host had gone."""
    with lambda_runtime._lock:
        pools = [pool for name, pool in lambda_runtime._workers.items() if name.split(":")[2] == function]
        pids = [each._proc.pid for pool in pools for each in pool if each.in_use and each._proc]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def _refuse(kind: str, service: str, send: Send) -> None:
    otherwise = (400, "ThrottlingException") if kind == "throttle" else (500, "InternalServerError")
    status, name = _NAMES.get((kind, service), otherwise)
    xml = f"<Error><Code>{name}</Code><Message>on demand</Message></Error>"
    text = xml if service == "s3" else json.dumps({"__type": name, "message": "on demand"})
    await _say(send, status, text, (b"x-amzn-errortype", name.encode()))


async def _control(scope: Scope, receive: Receive, send: Send) -> None:
    asked, body = (scope["method"], scope["path"].removeprefix(_ROOM)), await _body(receive)
    if (b"content-type", b"application/json") not in scope["headers"] and scope["method"] != "GET":
        return await _say(send, 415, "{}")  # no page of another origin can send it unasked
    try:
        if asked == ("POST", "faults"):
            _faults.append(Fault(**json.loads(body)))
        elif asked == ("PUT", "clock"):
            skew.put(**json.loads(body))
        elif asked == ("POST", "crash"):
            await _crash()
    except (TypeError, ValueError):
        return await _say(send, 422, "{}")
    shown = json.dumps({"faults": [{k: v for k, v in asdict(each).items() if k[0] != "_"} for each in _faults]})
    if asked == ("DELETE", "faults"):
        _faults.clear()
    return await _say(send, 200, shown)


async def _crash() -> None:
    """Everything acknowledged so far is kept, as AWS keeps it; who is at work meets a closed door."""
    _frozen.set()
    await _apart(lambda: any(state.write() for _ in range(5)))
    os.kill(os.getpid(), signal.SIGKILL)


async def _apart(work: Callable[[], object]) -> None:
    """In a thread of our own: all others may be waiting for functions that cannot go on before this is done."""
    await asyncio.get_running_loop().run_in_executor(_thread, work)


async def _body(receive: Receive) -> bytes:
    found = b""
    while (message := await receive())["type"] == "http.request":
        found += message.get("body", b"")
        if not message.get("more_body"):
            break
    return found


async def _say(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    kind = (b"content-type", b"application/json")
    size = (b"content-length", str(len(text)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [kind, size, *headers]})
    await send({"type": "http.response.body", "body": text.encode()})


REPAIRS = (faults_on_demand,)
