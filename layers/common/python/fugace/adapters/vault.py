"""The vault: keys of persons, and what is made with them and with their tenants' keys."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys, KeyRow
from fugace.adapters.keyring import Keyring, derive
from fugace.adapters.sealing import open_, seal
from fugace.domain.errors import MissingKeyError, UnavailableError
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.message import Record
from fugace.domain.msisdn import Msisdn
from fugace.ports import Refusing

_SIZE = 32
_RACES = 5
"""How often others may be quicker at making somebody's key, or at destroying it, before we give up."""


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A `fugace.ports.SubjectKey`."""

    tenant: TenantId
    subject: SubjectId
    epoch: int
    _key: bytes = field(repr=False)
    restricted: datetime | None = None
    objected: datetime | None = None

    def seal(self, record: str, field: str, value: str) -> bytes:
        """Bound to tenant, record, field and version."""
        return seal(self._key, (self.tenant, record, field), value.encode())

    def open(self, record: str, field: str, sealed: bytes) -> str:
        """The inverse."""
        return open_(self._key, (self.tenant, record, field), sealed).decode()


class KeyVault:
    """A `fugace.ports.Vault`. Threads may share it."""

    def __init__(self, keyring: Keyring, subject_keys: DynamoSubjectKeys) -> None:
        self._keyring = keyring
        self._rows = subject_keys

    def subject(self, tenant: TenantId, to: Msisdn) -> SubjectId:
        """HMAC-SHA-256 of the number in E.164, whole: a shorter one could be somebody else's."""
        digest = hmac.digest(self._keyring.tenant(tenant).index, to.reveal().encode(), hashlib.sha256)
        return SubjectId(base64.urlsafe_b64encode(digest).decode().rstrip("="))

    def keys_for(
        self, tenant: TenantId, people: Sequence[Msisdn], *, refusing: Refusing | None = None
    ) -> dict[SubjectId, PersonKey | None]:
        """One read per 100, and one conditional write for each key that has to be made, or was about to leave."""
        wanted = list(dict.fromkeys(self.subject(tenant, to) for to in people))
        keys: dict[SubjectId, PersonKey | None] = {}
        for _ in range(_RACES):
            waiting = [subject for subject in wanted if subject not in keys]
            if not waiting:
                return keys
            rows = self._rows.rows(waiting)
            for subject in waiting:
                row = rows.get(subject)
                if row and row.erasing:
                    keys[subject] = None
                elif row and refusing and refusing(subject, row):
                    keys[subject] = PersonKey(tenant, subject, row.epoch, b"", row.restricted, row.objected)
                elif key := self._given(tenant, subject, row):
                    keys[subject] = key
        if len(keys) < len(wanted):
            raise UnavailableError
        return keys

    def keys_of(self, records: Sequence[Record]) -> dict[MessageKey, PersonKey]:
        """One consistent read per 100 persons."""
        rows = self._rows.rows(list(dict.fromkeys(record.subject for record in records)))
        found = {}
        for record in records:
            row = rows.get(record.subject)
            if row is None:
                raise MissingKeyError
            if row.buried or row.epoch != record.epoch:
                continue
            key = self._there(record.key.tenant, record.subject, row)
            if key is None:
                raise MissingKeyError
            found[record.key] = key
        return found

    def digest(self, tenant: TenantId, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256."""
        return hmac.digest(self._for(tenant, "digest", purpose), data, hashlib.sha256)

    def seal(self, tenant: TenantId, purpose: str, data: bytes) -> bytes:
        """With a key for this purpose alone."""
        return seal(self._for(tenant, "seal", purpose), (tenant, purpose), data)

    def open(self, tenant: TenantId, purpose: str, sealed: bytes) -> bytes:
        """The inverse."""
        return open_(self._for(tenant, "seal", purpose), (tenant, purpose), sealed)

    def sign(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256."""
        return hmac.digest(self._keyring.root(f"sign/{purpose}"), data, hashlib.sha256)

    def _for(self, tenant: TenantId, use: str, purpose: str) -> bytes:
        return derive(self._keyring.tenant(tenant).key, f"{use}/{purpose}")

    def _there(self, tenant: TenantId, subject: SubjectId, row: KeyRow | None) -> PersonKey | None:
        """The key in a row, if it has one."""
        if row is None or row.buried or row.wrapped is None:
            return None
        try:
            key = aes_key_unwrap(self._keyring.tenant(tenant).wrap, row.wrapped)
        except InvalidUnwrap:
            raise MissingKeyError from None
        return PersonKey(tenant, subject, row.epoch, key, row.restricted, row.objected)

    def _given(self, tenant: TenantId, subject: SubjectId, row: KeyRow | None) -> PersonKey | None:
        """A key that stays; None where the row is not any more what it was: look again.

        The mark of one that is leaving goes first: from then on the purge does not destroy it, and if it was quicker, a
        message sealed with this key would never be opened.
        """
        key = self._there(tenant, subject, row)
        if row is None or key is None:
            return self._made(tenant, subject, row)
        return key if row.leaving is None or self._rows.stay(subject, row) else None

    def _made(self, tenant: TenantId, subject: SubjectId, row: KeyRow | None) -> PersonKey | None:
        """A new key for somebody never seen, or who came back; None where somebody else was quicker."""
        if row and not (row.erased or row.bare):
            raise MissingKeyError
        key = os.urandom(_SIZE)
        wrapped = aes_key_wrap(self._keyring.tenant(tenant).wrap, key)
        made = self._rows.renew(subject, row, wrapped) if row else self._rows.add(tenant, subject, wrapped)
        if made is None:
            return None
        wishes = (row.restricted, row.objected) if row else (None, None)
        return PersonKey(tenant, subject, made, key, *wishes)
