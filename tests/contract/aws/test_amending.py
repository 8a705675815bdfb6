"""Persons' corrections, restrictions and objections over the real stores: what is asked of AWS, and what is kept."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from fugace.adapters.case_seals import KeyCaseSeals
from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.amendments import DynamoAmendments
from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.dynamo.departures import DynamoDepartures
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.requests import DynamoRequests
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.transactions import transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import HoldState
from fugace.domain.ledger import Action
from functions.dsar.amendment.amend import Amend
from functions.dsar.amendment.journal import Journal
from functions.dsar.amendment.rectify import Rectify
from functions.dsar.amendment.restraint import Restraint
from functions.dsar.task import Task
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, CAROL, FIRST, NOON, SECOND, SHOP, FakeClock, FakeQueue, sealed_record

REQUEST = CaseKey(SHOP, "11111111-2222-4333-8444-555555555555")
LIFT = CaseKey(SHOP, "11111111-2222-4333-8444-666666666666")


@dataclass
class House:
    """Alice, to whom two messages are to be sent."""

    world: World
    clock: FakeClock
    keyring: Keyring

    def __post_init__(self) -> None:
        aws = self.world.aws
        self.requests = DynamoRequests(aws, "cases")
        self.persons = DynamoSubjectKeys(aws, "subject-keys", self.clock)
        self.vault = KeyVault(self.keyring, self.persons)
        self.messages, self.disposal = DynamoMessages(aws, "messages", self.clock), DynamoDisposal(aws, "messages")
        self.seals = KeyCaseSeals(self.keyring, DynamoCaseKeys(aws, "subject-keys"))
        self.ledger, self.holds = DynamoLedger(aws, "ledger"), DynamoHolds(aws, "tenants")
        self.departures = DynamoDepartures(aws, "purge", self.clock)
        self.alice = self.vault.subject(SHOP, ALICE)
        for key in (FIRST, SECOND):
            self.messages.add(sealed_record(self.vault, key))  # type: ignore[arg-type]  # a real vault will do

    def file(self, right: Right, key: CaseKey = REQUEST, **correction: str) -> None:
        transact(self.world.aws, items_of([self.seals.new(key).write]))
        sealed = self.seals.seal(key, "correction", json.dumps(correction).encode())
        case = Case(
            key=key,
            right=right,
            state=CaseState.RUNNING,
            submitted=NOON,
            received=NOON,
            due=NOON + timedelta(days=31),
            identity=Identity.ATTESTED,
            filed_by="key_filedfil",
            subject=self.alice,
            correction=sealed,
            reason="accuracy" if right is Right.RESTRICTION else "",
        )
        transact(self.world.aws, items_of([self.requests.file(case)]))
        self.world.asked.clear()

    def run(self, key: CaseKey = REQUEST) -> bool:
        aws, clock = self.world.aws, self.clock
        agenda, policies = DynamoAgenda(aws, "purge"), DynamoPolicies(aws, "tenants")
        journal = Journal(self.requests, self.ledger, clock)
        rectify = Rectify(
            requests=self.requests,
            persons=self.persons,
            seals=self.seals,
            vault=self.vault,
            disposal=self.disposal,
            amendments=DynamoAmendments(aws, "messages"),
            departures=self.departures,
            policies=policies,
            journal=journal,
            clock=clock,
        )
        restraint = Restraint(self.requests, self.holds, self.ledger, agenda, FakeQueue(), clock)
        amend = Amend(self.requests, self.persons, agenda, policies, rectify, restraint, journal, clock)
        return amend.run(Task(key), lambda: timedelta(minutes=5))

    def told(self) -> list[Action]:
        return [entry.draft.action for entry in self.ledger.page(SHOP, after=0, limit=99)]

    def places(self) -> list[str]:
        case = self.requests.get(REQUEST)
        assert case
        return sorted(f"{place} {found.outcome} {found.count} {found.ground}" for place, found in case.places.items())


@pytest.fixture
def house(world: World, clock: FakeClock, keyring: Keyring) -> House:
    return House(world, clock, keyring)


def test_what_is_still_to_be_sent_goes_to_the_new_number(house: House) -> None:
    """Opened with the one person's key, sealed with the other's; nothing of the old one is left to find."""
    house.file(Right.RECTIFICATION, field="to", value=CAROL.reveal())

    assert house.run() is False
    house.run()

    carol = house.vault.subject(SHOP, CAROL)
    assert house.disposal.of_subject(house.alice, after=None, limit=9) == []
    records = house.disposal.records([FIRST, SECOND])
    assert {record.subject for record in records.values()} == {carol}
    key = house.vault.keys_of(list(records.values()))[FIRST]
    assert key.open(str(FIRST), "to", records[FIRST].sealed.to) == CAROL.reveal()
    assert key.open(str(FIRST), "text", records[FIRST].sealed.text or b"") == "Your parcel is here"
    assert house.told() == [Action.RECTIFIED]
    assert house.places() == ["messages retained 2 rectified"]
    (departure,) = house.departures.due(NOON, 9)
    assert departure.subjects == {house.alice, carol}


def test_a_reference_is_put_right(house: House) -> None:
    """In all that there is."""
    house.file(Right.RECTIFICATION, field="reference", value="order-2")

    for _ in range(2):
        assert house.run() is False

    records = house.disposal.records([FIRST, SECOND])
    keys = house.vault.keys_of(list(records.values()))
    opened = {keys[key].open(str(key), "reference", records[key].sealed.reference or b"") for key in records}
    assert opened == {"order-2"}
    assert house.told() == [Action.RECTIFIED]


def test_a_restriction_and_its_lift(house: House) -> None:
    """Each entered once, with its hold; and nothing is left of it in the person's row."""
    house.file(Right.RESTRICTION)
    for _ in range(2):
        house.run()
    assert house.persons.standing(house.alice).restricted == NOON
    (hold,) = house.holds.of(SHOP)
    assert hold.state is HoldState.SETTING

    house.file(Right.LIFT_RESTRICTION, LIFT)
    for _ in range(2):
        house.run(LIFT)

    assert house.persons.standing(house.alice).restricted is None
    assert [each.state for each in house.holds.of(SHOP)] == [HoldState.LIFTING]
    assert house.told() == [Action.RESTRICTED, Action.HOLD_SET, Action.UNRESTRICTED, Action.HOLD_LIFTED]


