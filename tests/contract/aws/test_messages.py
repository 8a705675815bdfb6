"""What a `fugace.ports.Messages` promises; DynamoDB's and the fake alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.domain.message import Category, Change, Evidence, OnUnknown, Status
from fugace.ports import Messages
from tests.fakes import (
    BAKERY,
    BOB,
    FIRST,
    NOON,
    SECOND,
    SHOP,
    FakeClock,
    FakeMessages,
    key_number,
    sealed_record,
    statuses,
)

LEASE = timedelta(minutes=3)
HISTORY = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED)


@pytest.fixture(params=["fake", "dynamo"])
def messages(request: pytest.FixtureRequest, clock: FakeClock) -> Messages:
    if request.param == "fake":
        return FakeMessages(clock)
    return DynamoMessages(request.getfixturevalue("world").aws, "messages", clock)


def delivered(minute: int = 3) -> Change:
    return Change(Status.DELIVERED, NOON + timedelta(minutes=minute), Evidence.HANDSET, "000")


def submitted(minute: int = 2) -> Change:
    return Change(Status.SUBMITTED, NOON + timedelta(minutes=minute))


# Keeping.


def test_a_record_comes_back_as_it_was_kept(messages: Messages) -> None:
    """Every field of it: what a store forgets, nobody notices until it is needed."""
    record = sealed_record(
        status=[*HISTORY, Status.UNKNOWN],
        encoding="UCS-2",
        segments=3,
        category=Category.MARKETING,
        on_unknown=OnUnknown.AT_LEAST_ONCE,
        live=False,
        drop_content=True,
        sender="Shop",
        campaign="spring",
        shard=2,
        fingerprint=b"\x00\xff" * 16,
        carrier_ref="c-1",
        claimed_at=NOON + timedelta(milliseconds=7),
        parts={1: Status.DELIVERED, 3: Status.UNDELIVERABLE},
        sealed=replace(sealed_record().sealed, reference=b"\x01r"),
    )

    assert messages.add(record) is None
    assert messages.get(FIRST) == record


def test_a_usual_record_comes_back_as_it_was_kept(messages: Messages) -> None:
    """What has its usual value is not stored, and must not be missed."""
    record = sealed_record()
    messages.add(record)

    assert messages.get(FIRST) == record
    assert messages.get_many([FIRST]) == {FIRST: record}


def test_who_comes_second_is_given_what_was_there_first(messages: Messages) -> None:
    """The answer to a repeated request is the first message (I1)."""
    first, second = sealed_record(), sealed_record(text="Another text")
    messages.add(first)

    assert messages.add(second) == first
    assert messages.get(FIRST) == first


def test_another_tenants_message_of_the_same_id_is_another_message(messages: Messages) -> None:
    """Tenants are walls (I8)."""
    messages.add(sealed_record())

    assert messages.get(key_number(1, BAKERY)) is None


def test_an_expired_record_is_not_given_on_any_path(messages: Messages, clock: FakeClock) -> None:
    """Read means alive (I4), whether or not the database has removed it yet."""
    record = sealed_record(expires_at=NOON + timedelta(days=1), claimed_at=NOON, status=HISTORY[:2])
    messages.add(record)
    clock.tick(days=1)
    now = clock()

    assert messages.get(FIRST) is None
    assert messages.get_many([FIRST]) == {}
    assert messages.claim(FIRST, now, stale=now) is None
    assert messages.note(FIRST, delivered(), carrier_ref="c") is None
    assert messages.note_part(FIRST, 1, Status.DELIVERED) is None


def test_an_expired_record_does_not_stand_in_the_way_of_a_new_one(messages: Messages, clock: FakeClock) -> None:
    """An id made from an Idempotency-Key may come again when the first message is long gone."""
    messages.add(sealed_record(expires_at=NOON + timedelta(days=1)))
    clock.tick(days=1)
    new = sealed_record(text="Another text")

    assert messages.add(new) is None
    assert messages.get(FIRST) == new


def test_many_are_read_at_once_and_those_that_are_not_there_are_left_out(messages: Messages) -> None:
    """More than one batch of 100."""
    records = [sealed_record(key=key_number(number)) for number in range(101)]
    for record in records:
        messages.add(record)

    found = messages.get_many([record.key for record in records] + [key_number(999)])

    assert found == {record.key: record for record in records}


# Claiming.


def test_a_claim_makes_it_queued_and_is_the_only_one(messages: Messages) -> None:
    """Two deliveries of one queue message must not become two SMS."""
    messages.add(sealed_record())
    at = NOON + timedelta(minutes=1)

    mine = messages.claim(FIRST, at, stale=at - LEASE)

    assert mine is not None
    assert mine == messages.get(FIRST)
    assert (mine.status, mine.claimed_at, mine.sequence) == (Status.QUEUED, at, 2)
    assert messages.claim(FIRST, at + timedelta(minutes=1), stale=at - LEASE) is None


def test_a_claim_that_was_let_go_can_be_taken_again_without_a_second_entry(messages: Messages) -> None:
    """Retries with a carrier that is down are not events of the message."""
    messages.add(sealed_record())
    at, later = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    messages.claim(FIRST, at, stale=at - LEASE)
    messages.release(FIRST, at)

    again = messages.claim(FIRST, later, stale=later - LEASE)

    assert again is not None
    assert again == messages.get(FIRST)
    assert again.claimed_at == later
    assert again.history == (Change(Status.ACCEPTED, NOON), Change(Status.QUEUED, at))


def test_who_takes_over_a_stale_claim_is_told_whose_it_was(messages: Messages) -> None:
    """The outcome of the other's call is not known, and only the time of its claim shows that there was one."""
    messages.add(sealed_record())
    messages.claim(FIRST, NOON, stale=NOON - LEASE)
    later = NOON + LEASE

    taken = messages.claim(FIRST, later, stale=later - LEASE)

    assert taken is not None
    assert taken.claimed_at == NOON
    assert messages.claim(FIRST, later, stale=later - LEASE) is None
    messages.release(FIRST, NOON)  # the first holder wakes up: it is not theirs any more
    assert messages.claim(FIRST, later, stale=later - LEASE) is None


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.DELIVERED, Status.CANCELLED, Status.UNKNOWN])
def test_what_has_left_or_is_over_cannot_be_claimed(messages: Messages, status: Status) -> None:
    """A claim is the right to hand it over once."""
    messages.add(sealed_record(status=[Status.ACCEPTED, status]))

    assert messages.claim(FIRST, NOON + LEASE, stale=NOON + LEASE) is None


