"""What `fugace.rights.Requests`, `Recalls` and `Machine` promise; those of AWS and the fakes alike."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.requests import DynamoRecalls, DynamoRequests
from fugace.adapters.machine import StepMachine
from fugace.domain.case import Case, CaseKey, CaseState, Found, Identity, Outcome, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft
from fugace.keeping import Ledger
from fugace.ports import ConflictError
from fugace.rights import Abroad, Machine, Recalls, Requests
from tests.contract.aws.conftest import World, refusal
from tests.fakes import BAKERY, NOON, SHOP
from tests.fakes_keeping import FakeLedger
from tests.fakes_rights import FakeMachine, FakeRecalls, FakeRequests

ALICE, BOB = SubjectId("alice"), SubjectId("bob")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ONE, TWO, THREE = (CaseKey(SHOP, f"3f2504e0-4f89-41d3-9a0c-0305e82c330{number}") for number in (1, 2, 3))
THEIRS = CaseKey(BAKERY, ONE.id)


def a_case(key: CaseKey = ONE, state: CaseState = CaseState.WAITING, **more: Any) -> Case:
    plain = Case(
        key=key,
        right=Right.ACCESS,
        state=state,
        submitted=NOON,
        received=NOON + MINUTE,
        due=NOON + 31 * DAY,
        identity=Identity.OTP,
        filed_by="key_abcd2345",
        subject=ALICE,
        sealed=b"number",
        digest=b"print",
        callbacks=("https://shop.example/one", "https://shop.example/two"),
    )
    return replace(plain, **more)


@dataclass
class File:
    """Requests, and the ledger that carries their writes out."""

    requests: Requests
    ledger: Ledger

    def put(self, case: Case) -> Case:
        """File it, and give it as it is kept."""
        facts = {
            "kind": case.right.value,
            "identity": case.identity.value,
            "submitted": "2026-01-15T12:00:00.000Z",
            "due": "2026-02-15T12:00:00.000Z",
        }
        draft = Draft(case.tenant, NOON, Action.REQUEST_FILED, "key_abcd2345", case.key.id, facts)
        self.ledger.append(draft, self.requests.file(case))
        return self.kept(case.key)

    def kept(self, key: CaseKey = ONE) -> Case:
        found = self.requests.get(key)
        assert found
        return found

    def cancel(self, seen: Case) -> None:
        draft = Draft(seen.tenant, NOON, Action.REQUEST_CANCELLED, "request", seen.key.id, {})
        self.ledger.append(draft, self.requests.change(replace(seen, state=CaseState.CANCELLED), seen))


@pytest.fixture(params=["fake", "dynamodb"])
def file(request: pytest.FixtureRequest) -> File:
    if request.param == "fake":
        return File(FakeRequests(), FakeLedger())
    return dynamo_file(request.getfixturevalue("world"))


def dynamo_file(world: World) -> File:
    return File(DynamoRequests(world.aws, "cases"), DynamoLedger(world.aws, "ledger"))


# Filing.


def test_what_is_filed_is_kept(file: File) -> None:
    """All of it but places, of which there are none yet; another tenant's id is another request (I8)."""
    full = a_case(
        correction=b"correction",
        commitment="commitment",
        language="pl",
        reason="accuracy",
        extended="complexity",
        until=NOON + DAY,
        epoch=7,
        run=1,
        look_at=NOON + MINUTE,
        reminded="P7D",
        told="waiting",
        token="token",
        code=b"code",
        tries=3,
        links=2,
        link_until=NOON,
        certificate="a.b.c",
        final_at=NOON + 35 * DAY,
        begun=NOON,
        closed=NOON,
        finished=NOON,
    )
    assert file.put(full) == replace(full, version=1)
    assert file.requests.get(THEIRS) is None
    assert file.requests.get(TWO) is None


def test_an_id_is_given_once(file: File) -> None:
    """It is the controller's idempotency key."""
    file.put(a_case())
    with pytest.raises(ConflictError):
        file.put(a_case(right=Right.ERASURE))
    assert file.kept().right is Right.ACCESS


