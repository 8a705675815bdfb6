"""One fake for each port of `fugace.rights`, in memory, as honest as its docstrings: contract tests hold them to it.

Writes are those of `tests.fakes_keeping`: an object with `check` and `apply`.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from fugace.domain.case import Case, CaseKey, Found, Right
from fugace.domain.errors import MissingKeyError
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.message import Record, Status
from fugace.domain.standing import Standing
from fugace.ports import ConflictError, Write
from fugace.rights import Abroad
from tests.fakes import FakeMessages, FakeVault, KeyRow
from tests.fakes_keeping import FakeWrite, commit


class FakeRequests:
    """A `fugace.rights.Requests`."""

    def __init__(self) -> None:
        self.rows: dict[CaseKey, Case] = {}
        self.claims: dict[tuple[TenantId, SubjectId, Right], CaseKey] = {}

    def file(self, case: Case) -> Write:
        claim = _claim(case) if case.claims else None

        def apply() -> None:
            self.rows[case.key] = replace(_kept(case), version=1, places={})
            if claim:
                self.claims[claim] = case.key

        return Write(FakeWrite(lambda: case.key not in self.rows and claim not in self.claims, apply))

    def claimed(self, tenant: TenantId, subject: SubjectId, right: Right) -> CaseKey | None:
        return self.claims.get((tenant, subject, right))

    def get(self, key: CaseKey) -> Case | None:
        return self.rows.get(key)

    def change(self, case: Case, seen: Case) -> Write:
        begins, ends = case.claims and not seen.claims, seen.claims and case.state.final

        def check() -> bool:
            there = self.rows.get(case.key)
            if there is None or there.version != seen.version:
                return False
            if ends and self.claims.get(_claim(seen), case.key) != case.key:
                return False
            return not (begins and _claim(case) in self.claims)

        def apply() -> None:
            there = self.rows[case.key]
            new = {name: getattr(case, name) for name in _FIELDS if getattr(case, name) != getattr(seen, name)}
            self.rows[case.key] = _kept(replace(there, **new, version=seen.version + 1))
            if begins:
                self.claims[_claim(case)] = case.key
            if ends:
                self.claims.pop(_claim(seen), None)

        return Write(FakeWrite(check, apply))

    def move(self, case: Case, seen: Case) -> bool:
        try:
            commit(self.change(case, seen))
        except ConflictError:
            return False
        return True

    def note(self, key: CaseKey, place: str, found: Found) -> None:
        there = self.rows[key]
        self.rows[key] = replace(there, places={**there.places, place: found})

    def open(self, tenant: TenantId, *, after: Case | None, limit: int) -> list[Case]:
        mine = [case for case in self.rows.values() if case.tenant == tenant and not case.state.final]
        mine.sort(key=_by_due)
        return [case for case in mine if after is None or _by_due(case) > _by_due(after)][:limit]

    def count_open(self, tenant: TenantId, most: int) -> int:
        return len(self.open(tenant, after=None, limit=most))

    def all(self, tenant: TenantId, *, after: str, limit: int) -> list[Case]:
        mine = sorted((case for case in self.rows.values() if case.tenant == tenant), key=lambda case: case.key.id)
        return [case for case in mine if case.key.id > after][:limit]

    def of_person(self, subject: SubjectId) -> list[Case]:
        mine = (case for case in self.rows.values() if case.subject == subject)
        return sorted(mine, key=lambda case: (case.submitted, case.key.id))

    def due(self, now: datetime, limit: int) -> list[CaseKey]:
        over = [(case.look_at, str(case.key), case.key) for case in self.rows.values() if case.look_at]
        return [key for at, _, key in sorted(over) if at <= now][:limit]

    def unlink(self, key: CaseKey) -> None:
        if key in self.rows:
            self.rows[key] = replace(self.rows[key], subject=None, sealed=b"", correction=b"", digest=b"")


def _claim(case: Case) -> tuple[TenantId, SubjectId, Right]:
    return case.tenant, case.subject or SubjectId(""), case.right


def _whole(at: datetime | None) -> datetime | None:
    return at.replace(microsecond=at.microsecond // 1000 * 1000) if at else None


def _kept(case: Case) -> Case:
    """As it is kept: times to the millisecond."""
    times = {name: _whole(value) for name in _TIMES if (value := getattr(case, name))}
    return replace(case, **times)


_TIMES = (
    *("submitted", "received", "due", "until", "look_at"),
    *("link_until", "final_at", "begun", "closed", "finished"),
)


_FIELDS = [each.name for each in fields(Case) if each.name not in {"key", "places", "version"}]


def _by_due(case: Case) -> tuple[datetime, str]:
    return case.due, case.key.id


class FakeRecalls:
    """A `fugace.rights.Recalls`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[CaseKey, str], list[Abroad]] = {}

    def add(self, key: CaseKey, page: str, messages: Sequence[Abroad]) -> None:
        if messages:
            self.rows[key, page] = list(messages)

    def pages(self, key: CaseKey, limit: int, prefix: str = "") -> list[tuple[str, list[Abroad]]]:
        mine = [(page, list(rows)) for (owner, page), rows in self.rows.items() if owner == key]
        return sorted((each for each in mine if each[0].startswith(prefix)), key=lambda each: each[0])[:limit]

    def last(self, key: CaseKey, prefix: str) -> str:
        return max((page for owner, page in self.rows if owner == key and page.startswith(prefix)), default="")

    def done(self, key: CaseKey, page: str) -> None:
        self.rows.pop((key, page), None)


