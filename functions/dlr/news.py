"""What the letters of a batch say: read from the table when they are told, not when they were written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fugace.domain import webhooks
from fugace.domain.expiry import alive
from fugace.domain.ids import MessageKey
from fugace.domain.message import Record
from fugace.ports import Clock, Messages, Tenants, Vault
from functions.dlr.letter import Letter


@dataclass(frozen=True, slots=True)
class Event:
    """What one letter says."""

    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class News:
    """From letters to events."""

    messages: Messages
    vault: Vault
    tenants: Tenants
    clock: Clock

    def of(self, letters: Mapping[str, Letter]) -> tuple[dict[str, Event], dict[str, str]]:
        """What each letter says, and which of them could not be read, with the kind of error.

        Those of messages that are over, erased or restricted say nothing, and are in neither (I4).
        """
        try:
            records = self._records([letter for letter in letters.values() if not letter.test])
            references = self._references(list(records.values()))
        except Exception as error:  # noqa: BLE001  # one message that cannot be read must not silence the others
            if len(letters) == 1:
                return {}, dict.fromkeys(letters, type(error).__name__)
            return self._one_by_one(letters)
        events = {}
        for number, letter in letters.items():
            if letter.test:
                events[number] = Event(webhooks.TEST, webhooks.test_payload(letter.id))
            elif (
                (record := records.get(letter.key)) and record.key in references and letter.sequence <= record.sequence
            ):
                body = webhooks.payload(record, letter.sequence, references[record.key])
                events[number] = Event(webhooks.event_type(record, letter.sequence), body)
        return events, {}

    def _one_by_one(self, letters: Mapping[str, Letter]) -> tuple[dict[str, Event], dict[str, str]]:
        events: dict[str, Event] = {}
        unread: dict[str, str] = {}
        for number, letter in letters.items():
            said, failed = self.of({number: letter})
            events |= said
            unread |= failed
        return events, unread

    def _records(self, letters: Sequence[Letter]) -> dict[MessageKey, Record]:
        """The messages spoken of. Where the cheap read is older than the change, the table itself is asked."""
        changes: dict[MessageKey, int] = {}
        for letter in letters:
            changes[letter.key] = max(letter.sequence, changes.get(letter.key, 0))
        found: Mapping[MessageKey, Record | None] = self.messages.get_many(list(changes)) if changes else {}
        seen = {}
        for key, sequence in changes.items():
            record = found.get(key)
            if record is None or record.sequence < sequence:
                record = self.messages.get(key)
            if record and self._there(record):
                seen[key] = record
        return seen

    def _there(self, record: Record) -> bool:
        tenant = self.tenants.get(record.key.tenant)
        return tenant is not None and alive(record, tenant.retention, self.clock())

    def _references(self, records: Sequence[Record]) -> dict[MessageKey, str]:
        """The tenant's own reference of each, '' where it gave none.

        One whose key is destroyed is left out, and so is one of which nothing may be told while it is restricted.
        """
        keys = self.vault.keys_of(records) if records else {}
        references = {}
        for record in records:
            key, sealed = keys.get(record.key), record.sealed.reference
            if key and not key.restricted:
                references[record.key] = key.open(str(record.key), "reference", sealed) if sealed else ""
        return references