def test_a_person_has_one_open_request_of_a_kind(file: File) -> None:
    """The second one conflicts, and leaves nothing; other kinds and other persons do not."""
    file.put(a_case())
    with pytest.raises(ConflictError):
        file.put(a_case(TWO))
    assert file.requests.get(TWO) is None
    assert file.requests.claimed(SHOP, ALICE, Right.ACCESS) == ONE

    file.put(a_case(TWO, right=Right.ERASURE))
    file.put(a_case(THREE, subject=BOB))
    file.put(a_case(THEIRS))
    assert file.requests.claimed(BAKERY, ALICE, Right.ACCESS) == THEIRS


def test_what_is_not_proven_keeps_nobody_out(file: File) -> None:
    """GHSA-qx5f-ghc2-7g5c: anybody could block anybody's request by filing one first, and never proving it."""
    file.put(a_case(state=CaseState.VERIFYING))
    assert file.requests.claimed(SHOP, ALICE, Right.ACCESS) is None

    file.put(a_case(TWO))
    assert file.requests.claimed(SHOP, ALICE, Right.ACCESS) == TWO


def test_whoever_is_proven_claims_in_the_same_write(file: File) -> None:
    """From then on a second one waits."""
    seen = file.put(a_case(state=CaseState.VERIFYING))

    assert file.requests.move(replace(seen, state=CaseState.WAITING), seen)

    assert file.requests.claimed(SHOP, ALICE, Right.ACCESS) == ONE
    with pytest.raises(ConflictError):
        file.put(a_case(TWO))


def test_whoever_is_proven_second_conflicts_and_nothing_changes(file: File) -> None:
    """It ends as a duplicate; that is for the machine to decide."""
    seen = file.put(a_case(state=CaseState.VERIFYING))
    file.put(a_case(TWO))

    assert not file.requests.move(replace(seen, state=CaseState.WAITING), seen)

    assert file.kept() == seen
    file.cancel(seen)
    assert file.requests.claimed(SHOP, ALICE, Right.ACCESS) == TWO  # which was never ours to give up


@pytest.mark.parametrize("state", [each for each in CaseState if each.final])
def test_an_end_gives_the_claim_back(file: File, state: CaseState) -> None:
    """Also where the same write unlinks it: whose claim it was is what was seen."""
    seen = file.put(a_case())

    assert file.requests.move(replace(seen, state=state, subject=None), seen)

    assert file.requests.claimed(SHOP, ALICE, Right.ACCESS) is None
    file.put(a_case(TWO))


def test_a_tenants_own_request_claims_nobody(file: File) -> None:
    """It has no person."""
    file.put(a_case(right=Right.OFFBOARDING, subject=None))
    seen = file.kept()
    assert file.requests.move(replace(seen, state=CaseState.COMPLETED), seen)


# Changing.


def test_a_change_is_of_what_was_seen(file: File) -> None:
    """Whoever saw an older version changes nothing, alone or with an entry of the ledger."""
    seen = file.put(a_case())
    assert file.requests.move(replace(seen, state=CaseState.RUNNING), seen)

    assert not file.requests.move(replace(seen, state=CaseState.CANCELLED), seen)
    with pytest.raises(ConflictError):
        file.cancel(seen)

    assert (file.kept().state, file.kept().version) == (CaseState.RUNNING, 2)


def test_what_is_emptied_is_gone(file: File) -> None:
    """Removed, not kept as something empty."""
    seen = file.put(a_case(token="t", code=b"c", tries=2, look_at=NOON))
    after = replace(seen, sealed=b"", token="", code=b"", tries=0, look_at=None, callbacks=())
    assert file.requests.move(after, seen)
    assert file.kept() == replace(after, version=2)


def test_times_are_kept_to_the_millisecond(file: File) -> None:
    """And a change that is made of finer ones is the one that was asked for."""
    seen = file.put(a_case())
    fine = NOON.replace(microsecond=123_456)
    assert file.requests.move(replace(seen, begun=fine), seen)
    assert file.kept().begun == NOON.replace(microsecond=123_000)


def test_places_are_written_by_their_branches_alone(file: File) -> None:
    """Five of them at a time, beside whoever changes the rest."""
    seen = file.put(a_case())
    held = Found(Outcome.HELD, 40, 3, until=NOON + DAY, ground="legal-claim")
    file.requests.note(ONE, "messages", Found(Outcome.FAILED))
    file.requests.note(ONE, "messages", held)
    file.requests.note(ONE, "key", Found(Outcome.ERASED, 1))

    assert file.requests.move(replace(seen, state=CaseState.RUNNING, places={}), seen)

    assert file.kept().places == {"messages": held, "key": Found(Outcome.ERASED, 1)}


