"""What `fugace.keeping.Departures`, `KeyChain` and `Objections` promise, and `Persons` of wishes; the fakes alike."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations_with_replacement, count
from typing import Any

import pytest

from fugace.adapters.dynamo import writes
from fugace.adapters.dynamo.departures import DynamoDepartures
from fugace.adapters.dynamo.key_chain import DynamoKeyChain
from fugace.adapters.dynamo.objections import DynamoObjections
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.errors import MissingKeyError, UnavailableError
from fugace.domain.ids import SubjectId
from fugace.domain.msisdn import Msisdn
from fugace.domain.standing import Standing
from fugace.keeping import Departure, Departures, KeyChain, Objections, Over, Tallies
from fugace.ports import Vault
from fugace.rights import Persons
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, BAKERY, BOB, CAROL, DAVE, NOON, SHOP, FakeClock, FakeVault, sealed_record
from tests.fakes_keeping import FakeDepartures, FakeKeyChain, FakeObjections, FakeStatistics, FakeTallies
from tests.fakes_rights import FakePersons

HOUR = timedelta(hours=1)
EVENING = NOON + 8 * HOUR
"""Keys of the tests are made at noon, and looked at in the evening."""


# Departures.


@pytest.fixture(params=["fake", "dynamo"])
def departures(request: pytest.FixtureRequest, clock: FakeClock) -> Departures:
    if request.param == "fake":
        return FakeDepartures()
    return DynamoDepartures(request.getfixturevalue("world").aws, "purge", clock)


def departure(name: str = "b1", hours: int = 0, **more: Any) -> Departure:
    subjects = frozenset({SubjectId("a" * 43), SubjectId("b" * 43)})
    return replace(Departure(NOON + hours * HOUR, name, SHOP, subjects, marked=False), **more)


def test_departures_come_from_the_oldest_hour_on(departures: Departures) -> None:
    """Up to and with an hour; and no more than asked for."""
    for each in (departure("b2", 2), departure("b1", 1), departure("b0", 0), departure("b1", 1, tenant=BAKERY)):
        departures.add(each)

    assert [each.id for each in departures.due(NOON + HOUR, 9)] == ["b0", "b1", "b1"]
    assert departures.due(NOON, 9) == [departure("b0")]
    assert departures.due(NOON - HOUR, 9) == []
    assert len(departures.due(NOON + 9 * HOUR, 3)) == 3
    assert departures.due(NOON + 9 * HOUR, 1) == [departure("b0")]


def test_a_departure_is_remembered_once_and_forgotten_once(departures: Departures) -> None:
    """A batch of the stream is told again whenever something went wrong."""
    for _ in range(2):
        departures.add(departure())
    departures.add(departure("b2"))
    for _ in range(2):
        departures.done(departure())

    assert departures.due(NOON, 9) == [departure("b2")]


def test_departures_that_are_marked_come_back_so(departures: Departures) -> None:
    """With any id; an hour stands for all of its minutes."""
    marked = departure("a/b-m", marked=True, hour=NOON + timedelta(minutes=59))
    departures.add(marked)

    assert departures.due(NOON, 9) == [replace(marked, hour=NOON)]
    departures.done(marked)
    assert departures.due(NOON, 9) == []


def test_a_batch_can_wait_as_marked_and_unmarked_within_an_hour(world: World, clock: FakeClock) -> None:
    """To forget the one is not to forget the other: their persons would keep their keys for good."""
    store = DynamoDepartures(world.aws, "purge", clock)
    store.add(departure())
    store.add(departure(marked=True))
    store.done(departure())

    assert store.due(NOON, 9) == [departure(marked=True)]


def test_a_departure_outlasts_a_purge_that_stands_still(world: World, clock: FakeClock) -> None:
    """Two weeks: who is forgotten here keeps a key for good. Of nobody nothing is written."""
    store = DynamoDepartures(world.aws, "purge", clock)
    store.add(departure())
    store.add(departure("b2", subjects=frozenset()))
    clock.tick(days=14, seconds=-1)
    assert store.due(clock(), 9) == [departure()]

    clock.tick(seconds=1)
    assert store.due(clock(), 9) == []


# Keys that leave.


@dataclass
class Kit:
    """A vault, and its keys as the purge sees them."""

    vault: Vault
    chain: KeyChain
    tallies: Tallies
    clock: FakeClock

    def meet(self, *people: Msisdn) -> list[SubjectId]:
        """Their keys, made where there are none."""
        return list(self.vault.keys_for(SHOP, people))

    def epoch(self, to: Msisdn = ALICE) -> int:
        key = self.vault.keys_for(SHOP, [to])[self.vault.subject(SHOP, to)]
        assert key is not None
        return key.epoch

    def destroy(self, *subjects: SubjectId, before=EVENING - HOUR, tenant=SHOP) -> int:
        return self.chain.destroy(tenant, subjects, before, EVENING)

    def destroyed(self) -> int:
        """As the tally has it."""
        return sum(book.told.counts["keys"] for book in self.tallies.books(EVENING))


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


def test_a_marked_key_that_nobody_uses_is_destroyed_and_counted(kit: Kit) -> None:
    """Of whom nothing is left the key goes too, and the ledger will tell how many."""
    alice, bob = kit.meet(ALICE, BOB)
    before = kit.epoch()

    assert kit.chain.leave([alice, bob, SubjectId("nobody")], EVENING - 2 * HOUR) == {alice, bob}
    assert kit.destroy(alice, bob, SubjectId("nobody")) == 2

    assert kit.destroyed() == 2
    assert EVENING in kit.tallies.open_hours()
    kit.clock.now = EVENING
    assert kit.epoch() > before  # another key than the one that is gone
    assert kit.destroy(alice, bob) == 0
    assert kit.destroyed() == 2


def test_a_key_without_a_mark_or_with_a_young_one_stays(kit: Kit) -> None:
    """Somebody may be sealing with it."""
    alice, bob = kit.meet(ALICE, BOB)
    before = kit.epoch()
    kit.chain.leave([bob], EVENING - HOUR)

    assert kit.destroy(alice, bob) == 0
    assert kit.epoch() == before
    assert kit.destroyed() == 0


def test_the_first_mark_stays(kit: Kit) -> None:
    """Told of again and again, somebody who has left would never go."""
    (alice,) = kit.meet(ALICE)
    for at in (EVENING - 2 * HOUR, EVENING):
        assert kit.chain.leave([alice], at) == {alice}

    assert kit.destroy(alice) == 1


@pytest.mark.parametrize("used", ["sent to", "something is left"])
def test_a_key_that_is_used_again_stays(kit: Kit, used: str) -> None:
    """It is the key of what is written now. The mark is off, until somebody sets it anew."""
    alice, bob = kit.meet(ALICE, BOB)
    before = kit.epoch()
    kit.chain.leave([alice, bob], EVENING - 2 * HOUR)
    if used == "sent to":
        assert kit.epoch() == before
    else:
        kit.chain.stay([alice, SubjectId("nobody")])

    assert kit.destroy(alice, bob) == 1
    assert kit.epoch() == before
    kit.chain.leave([alice], EVENING)
    assert kit.destroy(alice) == 0
    assert kit.destroyed() == 1


def test_nobody_is_made_by_a_mark(kit: Kit) -> None:
    """A row without a key would be an operational fault: `no key and no tombstone`."""
    nobody = kit.vault.subject(SHOP, CAROL)
    assert kit.chain.leave([nobody], NOON) == set()
    kit.chain.stay([nobody])

    assert kit.epoch(CAROL) > 0


def test_a_key_goes_at_its_own_tenant_alone(dynamo: Kit) -> None:
    """It would be counted at another (I8)."""
    (alice,) = dynamo.meet(ALICE)
    dynamo.chain.leave([alice], EVENING - 2 * HOUR)

    assert dynamo.destroy(alice, tenant=BAKERY) == 0
    assert dynamo.destroy(alice) == 1


def test_a_key_is_not_destroyed_in_the_hour_in_which_it_was_made(dynamo: Kit) -> None:
    """The next one could get its number, and open what must stay shut; one made in an hour after that cannot."""
    (alice,) = dynamo.meet(ALICE)
    dynamo.chain.leave([alice], NOON)

    assert dynamo.destroy(alice, before=NOON + timedelta(minutes=59)) == 0
    assert dynamo.destroy(alice, before=NOON + HOUR) == 1


def test_an_erasure_is_none_of_the_purges(world: World, dynamo: Kit, clock: FakeClock) -> None:
    """Under way or done: what refuses stays, and no mark from before counts for the key of who comes back."""
    rows = DynamoSubjectKeys(world.aws, "subject-keys", clock)
    (alice,) = dynamo.meet(ALICE)
    dynamo.chain.leave([alice], NOON)
    epoch = rows.block(SHOP, alice, NOON)
    assert rows.rows([alice])[alice].leaving is None
    assert dynamo.chain.leave([alice], NOON) == set()
    assert dynamo.destroy(alice) == 0
    rows.bury(alice, epoch, NOON)
    assert dynamo.chain.leave([alice], NOON) == set()
    assert dynamo.destroy(alice) == 0

    dynamo.meet(ALICE)
    assert dynamo.destroy(alice) == 0
    assert rows.rows([alice])[alice].leaving is None


@pytest.mark.parametrize("state", ["erasing", "erased"])
def test_a_mark_on_what_refuses_destroys_nothing(world: World, dynamo: Kit, state: str) -> None:
    """It cannot come there; if it does, what refuses stays, and whoever comes back gets a key without it."""
    alice = dynamo.vault.subject(SHOP, ALICE)
    row = {
        "subject": {"S": alice},
        "tenant": {"S": SHOP},
        "epoch": {"N": "1"},
        state: {"N": "1"},
        "leaving": {"N": "1"},
    }
    world.aws.client("dynamodb").put_item(TableName="subject-keys", Item=row)

    assert dynamo.destroy(alice) == 0
    dynamo.vault.keys_for(SHOP, [ALICE])
    assert dynamo.destroy(alice) == 0
    assert world.rows("subject-keys")[0].keys() >= {"erasing" if state == "erasing" else "wrapped"}


def test_many_keys_are_destroyed_in_few_requests(dynamo: Kit, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that cannot be are left out, and the others tried again without them."""
    assert writes._MOST + 2 <= 100  # the count and the news of it are among what a transaction takes
    monkeypatch.setattr(writes, "_MOST", 9)
    subjects = dynamo.meet(*(Msisdn.parse(f"+336399800{number}") for number in range(10, 22)))
    dynamo.chain.leave(subjects, EVENING - 2 * HOUR)
    dynamo.chain.stay(subjects[3:5])
    world.asked.clear()

    assert dynamo.destroy(*subjects) == 10

    assert world.asked == ["TransactWriteItems"] * 4  # the last one asks whether they wished for something
    assert dynamo.destroyed() == 10
    assert {row["subject"]["S"] for row in world.rows("subject-keys")} == set(subjects[3:5])


