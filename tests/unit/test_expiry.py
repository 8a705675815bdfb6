"""When a message, and its text, are over: the stamp it is accepted with, and what every reader computes again."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fugace.adapters.dynamo.attributes import Seconds, to_millis
from fugace.datamap.messages import Message as MessageEntry
from fugace.domain.expiry import Stamp, alive, content_expiry, drops_content, record_expiry, stamp
from fugace.domain.message import Change, Record, Status
from fugace.domain.retention import ANNOUNCED, Kind, Period, Retention
from tests.fakes import NOON, kept, sealed_record

NONE, DAY, WEEK, HALF_YEAR = Period(), Period(seconds=86_400), Period(seconds=7 * 86_400), Period(months=6)
VALID = timedelta(days=2)
SECOND = timedelta(seconds=1)
SINCE = NOON + ANNOUNCED


def stamped(
    retention: Retention | None = None,
    *,
    anchor: datetime = NOON,
    collected: datetime = NOON,
    content: Period | None = None,
) -> Stamp:
    return stamp(retention or kept(), anchor=anchor, collected=collected, validity=VALID, content=content)


def a_record(
    retention: Retention | None = None,
    *,
    anchor: datetime = NOON,
    collected: datetime = NOON,
    content: Period | None = None,
    history: tuple[Change, ...] = (),
    held: frozenset[str] = frozenset(),
) -> Record:
    """As accept makes it under `retention`; `history` is what followed."""
    said = stamped(retention, anchor=anchor, collected=collected, content=content)
    return sealed_record(
        anchor=anchor,
        history=(Change(Status.ACCEPTED, collected), *history),
        validity=VALID,
        expires_at=said.expires_at,
        content_until=said.content_until,
        drop_content=said.drop_content,
        brief=said.brief,
        held=held,
    )


def left(at: datetime, status: Status = Status.SUBMITTED) -> tuple[Change, ...]:
    return (Change(status, at),)


# The stamp.


def test_a_stamp_says_when_by_the_choices_of_the_moment() -> None:
    """Counted from the anchor, on the calendar."""
    late = NOON + timedelta(days=3)
    assert stamped(anchor=late) == Stamp(HALF_YEAR.after(late), WEEK.after(late), drop_content=False, brief=False)


def test_a_stamp_is_never_later_than_was_said() -> None:
    """DynamoDB's TTL knows whole seconds: they are cut, not rounded."""
    odd = NOON + timedelta(milliseconds=999)
    said = stamped(anchor=odd, collected=odd)
    assert said.expires_at == HALF_YEAR.after(NOON)
    assert said.content_until == WEEK.after(NOON)


def test_text_is_never_kept_longer_than_its_message() -> None:
    """A tenant that chose six months for texts and a day for records keeps both for a day."""
    said = stamped(kept(content=HALF_YEAR, record=DAY))
    assert said.content_until == said.expires_at == DAY.after(NOON)


def test_text_for_the_hand_over_alone_stays_until_that_can_be() -> None:
    """`PT0S`: there has to be something to hand over; the validity bounds it."""
    assert stamped(kept(content=NONE)) == Stamp(HALF_YEAR.after(NOON), NOON + VALID, drop_content=True, brief=False)


@pytest.mark.parametrize(
    ("own", "until", "drop", "brief"),
    [
        (DAY, DAY.after(NOON), False, True),
        (NONE, NOON + VALID, True, True),
        (WEEK, WEEK.after(NOON), False, False),  # as the tenant has chosen anyway: no index of its own
        (HALF_YEAR, WEEK.after(NOON), False, False),
    ],
)
def test_a_texts_own_period_counts_where_it_is_the_shorter(
    own: Period, until: datetime, *, drop: bool, brief: bool
) -> None:
    """A message may be kept shorter than the tenant chose, never longer."""
    said = stamped(content=own)
    assert (said.content_until, said.drop_content, said.brief) == (until, drop, brief)


def test_a_texts_own_period_never_outlives_a_hand_over_only_policy() -> None:
    """The tenant keeps no texts: one message's `P1D` changes nothing about it."""
    said = stamped(kept(content=NONE), content=WEEK)
    assert (said.content_until, said.drop_content) == (NOON + VALID, True)


def test_a_choice_that_is_only_announced_drops_no_text_yet() -> None:
    """`PT0S` in half a minute: what is handed over before then is still under the old promise."""
    retention = kept().changed(Kind.CONTENT, NONE, NOON)
    assert not stamped(retention).drop_content
    assert stamped(retention, anchor=SINCE, collected=SINCE).drop_content


# Records.


def test_a_message_is_there_until_its_second() -> None:
    """Not a second longer (I4), and not a second less."""
    record = a_record()
    end = HALF_YEAR.after(NOON)
    assert record_expiry(record, kept()) == end
    assert alive(record, kept(), end - SECOND)
    assert not alive(record, kept(), end)


def test_a_shorter_choice_ends_what_was_stamped_longer() -> None:
    """The stamp in the row says half a year; the tenant has chosen a day since."""
    record, retention = a_record(), kept().changed(Kind.RECORD, DAY, NOON + timedelta(days=9))
    assert not alive(record, retention, NOON + timedelta(days=9) + ANNOUNCED)
    assert alive(record, retention, NOON + timedelta(days=9) + ANNOUNCED - SECOND)


