"""What retention needs from outside, as Protocols, beside `fugace.ports`. Fakes pass the same contract tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fugace.domain.hold import Hold
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.ledger import Draft, Entry
from fugace.domain.message import Record, Status
from fugace.domain.retention import Kind, Retention
from fugace.domain.tenant import ApiKey
from fugace.ports import Place, Write

# --- what is due --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """When something of a tenant has to be looked at next. A job that has nothing to wait for is not in the index."""

    tenant: TenantId
    job: str
    """`record/0`, `content/0` (kind, shard), `access`, `statistics`, `hold/<id>`, `exports`, `cases`, `objections`."""
    due_at: datetime | None
    """The moment at which the first thing is, or may be, over."""
    reached: datetime | None = None
    """Everything with an anchor before this was dealt with."""


class Agenda(Protocol):
    """Which jobs are due: a sparse index, so that a tenant of whom nothing is due costs nothing."""

    def ensure(self, tenant: TenantId, job: str, due_at: datetime) -> None:
        """Look at it at `due_at`, or earlier if that was planned before.

        A run under way learns of it in any case, as of a wish for an earlier look: what it saw may be out of date, and
        its `settle` must not put off what was asked for. A look that was planned earlier comes a millisecond earlier.
        """
        ...

    def begin(self, tenant: TenantId, job: str, due_at: datetime) -> None:
        """Look at everything at `due_at`, as if nothing had ever been reached: after a table was lost or restored."""
        ...

    def due(self, now: datetime, limit: int) -> list[Due]:
        """At most `limit` jobs with due_at <= now, the longest overdue first."""
        ...

    def get(self, tenant: TenantId, job: str) -> Due | None:
        """One job (a consistent read)."""
        ...

    def of(self, tenant: TenantId) -> list[Due]:
        """All jobs of a tenant, those that wait for nothing included."""
        ...

    def settle(self, seen: Due, *, reached: datetime | None, due_at: datetime | None) -> bool:
        """Note how far a run came (it never goes back), and when to look next; None: nothing to wait for.

        False, and only `reached` is noted, where somebody asked for an earlier look than `seen.due_at` meanwhile.
        """
        ...


# --- messages that are over ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disposed:
    """What became of a batch."""

    done: list[Place]
    """Gone, whoever removed it."""
    kept: list[Place]
    """Not what was seen any more, or held: left alone."""
    left: list[Place]
    """Not tried, or throttled: to be tried again."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A text with a period of its own."""

    key: MessageKey
    until: datetime


