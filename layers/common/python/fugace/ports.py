"""What we need from outside, as Protocols. Each has a contract test that its fake passes too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.message import Change, Evidence, Record, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.tenant import ApiKey, Attempt, Tenant, Webhook
from fugace.domain.wishes import Wishes


class Clock(Protocol):
    """The current time, always with a zone and always UTC."""

    def __call__(self) -> datetime:
        """Tell it."""
        ...


# --- writes that happen together ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction: made by one adapter, carried out by the ledger together with its entry."""

    item: object
    """What the adapters of one family (DynamoDB's, or the fakes) understand."""


class ConflictError(Exception):
    """A write of the transaction found another state than its maker had seen: nothing was written."""


# --- keys ---------------------------------------------------------------------------------------


class SubjectKey(Protocol):
    """The key of one person at one tenant, in the memory of this process."""

    @property
    def subject(self) -> SubjectId:
        """Whose key it is."""
        ...

    @property
    def epoch(self) -> int:
        """Which of that person's keys: a number that none of them had before, and a higher one than theirs."""
        ...

    @property
    def restricted(self) -> datetime | None:
        """Since when nothing but keeping may be done with what it opens (Art. 18): it is neither shown nor sent."""
        ...

    @property
    def objected(self) -> datetime | None:
        """Since when its person objects to advertising (Art. 21)."""
        ...

    def seal(self, record: str, field: str, value: str) -> bytes:
        """AES-256-GCM of `value`, bound to tenant, record id, field name and version."""
        ...

    def open(self, record: str, field: str, sealed: bytes) -> str:
        """The inverse of `seal`. Raises ValueError where anything does not match."""
        ...


Refusing = Callable[[SubjectId, Wishes], bool]
"""Whether nothing is going to be sealed for somebody, in view of what they wished for."""


