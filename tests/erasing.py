"""A house of fakes in which a person can be erased, and the machine's order of doing it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.ledger import Action
from fugace.domain.message import Record, Status
from fugace.domain.msisdn import Msisdn
from fugace.ports import HttpAnswer
from functions.dsar.erasure.erase import Erasure, Ports
from functions.dsar.erasure.recall import Recall
from functions.dsar.task import Task
from tests.architecture.rooms import ROOT
from tests.crashing import Calls
from tests.fakes import (
    ALICE,
    BAKERY,
    BOB,
    NOON,
    SHOP,
    FakeCarrier,
    FakeQueue,
    FakeTimer,
    FakeVault,
    FakeWeb,
    key_number,
    sealed_record,
    tenant,
)
from tests.fakes_keeping import Keeping
from tests.fakes_rights import FakeArchives, FakeCaseSeals, FakePersons, FakeRecalls, FakeRequests

ERASURE = CaseKey(SHOP, "00000000-0000-4000-8000-00000000e7a5")
ASL = ROOT / "infra/workflows/request.asl.json"
ERASES = replace(FakeCarrier().terms, erases=True)
PLENTY, NONE = timedelta(minutes=14), timedelta(seconds=1)


def machine() -> list[tuple[str, str]]:
    """(`Erase` or `Recall`, step) of an erasure, as the state machine has them: branches one after the other."""
    states = json.loads(ASL.read_text().replace("${DrainSeconds}", "1"))["States"]
    steps, name = [], "Tombstone"
    while name != "Close":
        state = states[name]
        steps += [found for part in state.get("Branches", [{"States": {name: state}}]) for found in _steps(part)]
        name = state.get("Next") or state["Default"]
    return steps


def _steps(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for state in part["States"].values():
        asked = state.get("Parameters", {})
        who = asked.get("FunctionName", "").strip("${}")
        if who in {"Erase", "Recall"}:
            yield who, asked["Payload"]["step"]


def case_key(number: int, owner: TenantId = SHOP) -> CaseKey:
    return CaseKey(owner, f"00000000-0000-4000-8000-{number:012x}")


class House:
    """Two tenants; carriers that erase (`simulator`) and that do not (`deaf`); ports that are counted and can crash."""

    def __init__(self, now: datetime = NOON) -> None:
        self.keeping = Keeping(tenant(), tenant(BAKERY), now=now)
        self.clock, self.vault, self.messages = self.keeping.clock, self.keeping.vault, self.keeping.messages
        self.holds, self.ledger = self.keeping.holds, self.keeping.ledger
        self.requests, self.recalls = FakeRequests(), FakeRecalls()
        self.persons = FakePersons(self.vault)
        self.seals, self.archives, self.timer = FakeCaseSeals(), FakeArchives(), FakeTimer()
        self.queue = FakeQueue()
        self.carriers = {"simulator": FakeCarrier(ERASES), "deaf": FakeCarrier()}
        self.web = FakeWeb(otherwise=HttpAnswer(204, {}, b""))
        self.calls = Calls()
        self._at = 0
        self.left: Callable[[], timedelta] = lambda: PLENTY
        self.drained: Callable[[], object] = lambda: None
        """What ends while the machine waits."""

    # What is there.

    def subject(self, to: Msisdn = ALICE, owner: TenantId = SHOP) -> SubjectId:
        return self.vault.subject(owner, to)

    def send(self, number: int, to: Msisdn = ALICE, owner: TenantId = SHOP, **more: Any) -> Record:
        record = sealed_record(self.vault, key_number(number, owner), to, **more)
        self.messages.rows[record.key] = record
        return record

    def plant(self, number: int, to: Msisdn = ALICE, owner: TenantId = SHOP, **more: Any) -> Record:
        """What should not be there: as if somebody had kept it with a key from before the tombstone."""
        record = sealed_record(FakeVault(self.clock), key_number(number, owner), to, **more)
        self.messages.rows[record.key] = record
        return record

    def file(self, key: CaseKey, right: Right = Right.ERASURE, to: Msisdn = ALICE, **more: Any) -> Case:
        """A request as intake leaves it, in the state in which its work has begun."""
        self.seals.make(key)
        case = Case(
            key=key,
            right=right,
            state=CaseState.RUNNING,
            submitted=NOON,
            received=NOON,
            due=NOON + timedelta(days=31),
            identity=Identity.ATTESTED,
            filed_by="key_setterse",
            subject=self.subject(to, key.tenant),
            sealed=self.seals.seal(key, "number", to.reveal().encode()),
            run=1,
            begun=NOON,
            version=1,
        )
        case = replace(case, **more)
        self.requests.rows[key] = case
        if not case.state.final and case.subject:
            self.requests.claims[key.tenant, case.subject, right] = key
        return case

    # What is done.

    def erasure(self) -> Erasure:
        watch = self.calls.of
        ports = Ports(
            requests=watch(self.requests),
            recalls=watch(self.recalls),
            persons=watch(self.persons),
            case_shredder=watch(self.seals),
            archive_shredder=watch(self.archives),
            disposal=watch(self.keeping.disposal),
            holds=watch(self.holds),
            ledger=watch(self.ledger),
            agenda=watch(self.keeping.agenda),
            policies=watch(self.keeping.policies),
            timer=watch(self.timer),
            queue=watch(self.queue),
            clock=self.clock,
            terms={name: carrier.terms for name, carrier in self.carriers.items()},
        )
        return Erasure.over(ports)

    def recall(self) -> Recall:
        watch = self.calls.of
        return Recall(
            watch(self.requests), watch(self.recalls), self.carriers, watch(self.web), pause=lambda _seconds: None
        )

    def step(self, who: str, step: str, key: CaseKey = ERASURE) -> None:
        """As the machine does it: again while there is more."""
        worker = self.erasure() if who == "Erase" else self.recall()
        while worker.run(Task(key, step), self.left):
            pass

    def run(self, key: CaseKey = ERASURE) -> None:
        """From the tombstone to the probe; after a crash from the step that died, as a retry or a redrive does."""
        steps = machine()
        while self._at < len(steps):
            who, step = steps[self._at]
            self.step(who, step, key)
            if step == "begin":
                self.drained()
            self._at += 1

    def again(self, key: CaseKey = ERASURE) -> None:
        """Another execution, as the watch starts it."""
        case = self.requests.rows[key]
        self.requests.rows[key] = replace(case, run=case.run + 1, version=case.version + 1)
        self._at = 0
        self.run(key)

    # What came of it.

    @property
    def case(self) -> Case:
        return self.requests.rows[ERASURE]

    def outcomes(self) -> dict[str, tuple[str, int, int]]:
        return {place: (found.outcome.value, found.count, found.left) for place, found in self.case.places.items()}

    def entries(self, owner: TenantId = SHOP) -> list[Action]:
        return [entry.draft.action for entry in self.ledger.chains[owner]]

    def rows_of(self, to: Msisdn = ALICE, owner: TenantId = SHOP) -> list[Record]:
        return [record for record in self.messages.rows.values() if record.subject == self.subject(to, owner)]


UNTIL = NOON + timedelta(days=90)
HOLD = Hold(SHOP, "hold_aaaaaaaaaaaaaaaa", Ground.CLAIM, NOON, "key_setterse", UNTIL, HoldState.HELD)
SENT = (Status.ACCEPTED, Status.SUBMITTED, Status.DELIVERED)


def busy() -> House:
    """Alice has two messages that a carrier has, and one that is planned; others have some too."""
    house = House()
    for number in (1, 2):
        house.send(number, status=SENT, carrier_ref=f"ref-{number}")
    planned = house.send(3, at=NOON + timedelta(days=2), status=[Status.ACCEPTED])
    house.timer.at(planned.anchor, "carrier/simulator", {"message": str(planned.key)}, name=f"m-{planned.key.id}")
    house.send(4, BOB)
    house.send(5, ALICE, BAKERY)
    house.file(ERASURE)
    return house


def put_hold(house: House, hold: Hold = HOLD, number: int = 1) -> None:
    house.holds.rows[SHOP, hold.id] = hold
    held = house.rows_of()[number - 1]
    house.messages.rows[held.key] = replace(held, held=frozenset({hold.id}))


def lift(house: House) -> None:
    house.holds.rows[SHOP, HOLD.id] = replace(HOLD, state=HoldState.OVER)
    for record in house.rows_of():
        house.messages.rows[record.key] = replace(record, held=frozenset())
