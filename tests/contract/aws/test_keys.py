"""Keys in AWS: what is asked of it, how often, and what becomes of it when something is amiss."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys, KeyRow
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.errors import MissingKeyError, UnavailableError
from tests.contract.aws.conftest import World, refusal
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, FakeClock, sealed_record


@pytest.fixture
def vault(keyring: Keyring, subject_keys: DynamoSubjectKeys) -> KeyVault:
    return KeyVault(keyring, subject_keys)


# How often AWS is asked.


def test_kms_is_asked_once_for_many_tenants_people_and_threads(world: World, vault: KeyVault) -> None:
    """B17 and B18: once per process and cache period, not per message and not per tenant."""
    together = threading.Barrier(8)

    def first(number: int) -> str:
        together.wait()
        return vault.subject((SHOP, BAKERY)[number % 2], ALICE)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(first, range(8)))) == 2
    assert world.asked.count("Decrypt") == 1


def test_keys_leave_memory_after_five_minutes(world: World, vault: KeyVault, clock: FakeClock) -> None:
    """Their time there is part of the time that an erasure may take."""
    vault.subject(SHOP, ALICE)
    clock.tick(minutes=4, seconds=59)
    vault.subject(SHOP, ALICE)
    assert world.asked == ["GetItem", "Decrypt", "GetItem"]  # the root key's row, the root key, the tenant's row

    clock.tick(seconds=1)
    vault.subject(SHOP, ALICE)
    assert world.asked.count("Decrypt") == 2
    assert world.asked.count("GetItem") == 4


def test_a_known_person_costs_one_read_and_a_new_one_a_write_more(world: World, vault: KeyVault) -> None:
    """B9: GetItem for the person's key, and the PutItem of somebody never seen."""
    vault.subject(SHOP, ALICE)
    world.asked.clear()

    vault.keys_for(SHOP, [ALICE])
    assert world.asked == ["GetItem", "PutItem"]
    world.asked.clear()
    vault.keys_for(SHOP, [ALICE])
    vault.keys_of([sealed_record(vault)])
    assert world.asked == ["GetItem"] * 3  # sealed_record asks for the key once more


def test_many_people_cost_one_read(world: World, vault: KeyVault) -> None:
    """A batch of 100 recipients is one BatchGetItem."""
    vault.keys_for(SHOP, [ALICE, BOB])
    world.asked.clear()
    records = [sealed_record(vault), sealed_record(vault, to=BOB)]
    world.asked.clear()

    vault.keys_for(SHOP, [ALICE, BOB])
    vault.keys_of(records)

    assert world.asked == ["BatchGetItem"] * 2


# What is kept.


def test_no_key_is_kept_or_printed_in_clear(world: World, vault: KeyVault, keyring: Keyring) -> None:
    """A row, a log line and a traceback show nothing that opens anything."""
    person = vault.keys_for(SHOP, [ALICE])[vault.subject(SHOP, ALICE)]
    keys = keyring.tenant(SHOP)
    secrets = [keys.key, keys.index, keys.wrap, keyring.root("tenants"), person._key]
    stored = repr(world.rows("tenants")) + repr(world.rows("subject-keys"))
    shown = repr([person, keys, keyring, keyring._held, vault, subject_row(world)])

    assert "wrapped" in stored
    for secret in secrets:
        assert len(secret) == 32
        assert repr(secret)[2:-1] not in stored + shown
    assert ALICE.reveal() not in stored + shown


def subject_row(world: World) -> object:
    row = world.rows("subject-keys")[0]
    return DynamoSubjectKeys(world.aws, "subject-keys", FakeClock())._table.read(row)


def test_the_three_kinds_of_row_are_what_they_are_said_to_be(
    world: World, vault: KeyVault, subject_keys: DynamoSubjectKeys
) -> None:
    """Live, under way, destroyed: a later part of the product reads and writes these too."""
    alice = vault.subject(SHOP, ALICE)
    vault.keys_for(SHOP, [ALICE])
    assert set(world.rows("subject-keys")[0]) == {"subject", "tenant", "epoch", "wrapped"}
    epoch = subject_keys.block(SHOP, alice, NOON)
    assert set(world.rows("subject-keys")[0]) == {"subject", "tenant", "epoch", "erasing"}
    subject_keys.bury(alice, epoch, NOON)
    assert set(world.rows("subject-keys")[0]) == {"subject", "tenant", "epoch", "erased"}
    vault.keys_for(SHOP, [ALICE])
    assert set(world.rows("subject-keys")[0]) == {"subject", "tenant", "epoch", "wrapped"}


