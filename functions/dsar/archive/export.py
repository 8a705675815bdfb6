"""Use case: everything that is known of a person, in one sealed archive (Art. 15, 20 GDPR). It never deletes.

One run makes the whole of it: what is compressed and sealed cannot be laid aside half-way, and 100,000 messages take a
fraction of the time that a run has. A run that is killed leaves an upload that nobody sees; the next one begins anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from fugace.domain.case import ARCHIVED, Case
from fugace.domain.errors import MissingKeyError
from fugace.domain.hold import Hold
from fugace.domain.ids import SubjectId
from fugace.domain.message import Record
from fugace.domain.retention import Kind, Retention
from fugace.domain.standing import Standing
from fugace.domain.tenant import Tenant
from fugace.domain.webhooks import rfc3339
from fugace.keeping import Agenda, Disposal, Holds, Ledger
from fugace.ports import Clock, Place, SubjectKey, Tenants, Terms, Vault
from fugace.rights import Archives, ArchiveSeals, CaseSeals, Persons, Requests, Upload
from functions.dsar.archive import bundle, content
from functions.dsar.archive.bundle import After, Told
from functions.dsar.archive.content import Messages, Shown
from functions.dsar.archive.entering import enter
from functions.dsar.archive.facts import Facts
from functions.dsar.archive.words import Words, words
from functions.dsar.task import ENOUGH, Left, Task

PAGE, BATCH = 5_000, 100
"""Places of one query of the index; records of one read."""


class NoTimeError(Exception):
    """A run cannot read somebody's messages in the time that it has. The machine tells an operator."""


class NoTenantError(Exception):
    """The tenant has gone."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What a run did."""

    more: bool = False
    """The person was erased, or appeared, meanwhile: it has to be made again."""
    count: int = 0
    """Messages in the archive."""


@dataclass(frozen=True, slots=True)
class Export:
    """The step `export`."""

    requests: Requests
    seals: CaseSeals
    archives: Archives
    sealing: ArchiveSeals
    persons: Persons
    disposal: Disposal
    vault: Vault
    holds: Holds
    tenants: Tenants
    agenda: Agenda
    ledger: Ledger
    terms: Mapping[str, Terms]
    """What each configured carrier declares."""
    clock: Clock

    def run(self, task: Task, left: Left) -> Exported:
        """Make the archive, unless it was made before.

        Raises:
            NoTimeError: there is not enough of it.
            MissingKeyError: the request's key, or the person's, is not there.
        """
        case = task.case(self.requests)
        if case.right not in ARCHIVED or case.state.final or case.records is not None:
            return Exported()
        tenant = self.tenants.get(case.tenant)
        if tenant is None:
            raise NoTenantError
        retention = tenant.retention  # a choice is announced for longer than anybody answers from memory
        now = self.clock()
        standing = self._standing(case.subject)
        reading = _Reading(self, case, tenant, retention, now, standing, left)
        # Before anything is there: what nobody looks at would stay.
        self.agenda.ensure(case.tenant, Kind.EXPORTS.value, retention.soonest(Kind.EXPORTS, now))
        upload = self._begin(case)
        if upload is None:
            return Exported()
        try:
            count = reading.write(upload)
            # A moment before anybody can see it: an erasure that has begun since removes archives later than this.
            if self._standing(case.subject) != standing:
                upload.abort()
                return Exported(more=True)
        except BaseException:
            with suppress(Exception):  # what is left of it ends by itself; what happened is what matters
                upload.abort()
            raise
        upload.close()
        enter(self.ledger, self.requests, case, count, now)
        return Exported(count=count)

    def _begin(self, case: Case) -> Upload | None:
        """None: its person was erased meanwhile, and with the person the key that would seal it."""
        try:
            return self.sealing.around(case.key, self.archives.upload(case.key))
        except MissingKeyError:
            if case.subject is None:
                return None
            raise

    def _standing(self, subject: SubjectId | None) -> Standing:
        """Without what the person wished for: that changes nothing of what there is."""
        return self.persons.standing(subject) if subject else Standing()


@dataclass(slots=True)
class _Reading:
    """One person, read once."""

    ports: Export
    case: Case
    tenant: Tenant
    retention: Retention
    now: datetime
    standing: Standing
    left: Left
    carriers: set[str] = field(default_factory=set)
    """Those that got a message."""
    held_by: set[str] = field(default_factory=set)
    """Holds on messages."""

    def write(self, upload: Upload) -> int:
        """All of it but the end of the upload."""
        subject, its = self.case.subject, words(self.case.language)
        holds = self.ports.holds.of(self.case.tenant)
        others = self.ports.requests.of_person(subject) if subject else []
        requests = [content.request(each) for each in others if each.key != self.case.key]
        known = bool(requests or content.concerning(holds, subject, frozenset()))
        told = Told(self.now, self._envelope(), content.person(subject, self.standing, known=known), requests)
        messages = self._messages(subject, holds) if subject else iter(())
        return bundle.write(upload, told, messages, its, lambda: self._after(holds, its))

    def _envelope(self) -> Shown:
        """What is of this archive, and not of the person."""
        sealed = self.case.sealed
        number = self.ports.seals.open(self.case.key, "number", sealed).decode() if sealed else None
        return {
            "exported_at": rfc3339(self.now),
            "tenant": {"id": self.tenant.id, "name": self.tenant.name},
            "request": content.request(self.case),
            "number": number,
        }

    def _after(self, holds: Sequence[Hold], its: Words) -> After:
        shown = content.concerning(holds, self.case.subject, frozenset(self.held_by))
        facts = Facts.of(its, self.tenant, self.retention, sorted(self.carriers), self.ports.terms)
        return After([content.hold(each) for each in shown], facts)

    def _messages(self, subject: SubjectId, holds: Sequence[Hold]) -> Iterator[Shown]:
        """Oldest first; none that is over, and none of an epoch that is dead."""
        reader = Messages(content.MESSAGES, self.retention)
        on_message = {each.message: each.id for each in holds if each.message}
        for record, key in self._records(subject, reader):
            self.held_by |= record.held
            if record.key.id in on_message:
                self.held_by.add(on_message[record.key.id])
            if record.handed_over:
                self.carriers.add(record.carrier)
            yield reader.shown(record, key, self.now)

    def _records(self, subject: SubjectId, reader: Messages) -> Iterator[tuple[Record, SubjectKey]]:
        for places in self._pages(subject):
            key: SubjectKey | None = None  # asked for again on each page: a tombstone may stand by then
            for start in range(0, len(places), BATCH):
                if self.left() <= ENOUGH:
                    raise NoTimeError
                keys = [each.key for each in places[start : start + BATCH]]
                found = self.ports.disposal.records(keys)
                records = [found[each] for each in keys if each in found and reader.there(found[each], self.now)]
                if key is None and records:
                    key = next(iter(self.ports.vault.keys_of(records).values()), None)
                yield from ((record, key) for record in records if key and record.epoch == key.epoch)

    def _pages(self, subject: SubjectId) -> Iterator[list[Place]]:
        places = self.ports.disposal.of_subject(subject, after=None, limit=PAGE)
        while places:
            yield places
            if len(places) < PAGE:
                return
            places = self.ports.disposal.of_subject(subject, after=places[-1], limit=PAGE)
