"""What persons wished for outlives their keys, and goes in its own time."""

from dataclasses import replace
from datetime import datetime

import pytest

from fugace.adapters.dynamo.key_chain import DynamoKeyChain
from fugace.adapters.dynamo.objections import DynamoObjections
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.errors import MissingKeyError
from fugace.domain.standing import Standing
from fugace.keeping import Objections, Over
from fugace.rights import Persons
from tests.contract.aws.conftest import World
from tests.contract.aws.keys_that_leave import EVENING, HOUR, Kit
from tests.fakes import ALICE, BAKERY, BOB, CAROL, DAVE, NOON, SHOP, FakeClock, FakeVault, sealed_record
from tests.fakes_keeping import FakeKeyChain, FakeObjections, FakeStatistics, FakeTallies
from tests.fakes_rights import FakePersons


@pytest.fixture(params=["fake", "dynamo"])
def kit(request: pytest.FixtureRequest, clock: FakeClock) -> Kit:
    if request.param == "dynamo":
        return request.getfixturevalue("dynamo")
    vault, tallies = FakeVault(clock), FakeTallies(FakeStatistics())
    return Kit(vault, FakeKeyChain(vault, tallies), tallies, clock)


@pytest.fixture
def dynamo(world: World, clock: FakeClock, keyring: Keyring) -> Kit:
    tallies = DynamoTallies(world.aws, "purge", "tenants", clock)
    vault = KeyVault(keyring, DynamoSubjectKeys(world.aws, "subject-keys", clock))
    return Kit(vault, DynamoKeyChain(world.aws, "subject-keys", tallies), tallies, clock)


@pytest.fixture
def persons(kit: Kit, request: pytest.FixtureRequest, clock: FakeClock) -> Persons:
    if isinstance(kit.vault, FakeVault):
        return FakePersons(kit.vault)
    return DynamoSubjectKeys(request.getfixturevalue("world").aws, "subject-keys", clock)


@pytest.mark.parametrize("wish", ["restrict", "object"])
def test_of_who_wished_for_something_the_wish_stays(kit: Kit, persons: Persons, wish: str) -> None:
    """The key goes, and is counted; others' rows go as ever."""
    alice, bob = kit.meet(ALICE, BOB)
    getattr(persons, wish)(SHOP, alice, NOON)
    before = persons.standing(alice)
    kit.chain.leave([alice, bob], EVENING - 2 * HOUR)

    assert kit.destroy(alice, bob) == 2
    assert kit.destroy(alice, bob) == 0

    assert kit.destroyed() == 2
    assert persons.standing(alice) == replace(before, live=False)
    assert persons.standing(bob) == Standing()


@pytest.mark.parametrize("wish", ["restrict", "object"])
def test_no_epoch_is_ever_given_twice(kit: Kit, persons: Persons, wish: str) -> None:
    """A key made for a bare row is later than the one that was there; so is one made when the wish has gone too."""
    (alice,) = kit.meet(ALICE)
    epochs = [kit.epoch()]
    for day in (0, 1, 2):
        if day < 2:
            getattr(persons, wish)(SHOP, alice, NOON)
        kit.chain.leave([alice], kit.clock())
        kit.clock.tick(hours=2)
        assert kit.destroy(alice, before=kit.clock()) == 1
        if day == 1:
            getattr(persons, wish)(SHOP, alice, None)
            assert persons.standing(alice) == Standing()
        epochs.append(kit.epoch())

    assert sorted(set(epochs)) == epochs


def test_a_young_key_of_who_wished_for_something_stays(kit: Kit, persons: Persons) -> None:
    """As anybody's."""
    (alice,) = kit.meet(ALICE)
    persons.object(SHOP, alice, NOON)
    kit.chain.leave([alice], EVENING - HOUR)

    assert kit.destroy(alice) == 0
    assert persons.standing(alice).live


@pytest.mark.parametrize("wish", ["restrict", "object"])
def test_a_wish_is_remembered_of_anybody_and_taken_back(kit: Kit, persons: Persons, wish: str) -> None:
    """Of somebody never seen too; the first time stays, and what is taken back leaves nothing behind."""
    alice = kit.vault.subject(SHOP, ALICE)
    for at in (NOON, EVENING):
        getattr(persons, wish)(SHOP, alice, at)
    told = persons.standing(alice)
    assert (told.restricted or told.objected, told.live, told.epoch) == (NOON, False, 0)

    for _ in range(2):
        getattr(persons, wish)(SHOP, alice, None)
    assert persons.standing(alice) == Standing()
    assert kit.epoch() > 0


def test_one_wish_is_taken_back_and_the_other_stays(kit: Kit, persons: Persons) -> None:
    """Nobody may lose an objection because a restriction was lifted."""
    alice = kit.vault.subject(SHOP, ALICE)
    persons.restrict(SHOP, alice, NOON)
    persons.object(SHOP, alice, EVENING)

    persons.restrict(SHOP, alice, None)
    assert persons.standing(alice) == Standing(objected=EVENING)


@pytest.mark.parametrize("wish", ["restrict", "object"])
def test_a_key_outlives_the_wish_that_is_taken_back(kit: Kit, persons: Persons, wish: str) -> None:
    """What it sealed opens as before; the key tells of the wish while there is one."""
    (alice,) = kit.meet(ALICE)
    epoch = kit.epoch()
    getattr(persons, wish)(SHOP, alice, NOON)
    key = kit.vault.keys_for(SHOP, [ALICE])[alice]
    assert key
    assert (key.restricted, key.objected) == ((NOON, None) if wish == "restrict" else (None, NOON))

    getattr(persons, wish)(SHOP, alice, None)
    assert kit.epoch() == epoch


