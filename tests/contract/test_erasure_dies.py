"""An erasure that dies before or after any request to AWS, over the real adapters, from its filing to its last word.

The file of the state machine is executed as it is, and the watch begins another execution where one is gone. What a
process knew is gone with it, so what it leaves is what AWS has: two deaths between which nothing was written are one.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from bench.purge import _as_json
from bench.rights import NOW, TENANT, House, transact
from fugace.adapters.archive_shredder import S3ArchiveShredder
from fugace.adapters.credentials import Credentials
from fugace.adapters.dynamo import rows
from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.machine import StepMachine
from fugace.adapters.queues import SqsQueue
from fugace.adapters.signer import KmsSigner
from fugace.adapters.timer import ScheduleTimer
from fugace.domain.case import Case, CaseKey, CaseState, Right
from fugace.domain.certificate import Kept, Stage, certificate_id
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.jose import unb64url
from fugace.domain.ledger import Action, Entry
from fugace.domain.retention import Period
from fugace.edge import wiring
from fugace.edge.settings import CarrierSetting
from fugace.ports import HttpAnswer
from functions.dsar.course.certify import Certify
from functions.dsar.course.decisions import Decisions
from functions.dsar.course.settle import Settle
from functions.dsar.course.watch import Watch
from functions.dsar.erasure.erase import Erasure, Ports
from functions.dsar.erasure.recall import Recall
from functions.dsar.herald import Herald
from functions.dsar.task import Task
from tests.account import GONE, OVER, RUNNING, Account, Moment
from tests.erasing import ASL, PLENTY
from tests.workflow.asl import StateMachine

NEIGHBOUR = TenantId("ten_neighbourneighbo")
ALICE, BOB = (SubjectId(f"{TENANT[4:]}{number:027d}") for number in range(2))
ERASURE = CaseKey(TENANT, f"00000000-0000-4000-8000-{9:012x}")
ARN = "arn:aws:states:eu-west-3:000000000000:stateMachine:requests"
NAMES = {name: name.lower() for name in ("Settle", "Erase", "Recall", "Certify")}
OTHERS = dict.fromkeys(("Verify", "Export", "Amend", "Depart", "Leave"), "nobody")
HELD = "hold_aaaaaaaaaaaaaaaa"
ONCE = (Action.ERASURE_BEGUN, Action.KEY_DESTROYED, Action.REQUEST_DONE)
TIMES = frozenset(
    "erased erasing look_at begun closed finished until final_at at day due_at open_until lifted_at".split()  # noqa: SIM905  # words
)
COUNTED = frozenset({"version", "run", "certificate", "hash", "entry", "told", "reminded"})
"""What tells how often and by whom something was done; and what is looked at by itself."""


class DiedError(BaseException):
    """A function's process is gone."""