def test_of_two_that_decide_at_once_one_does(file: File) -> None:
    """Cancelled or begun, never both."""
    seen = file.put(a_case())
    wanted = [CaseState.RUNNING, CaseState.CANCELLED] * 4
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda state: file.requests.move(replace(seen, state=state), seen), wanted))

    # Whoever repeats what was done, to the letter, is told that it is done: nobody can tell it from a lost answer.
    assert moved.count(True) >= 1
    assert {state for state, done in zip(wanted, moved, strict=True) if done} == {file.kept().state}


def test_an_unlinked_one_is_nobodys(file: File) -> None:
    """What it was answered with stays; a repeat is harmless, and so is one for what is not there."""
    seen = file.put(a_case(correction=b"c"))
    file.requests.move(replace(seen, state=CaseState.COMPLETED), seen)
    for key in (ONE, ONE, TWO):
        file.requests.unlink(key)

    found = file.kept()
    assert (found.subject, found.sealed, found.correction, found.digest) == (None, b"", b"", b"")
    assert found.state is CaseState.COMPLETED
    assert file.requests.of_person(ALICE) == []
    assert file.requests.get(TWO) is None


def test_a_change_that_began_before_it_brings_nothing_back(file: File) -> None:
    """It writes what it changes, and no more."""
    seen = file.put(a_case())
    file.requests.unlink(ONE)
    assert file.requests.move(replace(seen, told="waiting"), seen)
    assert file.kept().subject is None


# Listing.


def test_open_ones_are_listed_by_their_date(file: File) -> None:
    """Page after page; finished ones and those of others are not among them."""
    for key, due, subject in ((ONE, 3, "a"), (TWO, 1, "b"), (THREE, 2, "c"), (THEIRS, 0, "a")):
        file.put(a_case(key, due=NOON + due * DAY, subject=SubjectId(subject)))
    first = file.requests.open(SHOP, after=None, limit=2)
    assert [case.key for case in first] == [TWO, THREE]
    assert [case.key for case in file.requests.open(SHOP, after=first[-1], limit=2)] == [ONE]

    file.cancel(file.kept(THREE))
    assert [case.key for case in file.requests.open(SHOP, after=None, limit=9)] == [TWO, ONE]


def test_all_are_listed_by_id(file: File) -> None:
    """Claims and pages of recalls lie beside them, and are not requests."""
    for key in (TWO, ONE, THREE):
        file.put(a_case(key, subject=SubjectId(key.id)))
    first = file.requests.all(SHOP, after="", limit=2)
    assert [case.key for case in first] == [ONE, TWO]
    assert [case.key for case in file.requests.all(SHOP, after=first[-1].key.id, limit=2)] == [THREE]
    assert file.requests.all(BAKERY, after="", limit=2) == []


def test_a_persons_are_found_oldest_first(file: File) -> None:
    """Open or not."""
    file.put(a_case(ONE, submitted=NOON))
    file.put(a_case(TWO, submitted=NOON - DAY, right=Right.ERASURE))
    file.put(a_case(THREE, subject=BOB))
    file.cancel(file.kept())
    assert [case.key for case in file.requests.of_person(ALICE)] == [TWO, ONE]


def test_what_is_due_to_be_looked_at_is_found_whatever_tenant_it_is_of(file: File) -> None:
    """The longest overdue first, at most as many as are asked for."""
    for key, minutes in ((ONE, 2), (THEIRS, 1), (TWO, 3), (THREE, 4)):
        file.put(a_case(key, subject=SubjectId(key.id), look_at=NOON + minutes * MINUTE))

    assert file.requests.due(NOON, 9) == []
    assert file.requests.due(NOON + 3 * MINUTE, 9) == [THEIRS, ONE, TWO]
    assert file.requests.due(NOON + 3 * MINUTE, 2) == [THEIRS, ONE]

    seen = file.kept(THEIRS)
    file.requests.move(replace(seen, look_at=None), seen)
    assert file.requests.due(NOON + 3 * MINUTE, 9) == [ONE, TWO]


