"""One fake a port, in memory, as honest as the docstrings of `fugace.ports`; the contract tests hold them to it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from fugace.domain.errors import (
    CarrierRefusedError,
    CarrierSilentError,
    CarrierUnavailableError,
    MissingKeyError,
    ReceiptRefusedError,
    TenantGoneError,
    UnavailableError,
)
from fugace.domain.ids import MessageId, MessageKey, SubjectId, TenantId
from fugace.domain.message import SENDABLE, Category, Change, Evidence, OnUnknown, Record, Sealed, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.tenant import ApiKey, Attempt, Tenant, Webhook
from fugace.ports import Callback, Event, HttpAnswer, HttpRequest, Place, Refusing, Step, Submission, Terms

# Numbers that the French regulator keeps for fiction (ARCEP: 06 39 98 xx xx).
ALICE = Msisdn.parse("+33639980001")
BOB = Msisdn.parse("+33639980002")
CAROL = Msisdn.parse("+33639980003")
DAVE = Msisdn.parse("+33639980004")

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SHOP = TenantId("ten_shopshopshopshop")
BAKERY = TenantId("ten_bakerybakerybake")
FIRST = MessageKey(SHOP, MessageId("019bc192-7a00-7000-8000-000000000001"))
SECOND = MessageKey(SHOP, MessageId("019bc192-7a00-7000-8000-000000000002"))


EPOCHS_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""What the epochs of persons' keys are counted from, in whole hours."""
WEEK, HALF_YEAR = Period(seconds=7 * 86_400), Period(months=6)


def kept(content: Period = WEEK, record: Period = HALF_YEAR) -> Retention:
    """What a tenant has chosen from the beginning: every kind, two of them as said."""
    others = {kind: Period(months=12) for kind in Kind}
    return Retention.of({**others, Kind.CONTENT: content, Kind.RECORD: record})


def key_number(number: int, tenant: TenantId = SHOP) -> MessageKey:
    """A message key of its own for each number."""
    return MessageKey(tenant, MessageId(f"019bc192-7a00-7000-8000-{number:012x}"))