@dataclass(slots=True)
class Life:
    """What happens to one request, until nobody has to look at it any more."""

    account: Account
    watching: bool = False
    """Whether it is the watch that is at work."""

    # Whoever does it. Each step is a process of its own.

    def settle(self, event: dict[str, Any]) -> Any:
        house, aws = self.account.house, self.account.house.aws
        settle = Settle(
            requests=house.requests,
            decisions=Decisions(house.requests, Period(), Period()),
            ledger=house.ledger,
            shredder=house.seals,
            agenda=DynamoAgenda(aws, "purge"),
            policies=DynamoPolicies(aws, "tenants"),
            herald=self.herald(),
            clock=self.account.clock,
        )
        return settle.run(Task.read(event)).shown()

    def erase(self, event: dict[str, Any]) -> Any:
        house, aws, clock = self.account.house, self.account.house.aws, self.account.clock
        ports = Ports(
            requests=house.requests,
            recalls=house.recalls,
            persons=DynamoSubjectKeys(aws, "subject-keys", clock),
            case_shredder=house.seals,
            archive_shredder=S3ArchiveShredder(aws, "exports"),
            disposal=house.disposal,
            holds=house.holds,
            ledger=house.ledger,
            agenda=DynamoAgenda(aws, "purge"),
            policies=DynamoPolicies(aws, "tenants"),
            queue=SqsQueue(aws, "https://sqs.eu-west-3.amazonaws.com/0/sweep"),
            timer=ScheduleTimer(aws, queues={}, group="fugace", role="", clock=clock),
            clock=clock,
            terms={name: carrier.terms for name, carrier in self.carriers().items()},
        )
        return {"more": Erasure.over(ports).run(Task.read(event), lambda: PLENTY)}

    def recall(self, event: dict[str, Any]) -> Any:
        house = self.account.house
        web: Any = SimpleNamespace(carrier=self._carrier)
        return {"more": Recall(house.requests, house.recalls, self.carriers(), web).run(Task.read(event), _plenty)}

    def certify(self, event: dict[str, Any]) -> Any:
        house, signer = self.account.house, KmsSigner(self.account.house.aws, "alias/certificates")
        terms = {name: carrier.terms for name, carrier in self.carriers().items()}
        Certify(house.requests, house.ledger, signer, self.account.clock, terms, "test").run(Task.read(event))
        return {}

    def watch(self) -> None:
        house = self.account.house
        machine = StepMachine(house.aws, ARN)
        Watch(house.requests, house.holds, machine, self.herald(), self.account.clock).run(_plenty)

    def herald(self) -> Herald:
        return Herald(SqsQueue(self.account.house.aws, "https://sqs.eu-west-3.amazonaws.com/0/callbacks"))

    def carriers(self) -> wiring.Carriers:
        """With secrets of theirs."""
        one = CarrierSetting("simulator", "simulator", "https://simulator.example", "", "fugace/simulator")
        return wiring.Carriers((one,), Credentials(self.account.house.aws, self.account.clock))

    def _carrier(self, request: Any) -> HttpAnswer:
        self.account.kept.abroad.add(request.url)
        return HttpAnswer(204, {}, b"")

    # How time goes by.

    def through(self) -> None:
        """Executions that are there; then, when something has to be looked at, the watch; and again."""
        executions = self.account.kept.executions
        for _ in range(40):
            for name in [name for name, status in executions.items() if status == RUNNING]:
                executions[name] = self.execute(name)
            with self.account.unseen():
                case = self.case()
                lift(self.account, case)
            if case.look_at is None:
                return
            self.account.clock.now = max(self.account.clock.now, case.look_at)
            self.watching = True
            self.watch()
            self.watching = False
        raise AssertionError("it never ends")

    def execute(self, name: str) -> str:
        functions = {each: self._process(getattr(self, each)) for each in NAMES.values()}
        machine = StateMachine(_definition(), functions, self.account.clock)
        tenant, case = name.rpartition("-")[0].split("-", 1)
        assert machine.run({"request": f"{tenant}/{case}"}, name).status == "SUCCEEDED"
        return OVER

    def _process(self, run: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def invoked(event: dict[str, Any]) -> Any:
            try:
                return run(event)
            except DiedError:
                raise RuntimeError from None  # as Lambda says it to the machine

        return invoked

    def case(self) -> Case:
        found = self.account.house.requests.get(ERASURE)
        assert found
        return found

    # What came of it.

    def end(self) -> dict[str, Any]:
        """All that is kept, and what was done outside; without times, and how often somebody tried."""
        kept, tables = self.account.kept, self.account.dynamo.tables
        rows = {name: sorted(map(_timeless, table.rows.values())) for name, table in tables.items() if name != "ledger"}
        return {
            **rows,
            "objects": kept.objects,
            "uploads": kept.uploads,
            "schedules": kept.schedules,
            "abroad": kept.abroad,
            "told": json.loads(kept.queue[-1])["state"],  # what is told after it supersedes what was not
            "ledger": [(entry.draft.action, entry.draft.object, _facts(entry)) for entry in self.ledger()],
        }

    def ledger(self) -> list[Entry]:
        with self.account.unseen():
            return self.account.house.ledger.page(TENANT, after=0, limit=99)

    def actions(self) -> list[Action]:
        return [entry.draft.action for entry in self.ledger()]

    def certificates(self) -> list[tuple[str, str]]:
        """(stage, id) of each that the ledger tells of."""
        told = [entry.draft.facts for entry in self.ledger() if entry.draft.action is Action.CERTIFIED]
        return [(str(facts["stage"]), str(facts["certificate"])) for facts in told]


@cache
def _definition() -> dict[str, Any]:
    names = {**NAMES, **OTHERS, "Partition": "aws", "DrainSeconds": "300"}
    return StateMachine.read(ASL, names, functions={}, clock=None).definition


def _plenty() -> timedelta:
    return PLENTY


def _timeless(row: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in row.items() if name not in TIMES | COUNTED}, sort_keys=True)


def _facts(entry: Entry) -> dict[str, Any]:
    return {name: fact for name, fact in entry.draft.facts.items() if name != "certificate"}


# --- what there is ------------------------------------------------------------------------------


