"""The HTTP client: carriers, which we trust, and tenants' webhooks, which we do not. One attempt each, no redirect."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import parse_url

from fugace.adapters.connections import Leash, NotConnectedError, PlainPool, TlsPool, leash
from fugace.domain.addresses import Address, allowed, public, refused
from fugace.domain.errors import CarrierSilentError, CarrierUnavailableError, WebhookFailedError
from fugace.ports import HttpAnswer, HttpRequest

AGENT = "Fugace/0.1"

Resolve = Callable[[str, int], Sequence[str]]
"""From a name and a port to IP addresses, best first. Raises OSError where there are none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take, in seconds, and how much of an answer is read, in bytes."""

    connect: float
    read: float
    total: float
    body: int


CARRIER = Limits(connect=3, read=10, total=13, body=256 * 1024)
WEBHOOK = Limits(connect=5, read=15, total=15, body=4 * 1024)
_TRIES = 2  # addresses of one name that are connected to, in turn: some names have an IPv6 address and no route to it


def resolve(name: str, port: int) -> Sequence[str]:
    """Every address of a name, in the order in which the system would try them."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _trust() -> ssl.SSLContext:
    """The system's certificate authorities, with names and chains checked.

    Not `AWS_CA_BUNDLE`: that is the SDK's, and may hold the Amazon roots alone.
    """
    return ssl.create_default_context()


@dataclass
class UrllibWeb:
    """A `fugace.ports.Web`. Cheap to make: certificates are only loaded for the first TLS connection.

    `exceptions` are origins of webhooks that are called although they are plain or private.
    """

    exceptions: Collection[str] = frozenset()
    resolve: Resolve = resolve
    trust: Callable[[], ssl.SSLContext] = _trust
    limits: dict[str, Limits] = field(default_factory=lambda: {"carrier": CARRIER, "webhook": WEBHOOK})
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def carrier(self, request: HttpRequest) -> HttpAnswer:
        """Ask a carrier. What urllib3 says of an error can quote the request, so nothing of it is passed on."""
        limits, url = self.limits["carrier"], parse_url(request.url)
        pool = self._pool(url.scheme or "", url.host or "", url.port)
        try:
            with leash(limits.total), _sent(pool, request, url.request_uri, {}, limits) as response:
                return HttpAnswer(response.status, _lower(response), _body(response, limits.body))
        except NotConnectedError as error:
            raise CarrierUnavailableError(error.outcome) from None
        except (HTTPError, OSError):
            raise CarrierSilentError from None

    def webhook(self, request: HttpRequest) -> HttpAnswer:
        """Call a tenant's address. Of the answer's body nothing is given back: it is a stranger's."""
        address = allowed(request.url, self.exceptions)
        with leash(self.limits["webhook"].total) as held:
            for last, ip in self._targets(address):
                try:
                    return self._call(address, ip, request)
                except NotConnectedError as error:
                    if last or held.pulled:
                        raise WebhookFailedError(error.outcome) from None
                except (HTTPError, OSError) as error:
                    raise WebhookFailedError(_silence(error, held)) from None
        raise WebhookFailedError("dns")

    def _call(self, address: Address, ip: str, request: HttpRequest) -> HttpAnswer:
        """One request to that very IP address: the name is only in the Host header, SNI and the certificate."""
        limits = self.limits["webhook"]
        pool = self._pool(address.scheme, ip, address.port, server_hostname=address.host)
        with _sent(pool, request, address.target, {"Host": address.authority}, limits) as response:
            with contextlib.suppress(
                HTTPError, OSError
            ):  # the status is the answer; the body only frees the connection
                _body(response, limits.body)
            return HttpAnswer(response.status, _lower(response), b"")

    def _targets(self, address: Address) -> Iterator[tuple[bool, str]]:
        """The addresses to connect to, resolved now and once, with whether it is the last.

        One private address among them refuses them all: an honest name has none.
        """
        try:
            found = self.resolve(address.host, address.port)
        except OSError:
            raise WebhookFailedError("dns") from None
        if address.origin not in self.exceptions and not all(map(public, found)):
            raise refused("address")
        tried = found[:_TRIES]
        for ip in tried:
            yield ip == tried[-1], ip

    def _pool(self, scheme: str, host: str, port: int | None, **tls: str) -> urllib3.HTTPConnectionPool:
        more = {**tls, "ssl_context": self._context} if scheme == "https" else {}
        return self._manager.connection_from_host(host, port, scheme, pool_kwargs=more)

    @cached_property
    def _manager(self) -> urllib3.PoolManager:
        manager = urllib3.PoolManager(num_pools=50, maxsize=25)
        manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
        return manager

    @property
    def _context(self) -> ssl.SSLContext:
        with self._lock:  # loading them twice costs more than waiting for the other thread
            return self._trusted

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self.trust()


@contextlib.contextmanager
def _sent(
    pool: urllib3.HTTPConnectionPool, request: HttpRequest, target: str, more: dict[str, str], limits: Limits
) -> Iterator[urllib3.BaseHTTPResponse]:
    """Send a request once and give the answer's head; whatever is left of its body is dropped afterwards."""
    response = pool.urlopen(
        request.method,
        target,
        body=request.body or None,
        headers={"User-Agent": AGENT, **request.headers, **more},
        retries=False,
        redirect=False,
        assert_same_host=False,
        timeout=urllib3.Timeout(connect=limits.connect, read=limits.read),
        preload_content=False,
        decode_content=False,
    )
    try:
        yield response
    except BaseException:
        response.close()
        raise


def _body(response: urllib3.BaseHTTPResponse, most: int) -> bytes:
    """What it says, up to `most` bytes. Read to its end, the connection serves the next call; else it is closed."""
    body = b""
    while more := response.read(most + 1 - len(body)):  # only the read that finds nothing notices a missing rest
        body += more
        if len(body) > most:
            response.close()
            return body[:most]
    response.release_conn()
    return body


def _lower(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _silence(error: Exception, held: Leash) -> str:
    return "timeout" if held.pulled or isinstance(error, ReadTimeoutError | TimeoutError) else "refused"
