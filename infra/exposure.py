"""How an environment's API meets the world, beyond what every one has: whom it lets in, and under which name."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

_HOST = re.compile(r"(?=.{4,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_CERTIFICATE = re.compile(r"arn:[a-z-]+:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[0-9a-f-]{36}")
_TRUSTSTORE = re.compile(r"s3://[a-z0-9.-]{3,63}/.+")
_RATE = (100, 20_000_000)
_WIDEST = {4: 8, 6: 19}
"""Bits of the widest block that a registry has ever given to one company, and a little more."""


class ExposureError(ValueError):
    """A setting that would not protect what it says. The message is a sentence for whoever typed it."""


def check_addresses(addresses: tuple[str, ...]) -> None:
    """Whether these are public blocks of addresses that can be a company's.

    Raises:
        ExposureError: one is none, is private, or is everybody's: it would look like a wall and be an open door.
    """
    for address in addresses:
        try:
            block = ipaddress.ip_network(address)
        except ValueError:
            message = f"{address!r} is not a block of addresses (192.0.2.0/24)"
            raise ExposureError(message) from None
        if not block.is_global or block.prefixlen < _WIDEST[block.version]:
            message = f"{address} is not a public block of one company's"
            raise ExposureError(message)


@dataclass(frozen=True, slots=True)
class Domain:
    """A name of the API's own, and, with a truststore, certificates that clients must have."""

    name: str
    certificate_arn: str
    """In the environment's own Region: a regional endpoint takes no other."""
    truststore: str | None = None
    """s3://bucket/key of the authorities that clients' certificates come from (PEM), in the environment's Region."""
    truststore_version: str | None = None

    def __post_init__(self) -> None:
        """Raises ExposureError."""
        checks = {
            f"the domain {self.name!r} is not a host's name in small letters": _HOST.fullmatch(self.name),
            "certificate_arn is not the ARN of a certificate in ACM": _CERTIFICATE.fullmatch(self.certificate_arn),
            "truststore is not s3://bucket/key": self.truststore is None or _TRUSTSTORE.fullmatch(self.truststore),
            "truststore_version goes with a truststore": self.truststore or not self.truststore_version,
        }
        for sentence, kept in checks.items():
            if not kept:
                raise ExposureError(sentence)

    @property
    def region(self) -> str:
        """Where the certificate is."""
        found = _CERTIFICATE.fullmatch(self.certificate_arn)
        return found["region"] if found else ""


@dataclass(frozen=True, slots=True)
class Firewall:
    """AWS WAF before the API."""

    rate: int = 20_000
    """Requests in five minutes from one address, carriers' receipts apart."""
    mode: Literal["block", "count"] = "block"
    """`count` only counts what would be refused: for the first days."""

    def __post_init__(self) -> None:
        """Raises ExposureError."""
        if not _RATE[0] <= self.rate <= _RATE[1]:
            message = f"the firewall's rate is {self.rate}, it may be {_RATE[0]} to {_RATE[1]} in five minutes"
            raise ExposureError(message)
        if self.mode not in {"block", "count"}:
            message = f"the firewall's mode is {self.mode!r}, it may be block or count"
            raise ExposureError(message)
