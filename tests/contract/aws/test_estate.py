"""What `fugace.rights.Estate` promises, and what becomes of a tenant whose key is gone; AWS's and the fakes alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.estate import DynamoEstate
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.requests import DynamoRecalls, DynamoRequests
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tenants import REMEMBERED, DynamoTenants
from fugace.adapters.dynamo.transactions import TransactionCancelledError
from fugace.adapters.dynamo.webhooks import DynamoWebhooks
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.case import CaseKey, Right
from fugace.domain.errors import MissingKeyError, TenantGoneError, UnavailableError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.tenant import ApiKey, Attempt, Role, Webhook
from fugace.keeping import Agenda, Ledger, Policies
from fugace.ports import ConflictError, Tenants, Vault, Webhooks
from fugace.rights import Abroad, Estate, Persons, Recalls, Requests
from functions.dsar.departure.crowd import Crowd
from tests.contract.aws.conftest import World
from tests.contract.aws.test_cases_of_persons import File, a_case
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, FakeClock, FakeWebhooks, key_number, sealed_record, tenant
from tests.fakes_keeping import Keeping
from tests.fakes_leaving import FakeEstate
from tests.fakes_rights import FakePersons, FakeRecalls, FakeRequests

OWN = CaseKey(SHOP, "00000000-0000-8000-8000-0000000000ff")
OTHER = CaseKey(SHOP, "00000000-0000-8000-8000-0000000000aa")
THEIRS = CaseKey(BAKERY, OTHER.id)


@dataclass
class House:
    """A tenant's things, and whoever clears them away."""

    estate: Estate
    ledger: Ledger
    tenants: Tenants
    policies: Policies
    vault: Vault
    webhooks: Webhooks
    agenda: Agenda
    requests: Requests
    recalls: Recalls
    persons: Persons
    clock: FakeClock

    def shred(self, owner: TenantId = SHOP) -> None:
        draft = Draft(owner, NOON, Action.KEY_DESTROYED, "request", OWN.id, {})
        self.ledger.append(draft, self.estate.shred(owner))
        self.clock.now += REMEMBERED

    def furnish(self, owner: TenantId) -> None:
        for name in ("key_aaaaaaaa", "key_bbbbbbbb"):
            self.tenants.add_api_key(ApiKey(owner, name, Role.ADMIN, live=True, digest=b"", created=NOON))
        self.webhooks.put(Webhook(owner, "wh_a", "https://shop.example/", frozenset(), (), NOON))
        self.webhooks.log(owner, "wh_a", [Attempt("m", 1, 1, NOON, "200", 5)])
        self.agenda.ensure(owner, "record/0", NOON)
        self.agenda.ensure(owner, "exports", NOON)
        file = File(self.requests, self.ledger)
        for key in (OWN, OTHER) if owner == SHOP else (THEIRS,):
            right = Right.OFFBOARDING if key == OWN else Right.ACCESS
            file.put(a_case(key, right=right, subject=None if key == OWN else self.vault.subject(owner, ALICE)))
            self.recalls.add(key, "carriers/1", [Abroad("simulator", "ref")])
        self.persons.object(owner, self.vault.subject(owner, BOB), NOON)


def _fake() -> House:
    keeping, requests, recalls = Keeping(tenant(), tenant(BAKERY)), FakeRequests(), FakeRecalls()
    webhooks = FakeWebhooks(keeping.clock)
    estate = FakeEstate(keeping, requests, recalls, webhooks)
    its = keeping.ledger, keeping.tenants, keeping.policies, keeping.vault, webhooks, keeping.agenda
    return House(estate, *its, requests, recalls, FakePersons(keeping.vault), keeping.clock)


def _dynamo(world: World) -> House:
    aws, clock = world.aws, FakeClock()
    estate = DynamoEstate(aws, tenants="tenants", subject_keys="subject-keys", purge="purge", cases="cases")
    keys = DynamoSubjectKeys(aws, "subject-keys", clock)
    return House(
        estate,
        DynamoLedger(aws, "ledger"),
        DynamoTenants(aws, "tenants", clock),
        DynamoPolicies(aws, "tenants"),
        KeyVault(Keyring(aws, "tenants", "test", clock), keys),
        DynamoWebhooks(aws, "tenants", clock),
        DynamoAgenda(aws, "purge"),
        DynamoRequests(aws, "cases"),
        DynamoRecalls(aws, "cases"),
        keys,
        clock,
    )


@pytest.fixture(params=["fake", "dynamodb"])
def house(request: pytest.FixtureRequest) -> House:
    return _fake() if request.param == "fake" else _dynamo(request.getfixturevalue("world"))


def emptied(delete: Callable[[], int]) -> int:
    """How many it took until there was none."""
    total = 0
    while gone := delete():
        total += gone
    return total


# --- a key that is gone ---------------------------------------------------------------------------


def test_without_its_key_a_tenant_is_not_there_any_more(house: House) -> None:
    """To nobody who would do something for it; its shards are still known to whoever clears away."""
    house.shred()

    assert house.tenants.get(SHOP) is house.policies.fresh(SHOP) is None
    assert house.estate.shards(SHOP) == 1
    assert house.tenants.get(BAKERY)