class FakePersons:
    """A `fugace.rights.Persons` over the rows of `FakeVault`."""

    def __init__(self, vault: FakeVault) -> None:
        self.vault = vault

    def standing(self, subject: SubjectId) -> Standing:
        row = self.vault.rows.get(subject)
        if row is None:
            return Standing()
        erasing = row.since if row.state == "erasing" else None
        erased = row.since if row.state == "erased" else None
        return Standing(row.epoch, row.state == "live", erasing, erased, row.restricted, row.objected)

    def restrict(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> None:
        if row := self._row(tenant, subject, at):
            row.restricted = (row.restricted or at) if at else None
            self._left(subject, row)

    def object(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> None:
        if row := self._row(tenant, subject, at):
            row.objected = (row.objected or at) if at else None
            self._left(subject, row)

    def _left(self, subject: SubjectId, row: KeyRow) -> None:
        """Of whom nothing is left, and who wishes for nothing any more, there is no row."""
        if row.state == "bare" and not (row.restricted or row.objected):
            self.vault.lose(subject)

    def _row(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> KeyRow | None:
        if at is None:
            return self.vault.rows.get(subject)
        return self.vault.rows.setdefault(subject, KeyRow(tenant, 0, "bare"))

    def block(self, tenant: TenantId, subject: SubjectId, at: datetime, *, keep_key: bool = False) -> int:
        row = self.vault.rows.setdefault(subject, KeyRow(tenant, 0, "bare"))
        if row.state != "erasing":
            row.kept = keep_key and row.state == "live"
            row.state, row.since, row.leaving = "erasing", at, None
        elif not keep_key:
            row.kept = False
        return row.epoch

    def shred(self, subject: SubjectId, epoch: int) -> None:
        row = self.vault.rows.get(subject)
        if row and row.state == "erasing" and row.epoch == epoch:
            row.kept = False

    def bury(self, subject: SubjectId, epoch: int, at: datetime) -> None:
        row = self.vault.rows.get(subject)
        if row and row.state == "erasing" and row.epoch == epoch:
            row.state, row.since, row.kept, row.restricted = "erased", at, False, None


class FakeAmendments:
    """A `fugace.rights.Amendments` over the rows of `FakeMessages`."""

    def __init__(self, messages: FakeMessages) -> None:
        self.messages = messages

    def readdress(self, seen: Record, fresh: Record) -> bool:
        there = self._there(seen)
        waits = there and there.status is Status.ACCEPTED and there.claimed_at is None
        if there is None or not waits or (there.sealed.text is None) != (seen.sealed.text is None):
            return False
        self.messages._keep(replace(there, subject=fresh.subject, epoch=fresh.epoch, sealed=fresh.sealed))
        return True

    def refer(self, seen: Record, reference: bytes) -> bool:
        there = self._there(seen)
        if there is None:
            return False
        self.messages._keep(replace(there, sealed=replace(there.sealed, reference=reference)))
        return True

    def _there(self, seen: Record) -> Record | None:
        there = self.messages.rows.get(seen.key)
        same = there and (there.subject, there.epoch) == (seen.subject, seen.epoch) and not there.held
        return there if same else None


@dataclass
class FakeNewKey:
    """A `fugace.rights.NewKey`."""

    key: CaseKey
    drawn: bytes
    write: Write

    def seal(self, field: str, value: bytes) -> bytes:
        return _sealed_with(self.drawn, self.key, field, value)


def _sealed_with(drawn: bytes, key: CaseKey, field: str, value: bytes) -> bytes:
    """Not secret, and bound to the key that it was sealed with."""
    return bytes(byte ^ 0x5A for byte in json.dumps([str(key), field, drawn.hex()[:8], value.hex()]).encode())


class FakeCaseSeals:
    """A `fugace.rights.CaseSeals` and a `fugace.rights.CaseShredder`. `keys`: those that there are."""

    def __init__(self) -> None:
        self.keys: dict[CaseKey, bytes] = {}
        self._drawn = 0

    def new(self, key: CaseKey) -> FakeNewKey:
        self._drawn += 1
        drawn = hashlib.sha256(f"{key} {self._drawn}".encode()).digest()
        return FakeNewKey(key, drawn, Write(FakeWrite(lambda: True, lambda: self.keys.update({key: drawn}))))

    def make(self, key: CaseKey) -> None:
        """For tests: as if its request had been filed. A repeat changes nothing."""
        if key not in self.keys:
            commit(self.new(key).write)

    def seal(self, key: CaseKey, field: str, value: bytes) -> bytes:
        self.secret(key, "fields")
        return _sealed_with(self.keys[key], key, field, value)

    def open(self, key: CaseKey, field: str, sealed: bytes) -> bytes:
        self.secret(key, "fields")
        try:
            *bound, value = json.loads(bytes(byte ^ 0x5A for byte in sealed))
        except ValueError:
            raise ValueError("cannot be opened") from None
        if bound != [str(key), field, self.keys[key].hex()[:8]]:
            raise ValueError("cannot be opened")
        return bytes.fromhex(value)

    def secret(self, key: CaseKey, purpose: str) -> bytes:
        if key not in self.keys:
            raise MissingKeyError
        return hmac.digest(self.keys[key], purpose.encode(), hashlib.sha256)

    def destroy(self, key: CaseKey) -> None:
        self.keys.pop(key, None)


@dataclass
class FakeUpload:
    """A `fugace.rights.Upload`. Until it is closed, nobody sees it."""

    archives: "FakeArchives"
    key: CaseKey
    data: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.archives.objects[self.key] = bytes(self.data)

    def abort(self) -> None:
        self.data.clear()


class FakeArchives:
    """A `fugace.rights.Archives` and a `fugace.rights.ArchiveShredder`."""

    def __init__(self) -> None:
        self.objects: dict[CaseKey, bytes] = {}

    def upload(self, key: CaseKey) -> FakeUpload:
        return FakeUpload(self, key)

    def link(self, key: CaseKey, valid: timedelta) -> str:
        return f"https://exports.example/{key}?for={int(valid.total_seconds())}"

    def size(self, key: CaseKey) -> int | None:
        return len(self.objects[key]) if key in self.objects else None

    def remove(self, key: CaseKey) -> int:
        return int(self.objects.pop(key, None) is not None)


class FakeMachine:
    """A `fugace.rights.Machine`. `started`: each run once; `over`: those that have ended; `waiting`: tokens."""

    def __init__(self) -> None:
        self.started: list[tuple[CaseKey, int]] = []
        self.over: set[tuple[CaseKey, int]] = set()
        self.waiting: set[str] = set()

    def start(self, key: CaseKey, run: int) -> None:
        if (key, run) not in self.started:
            self.started.append((key, run))

    def alive(self, key: CaseKey, run: int) -> bool:
        return (key, run) in self.started and (key, run) not in self.over

    def answer(self, token: str) -> bool:
        there = token in self.waiting
        self.waiting.discard(token)
        return there