class FakeClock:
    """A `fugace.ports.Clock` that stands still until told otherwise."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **step: float) -> datetime:
        """Let time pass: `tick(minutes=5)`."""
        self.now += timedelta(**step)
        return self.now


# --- keys ---------------------------------------------------------------------------------------


def _veil(data: bytes) -> bytes:
    """Not readable by eye or by a scan for planted values; anybody can undo it."""
    return bytes(byte ^ 0x5A for byte in data)


def _seal(bound: Sequence[object], value: str) -> bytes:
    return b"\x01" + _veil(json.dumps([list(bound), value]).encode())


def _open(bound: Sequence[object], sealed: bytes) -> str:
    try:
        seen, value = json.loads(_veil(sealed[1:]))
    except ValueError:
        raise ValueError("cannot be opened") from None
    if sealed[:1] != b"\x01" or seen != list(bound):
        raise ValueError("cannot be opened")
    return str(value)


@dataclass(frozen=True, slots=True)
class FakeSubjectKey:
    """A `fugace.ports.SubjectKey` that anybody could open, but which refuses the wrong field all the same."""

    tenant: TenantId
    subject: SubjectId
    epoch: int
    restricted: datetime | None = None
    objected: datetime | None = None
    empty: bool = False
    """It tells of wishes, and there is no key in it."""

    def seal(self, record: str, field: str, value: str) -> bytes:
        if self.empty:
            raise ValueError("no key")
        return _seal([self.tenant, self.subject, self.epoch, record, field], value)

    def open(self, record: str, field: str, sealed: bytes) -> str:
        return _open([self.tenant, self.subject, self.epoch, record, field], sealed)


@dataclass(slots=True)
class KeyRow:
    """The key of one person at one tenant. `leaving`: since when nothing of them seems to be left."""

    tenant: TenantId | None = None
    epoch: int = 1
    state: str = "live"  # live, erasing, erased; bare: nothing but wishes
    leaving: datetime | None = None
    restricted: datetime | None = None
    objected: datetime | None = None
    kept: bool = False
    """While `erasing`: the key is still there, for what a legal hold keeps."""
    since: datetime | None = None
    """Of `erasing` and `erased`."""


class FakeVault:
    """A `fugace.ports.Vault`. `rows` are the subject keys; `lose` takes one away without a tombstone.

    With a clock, epochs are never given twice, even where no row remembers the one before: no key is made and destroyed
    within one hour, and an epoch is at least the number of hours since 2020. Without one, they count from 1.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock
        self.rows: dict[SubjectId, KeyRow] = {}
        self.left = set[TenantId]()
        """Tenants whose key is destroyed."""

    def subject(self, tenant: TenantId, to: Msisdn) -> SubjectId:
        digest = self.digest(tenant, "index", to.reveal().encode())
        return SubjectId(base64.urlsafe_b64encode(digest).decode().rstrip("="))

    def keys_for(
        self, tenant: TenantId, people: Sequence[Msisdn], *, refusing: Refusing | None = None
    ) -> dict[SubjectId, FakeSubjectKey | None]:
        wanted = (self.subject(tenant, to) for to in people)
        return {subject: self._key_for(tenant, subject, refusing) for subject in wanted}

    def _key_for(self, tenant: TenantId, subject: SubjectId, refusing: Refusing | None) -> FakeSubjectKey | None:
        row = self.rows.get(subject)
        if row is None:
            row = self.rows[subject] = KeyRow(tenant, self._epoch(0))
        if row.state == "erasing":
            return None
        if refusing and refusing(subject, row):
            return FakeSubjectKey(tenant, subject, row.epoch, row.restricted, row.objected, empty=True)
        if row.state in {"erased", "bare"}:
            row.epoch, row.state = self._epoch(row.epoch), "live"
        row.leaving = None
        return FakeSubjectKey(tenant, subject, row.epoch, row.restricted, row.objected)

    def _epoch(self, before: int) -> int:
        hours = (self.clock() - EPOCHS_FROM) // timedelta(hours=1) if self.clock else 0
        return max(before + 1, hours)

    def keys_of(self, records: Sequence[Record]) -> dict[MessageKey, FakeSubjectKey]:
        found = {}
        for record in records:
            row = self.rows.get(record.subject)
            if record.key.tenant in self.left and row:
                continue
            if row is None or (row.state == "bare" and row.epoch == record.epoch):
                raise MissingKeyError
            if row.state == "live" and row.epoch == record.epoch:
                wishes = row.restricted, row.objected
                found[record.key] = FakeSubjectKey(record.key.tenant, record.subject, row.epoch, *wishes)
        return found

    def digest(self, tenant: TenantId, purpose: str, data: bytes) -> bytes:
        self._demand(tenant)
        return hmac.digest(f"fake {tenant} {purpose}".encode(), data, hashlib.sha256)

    def seal(self, tenant: TenantId, purpose: str, data: bytes) -> bytes:
        self._demand(tenant)
        return _seal([tenant, purpose], data.hex())

    def open(self, tenant: TenantId, purpose: str, sealed: bytes) -> bytes:
        self._demand(tenant)
        return bytes.fromhex(_open([tenant, purpose], sealed))

    def _demand(self, tenant: TenantId) -> None:
        if tenant in self.left:
            raise TenantGoneError

    def sign(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(f"fake root {purpose}".encode(), data, hashlib.sha256)

    # What an erasure does, and what must never happen.

    def block(self, subject: SubjectId) -> None:
        """An erasure has begun: nothing may be kept, read or sent."""
        row = self.rows.setdefault(subject, KeyRow(epoch=0))
        if row.state == "live":
            row.state = "erasing"

    def destroy(self, subject: SubjectId) -> None:
        """The key is gone and its tombstone stands."""
        self.rows.setdefault(subject, KeyRow(epoch=0)).state = "erased"

    def lose(self, subject: SubjectId) -> None:
        """A row disappears, tombstone and all: an operational fault."""
        del self.rows[subject]


# --- messages -----------------------------------------------------------------------------------


def sealed_record(
    vault: FakeVault | None = None,
    key: MessageKey = FIRST,
    to: Msisdn = ALICE,
    text: str = "Your parcel is here",
    *,
    status: Sequence[Status] = (Status.ACCEPTED,),
    at: datetime = NOON,
    **more: object,
) -> Record:
    """A record as accept makes it, one minute a change; `more` replaces any other field of it."""
    vault = vault or FakeVault()
    subject = vault.subject(key.tenant, to)
    person = vault.keys_for(key.tenant, [to])[subject]
    assert person is not None
    record = Record(
        key=key,
        subject=subject,
        epoch=person.epoch,
        sealed=Sealed(person.seal(str(key), "to", to.reveal()), person.seal(str(key), "text", text)),
        anchor=at,
        history=tuple(Change(each, at + timedelta(minutes=minute)) for minute, each in enumerate(status)),
        encoding="GSM-7",
        segments=1,
        category=Category.TRANSACTIONAL,
        carrier="simulator",
        on_unknown=OnUnknown.AT_MOST_ONCE,
        validity=timedelta(days=2),
        expires_at=at + timedelta(days=181),
        content_until=at + timedelta(days=7),
    )
    return replace(record, **more)  # type: ignore[arg-type]  # names are checked by replace() itself


class FakeMessages:
    """A `fugace.ports.Messages`. `rows` is what is kept, expired or not; `broken` makes every call fail."""

    def __init__(self, clock: FakeClock | None = None, *records: Record) -> None:
        self.clock = clock or FakeClock()
        self.rows: dict[MessageKey, Record] = {record.key: record for record in records}
        self.broken = False
        self.writes = 0

    def _alive(self, key: MessageKey) -> Record | None:
        if self.broken:
            raise UnavailableError
        record = self.rows.get(key)
        return record if record and record.expires_at > self.clock() else None

    def _keep(self, record: Record) -> Record:
        self.writes += 1
        self.rows[record.key] = record
        return record

    def _remove(self, key: MessageKey) -> None:
        self.writes += 1
        del self.rows[key]

    def add(self, record: Record) -> Record | None:
        alive, there = self._alive(record.key), self.rows.get(record.key)
        if alive or (there and there.held):
            return there
        if there:
            self._remove(record.key)  # a deletion of its own, which can be counted
        self._keep(record)
        return None

    def get(self, key: MessageKey) -> Record | None:
        return self._alive(key)

    def get_many(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        return {key: record for key in keys if (record := self._alive(key))}

    def claim(self, key: MessageKey, at: datetime, *, stale: datetime) -> Record | None:
        record = self._alive(key)
        if record is None or record.held or record.status not in {Status.ACCEPTED, Status.QUEUED}:
            return None
        claimed_at = record.claimed_at
        if claimed_at and claimed_at > stale:
            return None
        if record.status is Status.ACCEPTED:
            record = record.changed(Change(Status.QUEUED, at))
        self._keep(replace(record, claimed_at=at))
        return replace(record, claimed_at=claimed_at or at)

    def release(self, key: MessageKey, claimed_at: datetime) -> None:
        record = self._alive(key)
        if record and record.claimed_at == claimed_at:
            self._keep(replace(record, claimed_at=None))

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
        record = self._alive(key)
        if record is None:
            return None
        before = change.status.predecessors if only_from is None else change.status.predecessors & only_from
        may = record.status in before and carrier in {"", record.carrier}
        if not may and not carrier_ref and (not drop_content or record.status in SENDABLE):
            return None
        drop = drop_content and not record.held
        after = replace(
            record.changed(change) if may else record,
            claimed_at=None,
            carrier_ref=carrier_ref or record.carrier_ref,
            sealed=replace(record.sealed, text=None) if drop else record.sealed,
            brief=record.brief and not drop,
        )
        self._keep(after)
        return after if may else None

    def note_part(self, key: MessageKey, part: int, status: Status) -> Record | None:
        record = self._alive(key)
        return record and self._keep(replace(record, parts={part: status} | record.parts))

    def timeline(
        self, tenant: TenantId, shard: int, *, since: datetime, until: datetime, after: Place | None, limit: int
    ) -> list[Place]:
        if self.broken:
            raise UnavailableError
        # An index forgets a record only when the table does, so places of expired ones are given.
        places = [
            Place(record.anchor, key)
            for key, record in self.rows.items()
            if key.tenant == tenant and record.shard == shard and since <= record.anchor < until
        ]
        places.sort(key=lambda place: (place.anchor, str(place.key)), reverse=True)
        if after:
            places = [each for each in places if (each.anchor, str(each.key)) < (after.anchor, str(after.key))]
        return places[:limit]


# --- tenants ------------------------------------------------------------------------------------


def tenant(tenant_id: TenantId = SHOP, **more: object) -> Tenant:
    """A tenant, created at noon; `more` replaces any other field of it."""
    plain = Tenant(id=tenant_id, name="The shop", carrier="simulator", created=NOON, retention=kept())
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace() itself


class FakeTenants:
    """A `fugace.ports.Tenants`."""

    def __init__(self, *tenants: Tenant) -> None:
        self.tenants = {each.id: each for each in tenants}
        self.keys: dict[tuple[TenantId, str], ApiKey] = {}
        self.left = set[TenantId]()
        """Those whose key is destroyed, and whose row says so."""
        self.days: dict[date, set[TenantId]] = {}
        self.watermarks: dict[str, datetime] = {}
        self.steps: dict[str, Step] = {}

    def get(self, tenant: TenantId) -> Tenant | None:
        return None if tenant in self.left else self.tenants.get(tenant)

    def everyone(self) -> list[Tenant]:
        return sorted(self.tenants.values(), key=lambda each: (each.created, each.id))

    def put_on(self, tenant: TenantId, plan: str) -> bool:
        if self.get(tenant) is None:
            return False
        self.tenants[tenant] = replace(self.tenants[tenant], plan=plan)
        return True

    def api_key(self, tenant: TenantId, key_id: str) -> ApiKey | None:
        key, owner = self.keys.get((tenant, key_id)), self.tenants.get(tenant)
        return replace(key, plan=owner.plan if owner else "") if key else None

    def api_keys(self, tenant: TenantId) -> list[ApiKey]:
        return sorted(
            (key for key in self.keys.values() if key.tenant == tenant), key=lambda key: (key.created, key.id)
        )

    def add_api_key(self, key: ApiKey) -> None:
        self.keys[key.tenant, key.id] = key

    def revoke_api_key(self, tenant: TenantId, key_id: str, at: datetime) -> ApiKey | None:
        key = self.keys.get((tenant, key_id))
        if key is None:
            return None
        self.keys[tenant, key_id] = replace(key, revoked=key.revoked or at)
        return self.keys[tenant, key_id]

    def enter(self, tenant: TenantId, day: date) -> None:
        self.days.setdefault(day, set()).add(tenant)

    def was_active(self, tenant: TenantId, days: Sequence[date]) -> bool:
        return any(tenant in self.days.get(day, set()) for day in days)

    def seen(self, tenant: TenantId, key_id: str, day: date) -> None:
        self.enter(tenant, day)
        key = self.keys.get((tenant, key_id))
        if key and (key.last_used is None or key.last_used < day):
            self.keys[tenant, key_id] = replace(key, last_used=day)

    def active(self, days: Sequence[date]) -> list[TenantId]:
        return sorted(set().union(*(self.days.get(day, set()) for day in days)))

    def watermark(self, name: str) -> datetime | None:
        return self.watermarks.get(name)

    def advance(self, name: str, to: datetime) -> None:
        if name not in self.watermarks or self.watermarks[name] < to:
            self.watermarks[name] = to
            self.steps.pop(name, None)

    def under_way(self, name: str) -> Step | None:
        return self.steps.get(name)

    def pause(self, name: str, step: Step) -> None:
        if self.watermarks.setdefault(name, step.since) == step.since:
            self.steps[name] = step


class FakeWebhooks:
    """A `fugace.ports.Webhooks`. `lines` holds every log line, with the time it was written."""

    KEPT = timedelta(days=30)

    def __init__(self, clock: FakeClock | None = None, *webhooks: Webhook) -> None:
        self.clock = clock or FakeClock()
        self.webhooks = {(each.tenant, each.id): each for each in webhooks}
        self.lines: list[tuple[TenantId, str, datetime, Attempt]] = []

    def of(self, tenant: TenantId) -> list[Webhook]:
        mine = (each for each in self.webhooks.values() if each.tenant == tenant)
        return sorted(mine, key=lambda each: (each.created, each.id))

    def put(self, webhook: Webhook) -> None:
        self.webhooks[webhook.tenant, webhook.id] = webhook

    def remove(self, tenant: TenantId, webhook_id: str) -> bool:
        return self.webhooks.pop((tenant, webhook_id), None) is not None

    def failing(self, tenant: TenantId, webhook_id: str, since: datetime | None, *, disabled: str = "") -> None:
        if webhook := self.webhooks.get((tenant, webhook_id)):
            self.put(replace(webhook, failing_since=since, disabled=disabled))

    def log(self, tenant: TenantId, webhook_id: str, attempts: Sequence[Attempt]) -> None:
        self.lines += [(tenant, webhook_id, self.clock(), attempt) for attempt in attempts]

    def logged(self, tenant: TenantId, webhook_id: str, limit: int) -> list[Attempt]:
        oldest = self.clock() - self.KEPT
        mine = [line for line in self.lines if line[:2] == (tenant, webhook_id) and line[2] > oldest]
        return [line[3] for line in reversed(mine)][:limit]


# --- queues and time ----------------------------------------------------------------------------


class FakeQueue:
    """A `fugace.ports.Queue`. `sent` holds bodies, `delays` their delays; `broken` refuses them all."""

    LONGEST = timedelta(minutes=15)

    def __init__(self) -> None:
        self.sent: list[dict[str, str | int]] = []
        self.delays: list[timedelta] = []
        self.broken = False

    def send(self, bodies: Sequence[Mapping[str, str | int]], *, delay: timedelta = timedelta(0)) -> None:
        if not timedelta(0) <= delay <= self.LONGEST:
            raise ValueError("a queue delays by 15 minutes at most")
        if self.broken:
            raise UnavailableError
        self.sent += [json.loads(json.dumps(dict(body))) for body in bodies]
        self.delays += [delay] * len(bodies)


class FakeTimer:
    """A `fugace.ports.Timer`. `pending` maps names to (when, queue, body), whatever the delay."""

    def __init__(self) -> None:
        self.pending: dict[str, tuple[datetime, str, dict[str, str | int]]] = {}
        self.broken = False

    def at(self, when: datetime, queue: str, body: Mapping[str, str | int], *, name: str) -> None:
        if self.broken:
            raise UnavailableError
        self.pending.setdefault(name, (when, queue, dict(body)))

    def cancel(self, name: str) -> None:
        self.pending.pop(name, None)


# --- carriers and the web -----------------------------------------------------------------------


class FakeWeb:
    """A `fugace.ports.Web` that plays `script` in order: an answer is given, an error raised; then `otherwise`."""

    def __init__(self, *script: HttpAnswer | Exception, otherwise: HttpAnswer | Exception | None = None) -> None:
        self.script = list(script)
        self.otherwise = otherwise or HttpAnswer(200, {}, b'{"id": "carrier-1"}')
        self.requests: list[HttpRequest] = []

    def carrier(self, request: HttpRequest) -> HttpAnswer:
        return self._play(request)

    def webhook(self, request: HttpRequest) -> HttpAnswer:
        return self._play(request)

    def _play(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        scene = self.script.pop(0) if self.script else self.otherwise
        if isinstance(scene, Exception):
            raise scene
        return scene


@dataclass
class FakeCarrier:
    """A `fugace.ports.Carrier` that speaks JSON. A callback is genuine where its header `signature` is `genuine`."""

    terms: Terms = field(
        default_factory=lambda: Terms(
            deduplicates=False,
            callback_per_message=True,
            receipt_limit=timedelta(days=3),
            region="FR",
            keeps="nothing",
            max_segments=10,
        )
    )

    def build_send(self, submission: Submission) -> HttpRequest:
        body = {
            "to": submission.to.reveal(),
            "text": submission.text,
            "from": submission.sender,
            "reference": submission.key.reference,
            "validity": int(submission.validity.total_seconds()),
            "callback": submission.callback,
        }
        return HttpRequest("POST", "https://carrier.example/messages", {}, json.dumps(body).encode())

    def read_answer(self, answer: HttpAnswer) -> str:
        if answer.status in {429, 503}:
            raise CarrierUnavailableError(str(answer.status), retry_after=int(answer.headers.get("retry-after", "0")))
        if 400 <= answer.status < 500:
            raise CarrierRefusedError(str(answer.status), blocked=answer.status == 403)
        if answer.status >= 500:
            raise CarrierSilentError(str(answer.status))
        return str(json.loads(answer.body)["id"])

    def verify(self, callback: Callback) -> None:
        if callback.headers.get("signature") != "genuine":
            raise ReceiptRefusedError(reason="signature")

    def read_callback(self, callback: Callback) -> list[Event]:
        try:
            reports = json.loads(callback.body)
            return [self._event(report) for report in reports]
        except (ValueError, KeyError, TypeError):
            raise ReceiptRefusedError(reason="unreadable") from None

    @staticmethod
    def _event(report: Mapping[str, str | int]) -> Event:
        return Event(
            reference=str(report.get("reference", "")),
            status=Status(str(report["status"])),
            evidence=Evidence(str(report.get("evidence", "handset"))),
            at=datetime.fromtimestamp(int(report["at"]) / 1000, UTC) if "at" in report else None,
            code=str(report.get("code", "")),
            part=int(report.get("part", 0)),
        )

    def build_erasure(self, carrier_ref: str) -> HttpRequest | None:
        if not self.terms.erases:
            return None
        return HttpRequest("DELETE", f"https://carrier.example/messages/{carrier_ref}", {}, b"")


def report(*events: Mapping[str, str | int], genuine: bool = True) -> Callback:
    """A callback as `FakeCarrier` reads it."""
    return Callback("POST", {"signature": "genuine" if genuine else "forged"}, {}, json.dumps(events).encode())


def statuses(changes: Iterable[Change]) -> list[str]:
    """The words of a history, for assertions that read well."""
    return [change.status.value for change in changes]