# Noting.


def test_a_change_is_appended_and_ends_the_claim(messages: Messages) -> None:
    """One write for state, history, carrier's id and claim."""
    messages.add(sealed_record())
    messages.claim(FIRST, NOON, stale=NOON - LEASE)

    after = messages.note(FIRST, submitted(), carrier_ref="c-1")

    assert after is not None
    assert after == messages.get(FIRST)
    assert statuses(after.history) == ["accepted", "queued", "submitted"]
    assert (after.carrier_ref, after.claimed_at, after.history[-1]) == ("c-1", None, submitted())


@pytest.mark.parametrize("before", list(Status))
def test_status_never_goes_back(messages: Messages, before: Status) -> None:
    """I5, for each pair of states: the database itself refuses what may not follow."""
    for number, status in enumerate(Status):
        key = key_number(number)
        record = sealed_record(key=key, status=[before])
        messages.add(record)

        after = messages.note(key, Change(status, NOON, Evidence.OPERATOR, "x.1"))

        assert (after is not None) == status.may_follow(before)
        if after is None:
            assert messages.get(key) == record
        else:
            assert after.history[1:] == (Change(status, NOON, Evidence.OPERATOR, "x.1"),)


def test_a_caller_may_be_stricter_about_what_it_follows(messages: Messages) -> None:
    """A cancellation follows `accepted` alone."""
    messages.add(sealed_record(status=HISTORY[:2]))
    cancelled = Change(Status.CANCELLED, NOON)

    assert messages.note(FIRST, cancelled, only_from=frozenset({Status.ACCEPTED})) is None
    assert messages.note(FIRST, cancelled, only_from=frozenset()) is None
    assert messages.note(FIRST, cancelled, only_from=frozenset({Status.ACCEPTED, Status.QUEUED})) is not None


def test_a_carrier_changes_only_what_was_given_to_it(messages: Messages) -> None:
    """The database looks, in the write itself: nobody has read the record before."""
    record = sealed_record(status=HISTORY[:3])
    messages.add(record)
    delivered = Change(Status.DELIVERED, NOON)

    assert messages.note(FIRST, delivered, carrier="another") is None
    assert messages.note(FIRST, delivered, carrier=record.carrier) is not None


def test_no_caller_can_be_laxer_than_the_order_of_states(messages: Messages) -> None:
    """I5 holds whatever is asked for."""
    messages.add(sealed_record(status=[Status.ACCEPTED, Status.DELIVERED]))

    assert messages.note(FIRST, submitted(), only_from=frozenset(Status)) is None


def test_a_hand_over_that_began_without_a_claim_is_queued_once(messages: Messages) -> None:
    """However it came to be queued, the history says so once."""
    messages.add(sealed_record())
    messages.note(FIRST, Change(Status.QUEUED, NOON))

    claimed = messages.claim(FIRST, NOON + LEASE, stale=NOON)

    assert claimed is not None
    assert claimed == messages.get(FIRST)
    assert statuses(claimed.history) == ["accepted", "queued"]


def test_a_receipt_for_a_message_that_is_gone_creates_nothing(messages: Messages) -> None:
    """Else a late receipt would bring an erased person's row back."""
    assert messages.note(FIRST, delivered(), carrier_ref="c-1", drop_content=True) is None
    assert messages.note_part(FIRST, 1, Status.DELIVERED) is None
    messages.release(FIRST, NOON)

    assert messages.get(FIRST) is None
    assert messages.add(sealed_record()) is None


