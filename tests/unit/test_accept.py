"""What the accept use case promises the tenant, and the person written to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.errors import (
    BadRequestError,
    BlockedError,
    FugaceError,
    IdempotencyMismatchError,
    TooLongError,
    UnauthorizedError,
    UnavailableError,
)
from fugace.domain.ids import TenantId
from fugace.domain.message import Category, Record, Status
from fugace.domain.retention import Kind, Period
from functions.send.accept import Accepted, Outbox, Sender
from functions.send.once import Once
from functions.send.schema import Wish
from tests.fakes import (
    ALICE,
    BAKERY,
    BOB,
    CAROL,
    NOON,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeVault,
    kept,
)
from tests.fakes import tenant as a_tenant

LIVE = Sender(SHOP, live=True)
TERMS = FakeCarrier().terms


def outbox(messages: FakeMessages | None = None, **tenant: object) -> Outbox:
    clock = FakeClock()
    return Outbox(
        clock=clock,
        vault=FakeVault(),
        messages=messages or FakeMessages(clock),
        tenants=FakeTenants(a_tenant(carrier="rest", **tenant), a_tenant(BAKERY, carrier="rest")),
        terms={"rest": TERMS, "simulator": TERMS},
    )


def to(person: object = ALICE, text: str = "Your parcel is here", **more: object) -> Wish:
    plain = Wish(at="", to=person, text=text, category=Category.TRANSACTIONAL)  # type: ignore[arg-type]  # an Msisdn
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace() itself


def rows(box: Outbox) -> list[Record]:
    assert isinstance(box.messages, FakeMessages)
    return list(box.messages.rows.values())


def one(box: Outbox, wish: Wish | FugaceError, once: Once | None = None, sender: Sender = LIVE) -> Accepted:
    (result,) = box.accept(sender, [wish], once)
    if isinstance(result, FugaceError):
        raise result
    return result


def test_i1_one_write_accepts() -> None:
    """Invariant I1: nothing else is written on the way to the answer."""
    box = outbox()
    accepted = one(box, to())

    assert isinstance(box.messages, FakeMessages)
    assert box.messages.writes == 1
    assert rows(box) == [accepted.record]


def test_what_is_kept_shows_neither_number_nor_text_nor_reference() -> None:
    """Only the person's key opens them, each bound to its message and its field."""
    box = outbox()
    record = one(box, to(text="for you", reference="order-17")).record

    assert not any(word in repr(record) for word in (ALICE.reveal(), "for you", "order-17"))
    person = box.vault.keys_of([record])[record.key]
    sealed = {"to": record.sealed.to, "text": record.sealed.text, "reference": record.sealed.reference}
    opened = {field: person.open(str(record.key), field, each or b"") for field, each in sealed.items()}
    assert opened == {"to": ALICE.reveal(), "text": "for you", "reference": "order-17"}


def test_a_message_is_accepted_now_and_counted_exactly() -> None:
    """What the answer says is what is kept."""
    record = one(outbox(), to(text="a" * 161, campaign="spring", sender="SHOP")).record

    assert (record.status, record.history[0].at, record.anchor) == (Status.ACCEPTED, NOON, NOON)
    assert (record.encoding, record.segments) == ("GSM-7", 2)
    assert (record.campaign, record.sender, record.carrier, record.live) == ("spring", "SHOP", "rest", True)


def test_expiry_is_counted_from_when_a_message_is_due() -> None:
    """A message due in a week would else be unreadable before it is sent."""
    due = NOON + timedelta(days=6)
    retention = kept(content=Period(seconds=86_400), record=Period(months=1))
    record = one(outbox(retention=retention), to(send_at=due)).record

    assert record.anchor == due
    assert record.expires_at == retention.period(Kind.RECORD).after(due)
    assert record.content_until == due + timedelta(days=1)
    assert record.history[0].at == NOON


def test_content_never_outlives_its_record() -> None:
    """A tenant may choose a long content period and a short record period."""
    retention = kept(content=Period(months=3), record=Period(months=1))
    record = one(outbox(retention=retention), to()).record

    assert record.content_until == record.expires_at


def test_content_that_goes_with_the_hand_over_stays_until_then() -> None:
    """PT0S: the bound is the time within which it may still be sent."""
    record = one(outbox(retention=kept(content=Period())), to(validity=timedelta(hours=1))).record

    assert record.drop_content
    assert record.content_until == NOON + timedelta(hours=1)


