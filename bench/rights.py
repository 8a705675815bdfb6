"""What a person's rights ask of AWS (B15): requests of an erasure, against those that no implementation can do without.

The use cases and adapters are the real ones; DynamoDB is `bench.counting`, behind the SDK's own `before-send` hook.
Carriers answer at once, and theirs are no requests of AWS.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from bench.budget import Figure
from bench.counting import Counting, Shape
from bench.purge import SHAPES, _item
from fugace.adapters.carriers.simulator import Simulator
from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.requests import DynamoRecalls, DynamoRequests
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.session import Aws
from fugace.domain.bounds import defaults
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right, Stage
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.retention import Retention
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from fugace.ports import HttpAnswer, Write
from functions.dsar.erasure.erase import Erasure, Ports
from functions.dsar.erasure.recall import Recall
from functions.dsar.task import Task

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIZES = (10, 1_000, 10_000)
PERSONS = 1_000
GOAL, FAIL = 1.2, 1.5
TENANT = TenantId("ten_benchbenchbenchb")
TABLES = SHAPES | {
    "subject-keys": Shape(("subject", "")),
    "ledger": Shape(("tenant", "seq"), {"by-day": ("day", "at")}),
    "cases": Shape(
        ("tenant", "item"),
        {"by-deadline": ("tenant", "open_until"), "by-person": ("subject", "submitted"), "by-look": ("lot", "look_at")},
    ),
}
ORDER = ("begin", "gather", "messages", "schedules", "archives", "cases", "carriers", "probe")
"""Steps, as the machine asks for them."""


class House:
    """Tables with one tenant, and what erases a person in them."""

    def __init__(self) -> None:
        self.aws = Aws("eu-west-3")
        self.aws._session.set_credentials("bench", "bench")  # noqa: SLF001 - only a measurement needs none of its own
        self.dynamo = Counting(TABLES)
        self.dynamo.attach(self.aws._session)  # noqa: SLF001 - only a measurement has to see what is sent
        self.requests = DynamoRequests(self.aws, "cases")
        self.recalls = DynamoRecalls(self.aws, "cases")
        self.persons = DynamoSubjectKeys(self.aws, "subject-keys", lambda: NOW)
        self.seals = DynamoCaseKeys(self.aws, "subject-keys")
        self.holds = DynamoHolds(self.aws, "tenants")
        self.ledger = DynamoLedger(self.aws, "ledger")
        self.disposal = DynamoDisposal(self.aws, "messages")
        self.tenants = DynamoTenants(self.aws, "tenants", lambda: NOW)
        self.open(TENANT)

    def open(self, tenant: TenantId) -> None:
        """A tenant."""
        retention = Retention.of(defaults(wiring.bounds()))
        self.tenants.add(Tenant(tenant, "Bench", "simulator", NOW, retention), b"wrapped")

    # What is there.

    def person(self, number: int, messages: int, tenant: TenantId = TENANT) -> SubjectId:
        """Somebody with a key and so many delivered messages, of each of which the carrier has a record."""
        self.people({number: messages}, tenant)
        return _subject(tenant, number)

    def people(self, messages: Mapping[int, int], tenant: TenantId = TENANT) -> None:
        """Many at once."""
        self.dynamo.tables["subject-keys"].load(_key(tenant, number) for number in messages)
        self.dynamo.tables["messages"].load(
            chain.from_iterable(_rows(tenant, number, count) for number, count in messages.items())
        )

    def file(self, number: int, subject: SubjectId, tenant: TenantId = TENANT, **more: Any) -> Case:  # noqa: ANN401  # fields
        """A request whose work has begun, with a key of its own."""
        case = Case(
            key=CaseKey(tenant, f"00000000-0000-4000-8000-{number:012x}"),
            right=Right.ERASURE,
            state=CaseState.RUNNING,
            submitted=NOW,
            received=NOW,
            due=NOW + timedelta(days=30),
            identity=Identity.ATTESTED,
            filed_by="key_setterse",
            subject=subject,
            sealed=b"n" * 41,
            run=1,
            begun=NOW,
        )
        case = replace(case, **more)
        transact(self, self.seals.add(case.key, b"w" * 40))
        transact(self, self.requests.file(case))
        return case

    # What is done.

    def erasure(self) -> Erasure:
        """All steps but that of carriers."""
        none: Any = SimpleNamespace(remove=lambda _key: 0, cancel=lambda _name: None)
        terms = {"simulator": self._carrier().terms}
        policies, agenda = DynamoPolicies(self.aws, "tenants"), DynamoAgenda(self.aws, "purge")
        return Erasure.over(
            Ports(
                requests=self.requests,
                recalls=self.recalls,
                persons=self.persons,
                case_shredder=self.seals,
                archive_shredder=none,
                disposal=self.disposal,
                holds=self.holds,
                ledger=self.ledger,
                agenda=agenda,
                policies=policies,
                timer=none,
                queue=none,
                clock=lambda: NOW,
                terms=terms,
            )
        )

    def recall(self) -> Recall:
        """That one."""
        web: Any = SimpleNamespace(carrier=lambda _request: HttpAnswer(204, {}, b""))
        return Recall(self.requests, self.recalls, {"simulator": self._carrier()}, web)

    def run(self, key: CaseKey, order: tuple[str, ...] = ORDER) -> None:
        """From the tombstone to the probe."""
        erasure, recall = self.erasure(), self.recall()
        for step in order:
            worker: Erasure | Recall = recall if step == "carriers" else erasure
            while worker.run(Task(key, step), _plenty):
                pass

    @staticmethod
    def _carrier() -> Simulator:
        secret = {"token": "t", "signing": "s"}
        return Simulator.per_message(url="https://simulator.example", secret=secret, clock=lambda: NOW)


def transact(house: House, write: Write) -> None:
    """Carry out a write by itself."""
    from fugace.adapters.dynamo.transactions import transact as carry_out  # noqa: PLC0415 - its name
    from fugace.adapters.dynamo.writes import items_of  # noqa: PLC0415 - beside it

    carry_out(house.aws, items_of([write]))


def bound(messages: int) -> int:
    """The fewest requests with which a person can be erased so that it can be resumed, proved and trusted.

    Each step is a function of its own that was told the request's id and nothing else: what it needs it has to read.
    """
    steps = 8  # each reads the request
    ledger = 2 * 2  # an erasure begins, a key is destroyed: the end of the chain, and a transaction behind it
    person = 1 + 1 + 1 + 1  # holds of the tenant; block in one write; the end is noted, and then the tombstone stands
    requests = 4  # the person's: when all others are cancelled, when archives go, when requests go, when it is probed
    own = 1 + 1  # its own number goes, and its own key
    places = 6  # what became of each
    beforehand = 2  # how many messages and carriers' records there were: later nobody can tell
    index = -(-messages // 6_000)  # a megabyte of it
    rows = -(-messages // 100)  # what carriers call them: in no index
    pages = -(-messages // 4_000)  # of what carriers are asked, 400 KB each: written, and forgotten
    gather = 1 + index + rows + pages  # 1: how far did somebody come before?
    delete = index + -(-messages // 25)
    recall = 1 + pages
    schedules = 1
    probe = 1 + 1 + 1  # messages, what others were to be asked, the key
    whole = steps + ledger + person + requests + own + places + beforehand
    return whole + gather + delete + recall + schedules + probe


def figures() -> list[Figure]:
    """All of them. What an export asks is measured beside it."""
    many, few = _erased(PERSONS, SIZES), _erased(PERSONS // 10, SIZES[:2])
    apart = max(abs(many[size] / few[size] - 1) * 100 for size in few)
    return [
        *(
            Figure("B15", f"requests to erase a person of {size:,} messages / lower bound", many[size] / bound(size),
                   GOAL, FAIL, note=f"{many[size]:,} requests; bound {bound(size):,}")
            for size in SIZES
        ),
        Figure("B15", f"the same among {PERSONS:,} persons, not {PERSONS // 10}", apart, 0, 1, "% off"),
        Figure("B15", "writes after which a person is unreadable", _unreadable(), 1, 1),
        *exports(),
    ]  # fmt: skip


def exports() -> Iterator[Figure]:
    """The export's."""
    yield from ()


