"""One fake for each port of `fugace.keeping`, in memory, as honest as its docstrings; `Keeping`: all over one state.

A `Write` is an object with `check` and `apply`; `FakeLedger` runs all checks before it applies anything.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.domain.fitness import check
from fugace.domain.hold import Hold
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.ledger import GENESIS, Draft, Entry
from fugace.domain.message import Record, Status
from fugace.domain.retention import BEGINNING, Kind, Period, Retention
from fugace.domain.tenant import ApiKey, Tenant
from fugace.keeping import Book, Brief, Departure, Disposed, Due, Gone, Head, Over, Statistic, Tally
from fugace.ports import ConflictError, Place, Write
from tests.fakes import NOON, FakeClock, FakeMessages, FakeQueue, FakeTenants, FakeVault, KeyRow, tenant

HELD_LONGER = Period(months=1)
"""How far beyond a hold's end its rows are out of TTL's reach."""
KEYS = "keys"
NOTICED = timedelta(milliseconds=1)
"""By how much a wish for a later look changes the plan, so that a run under way learns of it."""


def hour_of(at: datetime) -> datetime:
    """The hour that it is in."""
    return at.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class FakeWrite:
    """What a `Write` of these fakes holds."""

    check: Callable[[], bool]
    """Whether everything is as its maker had seen it."""
    apply: Callable[[], None]


def commit(*writes: Write) -> None:
    """All or nothing. Raises ConflictError."""
    items = [each.item for each in writes]
    fakes = [item for item in items if isinstance(item, FakeWrite)]
    assert len(fakes) == len(items), "a write of another family of adapters"
    if not all(item.check() for item in fakes):
        raise ConflictError
    for item in fakes:
        item.apply()


# --- what is due --------------------------------------------------------------------------------


class FakeAgenda:
    """A `fugace.keeping.Agenda`. `rows` are all jobs; the index is keys only, so `due` does not know `reached`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[TenantId, str], Due] = {}

    def ensure(self, tenant: TenantId, job: str, due_at: datetime) -> None:
        row = self.rows.get((tenant, job)) or Due(tenant, job, None)
        planned = row.due_at is not None and row.due_at <= due_at
        self.rows[tenant, job] = replace(row, due_at=row.due_at - NOTICED if planned and row.due_at else due_at)

    def begin(self, tenant: TenantId, job: str, due_at: datetime) -> None:
        self.rows[tenant, job] = Due(tenant, job, due_at)

    def due(self, now: datetime, limit: int) -> list[Due]:
        waiting = [(row.due_at, row) for row in self.rows.values() if row.due_at is not None and row.due_at <= now]
        waiting.sort(key=lambda each: (each[0], each[1].tenant, each[1].job))
        return [replace(row, reached=None) for _, row in waiting[:limit]]

    def get(self, tenant: TenantId, job: str) -> Due | None:
        return self.rows.get((tenant, job))

    def of(self, tenant: TenantId) -> list[Due]:
        return [row for (owner, _), row in sorted(self.rows.items()) if owner == tenant]

    def settle(self, seen: Due, *, reached: datetime | None, due_at: datetime | None) -> bool:
        row = self.rows.get((seen.tenant, seen.job)) or Due(seen.tenant, seen.job, None)
        known = [each for each in (row.reached, reached) if each is not None]
        row = replace(row, reached=max(known, default=None))
        mine = row.due_at == seen.due_at
        self.rows[seen.tenant, seen.job] = replace(row, due_at=due_at) if mine else row
        return mine


# --- messages that are over ---------------------------------------------------------------------