def test_the_text_of_others_is_not_dropped_early() -> None:
    """Content is kept for as long as the tenant said."""
    assert not one(outbox(), to()).record.drop_content


def test_a_test_key_reaches_nobody() -> None:
    """Whatever the tenant's carrier."""
    record = one(outbox(), to(), sender=Sender(SHOP, live=False)).record

    assert (record.carrier, record.live) == ("simulator", False)


@pytest.mark.parametrize(("wished", "carrier", "allowed"), [(2, 10, 2), (10, 2, 2)])
def test_a_text_longer_than_tenant_or_carrier_allow_is_refused(wished: int, carrier: int, allowed: int) -> None:
    """The tenant can act on the answer without guessing; nothing is kept."""
    box = replace(outbox(), terms={"rest": replace(TERMS, max_segments=carrier)})

    with pytest.raises(TooLongError) as refused:
        one(box, to(text="x" * 400, max_segments=wished))

    assert refused.value.facts == {"segments": 3, "allowed": allowed}
    assert rows(box) == []


def test_a_text_of_exactly_as_many_segments_is_accepted() -> None:
    """The limit is inclusive."""
    assert one(outbox(), to(text="x" * 306, max_segments=2)).record.segments == 2


def test_somebody_under_erasure_is_not_written_to() -> None:
    """Nothing may be kept, not even the attempt."""
    box = outbox()
    assert isinstance(box.vault, FakeVault)
    box.vault.block(box.vault.subject(SHOP, ALICE))

    with pytest.raises(BlockedError):
        one(box, to())

    assert rows(box) == []


def test_somebody_who_comes_back_gets_a_key_of_a_new_epoch() -> None:
    """What was bound to the erased one stays dead."""
    box = outbox()
    assert isinstance(box.vault, FakeVault)
    first = one(box, to()).record
    box.vault.destroy(first.subject)

    assert one(box, to()).record.epoch == first.epoch + 1


def test_an_unknown_tenant_is_nobody() -> None:
    """Its key may still be in an authorizer's cache when it has gone."""
    with pytest.raises(UnauthorizedError):
        outbox().accept(Sender(TenantId("ten_goneergonegonego"), live=True), [to()], None)


def test_a_carrier_that_is_not_configured_is_an_outage_and_not_a_bug() -> None:
    """Nothing was done; the operator can put it right, and asking again is safe."""
    box = replace(outbox(), terms={})

    with pytest.raises(UnavailableError):
        one(box, to())


def test_messages_are_spread_over_the_tenants_shards() -> None:
    """Else a large tenant would heat one partition of the index."""
    box = outbox(shards=4)
    box.accept(LIVE, [to()] * 100, None)

    assert {record.shard for record in rows(box)} == {0, 1, 2, 3}


def test_times_are_kept_to_the_millisecond() -> None:
    """A repeated answer is read back from the table, and has to be the first one to the letter."""
    box = replace(outbox(), clock=FakeClock(NOON.replace(microsecond=123_456)))

    assert one(box, to()).record.anchor == NOON.replace(microsecond=123_000)


# --- asking again -------------------------------------------------------------------------------


def test_the_same_request_again_gets_the_first_message_and_sends_nothing() -> None:
    """A tenant whose connection broke can ask again and pay once."""
    box = outbox()
    first = one(box, to(), Once("k", b"payload"))
    again = one(box, to(), Once("k", b"payload"))

    assert (first.again, again.again) == (False, True)
    assert again.record == first.record
    assert len(rows(box)) == 1


def test_the_same_key_with_another_payload_is_refused() -> None:
    """Else a client's bug would swallow messages."""
    box = outbox()
    one(box, to(), Once("k", b"payload"))

    with pytest.raises(IdempotencyMismatchError):
        one(box, to(BOB), Once("k", b"another"))


def test_the_same_key_of_another_tenant_is_another_key() -> None:
    """Invariant I8: tenants are walls."""
    box = outbox()
    one(box, to(), Once("k", b"payload"))

    assert not one(box, to(), Once("k", b"another"), Sender(BAKERY, live=True)).again


