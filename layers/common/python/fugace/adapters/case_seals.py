"""Keys of requests, and what is sealed with them: the number of whoever asks, and the archive made for them.

Each request has a key of its own, wrapped by its tenant's, in the table that no back-up copies. When the request is
done the key goes, and what it sealed is noise everywhere: in the row, in its back-ups, in the bucket.
"""

import os

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.keyring import Keyring, derive
from fugace.adapters.sealing import open_, seal
from fugace.domain.case import CaseKey
from fugace.domain.errors import MissingKeyError

_SIZE = 32


class KeyCaseSeals:
    """A `fugace.rights.CaseSeals`."""

    def __init__(self, keyring: Keyring, rows: DynamoCaseKeys) -> None:
        self._keyring = keyring
        self._rows = rows

    def make(self, key: CaseKey) -> None:
        """One conditional PutItem."""
        self._rows.add(key, aes_key_wrap(self._keyring.tenant(key.tenant).wrap, os.urandom(_SIZE)))

    def seal(self, key: CaseKey, field: str, value: bytes) -> bytes:
        """One consistent GetItem."""
        return seal(self.secret(key, "fields"), (key.tenant, key.id, field), value)

    def open(self, key: CaseKey, field: str, sealed: bytes) -> bytes:
        """One consistent GetItem."""
        return open_(self.secret(key, "fields"), (key.tenant, key.id, field), sealed)

    def secret(self, key: CaseKey, purpose: str) -> bytes:
        """One consistent GetItem."""
        wrapped = self._rows.get(key)
        if wrapped is None:
            raise MissingKeyError
        try:
            return derive(aes_key_unwrap(self._keyring.tenant(key.tenant).wrap, wrapped), f"case/{purpose}")
        except InvalidUnwrap:
            raise MissingKeyError from None
