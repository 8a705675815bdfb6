"""Choosing and holding, over DynamoDB's own adapters: what the fakes promise to the use cases is true there, too."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain import chain
from fugace.domain.actor import Actor
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Ground, HoldState
from fugace.domain.ledger import Entry
from fugace.domain.retention import ANNOUNCED, Kind, Period
from fugace.edge import wiring
from functions.purge.foresight import Foresight
from functions.purge.holds import HoldDesk, Wish
from functions.purge.policy import PolicyDesk
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, FIRST, NOON, SHOP, FakeClock, FakeQueue, sealed_record
from tests.fakes_keeping import FakeStatistics

SETTER, LIFTER = Actor(SHOP, "key_setterse", live=True), Actor(SHOP, "key_lifterli", live=True)
UNTIL = NOON + timedelta(days=300)
DAY = Period(seconds=86_400)


@dataclass
class Office:
    """All that an API request works with."""

    policy: PolicyDesk
    hold: HoldDesk
    foresight: Foresight
    messages: DynamoMessages

    def entries(self) -> list[Entry]:
        return self.policy.ledger.page(SHOP, after=0, limit=100)


@pytest.fixture
def office(world: World, clock: FakeClock, keyring: Keyring) -> Office:
    aws = world.aws
    tenants, policies = DynamoTenants(aws, "tenants", clock), DynamoPolicies(aws, "tenants")
    ledger, agenda = DynamoLedger(aws, "ledger"), DynamoAgenda(aws, "purge")
    holds, disposal = DynamoHolds(aws, "tenants"), DynamoDisposal(aws, "messages")
    vault = KeyVault(keyring, DynamoSubjectKeys(aws, "subject-keys", clock))
    return Office(
        PolicyDesk(policies, tenants, ledger, agenda, wiring.bounds(), clock),
        HoldDesk(holds, policies, ledger, agenda, disposal, vault, FakeQueue(), clock),
        Foresight(tenants, agenda, disposal, FakeStatistics(), holds, {}, clock),
        DynamoMessages(aws, "messages", clock),
    )


def test_a_choice_and_its_entry_are_written_together(office: Office) -> None:
    """And what is read afterwards is what the answer said."""
    chosen = office.policy.choose(SETTER, {Kind.CONTENT: DAY, Kind.CASES: Period(months=12)})

    assert office.policy.present(SHOP).retention == chosen.retention
    (entry,) = office.entries()
    assert entry.draft.facts["content.to"] == "P1D"
    due = {job.job: job.due_at for job in office.policy.agenda.of(SHOP)}
    assert due["content/0"]
    assert due["content/0"] <= NOON + ANNOUNCED
    assert office.policy.choose(SETTER, {Kind.CONTENT: DAY}).changed == ()


def test_of_many_at_a_time_each_is_in_the_chain_or_was_refused(office: Office) -> None:
    """No choice is lost without a word, and the last entry tells what is in force."""

    def choose(days: int) -> bool:
        try:
            office.policy.choose(SETTER, {Kind.CONTENT: Period(seconds=days * 86_400)})
        except UnavailableError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(choose, range(10, 18)))

    entries = office.entries()
    assert done == len(entries) > 0
    assert chain.verify([entry.text for entry in entries], [entry.hash for entry in entries]) is None
    steps = [(entry.draft.facts["content.from"], entry.draft.facts["content.to"]) for entry in entries]
    assert [start for start, _ in steps[1:]] == [end for _, end in steps[:-1]]
    assert str(office.policy.present(SHOP).retention.period(Kind.CONTENT)) == steps[-1][1]


def test_a_hold_goes_its_whole_way(office: Office) -> None:
    """Set on a message and a person, found again, and lifted by another key."""
    office.messages.add(sealed_record(expires_at=NOON + timedelta(days=181)))

    message, _ = office.hold.set(SETTER, Wish(Ground.CLAIM, UNTIL, message=FIRST.id))
    person, _ = office.hold.set(SETTER, Wish(Ground.CLAIM, UNTIL, to=ALICE))

    assert office.hold.disposal.records([FIRST])[FIRST].held == {message.id}
    assert office.hold.get(SHOP, message.id) == message
    assert office.hold.set(SETTER, Wish(Ground.CLAIM, UNTIL, to=ALICE)) == (person, True)
    lifted = office.hold.lift(LIFTER, person.id)
    assert lifted.state is HoldState.LIFTING
    assert {hold.id: hold for hold in office.hold.all(SHOP)} == {message.id: message, person.id: lifted}
    entries = office.entries()
    assert [entry.draft.action.value for entry in entries] == ["hold-set", "hold-set", "hold-lifted"]
    assert chain.verify([entry.text for entry in entries], [entry.hash for entry in entries]) is None


def test_what_would_go_is_counted_in_the_index(office: Office, world: World) -> None:
    """No message is read for it."""
    office.messages.add(sealed_record(at=NOON - timedelta(days=2), expires_at=NOON + timedelta(days=181)))
    present = office.policy.present(SHOP).retention
    world.asked.clear()

    found = office.foresight.foresee(SHOP, present, {Kind.CONTENT: DAY, Kind.RECORD: Period(months=1)})

    assert (found[Kind.CONTENT].count, found[Kind.RECORD].count) == (1, 0)
    assert set(world.asked) <= {"Query", "GetItem"}