def furnished(*, held: bool = False) -> Account:
    """Something of hers in every place, somebody else beside her and next door; the erasure is filed."""
    account = Account()
    house = account.house
    house.open(NEIGHBOUR)
    for number, messages in enumerate((3, 2)):
        house.person(number, messages)
        house.person(number, messages, NEIGHBOUR)
    planned(account)
    archives = [file(house, 1, Right.ACCESS, ALICE), file(house, 2, Right.PORTABILITY, BOB)]
    for case in archives:
        house.requests.move(replace(case, state=CaseState.COMPLETED, finished=NOW, version=1), replace(case, version=1))
        account.kept.objects[f"{case.key}/archive.zip"] = ["1", "2"]
        account.kept.uploads.add((f"{case.key}/archive.zip", "u"))
    file(house, 3, Right.OBJECTION, ALICE)
    file(house, 4, Right.ERASURE, BOB)
    file(house, 5, Right.ERASURE, ALICE, NEIGHBOUR)
    at_first = {"state": CaseState.WAITING, "run": 0, "begun": None, "look_at": NOW + timedelta(minutes=5)}
    file(house, 9, Right.ERASURE, ALICE, callbacks=("https://shop.example/told",), **at_first)
    if held:
        hold(house)
    StepMachine(house.aws, ARN).start(ERASURE, 1)
    account.asked.clear()
    return account


def file(house: House, number: int, right: Right, person: SubjectId, tenant: TenantId = TENANT, **more: Any) -> Case:
    subject = SubjectId(f"{tenant[4:]}{person[-27:]}")
    return house.file(number, subject, tenant, right=right, **more)


def planned(account: Account) -> None:
    """Of each person's first message a carrier has nothing: it is to be sent in two days."""
    house, table = account.house, account.dynamo.tables["messages"]
    firsts = [MessageKey.read(pk) for (pk,) in table.rows if pk.endswith("0000")]
    for record in house.disposal.records(firsts).values():
        later = replace(record, anchor=NOW + timedelta(days=2), history=record.history[:1], carrier_ref="")
        item = rows.write_record(later).serialize()
        table.put({name: dict(map(_as_json, typed.items())) for name, typed in item.items()})
        account.kept.schedules.add(f"m-{record.key.id}")


def hold(house: House) -> None:
    """On one of hers that was delivered."""
    it = Hold(TENANT, HELD, Ground.CLAIM, NOW, "key_setterse", NOW + timedelta(days=20), HoldState.HELD)
    first = house.disposal.of_subject(ALICE, after=None, limit=1)[0]
    it = replace(it, message=first.key.id)
    transact(house, house.holds.put(it, None))
    assert house.disposal.hold(first.key, HELD, it.until)


def lift(account: Account, case: Case) -> None:
    """As soon as the erasure waits for nothing else."""
    house = account.house
    it = house.holds.get(TENANT, HELD)
    if it is None or it.state is HoldState.OVER or case.state is not CaseState.HELD:
        return
    (place,) = house.disposal.of_subject(ALICE, after=None, limit=9)
    record = house.disposal.records([place.key])[place.key]
    assert house.disposal.free(record, HELD, expires_at=record.expires_at, until=None, redact=False)
    assert house.holds.move(replace(it, state=HoldState.OVER), it)


# --- whoever dies -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Death:
    """Between two requests, or before the first or after the last."""

    point: int
    """Of twice as many as there are requests."""
    left: Moment
    watching: bool