class Vault(Protocol):
    """Keys and what is made with them. KMS is asked once per process and cache period, whatever is asked here."""

    def subject(self, tenant: TenantId, to: Msisdn) -> SubjectId:
        """The keyed hash by which a person's records are found."""
        ...

    def keys_for(
        self, tenant: TenantId, people: Sequence[Msisdn], *, refusing: Refusing | None = None
    ) -> Mapping[SubjectId, SubjectKey | None]:
        """The key of each person, made where the person was never seen, or came back after an erasure.

        None where an erasure is under way: nothing may be kept (the caller refuses). For whom `refusing` says so no key
        is made, kept from leaving or opened: what is given tells of their wishes, and seals nothing (ValueError).
        """
        ...

    def keys_of(self, records: Sequence[Record]) -> Mapping[MessageKey, SubjectKey]:
        """The keys that open `records`.

        A record whose person's key is destroyed, blocked or of another epoch is left out; so is every record of a
        tenant that has left. One of a restricted person is
        not: whoever shows or sends looks at `restricted`.

        Raises:
            MissingKeyError: no key and no tombstone. An operational fault, never 'no data'.
        """
        ...

    def digest(self, tenant: TenantId, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 under a key derived from the tenant's for `purpose`."""
        ...

    def seal(self, tenant: TenantId, purpose: str, data: bytes) -> bytes:
        """Seal something of the tenant's own (a cursor, a webhook secret), bound to tenant and purpose."""
        ...

    def open(self, tenant: TenantId, purpose: str, sealed: bytes) -> bytes:
        """The inverse of `seal`. Raises ValueError where anything does not match."""
        ...

    def sign(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 under a key derived from the environment's root key: tokens that come back without a tenant."""
        ...


# --- messages -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listing stands in one shard of a tenant's time index: after this message, going back in time."""

    anchor: datetime
    key: MessageKey


class Messages(Protocol):
    """Where messages are kept. A record past its stamped `expires_at` is never given, even if it is still there."""

    def add(self, record: Record) -> Record | None:
        """Put if absent, in one conditional write: None when it was put, else the record that was there first.

        One that is over is as good as absent, unless there is a legal hold on it.
        """
        ...

    def get(self, key: MessageKey) -> Record | None:
        """A tenant's own message as it is now (a consistent read)."""
        ...

    def get_many(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """Those of `keys` that are there, in batches of 100 (eventually consistent)."""
        ...

    def claim(self, key: MessageKey, at: datetime, *, stale: datetime) -> Record | None:
        """Take it in hand for one hand-over: `accepted` becomes `queued`, in one conditional write.

        Gives the record as it is after the write; None where it is past `queued`, gone, under a legal hold, or claimed
        by another since after `stale` (read it to know which). A claim older than `stale` is given with that claim's
        time still in `claimed_at`: whoever held it died half-way, and the outcome of its call is not known. A claim
        whose answer was lost and had to be asked for again is given as it would have been at once.
        """
        ...

    def release(self, key: MessageKey, claimed_at: datetime) -> None:
        """Let go of a claim of ours: nothing was handed over. Without effect if it is not ours any more."""
        ...

    def note(
        self,
        key: MessageKey,
        change: Change,
        *,
        carrier_ref: str = "",
        drop_content: bool = False,
        only_from: frozenset[Status] | None = None,
        carrier: str = "",
    ) -> Record | None:
        """Append `change` in one write, if `change.status` may follow what is there (I5); a claim ends with it.

        `only_from` narrows the states it may follow, `carrier` the messages: to those that were given to it. Gives
        the record after the write, None where the change was refused or the record is not there.
        `drop_content` removes the text in the same write, unless there is a legal hold on it, and happens with
        `carrier_ref` even where a receipt came first and the change itself is refused.
        """
        ...

    def note_part(self, key: MessageKey, part: int, status: Status) -> Record | None:
        """Keep the final state of one part (from 1); the first one given for a part stays. None: not there."""
        ...

    def timeline(
        self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, after: Place | None, limit: int
    ) -> list[Place]:
        """At most `limit` places of one shard, newest first, with since <= anchor < until."""
        ...


# --- tenants ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """What a recurring pass looks through at a time: from its watermark on, tenant after tenant by id."""

    since: datetime
    until: datetime
    done: str = ""
    """The id of the last tenant that it is done with."""


class Tenants(Protocol):
    """Tenants and their API keys."""

    def get(self, tenant: TenantId) -> Tenant | None:
        """A tenant, unless it has left; an implementation may answer from memory for up to a minute.

        One has left when its key is destroyed: from then on its people's data cannot be read, and nothing is done.
        """
        ...

    def everyone(self) -> list[Tenant]:
        """Every tenant, by creation: an operator's question, never asked on a request's path."""
        ...

    def put_on(self, tenant: TenantId, plan: str) -> bool:
        """Say which plan it is on; False where there is no such tenant, or it has left."""
        ...

    def api_key(self, tenant: TenantId, key_id: str) -> ApiKey | None:
        """An API key with its tenant's plan, read consistently every time: revocation must be seen."""
        ...

    def api_keys(self, tenant: TenantId) -> list[ApiKey]:
        """All keys of a tenant, revoked ones included, oldest first."""
        ...

    def add_api_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def revoke_api_key(self, tenant: TenantId, key_id: str, at: datetime) -> ApiKey | None:
        """Revoke it for good; None where the tenant has no such key. The first revocation's time stays."""
        ...

    def enter(self, tenant: TenantId, day: date) -> None:
        """Put it into the register of tenants that are active on `day`."""
        ...

    def was_active(self, tenant: TenantId, days: Sequence[date]) -> bool:
        """Whether it is in the register of any of `days` (consistent reads, until one says so)."""
        ...

    def seen(self, tenant: TenantId, key_id: str, day: date) -> None:
        """A key was used on `day`: once a day it is written down, for the key and in the register of active tenants."""
        ...

    def active(self, days: Sequence[date]) -> list[TenantId]:
        """The tenants that were active on any of `days`, each once, by id."""
        ...

    def watermark(self, name: str) -> datetime | None:
        """How far a recurring pass has come."""
        ...

    def advance(self, name: str, to: datetime) -> None:
        """Note how far it has come. It never goes back; a step that is under way ends with it."""
        ...

    def under_way(self, name: str) -> Step | None:
        """The step that it has begun and not ended; it begins at the watermark."""
        ...

    def pause(self, name: str, step: Step) -> None:
        """Note how far it has come within a step. Without effect once the watermark is not where the step begins.

        Where there is no watermark yet, it is put there. What was noted of a step before is replaced.
        """
        ...


class Webhooks(Protocol):
    """Webhooks and their delivery logs."""

    def of(self, tenant: TenantId) -> list[Webhook]:
        """A tenant's webhooks, disabled ones included, oldest first (a consistent read)."""
        ...

    def put(self, webhook: Webhook) -> None:
        """Create or replace."""
        ...

    def remove(self, tenant: TenantId, webhook_id: str) -> bool:
        """Whether there was one."""
        ...

    def failing(self, tenant: TenantId, webhook_id: str, since: datetime | None, *, disabled: str = "") -> None:
        """Note since when it has failed (None: it answers again), why it is disabled. A removed one stays removed."""
        ...

    def log(self, tenant: TenantId, webhook_id: str, attempts: Sequence[Attempt]) -> None:
        """Append to its log, in one write for a batch. Log lines are kept 30 days."""
        ...

    def logged(self, tenant: TenantId, webhook_id: str, limit: int) -> list[Attempt]:
        """The newest lines of its log, newest first."""
        ...


# --- queues and time ----------------------------------------------------------------------------


class Queue(Protocol):
    """One queue. Bodies carry ids, states, counters and times: never a number, a text or a hash of one (I2)."""

    def send(self, bodies: Sequence[Mapping[str, str | int]], *, delay: timedelta = timedelta(0)) -> None:
        """Put all of them there, in batches of 10; at most 15 minutes of delay.

        Raises:
            UnavailableError: at least one was not taken. Those that were stay: consumers bear repeats.
        """
        ...


class Timer(Protocol):
    """Puts a body on a queue later: by the queue's own delay up to 15 minutes, by a one-off schedule beyond."""

    def at(self, when: datetime, queue: str, body: Mapping[str, str | int], *, name: str) -> None:
        """`queue` is `carrier/NAME` or `notify`; `name` ([0-9a-zA-Z-_.], 64) makes a repeated call harmless."""
        ...

    def cancel(self, name: str) -> None:
        """Forget a schedule, if it is still there."""
        ...


# --- carriers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submission:
    """A message in clear, for the moment of its hand-over."""

    key: MessageKey
    to: Msisdn
    text: str
    sender: str
    category: str
    encoding: str
    segments: int
    validity: timedelta
    """What is left of it."""
    callback: str
    """Where receipts for this message go: a signed URL of its own, or the account's."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request for the one HTTP client to make."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back: header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Callback:
    """A carrier's call, as it came in: the raw body, before any parsing. Header names in lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    source_ip: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery report, read into our words. Nothing personal is kept while reading."""

    reference: str
    """Our own reference as the carrier returns it; '' where the callback's URL names the message."""
    status: Status
    evidence: Evidence
    at: datetime | None = None
    code: str = ""
    part: int = 0
    """Which part it speaks of, from 1; 0: the whole message."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a carrier offers, declared by its adapter and shown to the auditor."""

    deduplicates: bool
    """It sends one SMS however often our reference is submitted: no claim is needed."""
    callback_per_message: bool
    """It takes a callback URL per message; else the account's URL is called, with our reference."""
    receipt_limit: timedelta
    """After this long without a final receipt the outcome is `unknown`."""
    region: str
    """Where its data live."""
    keeps: str
    """What remains there after sending, and until when."""
    max_segments: int
    erases: bool = False
    """It erases a message when it is asked to."""


class Carrier(Protocol):
    """A company that delivers texts, as five pure operations; `adapters.web` does the I/O."""

    @property
    def terms(self) -> Terms:
        """What it offers."""
        ...

    def build_send(self, submission: Submission) -> HttpRequest:
        """The request that hands it over, once."""
        ...

    def read_answer(self, answer: HttpAnswer) -> str:
        """The carrier's own id of the message.

        Raises:
            CarrierUnavailableError: it was not taken; trying again is safe.
            CarrierRefusedError: the answer is no, and final.
            CarrierSilentError: nobody knows.
        """
        ...

    def verify(self, callback: Callback) -> None:
        """Check on the raw bytes that the carrier sent it. Raises ReceiptRefusedError."""
        ...

    def read_callback(self, callback: Callback) -> list[Event]:
        """What it reports, several events at a time if need be. Raises ReceiptRefusedError where it cannot be read."""
        ...

    def build_erasure(self, carrier_ref: str) -> HttpRequest | None:
        """The request that erases it at the carrier, None where that is not offered."""
        ...


class Web(Protocol):
    """The HTTP client: one attempt, no redirect, no retry of its own."""

    def carrier(self, request: HttpRequest) -> HttpAnswer:
        """Ask a carrier.

        Raises:
            CarrierUnavailableError: no connection was made, so nothing was handed over.
            CarrierSilentError: the request left, or may have, and no answer came.
        """
        ...

    def webhook(self, request: HttpRequest) -> HttpAnswer:
        """Call a tenant's address: only public ones, resolved once and connected to as resolved.

        Raises:
            WebhookRefusedError: an address that is never called (reason: scheme, address, …).
            WebhookFailedError: no answer; `outcome` is a word of `Attempt.outcome`.
        """
        ...
