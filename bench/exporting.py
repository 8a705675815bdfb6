"""What a person's archive costs (B15): requests against the lower bound, whoever else there is; time and memory.

The use case and the adapters are the real ones. DynamoDB is `bench.counting`; KMS and S3 answer beside it, behind the
same hook of the SDK. How much memory a run takes is measured in an interpreter of its own, which makes the messages as
they are asked for: what is measured is the export, and not what stands for the database.
"""

import base64
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from botocore.awsrequest import AWSRequest, AWSResponse

from bench.budget import Figure
from bench.counting import PAGE, Counting, Shape
from bench.desk import _Raw
from bench.process import output
from bench.purge import NOW, _as_json
from bench.work import TEXT
from fugace.adapters.archives import S3Archives
from fugace.adapters.case_seals import KeyCaseSeals
from fugace.adapters.dynamo import rows
from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.requests import DynamoRequests
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.dynamo.transactions import transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.frames import FrameSeals, SealedUpload
from fugace.adapters.keyring import Keyring
from fugace.adapters.session import Aws
from fugace.adapters.vault import KeyVault, PersonKey
from fugace.domain.bounds import defaults
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.ids import MessageId, MessageKey, SubjectId, new_tenant
from fugace.domain.message import Category, Change, OnUnknown, Record, Sealed, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Retention
from fugace.domain.standing import Standing
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from fugace.ports import Place
from functions.dsar.archive.export import Export
from functions.dsar.task import Task

SIZES = (10, 1_000, 10_000)
LARGE = 100_000
OTHERS = 2_000
REQUEST = "0190d0d0-0000-4000-8000-000000000001"
PERSON = Msisdn.parse("+33639980001")
NEEDED = 13
"""What an export of anybody cannot do without: one for the request, its key, the tenant, the root key and what KMS says
of it, the person's row, holds, the person's requests; a second look at the person's row before the archive can
be seen; what is due, the archive, the end of the ledger, and its new entry."""
_ENTRY = 190
"""Bytes of a place in the index by person: keys alone."""
SHAPES = {
    "messages": Shape(
        ("pk", ""), {"by-subject": ("subject", "at"), "by-time": ("shard", "at"), "by-content": ("brief", "text_until")}
    ),
    "tenants": Shape(("tenant", "item")),
    "subject-keys": Shape(("subject", "")),
    "purge": Shape(("tenant", "item"), {"by-due": ("lot", "due_at")}),
    "cases": Shape(
        ("tenant", "item"),
        {
            "by-person": ("subject", "submitted"),
            "by-deadline": ("tenant", "open_until"),
            "by-look": ("lot", "look_at"),
        },
    ),
    "ledger": Shape(("tenant", "seq"), {"by-day": ("day", "at")}),
}