def test_an_objection_and_its_lift(house: House) -> None:
    """Each entered once."""
    house.file(Right.OBJECTION)
    for _ in range(2):
        house.run()
    assert house.persons.standing(house.alice).objected == NOON

    house.file(Right.LIFT_OBJECTION, LIFT)
    for _ in range(2):
        house.run(LIFT)

    assert house.persons.standing(house.alice).objected is None
    assert house.told() == [Action.OBJECTED, Action.UNOBJECTED]


@pytest.mark.parametrize("right", [Right.RESTRICTION, Right.OBJECTION])
def test_an_answer_that_was_lost_enters_nothing_twice(house: House, right: Right) -> None:
    """Not even where nobody hears of the transaction, and the whole step is made again."""
    house.file(right)
    house.world.lost += ["TransactWriteItems"] * 3
    try:
        house.run()
    except UnavailableError:
        house.world.lost.clear()

    house.run()

    told = house.told()
    assert len(told) == len(set(told))
    assert told[0] in {Action.RESTRICTED, Action.OBJECTED}


def test_what_it_needs_to_be_allowed(house: House) -> None:
    """It may neither scan nor delete messages, and asks nothing of KMS but the root key."""
    asked = set[str]()
    rights = (Right.RESTRICTION, Right.LIFT_RESTRICTION, Right.OBJECTION, Right.LIFT_OBJECTION, Right.RECTIFICATION)
    for number, right in enumerate(rights):
        key = replace(REQUEST, id=f"11111111-2222-4333-8444-00000000000{number}")
        house.file(right, key, field="reference", value="order-2")
        house.run(key)
        asked |= set(house.world.asked)

    reading = {"GetItem", "BatchGetItem", "Query"}
    assert asked - {"Decrypt"} <= reading | {"UpdateItem", "PutItem", "TransactWriteItems"}
