"""A one-time code: what is kept of it, and how long and how often it may be given."""

from datetime import timedelta

from fugace.domain.case import CaseKey
from fugace.ports import Vault

VALID = timedelta(minutes=10)
TRIES = 5
"""Codes that may be given before no further one is looked at."""


def digest(vault: Vault, key: CaseKey, code: str) -> bytes:
    """What is kept of a code: keyed, and of this request alone. Compare it in constant time."""
    return vault.digest(key.tenant, "code", f"{key.id}/{code}".encode())