# Erasures that are repeated, late or interrupted.


def test_an_erasure_can_be_resumed_at_any_point(vault: KeyVault, subject_keys: DynamoSubjectKeys) -> None:
    """I7: each step once more changes nothing, and does not harm who came back meanwhile."""
    alice = vault.subject(SHOP, ALICE)
    vault.keys_for(SHOP, [ALICE])
    epoch = subject_keys.block(SHOP, alice, NOON)
    assert subject_keys.block(SHOP, alice, NOON + timedelta(hours=1)) == epoch
    assert subject_keys.rows([alice])[alice] == KeyRow(epoch, erasing=NOON)

    subject_keys.bury(alice, epoch, NOON)
    subject_keys.bury(alice, epoch, NOON + timedelta(hours=1))
    assert subject_keys.rows([alice])[alice] == KeyRow(epoch, erased=NOON)

    vault.keys_for(SHOP, [ALICE])
    subject_keys.bury(alice, epoch, NOON)
    row = subject_keys.rows([alice])[alice]
    assert (row.epoch, row.buried) == (epoch + 1, False)


def test_a_second_erasure_blocks_somebody_erased_before(vault: KeyVault, subject_keys: DynamoSubjectKeys) -> None:
    """Else what arrives while it runs would begin a new epoch under its feet."""
    alice = vault.subject(SHOP, ALICE)
    subject_keys.bury(alice, subject_keys.block(SHOP, alice, NOON), NOON)
    subject_keys.block(SHOP, alice, NOON)

    assert vault.keys_for(SHOP, [ALICE]) == {alice: None}


def test_two_processes_make_one_key_for_a_person(world: World, vault: KeyVault) -> None:
    """The database decides which; a second key would leave half of the messages closed for ever."""
    alice = vault.subject(SHOP, ALICE)
    rivals = []

    def rival(operation: str) -> None:
        if operation == "PutItem" and not rivals:  # between our read and our write
            rivals.append(None)
            rivals[0] = vault.keys_for(SHOP, [ALICE])[alice]

    world.fault = rival
    mine = vault.keys_for(SHOP, [ALICE])[alice]

    assert mine.open("r", "f", rivals[0].seal("r", "f", "x")) == "x"


def test_an_erasure_that_begins_between_read_and_write_wins(
    world: World, vault: KeyVault, subject_keys: DynamoSubjectKeys
) -> None:
    """A key is made only where the condition still holds in the database."""
    alice = vault.subject(SHOP, ALICE)
    subject_keys.bury(alice, subject_keys.block(SHOP, alice, NOON), NOON)
    begun = []

    def erasure(operation: str) -> None:
        if operation == "UpdateItem" and not begun:
            begun.append(True)
            subject_keys.block(SHOP, alice, NOON)

    world.fault = erasure

    assert vault.keys_for(SHOP, [ALICE]) == {alice: None}


def test_an_epochs_number_is_never_given_twice(world: World, vault: KeyVault, subject_keys: DynamoSubjectKeys) -> None:
    """Come back and erased again while we were about to make a key: its number belongs to what must stay dead."""
    alice = vault.subject(SHOP, ALICE)
    subject_keys.bury(alice, subject_keys.block(SHOP, alice, NOON), NOON)
    dead = []

    def meanwhile(operation: str) -> None:
        if operation == "UpdateItem" and not dead:
            dead.append(None)
            dead[0] = vault.keys_for(SHOP, [ALICE])[alice]
            subject_keys.bury(alice, subject_keys.block(SHOP, alice, NOON), NOON)

    world.fault = meanwhile
    mine = vault.keys_for(SHOP, [ALICE])[alice]

    assert mine.epoch == dead[0].epoch + 1


def test_an_erasure_of_somebody_of_whom_nothing_was_left_begins_no_new_count(
    world: World, vault: KeyVault, subject_keys: DynamoSubjectKeys
) -> None:
    """The row is gone, and with it the last number; the tombstone that comes then has none either."""
    alice = vault.subject(SHOP, ALICE)
    gone = vault.keys_for(SHOP, [ALICE])[alice]
    world.aws.client("dynamodb").delete_item(TableName="subject-keys", Key={"subject": {"S": alice}})
    subject_keys.bury(alice, subject_keys.block(SHOP, alice, NOON), NOON)

    mine = DynamoSubjectKeys(world.aws, "subject-keys", FakeClock(NOON + timedelta(hours=1)))
    assert mine.renew(alice, mine.rows([alice])[alice], b"wrapped") > gone.epoch


