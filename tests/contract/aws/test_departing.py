"""Keys of persons leave when nothing is left that they open."""

from datetime import timedelta
from itertools import combinations_with_replacement, count
from typing import Any

import pytest

from fugace.adapters.dynamo import writes
from fugace.adapters.dynamo.key_chain import DynamoKeyChain
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId
from fugace.domain.msisdn import Msisdn
from tests.contract.aws.conftest import World
from tests.contract.aws.keys_that_leave import EVENING, HOUR, Kit
from tests.fakes import ALICE, BAKERY, BOB, CAROL, NOON, SHOP, FakeClock, FakeVault
from tests.fakes_keeping import FakeKeyChain, FakeStatistics, FakeTallies


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
