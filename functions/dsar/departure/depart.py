"""Use case: everything that a tenant has of its people, in one sealed archive, before it leaves. It never deletes.

The archive is sealed, fetched and opened as a person's is; what is in it is laid out for a machine that takes it over:
docs/offboarding.md says how. One run makes the whole of it, in memory that grows by some 300 bytes a message.
"""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import IO, cast

from fugace.datamap.keys import SubjectKey as KeyRow
from fugace.domain.case import Case, CaseState, Right
from fugace.domain.ids import SubjectId
from fugace.domain.message import Record
from fugace.domain.portable import Found
from fugace.domain.retention import Kind
from fugace.domain.tenant import Tenant
from fugace.domain.webhooks import rfc3339
from fugace.keeping import Agenda, Disposal, Holds, Ledger
from fugace.ports import Clock, SubjectKey, Tenants, Terms, Vault
from fugace.rights import Archives, ArchiveSeals, Requests, Upload
from functions.dsar.archive import content, tables
from functions.dsar.archive.bundle import Sink, Squeezed, as_json, member
from functions.dsar.archive.content import HOLDS, MESSAGES, REQUESTS, Messages, Section, Shown
from functions.dsar.archive.entering import enter
from functions.dsar.archive.export import BATCH, Exported, NoTenantError, NoTimeError
from functions.dsar.archive.facts import Facts
from functions.dsar.archive.words import words
from functions.dsar.departure.crowd import Crowd
from functions.dsar.task import ENOUGH, Left, Task

FORMAT = "fugace-tenant-data/1"
"""What `data.json` says of itself: its messages, requests and holds are those of `fugace-data/1`."""
PERSONS = Section("persons", KeyRow, ("found", "number"))
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Depart:
    """The first step of leaving."""

    requests: Requests
    archives: Archives
    sealing: ArchiveSeals
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
            NoTimeError: there is not enough of it. Nothing is erased then.
            NoTenantError: it has left.
            MissingKeyError: the request's key is not there.
        """
        case = task.case(self.requests)
        if case.right is not Right.OFFBOARDING or case.state is not CaseState.WAITING or case.records is not None:
            return Exported()
        tenant = self.tenants.get(case.tenant)
        if tenant is None:
            raise NoTenantError
        now = self.clock()
        # Before anything is there: what nobody looks at would stay.
        self.agenda.ensure(case.tenant, Kind.EXPORTS.value, tenant.retention.soonest(Kind.EXPORTS, now))
        upload = self.sealing.around(case.key, self.archives.upload(case.key))
        try:
            count = _Reading(self, case, tenant, now, left).write(upload)
        except BaseException:
            with suppress(Exception):  # what is left of it ends by itself; what happened is what matters
                upload.abort()
            raise
        upload.close()
        enter(self.ledger, self.requests, case, count, now)
        return Exported(count=count)


@dataclass(slots=True)
class _Reading:
    """A tenant, read once."""

    ports: Depart
    case: Case
    tenant: Tenant
    now: datetime
    left: Left
    carriers: set[str] = field(default_factory=set)
    """Those that got a message."""
    met: set[int] = field(default_factory=set)
    """Persons, by 64 bits of a hash of their keyed hash: some 60 bytes of memory each."""

    def write(self, upload: Upload) -> int:
        """All of it but the end of the upload; how many messages there were."""
        count = 0
        messages, persons, people = Squeezed(), Squeezed(), Squeezed()
        messages.add(tables.head(MESSAGES))
        persons.add(tables.head(PERSONS))
        with zipfile.ZipFile(cast("IO[bytes]", Sink(upload)), "w", zipfile.ZIP_DEFLATED) as archive:
            with member(archive, "data.json", self.now) as out:
                out.write(as_json(self._head())[:-1] + b',"messages":[')
                for shown, person in self._messages():
                    out.write((b",\n" if count else b"\n") + as_json(shown))
                    messages.add(tables.line(shown))
                    count += 1
                    if person:
                        people.add((b",\n" if len(self.met) > 1 else b"\n") + as_json(person))
                        persons.add(tables.line(person))
                out.write(b'],\n"persons":[')
                _pour(people, out)
                out.write(b'],\n"requests":[')
                requests = Squeezed()
                requests.add(tables.head(REQUESTS))
                for number, shown in enumerate(self._requests()):
                    out.write((b",\n" if number else b"\n") + as_json(shown))
                    requests.add(tables.line(shown))
                holds = [content.hold(each) for each in self.ports.holds.of(self.tenant.id)]
                out.write(b"],\n" + as_json({"holds": holds, "information": self._facts().shown()})[1:])
            for section, rows in ((MESSAGES, messages), (PERSONS, persons), (REQUESTS, requests)):
                with member(archive, f"{section.name}.csv", self.now) as out:
                    _pour(rows, out)
            with member(archive, f"{HOLDS.name}.csv", self.now) as out:
                out.write(tables.head(HOLDS))
                for row in holds:
                    out.write(tables.line(row))
        return count

    def _head(self) -> Shown:
        return {
            "format": FORMAT,
            "exported_at": rfc3339(self.now),
            "tenant": {"id": self.tenant.id, "name": self.tenant.name},
            "request": content.request(self.case),
        }

    def _facts(self) -> Facts:
        its = words(self.case.language)
        return Facts.of(its, self.tenant, self.tenant.retention, sorted(self.carriers), self.ports.terms)

    def _messages(self) -> Iterator[tuple[Shown, Shown | None]]:
        """Each with its person, where that person was not met before. None that is over, and none of a dead epoch."""
        reader = Messages(MESSAGES, self.tenant.retention)
        for record, key in self._records(reader):
            if record.handed_over:
                self.carriers.add(record.carrier)
            shown = reader.shown(record, key, self.now)
            yield shown, self._met(record.subject, str(shown["to"]), key)

    def _met(self, subject: SubjectId, number: str, key: SubjectKey) -> Shown | None:
        mark = hash(subject)
        if mark in self.met:
            return None
        self.met.add(mark)
        values = {
            "subject": subject,
            "erasing_since": None,
            "erased_at": None,
            "restricted_since": rfc3339(key.restricted) if key.restricted else None,
            "objected_at": rfc3339(key.objected) if key.objected else None,
            "found": Found.YES.value,
            "number": number,
        }
        return PERSONS.shape(values)

    def _records(self, reader: Messages) -> Iterator[tuple[Record, SubjectKey]]:
        walk = Crowd(self.ports.disposal, self.tenant.id, self.tenant.shards).walk()
        while places := list(islice(walk, BATCH)):
            if self.left() <= ENOUGH:
                raise NoTimeError
            keys = [each.key for each in places]
            found = self.ports.disposal.records(keys)
            records = [found[each] for each in keys if each in found and reader.there(found[each], self.now)]
            opened = self.ports.vault.keys_of(records) if records else {}
            yield from ((record, opened[record.key]) for record in records if record.key in opened)

    def _requests(self) -> Iterator[Shown]:
        """All but this one."""
        after = ""
        while found := self.ports.requests.all(self.tenant.id, after=after, limit=_PAGE):
            yield from (content.request(each) for each in found if each.key != self.case.key)
            after = found[-1].key.id


def _pour(waiting: Squeezed, out: IO[bytes]) -> None:
    for piece in waiting.pieces():
        out.write(piece)