def test_no_key_is_ever_read(dynamo: Kit, world: World) -> None:
    """What the purge does not have in its hands it cannot lose: no request gives a row, whether it succeeds or not."""
    (alice,) = dynamo.meet(ALICE)
    given: list[Any] = []

    def look(parsed: Any, **_: Any) -> None:
        given.append({name: value for name, value in parsed.items() if name != "ResponseMetadata"})

    events = world.aws.client("dynamodb").meta.events
    events.register("after-call.dynamodb", look)
    nobody = SubjectId("nobody")
    dynamo.chain.leave([alice, nobody], EVENING - 2 * HOUR)
    dynamo.chain.stay([alice, nobody])
    dynamo.chain.leave([alice], EVENING - 2 * HOUR)
    dynamo.destroy(nobody)
    dynamo.destroy(alice)
    events.unregister("after-call.dynamodb", look)

    assert len(given) == 8
    assert "wrapped" not in repr(given)
    assert "GetItem" not in world.asked[world.asked.index("UpdateItem") :]


@pytest.mark.parametrize("times", [1, 3])
def test_a_destruction_whose_answer_was_lost_is_counted_once(dynamo: Kit, world: World, times: int) -> None:
    """The keys and their count go in one write; who asks again finds neither."""
    alice, bob = dynamo.meet(ALICE, BOB)
    dynamo.chain.leave([alice, bob], EVENING - 2 * HOUR)
    world.lost += ["TransactWriteItems"] * times
    if times == 3:
        with pytest.raises(UnavailableError):
            dynamo.destroy(alice, bob)

    dynamo.destroy(alice, bob)

    assert dynamo.destroyed() == 2
    assert world.rows("subject-keys") == []