class FakeDisposal:
    """A `fugace.keeping.Disposal` over the rows of `FakeMessages`. The next `throttled` statements are not tried."""

    def __init__(self, messages: FakeMessages) -> None:
        self.messages = messages
        self.throttled = 0

    def oldest(
        self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, after: Place | None, limit: int
    ) -> list[Place]:
        return self._page(
            [
                record
                for record in self.messages.rows.values()
                if record.key.tenant == tenant and record.shard == shard and since <= record.anchor <= until
            ],
            after,
            limit,
        )

    def count(self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, most: int) -> int:
        return len(self.oldest(tenant, shard, since=since, until=until, after=None, limit=most))

    def records(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        return {key: self.messages.rows[key] for key in keys if key in self.messages.rows}

    def of_subject(self, subject: SubjectId, *, after: Place | None, limit: int) -> list[Place]:
        return self._page([each for each in self.messages.rows.values() if each.subject == subject], after, limit)

    @staticmethod
    def _page(records: Sequence[Record], after: Place | None, limit: int) -> list[Place]:
        places = sorted((Place(record.anchor, record.key) for record in records), key=_order)
        return [place for place in places if after is None or _order(place) > _order(after)][:limit]

    def delete(self, places: Sequence[Place]) -> Disposed:
        return self._each(places, lambda record: self.messages._remove(record.key))

    def redact(self, places: Sequence[Place]) -> Disposed:
        return self._each(places, self._redact)

    def _each(self, places: Sequence[Place], dispose: Callable[[Record], None]) -> Disposed:
        disposed = Disposed([], [], [])
        for place in places:
            record = self.messages.rows.get(place.key)
            if self._throttle():
                disposed.left.append(place)
            elif record is None:
                disposed.done.append(place)
            elif record.anchor != place.anchor or record.held:
                disposed.kept.append(place)
            else:
                dispose(record)
                disposed.done.append(place)
        return disposed

    def _throttle(self) -> bool:
        self.throttled -= (throttled := self.throttled > 0)
        return throttled

    def _redact(self, record: Record) -> None:
        if record.sealed.text is not None or record.brief:
            self.messages._keep(_redacted(record))

    def briefs(self, hour: datetime, now: datetime, limit: int) -> list[Brief]:
        found = [
            Brief(record.key, record.content_until)
            for record in self.messages.rows.values()
            if record.brief and hour_of(record.content_until) == hour_of(hour) and record.content_until <= now
        ]
        return sorted(found, key=lambda brief: (brief.until, str(brief.key)))[:limit]

    def redact_briefs(self, briefs: Sequence[Brief]) -> int:
        left = 0
        for brief in briefs:
            record = self.messages.rows.get(brief.key)
            if self._throttle():
                left += 1
            elif record and record.content_until == brief.until and not record.held:
                self._redact(record)
        return left

    def hold(self, key: MessageKey, hold_id: str, until: datetime) -> bool:
        record = self.messages.rows.get(key)
        if record is None:
            return False
        beyond = max(record.expires_at, _beyond(until))
        self.messages._keep(replace(record, held=record.held | {hold_id}, expires_at=beyond, brief=False))
        return True

    def free(self, seen: Record, hold_id: str, *, expires_at: datetime, until: datetime | None, redact: bool) -> bool:
        record = self.messages.rows.get(seen.key)
        if record is None or record.held != seen.held:
            return False
        left = record.held - {hold_id}
        stamp = _beyond(until) if left and until else expires_at
        freed = replace(record, held=left, expires_at=stamp, brief=not left and record.sealed.text is not None)
        self.messages._keep(_redacted(freed) if redact else freed)
        return True

    def delete_freed(self, seen: Record, hold_id: str) -> bool:
        record = self.messages.rows.get(seen.key)
        if record is None or record.held != {hold_id} or seen.held != record.held:
            return False
        self.messages._remove(seen.key)
        return True


def _order(place: Place) -> tuple[datetime, str]:
    return place.anchor, str(place.key)


def _beyond(until: datetime) -> datetime:
    return HELD_LONGER.after(until).replace(microsecond=0)


def _redacted(record: Record) -> Record:
    return replace(record, sealed=replace(record.sealed, text=None), brief=False)


# --- persons of whom nothing is left ------------------------------------------------------------


class FakeDepartures:
    """A `fugace.keeping.Departures`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[datetime, TenantId, str], Departure] = {}

    def add(self, departure: Departure) -> None:
        hour = hour_of(departure.hour)
        self.rows[hour, departure.tenant, departure.id] = replace(departure, hour=hour)

    def due(self, hour: datetime, limit: int) -> list[Departure]:
        return [row for place, row in sorted(self.rows.items()) if place[0] <= hour][:limit]

    def done(self, departure: Departure) -> None:
        self.rows.pop((hour_of(departure.hour), departure.tenant, departure.id), None)


class FakeKeyChain:
    """A `fugace.keeping.KeyChain` over the rows of `FakeVault`. What is destroyed leaves no row, but for a wish."""

    def __init__(self, vault: FakeVault, tallies: "FakeTallies") -> None:
        self.vault = vault
        self.tallies = tallies

    def _live(self, subjects: Sequence[SubjectId]) -> dict[SubjectId, KeyRow]:
        found = {subject: self.vault.rows.get(subject) for subject in subjects}
        return {subject: row for subject, row in found.items() if row and row.state == "live"}

    def leave(self, subjects: Sequence[SubjectId], at: datetime) -> set[SubjectId]:
        live = self._live(subjects)
        for row in live.values():
            row.leaving = row.leaving or at
        return set(live)

    def stay(self, subjects: Sequence[SubjectId]) -> None:
        for row in self._live(subjects).values():
            row.leaving = None

    def destroy(self, tenant: TenantId, subjects: Sequence[SubjectId], before: datetime, hour: datetime) -> int:
        live = self._live(subjects)
        gone = {subject: row for subject, row in live.items() if row.leaving and row.leaving < before}
        for subject, row in gone.items():
            batch = f"{subject}/{row.epoch}"
            # One transaction each, as DynamoDB's are small: a run that dies between two has counted what it destroyed.
            commit(self.tallies.counted(hour, tenant, KEYS, 1, batch), self._forget(subject, row))
        return len(gone)

    def _forget(self, subject: SubjectId, row: KeyRow) -> Write:
        def apply() -> None:
            if row.restricted or row.objected:
                row.state, row.leaving = "bare", None
            else:
                self.vault.lose(subject)

        return Write(FakeWrite(lambda: self.vault.rows.get(subject) == row, apply))


class FakeOldKeys:
    """A `fugace.keeping.OldKeys` over the keys of `FakeTenants`."""

    def __init__(self, tenants: FakeTenants) -> None:
        self.tenants = tenants

    def forget(self, seen: ApiKey, counted: Write) -> bool:
        place = seen.tenant, seen.id
        there = self.tenants.keys.get(place)
        if there is None or (there.revoked, there.expires) != (seen.revoked, seen.expires):
            return False
        commit(counted, Write(FakeWrite(lambda: True, lambda: self.tenants.keys.__delitem__(place))))
        return True


# --- counting -----------------------------------------------------------------------------------


class FakeTallies:
    """A `fugace.keeping.Tallies`. `told` and `counts` have a row a batch; a batch of the same name replaces it."""

    def __init__(self, statistics: "FakeStatistics") -> None:
        self.statistics = statistics
        self.told: dict[tuple[datetime, TenantId], dict[str, list[Gone]]] = defaultdict(dict)
        self.counts: dict[tuple[datetime, TenantId], dict[str, tuple[str, int]]] = defaultdict(dict)
        self.had: dict[tuple[datetime, TenantId], tuple[Tally, int]] = {}
        """What of it the ledger has, and how often it was entered."""
        self.news: dict[datetime, int] = {}
        self._marks = 0

    def tell(self, hour: datetime, tenant: TenantId, batch: str, gone: Sequence[Gone]) -> None:
        self.told[hour_of(hour), tenant][batch] = list(gone)
        self._note(hour)

    def counted(self, hour: datetime, tenant: TenantId, word: str, count: int, batch: str) -> Write:
        rows = self.counts[hour_of(hour), tenant]

        def apply() -> None:
            rows[batch] = word, count
            self._note(hour)

        return Write(FakeWrite(lambda: batch not in rows, apply))

    def _note(self, hour: datetime) -> None:
        self._marks += 1
        self.news[hour_of(hour)] = self._marks

    def open_hours(self) -> dict[datetime, str]:
        return {hour: str(mark) for hour, mark in sorted(self.news.items())}

    def books(self, hour: datetime) -> list[Book]:
        hour = hour_of(hour)
        owners = sorted({owner for at, owner in [*self.told, *self.counts] if at == hour})
        return [Book(owner, self._tally(hour, owner), *self._had(hour, owner)) for owner in owners]

    def _had(self, hour: datetime, tenant: TenantId) -> tuple[Tally, int]:
        return self.had.get((hour, tenant), (Tally(), 0))

    def _tally(self, hour: datetime, tenant: TenantId) -> Tally:
        told = self.told.get((hour, tenant), {})
        gone = {(each.kind, each.message): each for batch in told.values() for each in batch}
        counts = Counter(kind.value for kind, _ in gone)
        for word, count in self.counts.get((hour, tenant), {}).values():
            counts[word] += count
        statistics: dict[tuple[str, str, str], tuple[int, int]] = {}
        for each in gone.values():
            if each.kind is Kind.RECORD:
                line = each.campaign, f"{each.anchor:%Y-%m}", each.status.value
                messages, segments = statistics.get(line, (0, 0))
                statistics[line] = messages + 1, segments + each.segments
        return Tally(dict(counts), statistics)

    def entered(self, hour: datetime, book: Book) -> list[Write]:
        hour = hour_of(hour)
        place = hour, book.tenant

        def apply() -> None:
            self.had[place] = book.told, book.version + 1
            self.statistics.enter(hour, book)

        return [Write(FakeWrite(lambda: self._had(*place)[1] == book.version, apply))]

    def close(self, hour: datetime, mark: str) -> None:
        if str(self.news.get(hour_of(hour))) == mark:
            del self.news[hour_of(hour)]

    def forget(self, before: datetime) -> None:
        """What TTL does, at some time: rows of hours before then are gone."""
        for place in {*self.told, *self.counts, *self.had}:
            if place[0] < before:
                self.told.pop(place, None)
                self.counts.pop(place, None)
                self.had.pop(place, None)
        self.news = {hour: mark for hour, mark in self.news.items() if hour >= before}


class FakeStatistics:
    """A `fugace.keeping.Statistics`. `rows`: one an entering of an hour."""

    def __init__(self) -> None:
        self.rows: dict[tuple[TenantId, datetime, int], list[Statistic]] = {}
        self.tallies: FakeTallies | None = None

    def enter(self, hour: datetime, book: Book) -> None:
        """What is new in `book`, as one row; none where there is nothing."""
        new = []
        for line, (messages, segments) in sorted(book.told.statistics.items()):
            had = book.entered.statistics.get(line, (0, 0))
            if (messages, segments) != had:
                new.append(_statistic(hour, line, messages - had[0], segments - had[1]))
        if new:
            self.rows[book.tenant, hour, book.version] = new

    def of(self, tenant: TenantId) -> list[Statistic]:
        return [line for place, lines in sorted(self.rows.items()) if place[0] == tenant for line in lines]

    def overdue(self, tenant: TenantId, before: datetime) -> int:
        return len(self._between(tenant, BEGINNING, before))

    def _between(self, tenant: TenantId, since: datetime, before: datetime) -> list[tuple[TenantId, datetime, int]]:
        return sorted(place for place in self.rows if place[0] == tenant and since <= place[1] < before)

    def purge(self, tenant: TenantId, *, since: datetime, before: datetime, hour: datetime) -> int:
        assert self.tallies is not None
        gone = self._between(tenant, since, before)
        for place in gone:
            batch = f"statistics/{place[1]:%Y-%m-%dT%H}/{place[2]}"
            commit(self.tallies.counted(hour, tenant, Kind.STATISTICS.value, 1, batch), self._drop(place))
        return len(gone)

    def _drop(self, place: tuple[TenantId, datetime, int]) -> Write:
        return Write(FakeWrite(lambda: place in self.rows, lambda: self.rows.__delitem__(place)))

    def first(self, tenant: TenantId) -> datetime | None:
        return min((hour for owner, hour, _ in self.rows if owner == tenant), default=None)


def _statistic(hour: datetime, line: tuple[str, str, str], messages: int, segments: int) -> Statistic:
    campaign, month, status = line
    return Statistic(hour, campaign, month, Status(status), messages, segments)


# --- archives made for persons, and their cases ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class FakeVersion:
    """What S3 keeps under a name, one after the other."""

    at: datetime
    mark: bool = False


class FakeExports:
    """A `fugace.keeping.Exports`. `objects`: each name's versions and marks, the oldest first; `uploads`: unfinished.

    `broken`: the run dies after it has deleted, before it has counted.
    """

    def __init__(self, tallies: FakeTallies, destroy: Callable[[CaseKey], None] = lambda _: None) -> None:
        self.tallies = tallies
        self.destroy = destroy
        self.objects: dict[str, list[FakeVersion]] = defaultdict(list)
        self.uploads: list[tuple[str, datetime]] = []
        self.broken = False

    def first(self, tenant: TenantId) -> datetime | None:
        written = [each.at for name in self._names(tenant) for each in self.objects[name]]
        begun = [at for name, at in self.uploads if name.startswith(f"{tenant}/")]
        return min([*written, *begun], default=None)

    def _names(self, tenant: TenantId) -> list[str]:
        return sorted(name for name in self.objects if name.startswith(f"{tenant}/"))

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        done = 0
        for name in self._names(tenant):
            there = self.objects[name]
            kept = [each for each in there if each.mark or not over(each.at)]
            if all(each.mark for each in kept):
                kept = [each for each in kept if not over(each.at)]
                done += (gone := any(not each.mark for each in there))
                if gone:
                    self.destroy(CaseKey(tenant, name.split("/")[1]))
                if gone and not self.broken:
                    batch = f"exports/{name}/{there[-1].at.isoformat()}"
                    commit(self.tallies.counted(hour, tenant, Kind.EXPORTS.value, 1, batch))
            self.objects[name] = kept
            if not kept:
                del self.objects[name]
        mine = [each for each in self.uploads if each[0].startswith(f"{tenant}/") and over(each[1])]
        self.uploads = [each for each in self.uploads if each not in mine]
        if self.broken:
            raise UnavailableError
        return done


class FakeCases:
    """A `fugace.keeping.Cases`. `rows`: when each was finished; None while it is open."""

    def __init__(self, tallies: FakeTallies, destroy: Callable[[CaseKey], None] = lambda _: None) -> None:
        self.tallies = tallies
        self.destroy = destroy
        self.rows: dict[tuple[TenantId, str], datetime | None] = {}

    def _finished(self, tenant: TenantId) -> dict[str, datetime]:
        return {name: at for (owner, name), at in sorted(self.rows.items()) if owner == tenant and at}

    def overdue(self, tenant: TenantId, over: Over) -> int:
        return sum(map(over, self._finished(tenant).values()))

    def first(self, tenant: TenantId) -> datetime | None:
        return min(self._finished(tenant).values(), default=None)

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        gone = [name for name, at in self._finished(tenant).items() if over(at)]
        for name in gone:
            self.destroy(CaseKey(tenant, name))
            counted = self.tallies.counted(hour, tenant, Kind.CASES.value, 1, f"cases/{name}")
            commit(counted, self._drop((tenant, name)))
        return len(gone)

    def _drop(self, place: tuple[TenantId, str]) -> Write:
        return Write(FakeWrite(lambda: place in self.rows, lambda: self.rows.__delitem__(place)))


class FakeObjections:
    """A `fugace.keeping.Objections` over the rows of `FakeVault`."""

    def __init__(self, vault: FakeVault, tallies: FakeTallies) -> None:
        self.vault = vault
        self.tallies = tallies

    def _of(self, tenant: TenantId) -> dict[SubjectId, datetime]:
        return {who: row.objected for who, row in self.vault.rows.items() if row.tenant == tenant and row.objected}

    def overdue(self, tenant: TenantId, over: Over) -> int:
        return sum(map(over, self._of(tenant).values()))

    def first(self, tenant: TenantId) -> datetime | None:
        return min(self._of(tenant).values(), default=None)

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        gone = [who for who, at in self._of(tenant).items() if over(at)]
        for who in gone:
            batch = f"objections/{who}/{len(self.tallies.counts[hour_of(hour), tenant])}"
            commit(self.tallies.counted(hour, tenant, Kind.OBJECTIONS.value, 1, batch))
            self._forget(who)
        return len(gone)

    def _forget(self, subject: SubjectId) -> None:
        row = self.vault.rows[subject]
        row.objected = None
        if row.state == "bare" and not row.restricted:
            self.vault.lose(subject)


# --- ledger -------------------------------------------------------------------------------------


class FakeLedger:
    """A `fugace.keeping.Ledger`. `race` happens between reading the end of a chain and writing behind it, once."""

    def __init__(self) -> None:
        self.chains: dict[TenantId, list[Entry]] = defaultdict(list)
        self.race: Callable[[], object] | None = None

    def append(self, draft: Draft, *also: Write) -> Entry:
        check(draft)
        while True:
            head = self.head(draft.tenant) or Head(draft.tenant, 0, GENESIS)
            # As it is kept: times to the millisecond.
            entry = Entry.read(Entry(head.seq + 1, draft, head.hash).text)
            if race := self.race:
                self.race = None
                race()
            if len(self.chains[draft.tenant]) == head.seq:  # put if absent
                commit(*also)
                self.chains[draft.tenant].append(entry)
                return entry

    def page(self, tenant: TenantId, *, after: int, limit: int) -> list[Entry]:
        return self.chains[tenant][after : after + limit]

    def head(self, tenant: TenantId) -> Head | None:
        last = self.chains[tenant][-1:]
        return Head(tenant, last[0].seq, last[0].hash) if last else None

    def heads(self, day: datetime) -> list[Head]:
        grown = [
            tenant
            for tenant, chain in sorted(self.chains.items())
            if any(entry.draft.at.date() == day.date() for entry in chain)
        ]
        return [head for tenant in grown if (head := self.head(tenant))]


class FakeCheckpoints:
    """A `fugace.keeping.Checkpoints`. Nothing of it can be overwritten."""

    def __init__(self) -> None:
        self.documents: dict[date, bytes] = {}

    def last(self, before: datetime) -> bytes | None:
        days = [day for day in self.documents if day < before.date()]
        return self.documents[max(days)] if days else None

    def put(self, day: datetime, document: bytes) -> bool:
        if day.date() in self.documents:
            return False
        self.documents[day.date()] = document
        return True

    def get(self, day: datetime) -> bytes | None:
        return self.documents.get(day.date())


class FakeSigner:
    """A `fugace.keeping.Signer` with a real key, made anew for each."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, digest: bytes) -> bytes:
        return self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


# --- tenants' choices, and holds ----------------------------------------------------------------


class FakePolicies:
    """A `fugace.keeping.Policies` over the tenants of `FakeTenants`."""

    def __init__(self, tenants: FakeTenants) -> None:
        self.tenants = tenants

    def fresh(self, tenant: TenantId) -> Retention | None:
        found = self.tenants.get(tenant)
        return found.retention if found else None

    def choose(self, tenant: TenantId, seen: Retention, chosen: Retention) -> Write:
        def apply() -> None:
            self.tenants.tenants[tenant] = replace(self.tenants.tenants[tenant], retention=chosen)

        return Write(FakeWrite(lambda: self.fresh(tenant) == seen, apply))


class FakeHolds:
    """A `fugace.keeping.Holds`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[TenantId, str], Hold] = {}

    def of(self, tenant: TenantId) -> list[Hold]:
        mine = (hold for hold in self.rows.values() if hold.tenant == tenant)
        return sorted(mine, key=lambda hold: (hold.set_at, hold.id))

    def get(self, tenant: TenantId, hold_id: str) -> Hold | None:
        return self.rows.get((tenant, hold_id))

    def put(self, hold: Hold, seen: Hold | None) -> Write:
        place = hold.tenant, hold.id
        return Write(FakeWrite(lambda: self.rows.get(place) == seen, lambda: self.rows.__setitem__(place, hold)))

    def move(self, hold: Hold, seen: Hold) -> bool:
        try:
            commit(self.put(hold, seen))
        except ConflictError:
            return False
        return True

    def purge(self, tenant: TenantId, hold_id: str) -> None:
        self.rows.pop((tenant, hold_id), None)


# --- all of them --------------------------------------------------------------------------------


class Keeping:
    """Every fake that a use case of retention wants, over one state: `Keeping(tenant(), tenant(BAKERY), now=…)`."""

    def __init__(self, *tenants: Tenant, now: datetime = NOON, messages: FakeMessages | None = None) -> None:
        self.clock = messages.clock if messages else FakeClock(now)
        self.messages = messages or FakeMessages(self.clock)
        self.vault = FakeVault(self.clock)
        self.tenants = FakeTenants(*(tenants or (tenant(),)))
        self.queue = FakeQueue()
        self.agenda = FakeAgenda()
        self.disposal = FakeDisposal(self.messages)
        self.departures = FakeDepartures()
        self.statistics = FakeStatistics()
        self.tallies = FakeTallies(self.statistics)
        self.statistics.tallies = self.tallies
        self.old_keys = FakeOldKeys(self.tenants)
        self.keychain = FakeKeyChain(self.vault, self.tallies)
        self.exports = FakeExports(self.tallies)
        self.cases = FakeCases(self.tallies)
        self.objections = FakeObjections(self.vault, self.tallies)
        self.ledger = FakeLedger()
        self.checkpoints = FakeCheckpoints()
        self.signer = FakeSigner()
        self.policies = FakePolicies(self.tenants)
        self.holds = FakeHolds()
