"""The daily checkpoint: what is in it, whom it shows what, and what it refuses to sign for."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fugace.domain.checkpoint import Checkpoint, Inclusion
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft, Entry
from functions.purge.checkpoint import Checkpointing, newest
from tests.fakes import BAKERY, NOON, SHOP, tenant
from tests.fakes_keeping import Keeping

CAFE, DELI = TenantId("ten_cafecafecafecafe"), TenantId("ten_delidelidelideli")


class Night:
    """Days pass, tenants' chains grow, and each night there is a checkpoint."""

    def __init__(self) -> None:
        self.keeping = Keeping(tenant(), tenant(BAKERY), now=NOON)
        parts = (self.keeping.ledger, self.keeping.checkpoints, self.keeping.signer, self.keeping.clock)
        self.checkpointing = Checkpointing(*parts, "test")

    def grow(self, *tenants: TenantId) -> None:
        """An entry more for each."""
        now = self.keeping.clock()
        for each in tenants:
            hour = now.strftime("%Y-%m-%dT%H")
            self.keeping.ledger.append(Draft(each, now, Action.PURGED, "purge", hour, {"record": 1}))

    def run(self) -> Checkpoint:
        """The checkpoint of the present day."""
        self.checkpointing.run()
        document = self.keeping.checkpoints.get(self.keeping.clock())
        assert document
        return Checkpoint.read(document)

    def heads(self, *tenants: TenantId) -> list[tuple[str, int, str]]:
        """Where chains end now."""
        found = (self.keeping.ledger.head(each) for each in sorted(tenants))
        return [(head.tenant, head.seq, head.hash) for head in found if head]


@pytest.fixture
def night() -> Night:
    return Night()


def test_it_holds_the_ends_of_all_chains(night: Night) -> None:
    """Sorted, so that the tree is the same whoever makes it."""
    night.grow(SHOP, BAKERY, SHOP)

    assert list(night.run().heads) == night.heads(SHOP, BAKERY)


def test_a_chain_that_rests_stays_in(night: Night) -> None:
    """A tenant of whom nothing was purged for a month is still attested: the index of a day does not know it."""
    night.grow(SHOP, BAKERY)
    night.run()
    for _ in range(40):
        night.keeping.clock.tick(days=1)
        night.grow(SHOP)
        night.run()

    assert list(night.run().heads) == night.heads(SHOP, BAKERY)


def test_missed_days_are_made_up_for(night: Night) -> None:
    """What grew while no checkpoint was made is in the next, though it grew on none of its days."""
    night.grow(SHOP)
    night.run()
    night.keeping.clock.tick(hours=3)
    night.grow(BAKERY)  # on the day of the last one, after it
    night.keeping.clock.tick(days=2)
    night.grow(CAFE)
    night.keeping.clock.tick(days=3)
    night.grow(DELI)

    assert list(night.run().heads) == night.heads(SHOP, BAKERY, CAFE, DELI)


def test_what_is_told_late_of_yesterday_is_in_the_next(night: Night) -> None:
    """An entry begun before midnight and written after a checkpoint made just then belongs to a day that was read."""
    night.keeping.clock.now = NOON.replace(hour=0)
    night.grow(SHOP)
    night.run()
    night.keeping.clock.tick(seconds=-1)
    night.grow(BAKERY)
    night.keeping.clock.tick(days=1, seconds=1)

    assert list(night.run().heads) == night.heads(SHOP, BAKERY)


def test_the_first_looks_a_year_back(night: Night) -> None:
    """Before it there is no other to begin from."""
    night.grow(SHOP)
    night.keeping.clock.tick(days=300)

    assert list(night.run().heads) == night.heads(SHOP)


def test_a_day_has_one(night: Night) -> None:
    """Run again, it changes nothing: what was signed for today stays, and the bucket would not let it go anyway."""
    night.grow(SHOP)
    first = night.run()
    night.keeping.clock.tick(hours=2)
    night.grow(SHOP)

    again = night.checkpointing.run()

    assert (again.new, again.size, again.grown) == (False, 1, 0)
    assert night.run().document == first.document


