"""What a `fugace.ports.Vault` promises; the real one and the fake alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.errors import MissingKeyError
from fugace.domain.ids import SubjectId
from fugace.ports import Vault
from tests.fakes import ALICE, BAKERY, BOB, CAROL, FIRST, NOON, SECOND, SHOP, FakeVault, sealed_record


@dataclass
class Kit:
    """A vault, and the hands of an erasure."""

    vault: Vault
    block: Callable[[SubjectId], Any]
    bury: Callable[[SubjectId], Any]
    lose: Callable[[SubjectId], Any]

    def key(self, to=ALICE, tenant=SHOP):
        return self.vault.keys_for(tenant, [to])[self.vault.subject(tenant, to)]


def real(keyring: Keyring, rows: DynamoSubjectKeys, world: Any) -> Kit:
    def block(subject: SubjectId) -> None:
        rows.block(SHOP, subject, NOON)

    def bury(subject: SubjectId) -> None:
        rows.bury(subject, rows.block(SHOP, subject, NOON), NOON)

    def lose(subject: SubjectId) -> None:
        world.aws.client("dynamodb").delete_item(TableName="subject-keys", Key={"subject": {"S": subject}})

    return Kit(KeyVault(keyring, rows), block, bury, lose)


@pytest.fixture(params=["fake", "real"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "fake":
        fake = FakeVault()
        return Kit(fake, fake.block, fake.destroy, fake.lose)
    get = request.getfixturevalue
    return real(get("keyring"), get("subject_keys"), get("world"))


def record(kit: Kit, **more: Any) -> Any:
    return sealed_record(kit.vault, **more)


# Who somebody is.


def test_a_person_is_one_subject_at_one_tenant(kit: Kit) -> None:
    """Found again there, and not to be matched across tenants (I8)."""
    assert kit.vault.subject(SHOP, ALICE) == kit.vault.subject(SHOP, ALICE)
    assert len({kit.vault.subject(SHOP, ALICE), kit.vault.subject(SHOP, BOB), kit.vault.subject(BAKERY, ALICE)}) == 3
    assert len(kit.vault.subject(SHOP, ALICE)) == 43  # 256 bits: a cut one would erase the wrong person some day


# Keys of persons.


def test_keys_stay_the_same_from_one_message_to_the_next(kit: Kit) -> None:
    """What was sealed yesterday opens today."""
    first = kit.key()
    sealed = first.seal(str(FIRST), "text", "Bonjour")

    assert kit.key().open(str(FIRST), "text", sealed) == "Bonjour"
    assert kit.key().epoch == first.epoch > 0


def test_a_sealed_field_opens_in_its_own_place_only(kit: Kit) -> None:
    """Another record's, another field's, another person's or another tenant's is refused."""
    sealed = kit.key().seal(str(FIRST), "text", "Bonjour")

    for key, where, field in [
        (kit.key(), str(SECOND), "text"),
        (kit.key(), str(FIRST), "to"),
        (kit.key(BOB), str(FIRST), "text"),
        (kit.key(ALICE, BAKERY), str(FIRST), "text"),
    ]:
        with pytest.raises(ValueError, match="opened"):
            key.open(where, field, sealed)


def test_many_people_get_their_keys_at_once(kit: Kit) -> None:
    """Also where one is named twice, one is known and one is blocked."""
    known = kit.key(ALICE)
    kit.block(kit.vault.subject(SHOP, CAROL))

    keys = kit.vault.keys_for(SHOP, [ALICE, BOB, ALICE, CAROL])

    assert len(keys) == 3
    assert keys[kit.vault.subject(SHOP, BOB)].epoch == kit.key(BOB).epoch
    assert keys[kit.vault.subject(SHOP, CAROL)] is None
    sealed = known.seal("r", "text", "x")
    assert keys[kit.vault.subject(SHOP, ALICE)].open("r", "text", sealed) == "x"


def test_records_are_given_the_keys_that_open_them(kit: Kit) -> None:
    """Each under its own message key."""
    records = [record(kit), record(kit, key=SECOND, to=BOB, text="Salut")]

    keys = kit.vault.keys_of(records)

    assert keys[SECOND].open(str(SECOND), "text", records[1].sealed.text) == "Salut"
    assert keys[FIRST].open(str(FIRST), "to", records[0].sealed.to) == ALICE.reveal()


# Erasure.


def test_while_an_erasure_runs_nothing_is_kept_or_opened(kit: Kit) -> None:
    """Blocked at once: no key for a new message, none for the old ones."""
    old = record(kit)
    kit.block(old.subject)

    assert kit.vault.keys_for(SHOP, [ALICE]) == {old.subject: None}
    assert kit.vault.keys_of([old]) == {}


def test_somebody_never_seen_can_be_blocked_too(kit: Kit) -> None:
    """A message to them may be on its way in while their request is dealt with."""
    kit.block(kit.vault.subject(SHOP, ALICE))

    assert kit.key() is None


def test_who_comes_back_after_an_erasure_gets_a_new_key(kit: Kit) -> None:
    """What was bound to the erased epoch stays dead, also after a restore of the messages table."""
    old = record(kit)
    kit.bury(old.subject)

    assert kit.vault.keys_of([old]) == {}
    new = record(kit, key=SECOND)
    assert new.epoch == old.epoch + 1
    assert set(kit.vault.keys_of([old, new])) == {SECOND}
    with pytest.raises(ValueError, match="opened"):
        kit.key().open(str(FIRST), "text", old.sealed.text)


def test_a_warm_process_sees_the_tombstone(kit: Kit) -> None:
    """Keys of persons are not kept in memory: the next question finds the erasure."""
    old = record(kit)
    assert kit.vault.keys_of([old])
    kit.bury(old.subject)

    assert kit.vault.keys_of([old]) == {}


def test_a_missing_key_is_an_error_and_never_no_data(kit: Kit) -> None:
    """An answer to an access request must tell `erased` from `none` from `error`."""
    lost, fine = record(kit), record(kit, key=SECOND, to=BOB)
    kit.lose(lost.subject)

    with pytest.raises(MissingKeyError):
        kit.vault.keys_of([fine, lost])


def test_a_record_of_a_key_to_come_is_left_out(kit: Kit) -> None:
    """An epoch that is not the row's own opens nothing."""
    kept = record(kit)

    assert kit.vault.keys_of([replace(kept, epoch=kept.epoch + 1)]) == {}


# The tenant's own.


def test_digests_differ_by_tenant_and_purpose(kit: Kit) -> None:
    """One that leaks for one purpose is of no use for another."""
    digests = {
        kit.vault.digest(SHOP, "id", b"x"),
        kit.vault.digest(SHOP, "other", b"x"),
        kit.vault.digest(BAKERY, "id", b"x"),
        kit.vault.sign("id", b"x"),
        kit.vault.sign("other", b"x"),
    }

    assert len(digests) == 5
    assert kit.vault.digest(SHOP, "id", b"x") in digests
    assert {len(digest) for digest in digests} == {32}


def test_what_a_tenant_seals_for_a_purpose_opens_for_no_other(kit: Kit) -> None:
    """A cursor is no webhook secret, and no other tenant's cursor (I8)."""
    sealed = kit.vault.seal(SHOP, "cursor", b"\x00place\xff")

    assert kit.vault.open(SHOP, "cursor", sealed) == b"\x00place\xff"
    for tenant, purpose, data in [(SHOP, "secret", sealed), (BAKERY, "cursor", sealed), (SHOP, "cursor", b"junk")]:
        with pytest.raises(ValueError, match=r"opened|not sealed"):
            kit.vault.open(tenant, purpose, data)
