"""What `fugace.rights.CaseSeals` and `CaseShredder` promise; the real ones and the fake alike."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fugace.adapters.case_seals import KeyCaseSeals
from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.dynamo.transactions import transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.keyring import Keyring
from fugace.domain.case import CaseKey
from fugace.domain.errors import MissingKeyError
from fugace.ports import Write
from fugace.rights import CaseSeals, CaseShredder
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, BAKERY, SHOP
from tests.fakes_keeping import commit
from tests.fakes_rights import FakeCaseSeals

ID = "0190d0d0-0000-4000-8000-000000000001"
ONE, TWO, THEIRS = CaseKey(SHOP, ID), CaseKey(SHOP, ID.replace("1", "2")), CaseKey(BAKERY, ID)
NUMBER = ALICE.reveal().encode()


@dataclass
class Kit:
    """Keys of requests, who destroys them, and what carries out a write."""

    seals: CaseSeals
    shredder: CaseShredder
    carry_out: Callable[[Write], None]

    def make(self, key: CaseKey) -> None:
        """As where its request is filed."""
        self.carry_out(self.seals.new(key).write)


@pytest.fixture
def real(keyring: Keyring, world: World) -> Kit:
    rows = DynamoCaseKeys(world.aws, "subject-keys")
    return Kit(KeyCaseSeals(keyring, rows), rows, lambda write: transact(world.aws, items_of([write])))


@pytest.fixture(params=["fake", "real"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "fake":
        fake = FakeCaseSeals()
        return Kit(fake, fake, commit)
    found: Kit = request.getfixturevalue("real")
    return found


def test_what_was_sealed_is_opened(kit: Kit) -> None:
    """And nobody reads it meanwhile."""
    kit.make(ONE)
    sealed = kit.seals.seal(ONE, "number", NUMBER)

    assert NUMBER not in sealed
    assert kit.seals.open(ONE, "number", sealed) == NUMBER


def test_what_was_sealed_with_a_new_key_is_opened_once_it_is_kept(kit: Kit) -> None:
    """The number is in the row that is written together with the key: before, there is neither."""
    new = kit.seals.new(ONE)
    sealed = new.seal("number", NUMBER)
    with pytest.raises(MissingKeyError):
        kit.seals.open(ONE, "number", sealed)

    kit.carry_out(new.write)

    assert NUMBER not in sealed
    assert kit.seals.open(ONE, "number", sealed) == NUMBER


def test_a_key_that_is_drawn_and_not_kept_changes_nothing(kit: Kit) -> None:
    """Whoever files under the same id at the same time, and comes too late, has drawn one of their own."""
    kit.make(ONE)
    sealed = kit.seals.seal(ONE, "number", NUMBER)
    stranger = kit.seals.new(ONE).seal("number", NUMBER)

    assert kit.seals.open(ONE, "number", sealed) == NUMBER
    with pytest.raises(ValueError, match="opened"):
        kit.seals.open(ONE, "number", stranger)


def test_it_is_bound_to_its_request_and_field(kit: Kit) -> None:
    """Moved into another row, or another field, it is noise."""
    for key in (ONE, TWO, THEIRS):
        kit.make(key)
    sealed = kit.seals.seal(ONE, "number", NUMBER)

    for key, field in ((TWO, "number"), (THEIRS, "number"), (ONE, "correction")):
        with pytest.raises(ValueError, match="opened"):
            kit.seals.open(key, field, sealed)
    with pytest.raises(ValueError, match=r"opened|sealed by us"):
        kit.seals.open(ONE, "number", sealed[:-1])


def test_secrets_differ_by_request_and_purpose(kit: Kit) -> None:
    """32 bytes: what is given to a controller for an archive opens nothing else."""
    for key in (ONE, TWO, THEIRS):
        kit.make(key)
    secrets = {kit.seals.secret(key, purpose) for key in (ONE, TWO, THEIRS) for purpose in ("archive", "fields")}

    assert len(secrets) == 6
    assert {len(secret) for secret in secrets} == {32}


ASKS: dict[str, Callable[[CaseSeals, bytes], object]] = {
    "seal": lambda seals, _: seals.seal(ONE, "number", NUMBER),
    "open": lambda seals, sealed: seals.open(ONE, "number", sealed),
    "secret": lambda seals, _: seals.secret(ONE, "archive"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
def test_once_it_is_destroyed_nothing_opens(kit: Kit, ask: Callable[[CaseSeals, bytes], object]) -> None:
    """What it sealed is noise everywhere, whoever kept a copy; a repeat is harmless, others' keys stay."""
    for key in (ONE, TWO):
        kit.make(key)
    sealed = kit.seals.seal(ONE, "number", NUMBER)
    kit.shredder.destroy(ONE)
    kit.shredder.destroy(ONE)

    with pytest.raises(MissingKeyError):
        ask(kit.seals, sealed)
    assert kit.seals.secret(TWO, "archive")


def test_a_key_that_was_made_again_is_another(real: Kit) -> None:
    """It cannot bring back what the first one sealed."""
    real.make(ONE)
    sealed = real.seals.seal(ONE, "number", NUMBER)
    real.shredder.destroy(ONE)
    real.make(ONE)

    with pytest.raises(ValueError, match="opened"):
        real.seals.open(ONE, "number", sealed)


def test_each_use_is_one_consistent_read(real: Kit, world: World) -> None:
    """A key that was just destroyed must not be found."""
    real.make(ONE)
    sealed = real.seals.seal(ONE, "number", NUMBER)
    world.asked.clear()

    real.seals.open(ONE, "number", sealed)
    real.seals.secret(ONE, "archive")

    assert world.asked == ["GetItem", "GetItem"]


def test_it_stands_in_the_table_that_no_backup_copies(real: Kit, world: World) -> None:
    """I10: wrapped by the tenant's key, under opaque ids."""
    real.make(ONE)
    (row,) = (row for row in world.rows("subject-keys") if row["subject"]["S"].startswith("case/"))

    assert row["subject"]["S"] == f"case/{ONE}"
    assert set(row) == {"subject", "tenant", "wrapped"}
    assert len(row["wrapped"]["B"]) == 40


def test_a_key_that_was_wrapped_by_another_tenant_does_not_open(real: Kit, world: World) -> None:
    """I8: a row that was put into another tenant's place."""
    real.make(ONE)
    row = next(row for row in world.rows("subject-keys") if row["subject"]["S"] == f"case/{ONE}")
    stolen = {**row, "subject": {"S": f"case/{THEIRS}"}, "tenant": {"S": BAKERY}}
    world.aws.client("dynamodb").put_item(TableName="subject-keys", Item=stolen)

    with pytest.raises(MissingKeyError):
        real.seals.secret(THEIRS, "archive")