def test_the_text_goes_in_the_write_that_records_the_hand_over(messages: Messages) -> None:
    """Content retention of PT0S: there is no second step that could fail."""
    messages.add(sealed_record(drop_content=True))

    after = messages.note(FIRST, submitted(), carrier_ref="c-1", drop_content=True)

    assert after is not None
    assert (after.sealed.text, after.sealed.to) == (None, sealed_record().sealed.to)


def test_a_receipt_that_beats_our_own_write_loses_neither_reference_nor_erasure(messages: Messages) -> None:
    """The change itself is refused, since `delivered` stays; what came with it is not."""
    messages.add(sealed_record(status=HISTORY[:2], claimed_at=NOON))
    messages.note(FIRST, delivered())

    assert messages.note(FIRST, submitted(), carrier_ref="c-1", drop_content=True) is None

    now = messages.get(FIRST)
    assert now is not None
    assert statuses(now.history) == ["accepted", "queued", "delivered"]
    assert (now.carrier_ref, now.sealed.text, now.claimed_at) == ("c-1", None, None)


@pytest.mark.parametrize(("states", "stays"), [(2, True), (3, False)])
def test_a_refused_change_takes_no_text_that_may_still_be_handed_over(
    messages: Messages, states: int, *, stays: bool
) -> None:
    """A cancellation that comes too late: whoever is handing it over needs the text, and has claimed the message."""
    messages.add(sealed_record(status=HISTORY[:states], claimed_at=NOON, drop_content=True))

    cancelled, only_from = Change(Status.CANCELLED, NOON), frozenset({Status.ACCEPTED})
    assert messages.note(FIRST, cancelled, only_from=only_from, drop_content=True) is None

    now = messages.get(FIRST)
    assert now is not None
    assert (now.sealed.text is not None, now.claimed_at == NOON) == (stays, stays)


def test_the_first_final_state_of_a_part_stays(messages: Messages) -> None:
    """Receipts for parts come twice, and contradict each other."""
    messages.add(sealed_record(segments=3))
    messages.note_part(FIRST, 2, Status.DELIVERED)
    messages.note_part(FIRST, 2, Status.EXPIRED)

    after = messages.note_part(FIRST, 3, Status.REJECTED)

    assert after is not None
    assert after == messages.get(FIRST)
    assert after.parts == {2: Status.DELIVERED, 3: Status.REJECTED}


# Listing.


def at_minutes(messages: Messages, *minutes: int, **more: int) -> None:
    for minute in minutes:
        messages.add(sealed_record(key=key_number(minute), at=NOON + timedelta(minutes=minute), **more))


def test_a_listing_goes_back_in_time_page_by_page(messages: Messages) -> None:
    """Newest first; a page begins where the one before ended, whatever was added meanwhile."""
    at_minutes(messages, 1, 2, 3, 4, 5)
    window = {"since": NOON, "until": NOON + timedelta(hours=1)}

    first = messages.timeline(SHOP, 0, **window, after=None, limit=2)
    at_minutes(messages, 6)
    second = messages.timeline(SHOP, 0, **window, after=first[-1], limit=2)
    rest = messages.timeline(SHOP, 0, **window, after=second[-1], limit=2)

    assert [place.key for place in first + second + rest] == [key_number(minute) for minute in (5, 4, 3, 2, 1)]
    assert first[0].anchor == NOON + timedelta(minutes=5)


def test_messages_of_the_same_instant_are_listed_once_each(messages: Messages) -> None:
    """A batch of 100 is accepted within a millisecond."""
    for number in range(5):
        messages.add(sealed_record(key=key_number(number)))
    window = {"since": NOON, "until": NOON + timedelta(hours=1)}
    seen, after = [], None
    while page := messages.timeline(SHOP, 0, **window, after=after, limit=2):
        after = page[-1]
        seen += [place.key for place in page]

    assert sorted(map(str, seen)) == [str(key_number(number)) for number in range(5)]


def test_a_listing_has_its_first_moment_and_not_its_last(messages: Messages) -> None:
    """So that two windows that meet show each message once."""
    at_minutes(messages, 1, 2, 3)
    since, until = NOON + timedelta(minutes=1), NOON + timedelta(minutes=3)

    places = messages.timeline(SHOP, 0, since=since, until=until, after=None, limit=10)

    assert [place.key for place in places] == [key_number(2), key_number(1)]
    assert messages.timeline(SHOP, 0, since=until, until=since, after=None, limit=10) == []


def test_a_listing_shows_one_tenant_and_one_shard(messages: Messages) -> None:
    """Tenants are walls (I8)."""
    messages.add(sealed_record())
    messages.add(sealed_record(key=key_number(1, BAKERY)))
    messages.add(sealed_record(key=SECOND, to=BOB, shard=1))
    window = {"since": NOON, "until": NOON + timedelta(hours=1)}

    places = messages.timeline(SHOP, 0, **window, after=None, limit=10)

    assert [place.key for place in places] == [FIRST]