def test_each_names_the_one_before(night: Night) -> None:
    """Checkpoints are a chain themselves: one that is replaced, after its lock, does not fit the next."""
    night.grow(SHOP)
    first = night.run()
    night.keeping.clock.tick(days=2)

    assert first.statement.previous == hashlib.sha256().hexdigest()
    assert night.run().statement.previous == hashlib.sha256(first.document).hexdigest()


def test_it_is_signed_over_its_statement(night: Night) -> None:
    """With the heads left out a tenant can check the signature without seeing the others."""
    night.grow(SHOP, BAKERY)
    made = night.run()
    key = serialization.load_der_public_key(made.seal.key)

    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(made.seal.signature, made.statement.signed, ec.ECDSA(hashes.SHA256()))
    assert made.statement.size == 2
    assert made.statement.environment == "test"
    assert SHOP.encode() not in made.statement.signed


def test_the_statement_is_the_written_one(night: Night) -> None:
    """Written down here so that an auditor's own verifier, in another language, has something to hold on to."""
    nothing = hashlib.sha256().hexdigest()

    assert night.run().statement.signed.decode() == (
        f'{{"at":"2026-01-15T12:00:00.000Z","day":"2026-01-15","environment":"test","previous":"{nothing}",'
        f'"root":"{nothing}","size":0,"version":"fugace-checkpoint/1"}}'
    )


def test_an_empty_ledger_is_signed_for(night: Night) -> None:
    """A checkpoint that fails until the first tenant is there would wake somebody every night."""
    assert night.run().statement.root == hashlib.sha256().hexdigest()


@pytest.mark.parametrize("count", range(1, 9))
def test_each_tenant_is_shown_its_own_place_and_no_other(night: Night, count: int) -> None:
    """I8: the proof is a path of hashes; nobody's id, length or activity is in it but one's own."""
    everybody = [TenantId(f"ten_{letter * 16}") for letter in "abcdefgh"[:count]]
    night.grow(*everybody)
    made = night.run()

    for each in everybody:
        inclusion = made.inclusion(each)
        assert inclusion
        assert inclusion.holds
        assert not any(other in inclusion.text for other in everybody if other != each)
        assert Inclusion.read(inclusion.text) == inclusion


def test_a_place_holds_for_nobody_else(night: Night) -> None:
    """Neither another end, nor another tenant, nor another tree."""
    night.grow(SHOP, BAKERY, CAFE)
    inclusion = night.run().inclusion(SHOP)
    assert inclusion

    assert not replace(inclusion, head=inclusion.head._replace(seq=2)).holds
    assert not replace(inclusion, head=inclusion.head._replace(tenant=DELI)).holds
    assert not replace(inclusion, index=0).holds
    assert not replace(inclusion, statement=replace(inclusion.statement, root="0" * 64)).holds
    assert not replace(inclusion, statement=replace(inclusion.statement, root="x")).holds


def test_who_has_no_entry_has_no_place(night: Night) -> None:
    """And the newest checkpoint is the one that is asked."""
    night.grow(SHOP)
    night.run()
    night.keeping.clock.tick(hours=1)
    night.grow(BAKERY)
    checkpoints, now = night.keeping.checkpoints, night.keeping.clock()

    assert newest(checkpoints, BAKERY, now) is None
    assert newest(checkpoints, SHOP, now)
    night.keeping.clock.tick(days=1)
    night.run()
    assert newest(checkpoints, BAKERY, night.keeping.clock())


def test_there_may_be_none_yet(night: Night) -> None:
    """On the first day."""
    assert newest(night.keeping.checkpoints, SHOP, NOON) is None