def _erased(persons: int, sizes: Sequence[int]) -> dict[int, int]:
    """Requests for a person of each size, one after the other, among others with ten messages each."""
    house = House()
    people = dict(enumerate(sizes)) | dict.fromkeys(range(len(sizes), persons), 10)
    house.people(people)
    asked = {}
    for number, size in enumerate(sizes):
        subject = _subject(TENANT, number)
        case = house.file(number, subject)
        house.dynamo.reset()
        house.run(case.key)
        asked[size] = house.dynamo.total
        _demand(house, case.key, subject, size)
    if len(house.dynamo.tables["messages"].rows) != 10 * (persons - len(sizes)):
        msg = "others have lost something"
        raise RuntimeError(msg)
    return asked


def _demand(house: House, key: CaseKey, subject: SubjectId, messages: int) -> None:
    done = house.requests.get(key)
    left = house.disposal.of_subject(subject, after=None, limit=1)
    gone = done is not None and done.stage is Stage.ENDED and done.places["messages"].count == messages
    if left or not gone or done is None or done.places["carriers"].count != messages:
        msg = f"not erased: {messages}"
        raise RuntimeError(msg)


def _unreadable() -> int:
    """Writes to the person's row, and to the person's messages, until nobody can read them."""
    house = House()
    subject = house.person(0, 10)
    house.file(1, subject)
    house.dynamo.reset()
    house.persons.block(TENANT, subject, NOW)
    if house.persons.standing(subject).live:
        msg = "still readable"
        raise RuntimeError(msg)
    return house.dynamo.requests["UpdateItem", "subject-keys"]


def _plenty() -> timedelta:
    return timedelta(minutes=14)


def _subject(tenant: TenantId, number: int) -> SubjectId:
    return SubjectId(f"{tenant[4:]}{number:027d}")


def _key(tenant: TenantId, number: int) -> dict[str, Any]:
    wrapped = base64.b64encode(b"w" * 40).decode()
    who = {"subject": {"S": _subject(tenant, number)}, "tenant": {"S": tenant}}
    return {**who, "epoch": {"N": "60000"}, "wrapped": {"B": wrapped}}


def _rows(tenant: TenantId, person: int, count: int) -> Iterator[dict[str, Any]]:
    whole: Mapping[str, Any] = _item(tenant, NOW)
    for number in range(count):
        millis = str(round((NOW - timedelta(days=100)).timestamp() * 1000) + number)
        own = UUID(int=person << 64 | number)
        yield {
            **whole,
            "pk": {"S": f"{tenant}/{own}"},
            "subject": {"S": _subject(tenant, person)},
            "shard": {"S": f"{tenant}/0"},
            "at": {"N": millis},
            "cref": {"S": f"sim-{own}"},
        }