def test_a_refusal_that_time_made_gives_way_to_the_first_answer() -> None:
    """`send_at` was in a minute, and is past now that the client asks again."""
    box = outbox()
    first = one(box, to(send_at=NOON + timedelta(minutes=1)), Once("k", b"payload"))

    assert one(box, BadRequestError(), Once("k", b"payload")).record == first.record
    with pytest.raises(IdempotencyMismatchError):
        one(box, BadRequestError(), Once("k", b"another"))


def test_without_a_key_every_request_is_a_message() -> None:
    """Two parcels for one person are two texts."""
    box = outbox()
    one(box, to())
    one(box, to())

    assert len(rows(box)) == 2


# --- batches ------------------------------------------------------------------------------------


def test_one_bad_recipient_never_fails_the_rest() -> None:
    """Each has its own result, in the order of the request."""
    box = outbox()
    assert isinstance(box.vault, FakeVault)
    box.vault.block(box.vault.subject(SHOP, BOB))
    long = to(CAROL, text="x" * 2000, at="/messages/2")
    results = box.accept(LIVE, [to(), to(BOB, at="/messages/1"), long, BadRequestError(), to(CAROL)], None)

    kinds = [type(result) for result in results]
    assert kinds == [Accepted, BlockedError, TooLongError, BadRequestError, Accepted]
    assert [results[place].errors[0].pointer for place in (1, 2)] == ["/messages/1/to", "/messages/2/text"]  # type: ignore[union-attr]  # errors, as asserted above
    assert len(rows(box)) == 2


class CountingVault(FakeVault):
    """Knows how often it was asked for keys."""

    asked = 0

    def keys_for(self, *args, **kwargs):
        self.asked += 1
        return super().keys_for(*args, **kwargs)


def test_a_batch_looks_up_keys_once() -> None:
    """A hundred messages cost one look-up, not a hundred."""
    vault = CountingVault()
    replace(outbox(), vault=vault).accept(LIVE, [to(), to(BOB), to()], None)

    assert vault.asked == 1


def test_a_batch_of_refusals_asks_for_no_key() -> None:
    """A number that is not kept leaves no key behind either."""
    vault = CountingVault()
    replace(outbox(), vault=vault).accept(LIVE, [to(text="x" * 2000), BadRequestError()], None)

    assert (vault.asked, vault.rows) == (0, {})


def test_a_batch_again_gets_its_first_results() -> None:
    """And what failed for want of a table is tried again."""
    box = outbox()
    once = Once("k", b"payload")
    first = box.accept(LIVE, [to(), to(BOB)], once)
    again = box.accept(LIVE, [to(), to(BOB), to(CAROL)], once)

    assert [isinstance(each, Accepted) and each.again for each in again] == [True, True, False]
    assert [each.record for each in again if isinstance(each, Accepted)][:2] == [
        each.record for each in first if isinstance(each, Accepted)
    ]


def test_a_batch_under_a_key_that_was_used_is_refused_before_anything_is_written() -> None:
    """Half a batch accepted under a wrong key could not be taken back."""
    box = outbox()
    once = Once("k", b"payload")
    box.accept(LIVE, [to(), to(BOB)], once)

    with pytest.raises(IdempotencyMismatchError):
        box.accept(LIVE, [to(), to(BOB), to(CAROL)], Once("k", b"another"))

    assert len(rows(box)) == 2


class BrokenMessages(FakeMessages):
    """Fails for one place of a batch."""

    def add(self, record: Record) -> Record | None:
        if record.campaign == "broken":
            raise RuntimeError("the table is on fire")
        if record.campaign == "busy":
            raise UnavailableError
        return super().add(record)


def test_what_broke_for_one_message_is_told_beside_the_others() -> None:
    """They were accepted: an answer of 500 would have them sent again."""
    box = outbox(BrokenMessages())
    results = box.accept(LIVE, [to(), to(campaign="broken"), to(campaign="busy")], None)

    assert [type(each) for each in results] == [Accepted, UnavailableError, UnavailableError]
    assert isinstance(results[1], UnavailableError)
    assert isinstance(results[1].__cause__, RuntimeError)


def test_what_broke_for_a_single_message_is_not_hidden() -> None:
    """It is a bug, and is answered as one."""
    with pytest.raises(RuntimeError):
        one(outbox(BrokenMessages()), to(campaign="broken"))
