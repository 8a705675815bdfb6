"""The root key, and the keys of tenants under it: KMS is asked once per process and cache period, for anybody.

KMS key -> root key (32 bytes of the environment) -> tenant key (32 bytes of a
tenant, wrapped by the root key, in the tenant's row) -> derived keys. All that
was unwrapped lives in one object, which is dropped as a whole when its time is
over.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from fugace.adapters.dynamo.table import ConditionFailedError, Table
from fugace.adapters.dynamo.tables.keys import RootKeyItem
from fugace.adapters.dynamo.tables.tenants import TenantItem
from fugace.adapters.faults import Asking
from fugace.adapters.session import Aws
from fugace.domain.errors import MissingKeyError, TenantGoneError
from fugace.domain.ids import TenantId
from fugace.ports import Clock

KEPT = timedelta(minutes=5)
"""How long keys stay in memory: part of the time that an erasure may take."""

_SIZE = 32
_MOST_TENANTS = 10_000
_ROOT = ("root", "key/1")
_TENANT = "tenant"


def derive(key: bytes, purpose: str) -> bytes:
    """A key for one purpose out of one for none (HKDF with SHA-256, RFC 5869)."""
    return HKDF(SHA256(), _SIZE, salt=None, info=b"fugace/1/" + purpose.encode()).derive(key)


@dataclass(frozen=True, slots=True, repr=False)
class TenantKeys:
    """What a tenant's key is used for."""

    key: bytes
    index: bytes
    wrap: bytes

    @classmethod
    def under(cls, key: bytes) -> "TenantKeys":
        """Derive the two that every message needs."""
        return cls(key, derive(key, "index"), derive(key, "wrap"))


@dataclass(slots=True, repr=False)
class _Held:
    """All keys in the memory of this process, and until when."""

    root: bytes
    until: datetime
    tenants: dict[TenantId, TenantKeys] = field(default_factory=dict)


class Keyring:
    """Keys above those of persons. Threads may share it."""

    def __init__(self, aws: Aws, table: str, environment: str, clock: Clock) -> None:
        self._aws = aws
        self._roots = Table(aws, table, RootKeyItem)
        self._tenants = Table(aws, table, TenantItem)
        self._context = {"environment": environment, "purpose": "root"}
        self._clock = clock
        self._held: _Held | None = None
        self._lock = Lock()

    def root(self, purpose: str) -> bytes:
        """A key derived from the environment's root key."""
        return derive(self._hold().root, purpose)

    def tenant(self, tenant: TenantId) -> TenantKeys:
        """A tenant's keys: one GetItem per process and cache period.

        Raises:
            TenantGoneError: its key was destroyed.
            MissingKeyError: there is no such tenant.
        """
        held = self._hold()
        found = held.tenants.get(tenant)
        if found is None:
            if len(held.tenants) >= _MOST_TENANTS:
                held.tenants.clear()
            found = held.tenants[tenant] = TenantKeys.under(self._unwrap(held.root, tenant))
        return found

    def forget(self) -> None:
        """Drop every key from memory."""
        self._held = None

    # What an operator does once.

    def make_root(self, kms_key: str) -> None:
        """Have KMS make the root key, unless there is one. The only use of `kms:GenerateDataKey`."""
        if self._roots.get(*_ROOT):
            return
        with Asking():
            made = self._aws.client("kms").generate_data_key_without_plaintext(
                KeyId=kms_key, NumberOfBytes=_SIZE, EncryptionContext=self._context
            )
        item = RootKeyItem(*_ROOT, sealed=made["CiphertextBlob"])
        with suppress(ConditionFailedError):  # made at the same time by somebody else: theirs is used
            self._roots.put(item, only_if=RootKeyItem.tenant.does_not_exist())

    def new_tenant_key(self) -> bytes:
        """A tenant's key, wrapped, to be kept with the tenant in one write."""
        return aes_key_wrap(self.root("tenants"), os.urandom(_SIZE))

    def _hold(self) -> _Held:
        now = self._clock()
        held = self._held
        if held is None or now >= held.until:
            with self._lock:  # many threads, one request
                held = self._held
                if held is None or now >= held.until:
                    held = self._held = _Held(self._unseal(), now + KEPT)
        return held

    def _unseal(self) -> bytes:
        item = self._roots.get(*_ROOT)
        if item is None:
            raise MissingKeyError
        with Asking():
            answer = self._aws.client("kms").decrypt(CiphertextBlob=item.sealed, EncryptionContext=self._context)
        return bytes(answer["Plaintext"])

    def _unwrap(self, root: bytes, tenant: TenantId) -> bytes:
        item = self._tenants.get(tenant, _TENANT)
        if item is None:
            raise MissingKeyError
        if item.wrapped is None:
            raise TenantGoneError
        try:
            return aes_key_unwrap(derive(root, "tenants"), item.wrapped)
        except InvalidUnwrap:
            raise MissingKeyError from None
