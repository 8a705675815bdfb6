"""Keys of requests, and what is sealed with them: the number of whoever asks, and the archive made for them.

Each request has a key of its own, wrapped by its tenant's, in the table that no back-up copies. When the request is
done the key goes, and what it sealed is noise everywhere: in the row, in its back-ups, in the bucket.
"""

import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.keyring import Keyring, derive
from fugace.adapters.sealing import open_, seal
from fugace.domain.case import CaseKey
from fugace.domain.errors import MissingKeyError
from fugace.ports import Write

_SIZE = 32
_FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class DrawnKey:
    """A `fugace.rights.NewKey`."""

    key: CaseKey
    write: Write
    _fields: bytes

    def seal(self, field: str, value: bytes) -> bytes:
        """Without a request: it is in hand."""
        return _sealed(self._fields, self.key, field, value)


class KeyCaseSeals:
    """A `fugace.rights.CaseSeals`."""

    def __init__(self, keyring: Keyring, rows: DynamoCaseKeys) -> None:
        self._keyring = keyring
        self._rows = rows

    def new(self, key: CaseKey) -> DrawnKey:
        """Drawn by the system's generator."""
        drawn = os.urandom(_SIZE)
        wrapped = aes_key_wrap(self._keyring.tenant(key.tenant).wrap, drawn)
        return DrawnKey(key, self._rows.add(key, wrapped), _derived(drawn, _FIELDS))

    def seal(self, key: CaseKey, field: str, value: bytes) -> bytes:
        """One consistent GetItem."""
        return _sealed(self.secret(key, _FIELDS), key, field, value)

    def open(self, key: CaseKey, field: str, sealed: bytes) -> bytes:
        """One consistent GetItem."""
        return open_(self.secret(key, _FIELDS), (key.tenant, key.id, field), sealed)

    def secret(self, key: CaseKey, purpose: str) -> bytes:
        """One consistent GetItem."""
        wrapped = self._rows.get(key)
        if wrapped is None:
            raise MissingKeyError
        try:
            return _derived(aes_key_unwrap(self._keyring.tenant(key.tenant).wrap, wrapped), purpose)
        except InvalidUnwrap:
            raise MissingKeyError from None


def _derived(key: bytes, purpose: str) -> bytes:
    return derive(key, f"case/{purpose}")


def _sealed(secret: bytes, key: CaseKey, field: str, value: bytes) -> bytes:
    return seal(secret, (key.tenant, key.id, field), value)