# What carriers have to be asked.


@pytest.fixture(params=["fake", "dynamodb"])
def recalls(request: pytest.FixtureRequest) -> Recalls:
    if request.param == "fake":
        return FakeRecalls()
    return DynamoRecalls(request.getfixturevalue("world").aws, "cases")


def test_pages_are_kept_until_they_are_done(recalls: Recalls) -> None:
    """Of one request; a repeated page is the same one, and nothing is no page."""
    first, second = [Abroad("rest", "a b"), Abroad("smpp", "2")], [Abroad("rest", "3")]
    for _ in range(2):
        recalls.add(ONE, "0001", first)
    recalls.add(ONE, "0002", second)
    recalls.add(ONE, "0003", [])
    recalls.add(TWO, "0001", second)

    assert recalls.pages(ONE, 9) == [("0001", first), ("0002", second)]
    assert recalls.pages(ONE, 1) == [("0001", first)]
    for _ in range(2):
        recalls.done(ONE, "0001")
    assert recalls.pages(ONE, 9) == [("0002", second)]
    assert recalls.pages(TWO, 9) == [("0001", second)]


# DynamoDB alone.


def test_a_lost_answer_is_a_change_that_was_made(world: World) -> None:
    """The SDK asks again with the same token; where even that is lost, what is there is ours."""
    file = dynamo_file(world)
    seen = file.put(a_case())
    world.lost = ["TransactWriteItems"] * 3
    with pytest.raises(UnavailableError):
        file.requests.move(replace(seen, state=CaseState.RUNNING, begun=NOON.replace(microsecond=7)), seen)
    assert file.requests.move(replace(seen, state=CaseState.RUNNING, begun=NOON.replace(microsecond=7)), seen)
    assert file.kept().version == 2


def test_a_lost_answer_of_a_note_is_asked_for_again(world: World) -> None:
    """The same line, once more."""
    file = dynamo_file(world)
    file.put(a_case())
    world.lost = ["UpdateItem"]
    file.requests.note(ONE, "key", Found(Outcome.ERASED, 1))
    assert file.kept().places == {"key": Found(Outcome.ERASED, 1)}


def test_an_index_has_a_request_only_as_long_as_it_is_asked_for(world: World) -> None:
    """Sparse: no open one, no date; nothing to wait for, no lot; unlinked, no person."""
    file = dynamo_file(world)
    seen = file.put(a_case(look_at=NOON))
    (row,) = (row for row in world.rows("cases") if row["item"]["S"].startswith("case/"))
    assert (row["lot"]["S"], row["open_until"]["N"]) in {(str(n), row["due_at"]["N"]) for n in range(8)}

    done = replace(seen, state=CaseState.COMPLETED, subject=None, look_at=None)
    assert file.requests.move(done, seen)
    (row,) = world.rows("cases")
    assert not {"lot", "look_at", "open_until", "subject"} & set(row)


def test_a_claim_is_a_row_beside_the_request_and_names_nobody(world: World) -> None:
    """`claim/<keyed hash>/<kind>`, with the id of the request."""
    dynamo_file(world).put(a_case())
    (claim,) = (row for row in world.rows("cases") if row["item"]["S"].startswith("claim/"))
    assert claim == {"tenant": {"S": SHOP}, "item": {"S": "claim/alice/access"}, "case": {"S": ONE.id}}


def test_a_busy_database_is_a_reason_to_try_again(world: World) -> None:
    """`unavailable`, from every question."""
    file = dynamo_file(world)
    seen = file.put(a_case())
    world.fault = lambda _: refusal("ThrottlingException")
    asks: list[Callable[[], Any]] = [
        lambda: file.requests.get(ONE),
        lambda: file.requests.claimed(SHOP, ALICE, Right.ACCESS),
        lambda: file.requests.move(replace(seen, told="x"), seen),
        lambda: file.requests.note(ONE, "key", Found(Outcome.ERASED)),
        lambda: file.requests.due(NOON, 1),
        lambda: file.requests.unlink(ONE),
    ]
    for ask in asks:
        with pytest.raises(UnavailableError):
            ask()


# The machine.