# Keys that are used while they leave.


def test_the_mark_costs_who_uses_the_key_one_write(dynamo: Kit, world: World) -> None:
    """And whoever comes after nothing."""
    (alice,) = dynamo.meet(ALICE)
    dynamo.chain.leave([alice], NOON)
    world.asked.clear()
    dynamo.meet(ALICE)
    dynamo.meet(ALICE)

    assert world.asked == ["GetItem", "UpdateItem", "GetItem"]


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_key_is_not_lost_with_an_answer(dynamo: Kit, world: World, operation: str, times: int) -> None:
    """New, or kept from leaving: the SDK, or the caller, asks again and is given the key that is there."""
    if operation == "UpdateItem":
        dynamo.chain.leave(dynamo.meet(ALICE), NOON)
    world.lost += [operation] * times
    if times == 3:
        with pytest.raises(UnavailableError):
            dynamo.meet(ALICE)
    key = dynamo.vault.keys_for(SHOP, [ALICE])[dynamo.vault.subject(SHOP, ALICE)]
    assert key is not None

    again = dynamo.vault.keys_for(SHOP, [ALICE])[key.subject]
    assert again is not None
    assert again.open("r", "f", key.seal("r", "f", "x")) == "x"
    assert len(world.rows("subject-keys")) == 1
    assert "leaving" not in world.rows("subject-keys")[0]