def test_a_chain_that_was_written_anew_is_not_signed_again(night: Night) -> None:
    """Else the next night would make a forged past the signed one: its old end stays, and exports of it break."""
    night.grow(SHOP, SHOP, BAKERY)
    signed = night.run().head(SHOP)
    night.keeping.clock.tick(days=1)
    chain = night.keeping.ledger.chains[SHOP]
    chain[0] = replace(chain[0], draft=replace(chain[0].draft, facts={"record": 2}))
    chain[1] = replace(chain[1], prev=chain[0].hash)
    night.grow(SHOP, BAKERY)

    made = night.checkpointing.run()

    assert made.rewritten == (SHOP,)
    assert made.grown == 1
    assert night.run().head(SHOP) == signed


def test_a_chain_that_lost_its_end_is_not_signed_again(night: Night) -> None:
    """A ledger restored from a back-up goes on behind an older entry."""
    night.grow(SHOP, SHOP, SHOP)
    signed = night.run().head(SHOP)
    night.keeping.clock.tick(days=1)
    del night.keeping.ledger.chains[SHOP][1:]
    night.grow(SHOP)

    assert night.checkpointing.run().rewritten == (SHOP,)
    assert night.run().head(SHOP) == signed


def test_a_chain_that_cannot_be_read_stops_no_other(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody broke a row: that tenant is told of, and the others are signed for."""
    night.grow(SHOP, BAKERY)
    page = night.keeping.ledger.page

    def broken(tenant: TenantId, *, after: int, limit: int) -> list[Entry]:
        if tenant == SHOP:
            raise ValueError
        return page(tenant, after=after, limit=limit)

    monkeypatch.setattr(night.keeping.ledger, "page", broken)

    assert night.checkpointing.run().rewritten == (SHOP,)
    assert list(night.run().heads) == night.heads(BAKERY)


def test_a_new_chain_begins_at_its_beginning(night: Night) -> None:
    """One whose first entries are missing was never whole."""
    night.grow(SHOP, SHOP)
    del night.keeping.ledger.chains[SHOP][0]

    assert night.checkpointing.run().rewritten == (SHOP,)
    assert night.run().statement.size == 0


def test_it_tells_how_much_grew(night: Night) -> None:
    """What an operator reads in the morning."""
    night.grow(SHOP, BAKERY)
    night.run()
    night.keeping.clock.tick(days=1)
    night.grow(BAKERY)

    made = night.checkpointing.run()

    assert (made.size, made.grown, made.rewritten, made.new) == (2, 1, (), True)
    assert made.day == NOON.replace(hour=0) + timedelta(days=1)


@pytest.mark.parametrize("change", [b"", b"[]", b"{}", b"null", b"\xff"])
def test_nothing_else_is_a_checkpoint(change: bytes) -> None:
    """One that cannot be read must stop the next, not make it begin from nothing."""
    with pytest.raises(ValueError, match=r"^not a checkpoint$"):
        Checkpoint.read(change)


def test_a_head_that_was_changed_is_noticed(night: Night) -> None:
    """The heads are not in the statement, but their root is."""
    night.grow(SHOP, BAKERY)
    document = night.run().document

    with pytest.raises(ValueError, match=r"^not a checkpoint$"):
        Checkpoint.read(document.replace(b'_shopshopshopshop",1', b'_shopshopshopshop",2'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"fugace-checkpoint/1", b"fugace-checkpoint/2"),
        (b'"ECDSA_SHA_256"', b'"none"'),
        (b'{"algorithm"', b'{ "algorithm"'),
        (b'"size":1', b'"size":1,"size":1'),
        (b".000Z", b"Z"),
    ],
)
def test_only_the_canonical_document_is_read(night: Night, old: bytes, new: bytes) -> None:
    """The next one names its hash: two writings of one checkpoint would be two pasts."""
    night.grow(SHOP)
    document = night.run().document
    assert old in document

    with pytest.raises(ValueError, match=r"^not a checkpoint$"):
        Checkpoint.read(document.replace(old, new))
