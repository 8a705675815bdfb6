"""What persons' requests need from outside, as Protocols, beside `fugace.ports` and `fugace.keeping`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from fugace.domain.case import Case, CaseKey, Found, Right
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.message import Record
from fugace.domain.standing import Standing
from fugace.ports import Write

# --- requests ------------------------------------------------------------------------------------


class Requests(Protocol):
    """Persons' requests: each is changed by whoever saw its last version, and by nobody else."""

    def file(self, case: Case) -> Write:
        """Create it, and the claim of its person for its kind, if there is neither; no claim while it is `verifying`.

        As a part of a transaction: where it conflicts, `get` and `claimed` tell why.
        """
        ...

    def claimed(self, tenant: TenantId, subject: SubjectId, right: Right) -> CaseKey | None:
        """Which request of this kind the person has open."""
        ...

    def get(self, key: CaseKey) -> Case | None:
        """As it is now (a consistent read)."""
        ...

    def change(self, case: Case, seen: Case) -> Write:
        """Everything of it but `places`, if it still has the version that was seen; the next version is written.

        Whoever leaves `verifying` for what is not final claims, in the same transaction: it conflicts where somebody
        else does (`claimed` tells who). With a final state the claim goes.
        """
        ...

    def move(self, case: Case, seen: Case) -> bool:
        """The same outside a transaction of somebody else's. False: it is not as seen."""
        ...

    def note(self, key: CaseKey, place: str, found: Found) -> None:
        """What became of one place: its branch alone writes there, so it needs no version."""
        ...

    def open(self, tenant: TenantId, *, after: Case | None, limit: int) -> list[Case]:
        """At most `limit` that are not finished, by when they are due."""
        ...

    def count_open(self, tenant: TenantId, most: int) -> int:
        """How many are not finished, `most` at most (eventually consistent)."""
        ...

    def all(self, tenant: TenantId, *, after: str, limit: int) -> list[Case]:
        """At most `limit` of all there are, by id, behind the id `after`."""
        ...

    def of_person(self, subject: SubjectId) -> list[Case]:
        """A person's, oldest first; those that an erasure has unlinked are not among them."""
        ...

    def due(self, now: datetime, limit: int) -> list[CaseKey]:
        """At most `limit` with look_at <= now, the longest overdue first."""
        ...

    def unlink(self, key: CaseKey) -> None:
        """Nobody can tell any more whose it was: keyed hash, number and correction go. A repeat is harmless."""
        ...


@dataclass(frozen=True, slots=True)
class Abroad:
    """Something about a message that is with somebody else: a carrier's record of it, or a schedule."""

    carrier: str
    """By configured name; of a schedule, `schedule`."""
    reference: str
    """The carrier's own id of the message; the schedule's name."""


class Recalls(Protocol):
    """What others have to be asked once our own rows are gone: written before they go, forgotten page by page."""

    def add(self, key: CaseKey, page: str, messages: Sequence[Abroad]) -> None:
        """Remember a page of them; a repeat is the same page."""
        ...

    def pages(self, key: CaseKey, limit: int, prefix: str = "") -> list[tuple[str, list[Abroad]]]:
        """At most `limit` pages that are left, by name, of those whose names begin so."""
        ...

    def last(self, key: CaseKey, prefix: str) -> str:
        """The name of the last of them that is left; '' where there is none."""
        ...

    def done(self, key: CaseKey, page: str) -> None:
        """Forget one."""
        ...


# --- persons -------------------------------------------------------------------------------------


