"""A desk at which archives are made, over fakes, and hands to open what comes out."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from fugace.adapters.frames import FrameSeals, opened
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.ids import SubjectId
from fugace.domain.message import Category, Record, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Kind
from fugace.ports import Terms
from functions.dsar.archive.export import Export
from functions.dsar.task import Task
from tests.fakes import ALICE, NOON, SHOP, FakeClock, FakeMessages, FakeTenants, FakeVault, key_number, sealed_record
from tests.fakes import tenant as a_tenant
from tests.fakes_keeping import FakeAgenda, FakeDisposal, FakeHolds, FakeLedger
from tests.fakes_rights import FakeArchives, FakeCaseSeals, FakePersons, FakeRequests

SCHEMA = Path(__file__).parents[1] / "docs/schemas/data.schema.json"
REQUEST = CaseKey(SHOP, "0190d0d0-0000-4000-8000-000000000001")
TERMS = {
    name: Terms(
        deduplicates=False,
        callback_per_message=True,
        receipt_limit=timedelta(minutes=2),
        region=f"where {name} is",
        keeps=f"what {name} keeps",
        max_segments=10,
    )
    for name in ("simulator", "postbox")
}


@dataclass
class Opened:
    """An archive, opened."""

    files: dict[str, bytes]

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.files["data.json"]))

    @property
    def page(self) -> str:
        return self.files["index.html"].decode()

    def table(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.files[f"{name}.csv"].decode("utf-8-sig"), newline="")))


def unpacked(secret: bytes, sealed: bytes) -> Opened:
    plain = io.BytesIO(b"".join(opened(secret, io.BytesIO(sealed))))
    with zipfile.ZipFile(plain) as archive:
        assert archive.testzip() is None
        return Opened({name: archive.read(name) for name in archive.namelist()})


@dataclass
class Desk:
    """The step, over fakes."""

    clock: FakeClock = field(default_factory=FakeClock)
    vault: FakeVault = field(default_factory=FakeVault)
    requests: FakeRequests = field(default_factory=FakeRequests)
    seals: FakeCaseSeals = field(default_factory=FakeCaseSeals)
    archives: FakeArchives = field(default_factory=FakeArchives)
    agenda: FakeAgenda = field(default_factory=FakeAgenda)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    holds: FakeHolds = field(default_factory=FakeHolds)
    watch: Callable[[Any], Any] = lambda port: port

    def __post_init__(self) -> None:
        self.messages = FakeMessages(self.clock)
        self.persons = FakePersons(self.vault)
        self.tenants = FakeTenants(a_tenant())

    @property
    def export(self) -> Export:
        its = self.watch
        return Export(
            requests=its(self.requests),
            seals=its(self.seals),
            archives=its(self.archives),
            sealing=FrameSeals(self.seals),
            persons=its(self.persons),
            disposal=its(FakeDisposal(self.messages)),
            vault=its(self.vault),
            holds=its(self.holds),
            tenants=its(self.tenants),
            agenda=its(self.agenda),
            ledger=its(self.ledger),
            terms=TERMS,
            clock=self.clock,
        )

    def subject(self, to: Msisdn = ALICE) -> SubjectId:
        return self.vault.subject(SHOP, to)

    def file(self, key: CaseKey = REQUEST, to: Msisdn = ALICE, right: Right = Right.ACCESS, **more: Any) -> Case:
        """A request that the machine has begun."""
        self.seals.make(key)
        case = Case(
            key=key,
            right=right,
            state=CaseState.RUNNING,
            submitted=NOON - timedelta(days=1),
            received=NOON - timedelta(hours=1),
            due=NOON + timedelta(days=30),
            identity=Identity.ATTESTED,
            filed_by="key_aaaaaaaa",
            subject=self.subject(to),
            sealed=self.seals.seal(key, "number", to.reveal().encode()),
            version=1,
        )
        self.requests.rows[key] = replace(case, **more)
        return self.requests.rows[key]

    def send(self, number: int = 1, to: Msisdn = ALICE, text: str = "Your parcel is here", **more: Any) -> Record:
        """A message that was delivered."""
        delivered = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED, Status.DELIVERED)
        record = sealed_record(self.vault, key_number(number), to, text, **{"status": delivered, **more})
        self.messages.rows[record.key] = record
        return record

    def run(self, key: CaseKey = REQUEST, left: timedelta = timedelta(minutes=15)) -> Any:
        return self.export.run(Task(key), lambda: left)

    def opened(self, key: CaseKey = REQUEST) -> Opened:
        """What whoever has the key finds."""
        return unpacked(self.seals.secret(key, "archive"), self.archives.objects[key])

    def answer(self, **more: Any) -> Opened:
        """File, run, open."""
        self.file(**more)
        self.run()
        return self.opened()


def later(days: float) -> datetime:
    return NOON + timedelta(days=days)


__all__ = ["REQUEST", "TERMS", "Category", "Desk", "Kind", "Opened", "later", "unpacked"]


def valid(opened: Opened) -> dict[str, Any]:
    """The data, if they are what the published schema says."""
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in checker.iter_errors(opened.data)] == []
    return opened.data