@pytest.mark.parametrize("moments", list(combinations_with_replacement(range(5), 3)), ids=str)
@pytest.mark.parametrize("marked", [True, False])
def test_no_message_is_sealed_with_a_key_that_goes(
    dynamo: Kit, world: World, moments: tuple[int, int, int], marked: bool
) -> None:
    """The purge sees no message yet, and does its worst between any two requests of accept, or after them."""
    (alice,) = dynamo.meet(ALICE)
    if marked:
        dynamo.chain.leave([alice], EVENING - 2 * HOUR)
    dynamo.clock.now = EVENING
    dynamo.vault.subject(SHOP, ALICE)  # with the tenant's key in memory, what is asked from here on is of the person's
    steps = [lambda: dynamo.destroy(alice), lambda: dynamo.chain.leave([alice], EVENING), lambda: dynamo.destroy(alice)]
    waiting, made = list(zip(moments, steps, strict=True)), count()

    def purge(_operation: str) -> None:
        world.fault, moment = None, next(made)
        while waiting and waiting[0][0] <= moment:
            waiting.pop(0)[1]()
        world.fault = purge

    world.fault = purge
    epoch = dynamo.epoch()
    world.fault = None
    for _, step in waiting:
        step()

    (row,) = world.rows("subject-keys")
    assert (int(row["epoch"]["N"]), "wrapped" in row) == (epoch, True)


def test_a_key_that_went_and_came_back_meanwhile_is_the_one_that_is_given(dynamo: Kit, world: World) -> None:
    """Destroyed, and made anew for somebody else's message, between our look and our taking off the mark."""
    (alice,) = dynamo.meet(ALICE)
    dynamo.chain.leave([alice], EVENING - 2 * HOUR)
    dynamo.clock.now = EVENING
    rivals: list[int] = []

    def meanwhile(operation: str) -> None:
        if operation == "UpdateItem":
            world.fault = None
            assert dynamo.destroy(alice) == 1
            rivals.append(dynamo.epoch())

    world.fault = meanwhile

    assert [dynamo.epoch()] == rivals


# Keys of persons who wished for something.


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


# Wishes.


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


# Objections that are over.


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