def test_the_end_of_an_old_erasure_does_not_end_a_new_one(vault: KeyVault, subject_keys: DynamoSubjectKeys) -> None:
    """A worker that was stopped for a day finishes its own work and no other's."""
    alice = vault.subject(SHOP, ALICE)
    vault.keys_for(SHOP, [ALICE])
    old = subject_keys.block(SHOP, alice, NOON)
    subject_keys.bury(alice, old, NOON)
    vault.keys_for(SHOP, [ALICE])
    subject_keys.block(SHOP, alice, NOON)

    subject_keys.bury(alice, old, NOON)

    assert subject_keys.rows([alice])[alice] == KeyRow(old + 1, erasing=NOON)


# What is amiss.


def test_a_destroyed_tenant_key_closes_everything_of_the_tenant(world: World, keyring: Keyring) -> None:
    """A missing key fails closed; nothing makes another in its place."""
    world.aws.client("dynamodb").update_item(
        TableName="tenants",
        Key={"tenant": {"S": SHOP}, "item": {"S": "tenant"}},
        UpdateExpression="REMOVE #wrapped",
        ExpressionAttributeNames={"#wrapped": "wrapped"},
    )

    with pytest.raises(MissingKeyError):
        keyring.tenant(SHOP)
    assert keyring.tenant(BAKERY)


def test_a_key_wrapped_by_another_is_refused(world: World, vault: KeyVault, keyring: Keyring) -> None:
    """A row that somebody swapped does not open with the wrong key: it is an error."""
    vault.keys_for(SHOP, [ALICE])
    dynamodb = world.aws.client("dynamodb")
    row = world.rows("subject-keys")[0]
    dynamodb.put_item(TableName="subject-keys", Item=row | {"wrapped": {"B": keyring.new_tenant_key()}})

    with pytest.raises(MissingKeyError):
        vault.keys_for(SHOP, [ALICE])


def test_a_live_row_without_key_or_tombstone_is_an_error(world: World, vault: KeyVault) -> None:
    """It is no tombstone, so it must not be taken for one, nor be given a new key."""
    record = sealed_record(vault)
    row = {name: value for name, value in world.rows("subject-keys")[0].items() if name != "wrapped"}
    world.aws.client("dynamodb").put_item(TableName="subject-keys", Item=row)

    with pytest.raises(MissingKeyError):
        vault.keys_of([record])
    with pytest.raises(MissingKeyError):
        vault.keys_for(SHOP, [ALICE])


def test_another_environments_root_key_does_not_open(world: World, clock: FakeClock) -> None:
    """The encryption context binds it to where it was made."""
    with pytest.raises(Exception, match="InvalidCiphertext"):
        Keyring(world.aws, "tenants", "other", clock).tenant(SHOP)


def test_a_root_key_is_made_once(world: World, keyring: Keyring) -> None:
    """A second would make every tenant's key unreadable."""
    before = keyring.root("x")
    keyring.make_root("alias/fugace-test")
    keyring.forget()

    assert keyring.root("x") == before
    assert "GenerateDataKeyWithoutPlaintext" not in world.asked


def test_without_a_root_key_nothing_works(world: World, keyring: Keyring) -> None:
    """And nothing but an operator's command makes one."""
    root = {"tenant": {"S": "root"}, "item": {"S": "key/1"}}
    world.aws.client("dynamodb").delete_item(TableName="tenants", Key=root)

    with pytest.raises(MissingKeyError):
        keyring.new_tenant_key()


@pytest.mark.parametrize("operation", ["Decrypt", "GetItem"])
def test_a_busy_service_is_a_reason_to_try_again(world: World, keyring: Keyring, operation: str) -> None:
    """`unavailable`, and the next attempt works: nothing half-made stays in memory."""
    world.fault = lambda asked: refusal("ThrottlingException") if asked == operation else None
    with pytest.raises(UnavailableError):
        keyring.tenant(SHOP)
    world.fault = None

    assert keyring.tenant(SHOP)
