"""Connections that say whether a request can have left, and that end when they should.

urllib3 raises the same classes before and after a request was sent, and its
read timeout starts again with every byte. Both matter here: whether a carrier
may have been asked decides whether it may be asked again, and a stranger's
server that sends a byte now and then would keep a worker for hours.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextvars import ContextVar
from threading import Timer
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

IDLE_SECONDS = 4.0
"""Below the keep-alive of common servers (Node 5 s). A function that was frozen for a minute would otherwise
send on a connection that the other side has long closed, and not know whether it was heard."""


class NotConnectedError(Exception):
    """No connection: nothing has left. `outcome`: dns, refused, timeout, tls."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Leash:
    """Shuts the connections of one call when its time is over, whatever it is doing."""

    def __init__(self) -> None:
        self.pulled = False
        self._ends: list[socket.socket] = []

    def hold(self, sock: socket.socket) -> None:
        """Keep an end of our own: TLS takes the descriptor away, http.client closes it while it still reads."""
        self._ends.append(sock.dup())

    def pull(self) -> None:
        """End it now: whoever waits on it wakes up with nothing."""
        self.pulled = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """The call is over."""
        for end in self._ends:
            end.close()


_LEASH: ContextVar[Leash | None] = ContextVar("leash", default=None)


@contextlib.contextmanager
def leash(seconds: float) -> Iterator[Leash]:
    """Within this context, connections made or used by this thread end after `seconds` altogether."""
    held = Leash()
    timer = Timer(seconds, held.pull)
    timer.daemon = True
    token = _LEASH.set(held)
    timer.start()
    try:
        yield held
    finally:
        timer.cancel()
        timer.join()  # or it would shut descriptors that by then are somebody else's
        _LEASH.reset(token)
        held.drop()


class _Leashed(HTTPConnection):
    """What both kinds add to urllib3's connection."""

    _wire: socket.socket | None = None
    _used = 0.0

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self._wire = sock.dup()
        self._hold()
        return sock

    def connect(self) -> None:
        """Connect, and say so in one word where it fails."""
        try:
            super().connect()
        except (HTTPError, OSError) as error:
            held = _LEASH.get()
            raise NotConnectedError("timeout" if held and held.pulled else _word(error)) from None

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # urllib3's own signature, passed on
        """Send a request; one on a connection that was kept is on the leash too."""
        if self.sock is not None:
            self._hold()
        self._used = time.time()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        """Whether it may be used again: not after a pause, on the clock that goes on while a function is frozen."""
        return 0 <= time.time() - self._used < IDLE_SECONDS and super().is_connected

    def close(self) -> None:
        """Close it, and the end that was kept for the leash."""
        if self._wire:
            self._wire.close()
            self._wire = None
        super().close()

    def _hold(self) -> None:
        held = _LEASH.get()
        if held and self._wire:
            held.hold(self._wire)


class _LeashedTls(_Leashed, HTTPSConnection):
    """The same over TLS."""


class PlainPool(HTTPConnectionPool):
    """Connections to one plain origin."""

    ConnectionCls = _Leashed


class TlsPool(HTTPSConnectionPool):
    """Connections to one origin over TLS."""

    ConnectionCls = _LeashedTls


def _word(error: Exception) -> str:
    if isinstance(error, NameResolutionError | LocationParseError):
        return "dns"
    if isinstance(error, NewConnectionError):  # a kind of ConnectTimeoutError to urllib3
        return "refused"
    if isinstance(error, ConnectTimeoutError | TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError | SSLError):
        return "tls"
    return "refused"