class Persons(Protocol):
    """Persons' rows in the table of keys. Nobody who has this ever has a key in hand."""

    def standing(self, subject: SubjectId) -> Standing:
        """As it is now (a consistent read); of somebody never seen, an empty one."""
        ...

    def restrict(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> None:
        """Nothing but keeping from now on; None: no longer. The first time stays; a repeat changes nothing.

        Of whom nothing else is known, no row is left when it is taken back.
        """
        ...

    def object(self, tenant: TenantId, subject: SubjectId, at: datetime | None) -> None:
        """No advertising from now on; None: no longer. As `restrict`."""
        ...

    def block(self, tenant: TenantId, subject: SubjectId, at: datetime, *, keep_key: bool = False) -> int:
        """An erasure begins: nothing may be kept, read or sent until it ends, and the key goes in the same write.

        Also for somebody never seen (epoch 0) or erased before: what arrives meanwhile is refused all the same. Gives
        the epoch. A repeat changes nothing. `keep_key`: a legal hold keeps something that must stay readable to whoever
        lifts it; nobody can use the key while the row says `erasing`.
        """
        ...

    def shred(self, subject: SubjectId, epoch: int) -> None:
        """The key that was kept by `block` goes. A repeat changes nothing."""
        ...

    def bury(self, subject: SubjectId, epoch: int, at: datetime) -> None:
        """The erasure ends: a tombstone stands. Without effect where that is so, or a later epoch has begun."""
        ...


class Amendments(Protocol):
    """What is corrected in messages. A legal hold keeps what it is on as it is."""

    def readdress(self, seen: Record, fresh: Record) -> bool:
        """What was seen goes to another person: whose it is, the key's number and all that is sealed, in one write.

        False where it is not as seen any more, or was never to be sent again: taken in hand, ended, held, its text
        removed, another person's.
        """
        ...

    def refer(self, seen: Record, reference: bytes) -> bool:
        """Another reference, sealed; False where the record is gone, held, or sealed with another key than was seen."""
        ...


# --- what a case itself keeps secret ----------------------------------------------------------------


class NewKey(Protocol):
    """The key of a request that is being filed: nobody but whoever files it has it yet."""

    @property
    def write(self) -> Write:
        """Keep it: in the transaction that files the request, so that there is neither without the other.

        Of two who file under one id, one keeps its key. What is left under that name, of a request that has gone, goes.
        """
        ...

    def seal(self, field: str, value: bytes) -> bytes:
        """As `CaseSeals.seal`."""
        ...


class CaseSeals(Protocol):
    """Keys of requests: each has its own, in the table that no back-up copies."""

    def new(self, key: CaseKey) -> NewKey:
        """Draw a key. Nothing is written."""
        ...

    def seal(self, key: CaseKey, field: str, value: bytes) -> bytes:
        """Seal with its key, bound to request and field. Raises MissingKeyError where there is none."""
        ...

    def open(self, key: CaseKey, field: str, sealed: bytes) -> bytes:
        """The inverse. Raises MissingKeyError where the key is gone, ValueError where anything does not match."""
        ...

    def secret(self, key: CaseKey, purpose: str) -> bytes:
        """32 bytes for one purpose, derived from its key: an archive's. Raises MissingKeyError."""
        ...


class CaseShredder(Protocol):
    """Destroys keys of requests, and can do nothing else with them."""

    def destroy(self, key: CaseKey) -> None:
        """A repeat is harmless."""
        ...


# --- archives -------------------------------------------------------------------------------------


class Upload(Protocol):
    """An object that is being written, piece by piece; nobody sees it before `close`."""

    def write(self, data: bytes) -> None:
        """In bounded memory, whatever comes."""
        ...

    def close(self) -> None:
        """It is there, whole."""
        ...

    def abort(self) -> None:
        """It never was."""
        ...


class Archives(Protocol):
    """Archives made for persons' requests, in the bucket of exports: `<tenant>/<request>/archive`."""

    def upload(self, key: CaseKey) -> Upload:
        """Begin one; what is there is replaced when it is closed."""
        ...

    def link(self, key: CaseKey, valid: timedelta) -> str:
        """A URL under which the sealed object can be fetched for a few minutes."""
        ...

    def size(self, key: CaseKey) -> int | None:
        """Bytes; None: there is none."""
        ...


class ArchiveSeals(Protocol):
    """Seals archives with their requests' keys, in the format `fugace-archive/1`."""

    def around(self, key: CaseKey, upload: Upload) -> Upload:
        """What is written to the one that is given goes into `upload`, sealed. Raises MissingKeyError."""
        ...


class ArchiveShredder(Protocol):
    """Removes archives, with all versions and unfinished uploads, and can read none."""

    def remove(self, key: CaseKey) -> int:
        """How many objects and versions went."""
        ...


# --- tenants that leave ---------------------------------------------------------------------------


class Estate(Protocol):
    """What is kept of one tenant besides its messages and archives. It deletes, and reads no more than names of rows.

    Each of the methods that delete takes at most `limit` rows, and tells how many there were: none, and it is done.
    """

    def shards(self, tenant: TenantId) -> int | None:
        """Parts of its time index, of a tenant that has left as well; None: there is no such row any more."""
        ...

    def shred(self, tenant: TenantId) -> Write:
        """Its key goes: from then on nothing of its people can be read. In conflict where that is so."""
        ...

    def account(self, tenant: TenantId, limit: int) -> int:
        """API keys first, so that nobody gets in any more; webhooks and their logs, holds, statistics."""
        ...

    def jobs(self, tenant: TenantId, limit: int) -> int:
        """What was to be looked at."""
        ...

    def requests(self, own: CaseKey, limit: int) -> int:
        """Requests, claims, and what carriers were to be asked: all but the rows of the request `own`."""
        ...

    def persons(self, tenant: TenantId, subjects: Sequence[SubjectId]) -> None:
        """Rows of the keys of these persons of the tenant, tombstones too: what they would refuse is noise by then."""
        ...

    def objectors(self, tenant: TenantId, limit: int) -> int:
        """Rows of persons who object, of whom nothing else may be left."""
        ...

    def left(self, own: CaseKey) -> Mapping[str, int]:
        """By branch, whether (1) something of all this is there but for the tenant's own row: one look at each."""
        ...

    def end(self, tenant: TenantId) -> None:
        """The tenant's own row goes, if its key has gone. A repeat is harmless."""
        ...


# --- the machine ----------------------------------------------------------------------------------


class Machine(Protocol):
    """The state machine that answers requests. Its input is a request's id and nothing else (I2)."""

    def start(self, key: CaseKey, run: int) -> None:
        """Begin an execution, named after the request and `run`; a repeat is harmless."""
        ...

    def alive(self, key: CaseKey, run: int) -> bool:
        """Whether that execution is under way."""
        ...

    def answer(self, token: str) -> bool:
        """What it waits for has come. False: it does not wait any more."""
        ...