def test_a_longer_choice_does_not_prolong() -> None:
    """It was promised a day."""
    retention = kept(record=DAY).changed(Kind.RECORD, HALF_YEAR, NOON + timedelta(hours=1))
    assert record_expiry(a_record(kept(record=DAY)), retention) == DAY.after(NOON)


def test_a_stamp_is_a_promise() -> None:
    """Whatever the choices say later, or a cap that was lost: never beyond what the row itself says."""
    assert record_expiry(a_record(kept(record=DAY)), kept()) == DAY.after(NOON)


def test_a_stamp_in_milliseconds_keeps_nothing() -> None:
    """Taken for seconds they lie 58,000 years ahead: TTL never comes, readers and sweeper compute the end all the same.

    And they can: a row that could not be read would stop whoever sweeps it, again and again.
    """
    stamp_read = Seconds(MessageEntry.expires_at).deserialize(str(to_millis(HALF_YEAR.after(NOON))))
    record = replace(a_record(), expires_at=stamp_read)
    assert stamp_read.year == 9999
    assert record_expiry(record, kept()) == HALF_YEAR.after(NOON)


def test_what_ttl_forgets_is_over_all_the_same() -> None:
    """DynamoDB's TTL never deletes what was over more than five years ago; the computed end does not care."""
    old = NOON.replace(year=NOON.year - 6)
    assert not alive(a_record(anchor=old, collected=old), kept(), NOON)


def test_what_is_held_is_not_there_for_anybody() -> None:
    """Kept, but out of reach for normal use."""
    assert not alive(a_record(held=frozenset({"hold_a"})), kept(), NOON)


def test_a_hold_moves_the_stamp_and_not_the_end() -> None:
    """The stamp was moved to keep TTL away; what it says then is no promise, and what is computed stands."""
    moved = NOON + timedelta(days=900)
    record = replace(a_record(), expires_at=moved, held=frozenset({"hold_a"}))
    assert record_expiry(record, kept()) == HALF_YEAR.after(NOON)


# Texts.


def test_a_text_ends_before_its_message() -> None:
    """By the tenant's choice for texts."""
    assert content_expiry(a_record(), kept()) == WEEK.after(NOON)


def test_a_text_never_outlives_its_message() -> None:
    """A shorter choice for records ends texts, too."""
    retention = kept().changed(Kind.RECORD, DAY, NOON + timedelta(hours=1))
    assert content_expiry(a_record(), retention) == DAY.after(NOON)


def test_a_texts_own_period_holds_whatever_the_tenant_chooses_later() -> None:
    """Promised for this message."""
    retention = kept().changed(Kind.CONTENT, HALF_YEAR, NOON + timedelta(hours=1))
    assert content_expiry(a_record(content=DAY), retention) == DAY.after(NOON)


@pytest.mark.parametrize("own", [None, NONE])
def test_text_for_the_hand_over_ends_with_it(own: Period | None) -> None:
    """Whether the tenant or the message said `PT0S`."""
    retention = kept(content=NONE) if own is None else kept()
    minute = NOON + timedelta(minutes=1)

    waiting = a_record(retention, content=own)
    assert content_expiry(waiting, retention) == NOON + VALID
    assert content_expiry(a_record(retention, content=own, history=left(minute)), retention) == minute


def test_a_message_that_will_not_leave_needs_no_text() -> None:
    """Cancelled before its time: nobody is to get it any more."""
    retention, anchor = kept(content=NONE), NOON + timedelta(days=5)
    cancelled = a_record(retention, anchor=anchor, history=left(NOON + timedelta(hours=1), Status.CANCELLED))
    assert content_expiry(cancelled, retention) == NOON + timedelta(hours=1)


def test_a_claim_is_not_a_hand_over() -> None:
    """`queued` may be tried again: without its text it could not."""
    retention = kept(content=NONE)
    record = a_record(retention, history=left(NOON, Status.QUEUED))
    assert content_expiry(record, retention) == NOON + VALID


def test_keeping_no_texts_from_now_on_acts_on_those_that_have_left() -> None:
    """At once, when the choice is in force; what waits for its hand-over keeps its text until then."""
    retention = kept().changed(Kind.CONTENT, NONE, NOON)
    gone = a_record(history=left(NOON - timedelta(hours=1)), anchor=NOON - timedelta(days=1))
    assert content_expiry(gone, retention) == SINCE
    assert content_expiry(a_record(), retention) == NOON + VALID


def test_the_hand_over_takes_the_text_along_where_none_is_kept() -> None:
    """In the same write: said by the message itself, or by a choice in force that binds it."""
    later = kept().changed(Kind.CONTENT, NONE, NOON)
    assert drops_content(a_record(content=NONE), kept(), NOON)
    assert drops_content(a_record(), later, SINCE)
    assert not drops_content(a_record(), later, SINCE - SECOND)
    assert not drops_content(a_record(), kept(), NOON)


def test_a_choice_that_was_given_up_takes_along_what_was_collected_under_it() -> None:
    """`PT0S` yesterday, a week today: what was accepted yesterday was promised to go with its hand-over."""
    retention = kept(content=NONE).changed(Kind.CONTENT, WEEK, NOON)
    later = SINCE + timedelta(hours=1)
    assert drops_content(a_record(), retention, later)
    assert not drops_content(a_record(retention, anchor=later, collected=later), retention, later)