def test_without_it_nothing_of_anybody_is_read(house: House) -> None:
    """A record is left out, as one of a person whose key is gone: that is no fault, and no bug."""
    subject = house.vault.subject(SHOP, ALICE)
    key = house.vault.keys_for(SHOP, [ALICE])[subject]
    assert key
    record = sealed_record(to=ALICE, subject=subject, epoch=key.epoch)
    assert house.vault.keys_of([record])

    house.clock.tick(hours=1)  # nobody remembers it
    house.shred()

    assert house.vault.keys_of([record]) == {}
    with pytest.raises(TenantGoneError):
        house.vault.digest(SHOP, "purpose", b"")
    assert issubclass(TenantGoneError, MissingKeyError)


def test_a_key_goes_once(house: House) -> None:
    """The second one finds that it has gone, and its transaction is not carried out."""
    house.shred()

    with pytest.raises(ConflictError):
        house.ledger.append(
            Draft(SHOP, NOON + timedelta(minutes=1), Action.KEY_DESTROYED, "request", OWN.id, {}),
            house.estate.shred(SHOP),
        )


# --- what is cleared away -------------------------------------------------------------------------


def test_api_keys_go_first(house: House) -> None:
    """Nobody gets in while the rest goes."""
    house.furnish(SHOP)

    assert house.estate.account(SHOP, 2) == 2

    assert house.tenants.api_keys(SHOP) == []
    assert house.webhooks.of(SHOP)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_all_goes_in_pieces_and_nothing_of_another_tenant(house: House, limit: int) -> None:
    """But the tenant's own row, and those of the request itself."""
    house.furnish(SHOP)
    house.furnish(BAKERY)
    assert house.estate.left(OWN) == {"key": 1, "cases": 1}

    assert emptied(lambda: house.estate.account(SHOP, limit)) == 4
    assert emptied(lambda: house.estate.jobs(SHOP, limit)) == 2
    assert emptied(lambda: house.estate.requests(OWN, limit)) == 3  # a case, its claim, a page for carriers
    assert emptied(lambda: house.estate.objectors(SHOP, limit)) == 1

    assert house.estate.left(OWN) == {"key": 0, "cases": 0}
    assert house.requests.get(OWN)
    assert house.recalls.last(OWN, "")
    assert house.requests.get(OTHER) is None
    assert (house.webhooks.of(SHOP), house.webhooks.logged(SHOP, "wh_a", 9), house.agenda.of(SHOP)) == ([], [], [])
    assert len(house.tenants.api_keys(BAKERY)) == len(house.agenda.of(BAKERY)) == 2
    assert house.requests.get(THEIRS)
    assert house.persons.standing(house.vault.subject(BAKERY, BOB)).objected
    assert house.tenants.get(SHOP)


def test_persons_go_with_their_tombstones(house: House) -> None:
    """What a tombstone refuses cannot be read by anybody any more."""
    subject = house.vault.subject(SHOP, ALICE)
    house.persons.block(SHOP, subject, NOON)
    house.persons.bury(subject, 0, NOON)
    theirs = house.vault.subject(BAKERY, ALICE)
    house.vault.keys_for(BAKERY, [ALICE])

    house.estate.persons(SHOP, [subject, subject])
    house.estate.persons(SHOP, [])

    assert house.persons.standing(subject).erased is None
    assert house.persons.standing(theirs).live


def test_the_last_row_goes_if_its_key_has_gone(house: House) -> None:
    """A tenant with a key is nobody's to delete; a repeat is harmless."""
    with pytest.raises(UnavailableError):
        house.estate.end(SHOP)

    house.shred()
    for _ in range(2):
        house.estate.end(SHOP)

    assert house.estate.shards(SHOP) is None
    assert SHOP not in {each.id for each in house.tenants.everyone()}
    assert house.estate.shards(BAKERY)


# --- AWS alone ------------------------------------------------------------------------------------


def test_a_person_of_another_tenant_is_out_of_reach(world: World) -> None:
    """I8: by a condition, should a name ever be wrong."""
    house = _dynamo(world)
    theirs = house.vault.subject(BAKERY, ALICE)
    house.vault.keys_for(BAKERY, [ALICE])

    with pytest.raises(TransactionCancelledError):
        house.estate.persons(SHOP, [theirs])

    assert house.persons.standing(theirs).live


def test_a_transaction_is_of_a_hundred(world: World) -> None:
    """What costs is a request."""
    house = _dynamo(world)
    for number in range(101):
        house.agenda.ensure(SHOP, f"record/{number}", NOON)
    world.asked.clear()

    assert house.estate.jobs(SHOP, 200) == 101
    assert world.asked == ["Query", "TransactWriteItems", "TransactWriteItems"]


def test_a_walk_over_dynamodb_is_in_order_across_shards(world: World) -> None:
    """What the export reads and the sweep deletes: every message of the tenant once, from any place on."""
    messages = DynamoMessages(world.aws, "messages", FakeClock())
    for number in range(9):
        at = NOON + timedelta(minutes=number // 3)
        assert messages.add(sealed_record(key=key_number(number), at=at, shard=number % 2)) is None
    messages.add(sealed_record(key=key_number(50, BAKERY)))
    crowd = Crowd(DynamoDisposal(world.aws, "messages"), SHOP, 2)

    whole = list(crowd.walk())

    assert [place.key for place in whole] == [key_number(number) for number in range(9)]
    for number, place in enumerate(whole):
        assert list(crowd.walk(place)) == whole[number + 1 :]