class Disposal(Protocol):
    """The messages table as the purge sees it: overdue and held rows included, and personal fields never opened."""

    def oldest(
        self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, after: Place | None, limit: int
    ) -> list[Place]:
        """At most `limit` places of one shard, oldest first, with since <= anchor <= until. One page of the index."""
        ...

    def count(self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, most: int) -> int:
        """How many such places there are; it stops counting after `most`."""
        ...

    def records(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """Those that are there, whether over, held or neither (consistent reads)."""
        ...

    def of_subject(self, subject: SubjectId, *, after: Place | None, limit: int) -> list[Place]:
        """At most `limit` messages of one person, oldest first."""
        ...

    def delete(self, places: Sequence[Place]) -> Disposed:
        """Delete each that still has the anchor seen, and no hold; one request for 25."""
        ...

    def redact(self, places: Sequence[Place]) -> Disposed:
        """Remove the text of each that still has the anchor seen, and no hold; one request for 25.

        Done is also one that had no text any more, or is gone.
        """
        ...

    def briefs(self, hour: datetime, now: datetime, limit: int) -> list[Brief]:
        """At most `limit` texts with a period of their own that end in `hour` and are over at `now`."""
        ...

    def redact_briefs(self, briefs: Sequence[Brief]) -> int:
        """Remove the text of each that still ends when seen, and has no hold. How many were left, to be tried again."""
        ...

    def hold(self, key: MessageKey, hold_id: str, until: datetime) -> bool:
        """Put a hold on it: TTL cannot reach it before `until` and a month. False: not there. A repeat is harmless."""
        ...

    def free(self, seen: Record, hold_id: str, *, expires_at: datetime, until: datetime | None, redact: bool) -> bool:
        """Take a hold off, in one write, conditional on the holds that were seen; False: look again.

        The stamp becomes `expires_at`, or a month after `until` while another hold stays. `redact`: the text goes too.
        """
        ...

    def delete_freed(self, seen: Record, hold_id: str) -> bool:
        """Delete what is over and held by nothing but `hold_id`, in one conditional write; False: look again."""
        ...


# --- persons of whom nothing is left ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Departure:
    """Persons of one tenant of whom something was deleted, as one batch of the stream told it."""

    hour: datetime
    id: str
    tenant: TenantId
    subjects: frozenset[SubjectId]
    marked: bool
    """Those are meant whose key was marked as leaving."""


class Departures(Protocol):
    """Whom to look at: is anything of them left?"""

    def add(self, departure: Departure) -> None:
        """Remember it; a repeat is the same row."""
        ...

    def due(self, hour: datetime, limit: int) -> list[Departure]:
        """At most `limit` that were put into hours up to and with `hour`, from the oldest hour that is not empty on."""
        ...

    def done(self, departure: Departure) -> None:
        """Forget it."""
        ...


class KeyChain(Protocol):
    """Persons' keys as the purge sees them: it never has one in its hands.

    Two steps, an hour apart, so that no message that is being accepted loses its key: a key is marked as leaving, and
    whoever uses it takes the mark off; one whose mark has stayed, and of whose person nothing is there, is destroyed.
    """

    def leave(self, subjects: Sequence[SubjectId], at: datetime) -> set[SubjectId]:
        """Mark live keys as leaving; give those that are marked now, by this or an earlier call."""
        ...

    def stay(self, subjects: Sequence[SubjectId]) -> None:
        """Take the mark off."""
        ...

    def destroy(self, tenant: TenantId, subjects: Sequence[SubjectId], before: datetime, hour: datetime) -> int:
        """Destroy keys whose mark is older than `before` and was not taken off; give how many.

        Of whoever wished for something the wish stays, and nothing else; of others no row is left.
        The count goes into the tally of `hour` in the same transaction.
        """
        ...


# --- keys that open nothing any more -------------------------------------------------------------


class OldKeys(Protocol):
    """API keys as the purge sees them."""

    def forget(self, seen: ApiKey, counted: Write) -> bool:
        """Delete one that still ends when it was seen to, together with its count; False: it does not, or is gone."""
        ...


# --- counting -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that left the messages table, as its stream told it. An id counts once per kind, however often told."""

    kind: Kind
    """`RECORD`: deleted. `CONTENT`: its text was removed, with it or before it."""
    message: str
    """The message's id."""
    anchor: datetime
    status: Status
    segments: int
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What left in one hour, of one tenant. Told again and again, it only grows."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """By word: the kinds, and `keys` for persons' keys."""
    statistics: Mapping[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)
    """(campaign or '', month of the anchor `2026-11`, state) -> (messages, segments) of deleted records."""


@dataclass(frozen=True, slots=True)
class Book:
    """One hour of one tenant: what was told so far, and what of it the ledger has."""

    tenant: TenantId
    told: Tally
    entered: Tally
    version: int
    """How often it was entered."""


class Tallies(Protocol):
    """What was destroyed, hour by hour, until it is in the ledger. Hours are those of the deletions themselves."""

    def tell(self, hour: datetime, tenant: TenantId, batch: str, gone: Sequence[Gone]) -> None:
        """Note a batch. Repeats, whole or in other batches, change nothing: ids are kept, for three days."""
        ...

    def counted(self, hour: datetime, tenant: TenantId, word: str, count: int, batch: str) -> Write:
        """A count that is true if and only if the transaction is: for what no stream tells of."""
        ...

    def open_hours(self) -> Mapping[datetime, str]:
        """Hours with news since they were last entered, and the mark of the last news."""
        ...

    def books(self, hour: datetime) -> list[Book]:
        """One for each tenant of the hour; those of whom there is no news may be left out."""
        ...

    def entered(self, hour: datetime, book: Book) -> Sequence[Write]:
        """What notes that all that `book` tells is in the ledger: conditional on its version; its statistics too."""
        ...

    def close(self, hour: datetime, mark: str) -> None:
        """No news any more, unless there were some after `mark`."""
        ...


@dataclass(frozen=True, slots=True)
class Statistic:
    """What remains of messages that are gone, without persons: one line of one entered hour."""

    entered: datetime
    campaign: str
    month: str
    status: Status
    messages: int
    segments: int


class Statistics(Protocol):
    """Counts of messages whose records have left."""

    def of(self, tenant: TenantId) -> list[Statistic]:
        """All that are kept."""
        ...

    def overdue(self, tenant: TenantId, before: datetime) -> int:
        """How many hours of them were entered before then."""
        ...

    def purge(self, tenant: TenantId, *, since: datetime, before: datetime, hour: datetime) -> int:
        """Delete those that were entered in between, with the count in the tally of `hour`; give how many."""
        ...

    def first(self, tenant: TenantId) -> datetime | None:
        """When the oldest was entered."""
        ...


# --- archives made for persons, and their cases ---------------------------------------------------

Over = Callable[[datetime], bool]
"""Whether what is counted from then is over: not every anchor before one that is over is, at the end of a month."""


class Exports(Protocol):
    """Archives made for persons' requests, as the purge sees them: it lists and deletes, and never reads one.

    Every version, mark of deletion and upload is counted from when it was itself written or begun. Whoever writes one
    has the job `exports` ensured for its end.
    """

    def first(self, tenant: TenantId) -> datetime | None:
        """When the oldest object, version, mark of deletion or unfinished upload that is there was written or begun."""
        ...

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """Remove all that is over, for good; give how many objects have nothing left.

        With the last version of an object goes the key that it is sealed with, first of all. A mark of deletion stays
        while it hides something. The count goes into the tally of `hour` after the deletion,
        object by object: no store of objects has a transaction with it. A run that dies between the two has deleted
        what nobody counts; nothing is counted that is still there, and nothing twice.
        """
        ...


class Cases(Protocol):
    """Persons' requests, as the purge sees them. Whoever finishes one has the job `cases` ensured for its end."""

    def overdue(self, tenant: TenantId, over: Over) -> int:
        """How many finished ones are over."""
        ...

    def first(self, tenant: TenantId) -> datetime | None:
        """When the oldest finished one was finished; an open one waits for nothing."""
        ...

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """Delete those that are over and still finished when seen, with the count in the tally of `hour`; how many.

        What is left of their keys goes first.
        """
        ...


class Objections(Protocol):
    """Persons' objections, as the purge sees them. Whoever writes one has the job `objections` ensured for its end."""

    def overdue(self, tenant: TenantId, over: Over) -> int:
        """How many are over."""
        ...

    def first(self, tenant: TenantId) -> datetime | None:
        """When the oldest one was made."""
        ...

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """Forget those that are over, with the count in the tally of `hour`; give how many.

        The person's row goes with it where there is nothing else in it.
        """
        ...


# --- ledger -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a tenant's chain."""

    tenant: TenantId
    seq: int
    hash: str


class Ledger(Protocol):
    """The chains. Nothing in it can be changed or deleted."""

    def append(self, draft: Draft, *also: Write) -> Entry:
        """Put it at the end of its tenant's chain, in one transaction with `also`; concurrent writers queue up.

        Raises:
            UnfitError: a value that has no place here.
            ConflictError: a write of `also` found another state than was seen.
        """
        ...

    def page(self, tenant: TenantId, *, after: int, limit: int) -> list[Entry]:
        """At most `limit` entries behind number `after`, in their order."""
        ...

    def head(self, tenant: TenantId) -> Head | None:
        """The end of the chain (a consistent read)."""
        ...

    def heads(self, day: datetime) -> list[Head]:
        """The ends of the chains that grew on that day (UTC), as they are now."""
        ...


class Checkpoints(Protocol):
    """Signed checkpoints, in a bucket where nothing can be overwritten or deleted before its time."""

    def last(self, before: datetime) -> bytes | None:
        """The newest one of a day before that day."""
        ...

    def put(self, day: datetime, document: bytes) -> bool:
        """Keep the one of a day; False where there is one."""
        ...

    def get(self, day: datetime) -> bytes | None:
        """The one of a day."""
        ...


class Signer(Protocol):
    """A private key that never leaves KMS (ECDSA on P-256 with SHA-256)."""

    def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest, in DER."""
        ...

    def public_key(self) -> bytes:
        """The public key: DER, SubjectPublicKeyInfo."""
        ...


# --- tenants' choices, and holds ----------------------------------------------------------------


class Policies(Protocol):
    """What tenants chose."""

    def fresh(self, tenant: TenantId) -> Retention | None:
        """As it is now (a consistent read), where `Tenants.get` may answer from memory; None: it has left."""
        ...

    def choose(self, tenant: TenantId, seen: Retention, chosen: Retention) -> Write:
        """Replace what was seen. Conditional on it."""
        ...


class Holds(Protocol):
    """Legal holds, in the tenants table."""

    def of(self, tenant: TenantId) -> list[Hold]:
        """All, over ones included, oldest first (a consistent read)."""
        ...

    def get(self, tenant: TenantId, hold_id: str) -> Hold | None:
        """One (a consistent read)."""
        ...

    def put(self, hold: Hold, seen: Hold | None) -> Write:
        """Create (`seen` is None), or replace exactly what was seen."""
        ...

    def move(self, hold: Hold, seen: Hold) -> bool:
        """The same outside a transaction: for steps that the ledger does not tell of. False: it is not as seen."""
        ...

    def purge(self, tenant: TenantId, hold_id: str) -> None:
        """Forget one that is over."""
        ...
