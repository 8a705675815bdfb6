"""Where webhooks may go: which URLs are taken, and which network addresses are the public's.

One strict reading of a URL for everybody who needs its parts: two parsers that disagree about where the host
ends are how a private address passes for a public one.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from fugace.domain.errors import FieldError, WebhookRefusedError

LONGEST = 2048
_LONGEST_NAME = 253  # RFC 1035 section 2.3.4
_HTTPS = 443
_FIRST_FREE_PORT = 1024

# RFC 3986 without userinfo and fragment, and with nothing that needs interpretation: no backslash, space or non-ASCII.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<target>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)"
)
# A last label that begins with a letter: `0x7f.1` and `2130706433` are addresses to some resolvers.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")

_REFUSED = (
    ip_network("192.0.0.0/24"),  # IETF protocol assignments; which of them count as global differs between Pythons
    ip_network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    ip_network("2001::/23"),  # Teredo and other tunnels, RFC 2928
    ip_network("2002::/16"),  # 6to4: any IPv4 address, private ones too, RFC 3056
    ip_network("3fff::/20"),  # documentation, RFC 9637
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291 section 2.4


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that can be called, in its parts."""

    scheme: str
    host: str
    """A name or an address in lower case, IPv6 without its brackets."""
    port: int
    target: str
    """Path and query, as they go onto the request line."""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read a URL. Raises WebhookRefusedError where it cannot be read in exactly one way."""
        match = _URL.fullmatch(url) if len(url) <= LONGEST else None
        if not match:
            raise refused("url")
        scheme, target = match["scheme"], match["target"]
        host = match["host"].lower().strip("[]")
        port = int(match["port"] or (_HTTPS if scheme == "https" else 80))
        if not (_NAME.fullmatch(host) and len(host) <= _LONGEST_NAME) and not _literal(host):
            raise refused("host")
        return cls(scheme, host, port, target if target.startswith("/") else f"/{target}")

    @property
    def authority(self) -> str:
        """Host and port as in a Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (_HTTPS if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.authority}"


def allowed(url: str, exceptions: Collection[str] = ()) -> Address:
    """The address of a webhook: HTTPS, the usual port or a free one, and not an address in private space.

    `exceptions` are origins that the operator allows although they are plain or private.
    What a name resolves to is only known at each call: see `public`.

    Raises:
        WebhookRefusedError: reason `url`, `host`, `scheme`, `port` or `address`.
    """
    address = Address.parse(url)
    if address.origin in exceptions:
        return address
    if address.scheme != "https":
        raise refused("scheme")
    if address.port != _HTTPS and not _FIRST_FREE_PORT <= address.port <= 65_535:  # noqa: PLR2004  # the last port
        raise refused("port")
    if _literal(address.host) and not public(address.host):
        raise refused("address")
    return address


def public(text: str) -> bool:
    """Whether an IP address belongs to a host of the public internet, and to nothing inside or beside ours.

    An address that carries another one (IPv4-mapped, NAT64) is judged by it; other
    tunnels are refused as a whole.

    Source:
        The IANA special-purpose address registries (RFC 6890).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return public(str(inner))
        if address.scope_id or address not in _GLOBAL_UNICAST:
            return False
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_loopback)


def refused(reason: str) -> WebhookRefusedError:
    """A refusal that says why, and where in the request."""
    return WebhookRefusedError(FieldError("/url", reason), reason=reason)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