def test_nobody_gets_a_key_for_nothing(kit: Kit, persons: Persons) -> None:
    """Who is refused anyhow: no key is made, none is kept from leaving, and what is given seals nothing."""
    alice, bob = kit.vault.subject(SHOP, ALICE), kit.meet(BOB)[0]
    persons.object(SHOP, alice, NOON)
    persons.object(SHOP, bob, NOON)
    kit.chain.leave([bob], EVENING - 2 * HOUR)

    keys = kit.vault.keys_for(SHOP, [ALICE, BOB], refusing=lambda _, person: person.objected == NOON)

    for subject in (alice, bob):
        key = keys[subject]
        assert key
        assert key.objected == NOON
        with pytest.raises(ValueError, match="key"):
            key.seal("r", "text", "x")
    assert not persons.standing(alice).live
    assert kit.destroy(bob) == 1


def test_what_a_bare_row_should_open_is_an_error(kit: Kit, persons: Persons) -> None:
    """Its key is gone; a record that should have gone before it is a fault, and never 'no data'."""
    (alice,) = kit.meet(ALICE)
    record = sealed_record(kit.vault)  # type: ignore[arg-type]  # either of them
    persons.object(SHOP, alice, NOON)
    kit.chain.leave([alice], EVENING - 2 * HOUR)
    kit.destroy(alice)

    with pytest.raises(MissingKeyError):
        kit.vault.keys_of([record])


@pytest.fixture
def objections(kit: Kit, request: pytest.FixtureRequest) -> Objections:
    if isinstance(kit.vault, FakeVault):
        assert isinstance(kit.tallies, FakeTallies)
        return FakeObjections(kit.vault, kit.tallies)
    return DynamoObjections(request.getfixturevalue("world").aws, "subject-keys", kit.tallies)


def test_an_objection_goes_in_its_time_and_what_is_besides_stays(
    kit: Kit, persons: Persons, objections: Objections
) -> None:
    """A row of nothing else goes with it; a key, a restriction and a tombstone stay. Counted, each once."""
    alice, bob, carol, dave = (kit.vault.subject(SHOP, each) for each in (ALICE, BOB, CAROL, DAVE))
    kit.meet(ALICE)
    assert objections.first(SHOP) is None
    for hours, who in enumerate((alice, bob, carol, dave)):
        persons.object(SHOP, who, NOON + hours * HOUR)
    persons.restrict(SHOP, bob, NOON)
    persons.bury(carol, persons.block(SHOP, carol, NOON), NOON)
    assert objections.first(SHOP) == NOON
    assert objections.first(BAKERY) is None
    over: Over = lambda at: at < NOON + 2 * HOUR  # noqa: E731  # named for what it is
    assert (objections.overdue(SHOP, over), objections.overdue(BAKERY, over)) == (2, 0)

    for _ in range(2):
        objections.purge(BAKERY, lambda _: True, EVENING)
        objections.purge(SHOP, lambda at: at < NOON + 2 * HOUR, EVENING)
    assert objections.first(SHOP) == NOON + 2 * HOUR
    assert objections.purge(SHOP, lambda _: True, EVENING) == 2

    assert persons.standing(alice).live
    assert persons.standing(alice).objected is None
    assert persons.standing(bob) == Standing(restricted=NOON)
    assert persons.standing(carol) == Standing(erased=NOON)
    assert persons.standing(dave) == Standing()
    (book,) = kit.tallies.books(EVENING)
    assert (book.tenant, book.told.counts) == (SHOP, {"objections": 4})


def test_an_objection_made_anew_meanwhile_stays(dynamo: Kit, world: World, clock: FakeClock) -> None:
    """What was seen to be over is what goes."""
    rows = DynamoSubjectKeys(world.aws, "subject-keys", clock)
    alice = dynamo.vault.subject(SHOP, ALICE)
    rows.object(SHOP, alice, NOON)

    def anew(at: datetime) -> bool:
        rows.object(SHOP, alice, None)
        rows.object(SHOP, alice, EVENING)
        return at == NOON

    assert DynamoObjections(world.aws, "subject-keys", dynamo.tallies).purge(SHOP, anew, EVENING) == 0
    assert rows.standing(alice).objected == EVENING


def test_after_an_objection_and_an_erasure_a_keyed_hash_and_times_are_all_that_is_left(
    world: World, dynamo: Kit, clock: FakeClock
) -> None:
    """Art. 21(3): the suppression, and nothing that it could be read with; a refused advertisement changes nothing."""
    rows = DynamoSubjectKeys(world.aws, "subject-keys", clock)
    (alice,) = dynamo.meet(ALICE)
    rows.object(SHOP, alice, NOON)
    rows.bury(alice, rows.block(SHOP, alice, NOON), NOON)
    dynamo.vault.keys_for(SHOP, [ALICE], refusing=lambda _, person: person.objected == NOON)

    (row,) = world.rows("subject-keys")
    assert set(row) == {"subject", "tenant", "epoch", "objected", "erased"}


def test_after_an_objection_and_the_purge_a_keyed_hash_and_a_time_are_all_that_is_left(
    world: World, dynamo: Kit, clock: FakeClock
) -> None:
    """Of whom nothing was left, and nobody asked to erase anything."""
    (alice,) = dynamo.meet(ALICE)
    DynamoSubjectKeys(world.aws, "subject-keys", clock).object(SHOP, alice, NOON)
    dynamo.chain.leave([alice], EVENING - 2 * HOUR)
    dynamo.destroy(alice)

    (row,) = world.rows("subject-keys")
    assert set(row) == {"subject", "tenant", "epoch", "objected"}
