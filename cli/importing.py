"""Puts a person's exported messages into a tenant: sealed with new keys, and otherwise as they were."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from cli.faults import CliError
from fugace.domain.expiry import content_expiry, record_expiry
from fugace.domain.ids import MessageKey
from fugace.domain.message import Record, Sealed
from fugace.domain.portable import DATA, Portable
from fugace.domain.portable import read as read_message
from fugace.domain.retention import Kind
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from fugace.edge.settings import Settings
from fugace.keeping import Agenda, Disposal
from fugace.ports import Clock, Messages, Place, SubjectKey, Vault

Told = Callable[[int, int], None]
_BATCH, _AT_ONCE, _TRIES = 100, 8, 5


def read(text: bytes) -> list[Portable]:
    """The messages of a `data.json`. Raises CliError for anything else; no value of it is quoted."""
    try:
        raw = json.loads(text)
        version, rows = raw["format"], raw["messages"]
    except (ValueError, KeyError, TypeError):
        raise CliError("This is no data.json of an archive.") from None
    if version != DATA or not isinstance(rows, list):
        raise CliError(f"This is another format than {DATA}.")
    found = [_one(number, row) for number, row in enumerate(rows, 1)]
    if len({each.id for each in found}) < len(found):
        raise CliError("A message is in it twice.")
    if waiting := sum(not each.status.final for each in found):
        raise CliError(f"Not final, and would wait to be sent: {waiting} messages. Nothing was imported.")
    return found


def _one(number: int, row: object) -> Portable:
    try:
        return read_message(row)
    except ValueError:
        raise CliError(f"Message {number} in it is none, or none that can be read.") from None


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done."""

    count: int
    over: int
    """Left out: by the tenant's periods they are over."""


@dataclass(frozen=True, slots=True)
class Import:
    """Into one tenant."""

    tenant: Tenant
    vault: Vault
    messages: Messages
    disposal: Disposal
    agenda: Agenda
    clock: Clock

    @classmethod
    def of(cls, settings: Settings, tenant: Tenant) -> "Import":
        """With the adapters of an environment."""
        return cls(
            tenant,
            wiring.vault(settings),
            wiring.messages(settings),
            wiring.disposal(settings),
            wiring.agenda(settings),
            wiring.clock(),
        )

    def run(self, found: Sequence[Portable], told: Told = lambda _done, _of: None) -> Imported:
        """All of them, or none where one cannot be; what fails half-way is found by its ids, and refused the next time.

        What is final is never sent, and the tenant's webhooks are told of changes alone: nothing comes of these writes
        but that they are there.
        """
        now = self.clock()
        self._check(found)
        records = [record for batch in _batches(found) for record in self._sealed(batch, now)]
        alive = [each for each in records if record_expiry(each, self.tenant.retention) > now]
        self._look_after(now)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for number, there in enumerate(pool.map(self.messages.add, alive), 1):
                if there is not None:
                    raise CliError("A message of that id was made meanwhile: what follows it may be missing.")
                told(number, len(alive))
        self._demand_nobody_erased(alive)
        self._look_after(now)
        return Imported(len(alive), len(records) - len(alive))

    def _demand_nobody_erased(self, records: Sequence[Record]) -> None:
        """An erasure waits for messages that are being accepted, and not for this: what came too late goes again."""
        late: list[Place] = []
        for start in range(0, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            live = self.vault.keys_of(batch)
            late += [Place(each.anchor, each.key) for each in batch if each.key not in live]
        for _ in range(_TRIES):
            if not late:
                return
            if not (late := self.disposal.delete(late).left):
                raise CliError("This person was erased meanwhile, and nothing of theirs stays.")
        raise CliError(f"This person was erased meanwhile, and {len(late)} messages could not be removed again.")

    def _check(self, found: Sequence[Portable]) -> None:
        taken = sum(len(self.disposal.records([self._key(each) for each in batch])) for batch in _batches(found))
        if taken:
            raise CliError(f"Their ids are taken: {taken} messages. Nothing was imported.")

    def _look_after(self, now: datetime) -> None:
        """The purge has passed the time that these are of: it has to look at it again, and does so from the start."""
        for shard in range(self.tenant.shards):
            for kind in (Kind.RECORD, Kind.CONTENT):
                self.agenda.begin(self.tenant.id, f"{kind}/{shard}", now)

    def _sealed(self, batch: Sequence[Portable], now: datetime) -> Iterator[Record]:
        keys = self.vault.keys_for(self.tenant.id, list(dict.fromkeys(each.to for each in batch)))
        for each in batch:
            key = keys[self.vault.subject(self.tenant.id, each.to)]
            if key is None:
                raise CliError("This person is being erased. Nothing was imported.")
            yield self._record(each, key, now)

    def _record(self, each: Portable, key: SubjectKey, now: datetime) -> Record:
        name, clear = str(self._key(each)), each.clear
        record = Record(
            key=self._key(each),
            subject=key.subject,
            epoch=key.epoch,
            sealed=Sealed(
                key.seal(name, "to", clear.to),
                key.seal(name, "text", clear.text) if clear.text is not None else None,
                key.seal(name, "reference", clear.reference) if clear.reference is not None else None,
            ),
            anchor=each.anchor,
            history=each.history,
            encoding=each.encoding,
            segments=each.segments,
            category=each.category,
            carrier=each.carrier,
            on_unknown=each.on_unknown,
            validity=each.validity,
            expires_at=each.expires_at,
            content_until=each.content_until,
            live=each.live,
            sender=each.sender,
            campaign=each.campaign,
            shard=uuid.UUID(each.id).int % self.tenant.shards,
            carrier_ref=each.carrier_ref,
            parts=each.parts,
        )
        return self._bounded(record, now)

    def _bounded(self, record: Record, now: datetime) -> Record:
        """Never longer than it was promised, nor than this tenant keeps things; its text goes at its own end."""
        over, until = record_expiry(record, self.tenant.retention), content_expiry(record, self.tenant.retention)
        kept = record.sealed.text is not None and now < until
        return replace(
            record,
            expires_at=over.replace(microsecond=0),
            content_until=until.replace(microsecond=0),
            sealed=record.sealed if kept else replace(record.sealed, text=None),
            brief=kept,
        )

    def _key(self, each: Portable) -> MessageKey:
        return MessageKey(self.tenant.id, each.id)


def _batches(found: Sequence[Portable]) -> Iterator[Sequence[Portable]]:
    for start in range(0, len(found), _BATCH):
        yield found[start : start + _BATCH]