class _Cloud(Counting):
    """DynamoDB with transactions, and as much of KMS and S3 as an export asks of them."""

    _ROOT = bytes(range(32))

    def _answer(self, request: AWSRequest, **more: object) -> AWSResponse:
        _, service, operation = str(more["event_name"]).split(".")
        if service != "s3":
            return super()._answer(request)
        self.requests[operation, "s3"] += 1
        body = f"<{operation}Result><UploadId>u</UploadId><ETag>e</ETag></{operation}Result>"
        return AWSResponse(request.url, 200, {"ETag": '"e"'}, _Raw(body.encode()))

    def _decrypt(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Plaintext": base64.b64encode(self._ROOT).decode()}

    def _generatedatakeywithoutplaintext(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"CiphertextBlob": base64.b64encode(self._ROOT).decode()}

    def _transactwriteitems(self, asked: dict[str, Any]) -> dict[str, Any]:
        for item in asked["TransactItems"]:
            ((verb, write),) = item.items()
            if "__type" in getattr(self, f"_{verb.lower()}item")(write):
                raise RuntimeError(verb)
        return {}


class _Account:
    """A tenant with a person, and others."""

    def __init__(self, count: int, others: int) -> None:
        self.aws = Aws("eu-west-3")
        self.aws._session.set_credentials("bench", "bench")  # noqa: SLF001 - only a measurement needs none of its own
        self.cloud = _Cloud(SHAPES)
        self.cloud.attach(self.aws._session)  # noqa: SLF001 - only a measurement has to see what is sent
        keyring = self._keyring()
        keyring.make_root("alias/bench")
        self.tenant = Tenant(new_tenant(), "Bench", "simulator", NOW, Retention.of(defaults(wiring.bounds())))
        DynamoTenants(self.aws, "tenants", lambda: NOW).add(self.tenant, keyring.new_tenant_key())
        vault = KeyVault(keyring, DynamoSubjectKeys(self.aws, "subject-keys", lambda: NOW))
        self.subject = vault.subject(self.tenant.id, PERSON)
        person = vault.keys_for(self.tenant.id, [PERSON])[self.subject]
        if person is None:
            raise RuntimeError("nobody")
        self.cloud.tables["messages"].load(self._items(person, count, others))
        self._file(keyring)

    def _keyring(self) -> Keyring:
        return Keyring(self.aws, "tenants", "bench", lambda: NOW)

    def _items(self, person: PersonKey, count: int, others: int) -> Iterator[dict[str, Any]]:
        yield from (_item(_record(self.tenant, person, number)) for number in range(count))
        usual = _item(_record(self.tenant, person, count))
        for number in range(others):
            key = {"S": f"{self.tenant.id}/{UUID(int=1 << 100 | number)}"}
            yield {**usual, "pk": key, "subject": {"S": f"{number:043d}"}}

    def _file(self, keyring: Keyring) -> None:
        key = CaseKey(self.tenant.id, REQUEST)
        own = KeyCaseSeals(keyring, DynamoCaseKeys(self.aws, "subject-keys")).new(key)
        requests = DynamoRequests(self.aws, "cases")
        case = _case(key, self.subject, own.seal("number", PERSON.reveal().encode()))
        transact(self.aws, items_of([requests.file(case), own.write]))

    def export(self) -> Export:
        """With nothing in memory, as a function has it that was just started."""
        keyring, clock = self._keyring(), lambda: NOW
        keys = DynamoSubjectKeys(self.aws, "subject-keys", clock)
        seals = KeyCaseSeals(keyring, DynamoCaseKeys(self.aws, "subject-keys"))
        return Export(
            requests=DynamoRequests(self.aws, "cases"),
            seals=seals,
            archives=S3Archives(self.aws, "exports"),
            sealing=FrameSeals(seals),
            persons=keys,
            disposal=DynamoDisposal(self.aws, "messages"),
            vault=KeyVault(keyring, keys),
            holds=DynamoHolds(self.aws, "tenants"),
            tenants=DynamoTenants(self.aws, "tenants", clock),
            agenda=DynamoAgenda(self.aws, "purge"),
            ledger=DynamoLedger(self.aws, "ledger"),
            terms={},
            clock=clock,
        )


def figures(root: Path) -> list[Figure]:
    """All of them."""
    asked = {size: _exported(size, OTHERS) for size in SIZES}
    crowded = _exported(1_000, 10 * OTHERS)
    found = [
        Figure(
            "B15",
            f"requests to export {size:,} records / lower bound",
            asked[size] / _bound(size),
            1.2,
            1.5,
            note=f"{asked[size]}; bound {_bound(size)}",
        )
        for size in SIZES
    ]
    apart = abs(crowded / asked[1_000] - 1) * 100
    found.append(Figure("B15", f"with {10 * OTHERS:,} messages to others, not {OTHERS:,}", apart, 5, 10, "% off"))
    paths = {"PYTHONPATH": f"{root}:{root / 'layers/common/python'}"}
    small, large = (
        json.loads(output(f"from bench.exporting import alone; alone({count})", paths)) for count in (1_000, LARGE)
    )
    note = f"{small['megabytes']} for 1,000"
    return [
        *found,
        Figure("B15", f"memory to export {LARGE:,} records", large["megabytes"], 256, 512, "MB", note),
        Figure(
            "-",
            f"seconds to export {LARGE:,} records, AWS answering at once; a run has 900",
            large["seconds"],
            note=f"{large['bytes'] / LARGE:,.0f} bytes a record in the archive",
        ),
    ]


def _bound(count: int) -> int:
    """Queries of a megabyte of the index, reads of a hundred records."""
    return NEEDED + max(1, -(-count * _ENTRY // PAGE)) + -(-count // 100)


def _exported(count: int, others: int) -> int:
    account = _Account(count, others)
    export = account.export()
    account.cloud.reset()
    done = export.run(Task(CaseKey(account.tenant.id, REQUEST)), lambda: timedelta(minutes=15))
    if done.count != count:
        msg = f"{done.count} instead of {count} were exported"
        raise RuntimeError(msg)
    return account.cloud.total


# Memory.


class _Written:
    """An upload of which nobody keeps anything but its length."""

    def __init__(self) -> None:
        self.length = 0

    def write(self, data: bytes) -> None:
        """It went out."""
        self.length += len(data)

    def close(self) -> None:
        """Done."""

    def abort(self) -> None:
        """Done."""


class _Endless:
    """Messages of one person, made when they are asked for; a `Disposal` as far as an export goes."""

    def __init__(self, tenant: Tenant, person: PersonKey, count: int) -> None:
        self._tenant, self._person, self._count = tenant, person, count

    def of_subject(self, _: SubjectId, *, after: Place | None, limit: int) -> list[Place]:
        """The next ones."""
        first = UUID(after.key.id).int + 1 if after else 0
        last = min(first + limit, self._count)
        return [Place(NOW, MessageKey(self._tenant.id, _id(number))) for number in range(first, last)]

    def records(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        """A hundred."""
        return {key: _record(self._tenant, self._person, UUID(key.id).int) for key in keys}


def alone(count: int) -> None:
    """Export so many records, in a process that does nothing else; print what it took."""
    tenant = Tenant(new_tenant(), "Bench", "simulator", NOW, Retention.of(defaults(wiring.bounds())))
    person = PersonKey(tenant.id, SubjectId("s" * 43), 60_000, bytes(32))
    key, written, entered = CaseKey(tenant.id, REQUEST), _Written(), list[object]()
    case = _case(key, person.subject, b"x")
    export = Export(
        requests=_fake(get=lambda _: case, of_person=lambda _: [case], change=lambda after, _: after),
        seals=_fake(open=lambda *_: PERSON.reveal().encode()),
        archives=_fake(upload=lambda _: written),
        sealing=_fake(around=lambda _, upload: SealedUpload(bytes(32), upload)),
        persons=_fake(standing=lambda _: Standing(epoch=60_000, live=True)),
        disposal=_fake(**_methods(_Endless(tenant, person, count), "of_subject", "records")),
        vault=_fake(keys_of=lambda records: {each.key: person for each in records}),
        holds=_fake(of=lambda _: []),
        tenants=_fake(get=lambda _: tenant),
        agenda=_fake(ensure=lambda *_: None),
        ledger=_fake(append=lambda *entry: entered.append(entry)),
        terms={},
        clock=lambda: NOW,
    )
    began = time.process_time()
    done = export.run(Task(key), lambda: timedelta(minutes=15))
    spent = time.process_time() - began
    if done.count != count or not entered:
        raise RuntimeError("not all of it")
    peak = _peak()
    sys.stdout.write(json.dumps({"megabytes": peak, "seconds": round(spent, 1), "bytes": written.length}))


def _peak() -> int:
    """Megabytes. What `getrusage` says begins with what the process that started this one had."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20  # bytes, where there is no /proc
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def _fake(**methods: Any) -> Any:  # noqa: ANN401  # whatever port it stands for
    return SimpleNamespace(**methods)


def _methods(of: object, *names: str) -> Mapping[str, Any]:
    return {name: getattr(of, name) for name in names}


def _case(key: CaseKey, subject: SubjectId, sealed: bytes) -> Case:
    return Case(
        key=key,
        right=Right.ACCESS,
        state=CaseState.RUNNING,
        submitted=NOW,
        received=NOW,
        due=NOW + timedelta(days=30),
        identity=Identity.ATTESTED,
        filed_by="key_aaaaaaaa",
        subject=subject,
        sealed=sealed,
        version=1,
    )


def _id(number: int) -> MessageId:
    return MessageId(str(UUID(int=number)))


def _record(tenant: Tenant, person: PersonKey, number: int) -> Record:
    """One that was delivered; its text is not that of any other, and does not compress well."""
    key = MessageKey(tenant.id, _id(number))
    name, at = str(key), NOW - timedelta(days=1, milliseconds=number)
    text = TEXT[:80] + base64.b64encode(os.urandom(60)).decode()
    return Record(
        key=key,
        subject=person.subject,
        epoch=person.epoch,
        sealed=Sealed(person.seal(name, "to", PERSON.reveal()), person.seal(name, "text", text)),
        anchor=at,
        history=(Change(Status.ACCEPTED, at), Change(Status.SUBMITTED, at), Change(Status.DELIVERED, at, code="000")),
        encoding="GSM-7",
        segments=1,
        category=Category.TRANSACTIONAL,
        carrier="simulator",
        on_unknown=OnUnknown.AT_MOST_ONCE,
        validity=timedelta(days=2),
        expires_at=NOW + timedelta(days=30),
        content_until=NOW + timedelta(days=5),
    )


def _item(record: Record) -> dict[str, Any]:
    return {name: dict(map(_as_json, typed.items())) for name, typed in rows.write_record(record).serialize().items()}