ARN = "arn:aws:states:eu-west-3:123456789012:stateMachine:fugace-test-request"


@dataclass
class Works:
    """The machine, and what a test sees of it."""

    machine: Machine
    started: Callable[[], list[tuple[CaseKey, int]]]
    end: Callable[[CaseKey, int], None]


def step_machine(world: World) -> Works:
    states = world.aws.client("stepfunctions")
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 999, "End": True}}})
    made = states.create_state_machine(
        name="fugace-test-request", definition=definition, roleArn="arn:aws:iam::123456789012:role/states"
    )["stateMachineArn"]

    def started() -> list[tuple[CaseKey, int]]:
        found = states.list_executions(stateMachineArn=made)["executions"]
        whole = [states.describe_execution(executionArn=each["executionArn"]) for each in found]
        return [
            (CaseKey.read(json.loads(each["input"])["request"]), int(each["name"].rpartition("-")[2])) for each in whole
        ]

    def end(key: CaseKey, run: int) -> None:
        execution = made.replace(":stateMachine:", ":execution:") + f":{key.tenant}-{key.id}-{run}"
        states.stop_execution(executionArn=execution)

    return Works(StepMachine(world.aws, made), started, end)


def fake_machine() -> Works:
    fake = FakeMachine()
    return Works(fake, lambda: fake.started, lambda key, run: fake.over.add((key, run)))


@pytest.fixture(params=["fake", "step functions"])
def works(request: pytest.FixtureRequest) -> Iterator[Works]:
    if request.param == "fake":
        yield fake_machine()
        return
    world = request.getfixturevalue("world")
    yield step_machine(world)
    client = world.aws.client("stepfunctions")
    for each in client.list_state_machines()["stateMachines"]:
        client.delete_state_machine(stateMachineArn=each["stateMachineArn"])


def test_a_run_is_begun_once(works: Works) -> None:
    """A repeat is harmless; its input is the request's id and nothing else (I2)."""
    for _ in range(2):
        works.machine.start(ONE, 1)
    works.machine.start(ONE, 2)
    assert sorted(works.started(), key=str) == [(ONE, 1), (ONE, 2)]


def test_it_is_known_whether_a_run_is_under_way(works: Works) -> None:
    """One that never was is not."""
    works.machine.start(ONE, 1)
    assert works.machine.alive(ONE, 1)
    assert not works.machine.alive(ONE, 2)
    works.end(ONE, 1)
    assert not works.machine.alive(ONE, 1)


def test_the_machine_is_given_an_id_and_an_answer_that_says_nothing() -> None:
    """Names and inputs stay in an execution's history for 90 days."""
    asked = []

    def say(operation: str, params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        asked.append((operation, params))
        raise EndError

    machine = StepMachine(FakeAws(say), ARN)  # type: ignore[arg-type]  # as much of it as is used
    for act in (lambda: machine.start(ONE, 3), lambda: machine.answer("token"), lambda: machine.alive(ONE, 3)):
        with pytest.raises(EndError):
            act()
    name = f"{SHOP}-{ONE.id}-3"
    assert asked == [
        ("start_execution", {"stateMachineArn": ARN, "name": name, "input": json.dumps({"request": str(ONE)})}),
        ("send_task_success", {"taskToken": "token", "output": "{}"}),
        ("describe_execution", {"executionArn": ARN.replace(":stateMachine:", ":execution:") + f":{name}"}),
    ]
    assert len(name) <= 80


class EndError(Exception):
    pass


class FakeAws:
    def __init__(self, say: Callable[..., Any]) -> None:
        self.say = say

    def client(self, _service: str) -> Any:
        say = self.say

        class Client:
            def __getattr__(self, name: str) -> Any:
                return lambda **params: say(name, params)

        return Client()


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_what_waits_no_more_is_told_so(world: World, code: str) -> None:
    """Another code has to be asked for; a busy service is no answer."""
    client = world.aws.client("stepfunctions")
    world.watch(client)
    machine = StepMachine(world.aws, ARN)
    world.fault = lambda _: refusal(code)
    assert not machine.answer("token")
    world.fault = lambda _: refusal("ThrottlingException")
    with pytest.raises(UnavailableError):
        machine.answer("token")
    with pytest.raises(UnavailableError):
        machine.alive(ONE, 1)