@dataclass(slots=True)
class Lives:
    """One that nobody disturbs, and what it leaves at each point; then others, as often as there is a difference."""

    held: bool
    account: Account = field(init=False)
    begin: Moment = field(init=False)
    whole: Life = field(init=False)
    end: dict[str, Any] = field(init=False)
    deaths: list[Death] = field(init=False)
    asked: list[str] = field(init=False)
    """Requests of the undisturbed one."""
    points: int = 0

    def __post_init__(self) -> None:
        self.account, self.deaths = furnished(held=self.held), []
        self.begin, self.whole = self.account.moment(), Life(self.account)
        self.account.between = self._point
        self.whole.through()
        self.account.between = lambda: None
        self.asked, self.end = list(self.account.asked), self.whole.end()

    def _point(self) -> None:
        now = self.account.moment()
        if not self.deaths or now != self.deaths[-1].left:
            self.deaths.append(Death(self.points, now, self.whole.watching))
        self.points += 1

    def again(self, moment: Moment | None = None) -> Life:
        """Another, from the beginning or from what a death left."""
        self.account.back_to(moment or self.begin)
        self.account.asked.clear()
        return Life(self.account)

    def taken_over(self) -> Iterator[Life]:
        """The execution is gone as well, or the watch: the next round goes on."""
        for death in self.deaths:
            life = self.again(death.left)
            if not death.watching:
                executions = self.account.kept.executions
                executions |= {name: GONE for name, status in executions.items() if status == RUNNING}
            life.through()
            yield life

    def repeated(self) -> Iterator[Life]:
        """A function dies, and the machine asks for its step again."""
        for death in self.deaths:
            if death.watching:
                continue
            life, points = self.again(), iter(range(self.points))
            self.account.between = lambda at=death.point, points=points: _die(next(points, None) == at)  # type: ignore[misc]
            life.through()
            self.account.between = lambda: None
            yield life

    def unheard(self) -> Iterator[Life]:
        """A request is carried out, and its answer is lost: the SDK asks again, of whoever is still there."""
        for number in sorted({(death.point - 1) // 2 for death in self.deaths if death.point}):
            life = self.again()
            self.account.lost = number
            life.through()
            self.account.lost = None
            yield life


def _die(now: bool) -> None:
    if now:
        raise DiedError


@cache
def lives(*, held: bool) -> Lives:
    """Nobody disturbs it twice."""
    return Lives(held)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits before asking again need not wait here."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


def demand_the_same(life: Life, whole: Lives) -> None:
    assert life.end() == whole.end
    actions = life.actions()
    assert [actions.count(action) for action in ONCE] == [1, 1, 1]
    demand_one_certificate(life)


def demand_one_certificate(life: Life) -> None:
    """One of each stage: the one in the case is the last that the ledger tells of; both hang on the same count."""
    with life.account.unseen():
        case = life.case()
    erased, final = life.certificates()
    assert (erased[0], final[0]) == (Stage.ERASED, Stage.FINAL)
    counted = [entry for entry in life.ledger() if entry.draft.action is Action.ERASED][-1]
    for stage, name in (erased, final):
        assert name == certificate_id("test", ERASURE, Stage(stage), counted)
    assert Kept.read(case.certificate).id == final[1]


@pytest.mark.parametrize("held", [False, True])
def test_undisturbed_it_leaves_nothing_of_the_person_and_all_of_others(held: bool) -> None:
    """What every other life is held against: no row of hers, everybody else's to the byte."""
    it = lives(held=held)
    it.whole = it.again()
    it.whole.through()
    after = it.account.moment()

    for name, there in it.begin.tables.items():
        others = {key: row for key, row in there.items() if not of_alice(row)}
        assert {key: after.tables[name].get(key) for key in others} == others, name
    hers = [(name, row) for name, left in after.tables.items() for row in left.values() if ALICE in json.dumps(row)]
    assert [(name, set(row)) for name, row in hers] == [("subject-keys", {"subject", "tenant", "epoch", "erased"})]
    kept = it.account.kept
    assert {key.split("/")[1][-1] for key in [*kept.objects, *(key for key, _ in kept.uploads)]} == {"2"}
    assert len(kept.schedules) == 1  # the other person's
    assert len(kept.abroad) == 2  # carriers have nothing of the third
    demand_one_certificate(it.whole)


def of_alice(row: dict[str, Any]) -> bool:
    """Her own rows, her requests' and their keys', and the holds on them."""
    text = json.dumps(row)
    return NEIGHBOUR not in text and any(name in text for name in (ALICE, HELD, *(f"{n:012x}" for n in (1, 3, 9))))


@pytest.mark.parametrize("held", [False, True])
def test_whoever_takes_over_comes_to_the_same_end(held: bool) -> None:
    """Before and after every request there is, of every function and of the watch."""
    it = lives(held=held)
    assert it.points == 2 * len(it.asked)
    assert len(it.deaths) > 50
    for life in it.taken_over():
        demand_the_same(life, it)


def test_a_step_that_is_repeated_comes_to_the_same_end() -> None:
    """Its function died behind any of its writes, or before the first."""
    it = lives(held=False)
    for life in it.repeated():
        demand_the_same(life, it)


def test_a_request_whose_answer_was_lost_is_carried_out_once() -> None:
    """The SDK asks again; a condition that does not hold any more is our own work."""
    it = lives(held=False)
    for life in it.unheard():
        assert len(life.account.asked) > len(it.asked)
        demand_the_same(life, it)


def test_every_service_that_an_erasure_asks_is_among_them() -> None:
    """It is not that something was not asked, and so did not die."""
    asked = {each.partition(".")[0] for each in lives(held=False).asked}
    assert asked == {"dynamodb", "s3", "scheduler", "kms", "sqs", "secrets-manager", "sfn"}


def test_the_certificate_is_signed_with_the_key_of_the_account() -> None:
    """And claims what the branches counted."""
    it = lives(held=False)
    life = it.again()
    life.through()
    with it.account.unseen():
        claims = json.loads(unb64url(life.case().certificate.split(".")[1]))

    assert claims["counts"]["by"]["messages"] == {"erased": 3, "left": 0}
    assert claims["counts"]["by"]["carriers"] == {"erased": 2, "left": 0}
