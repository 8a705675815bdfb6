"""Looking at messages and cancelling them: who sees what, and until when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.errors import MissingKeyError, NotFoundError, TooLateError, UnauthorizedError
from fugace.domain.message import Change, Record, Status
from fugace.domain.retention import Period, Retention
from functions.send.read import Gaze, Reader
from tests.fakes import (
    ALICE,
    BAKERY,
    FIRST,
    NOON,
    SHOP,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeVault,
    kept,
    sealed_record,
    statuses,
)
from tests.fakes import tenant as a_tenant

GAZE = Gaze(SHOP, live=True)
CLOSELY = Gaze(SHOP, live=True, personal=True)
DAY = Period(seconds=86_400)


class Desk(Reader):
    """A reader with one message on it."""

    clock: FakeClock
    vault: FakeVault
    messages: FakeMessages

    @classmethod
    def with_one(cls, retention: Retention | None = None, **more: object) -> "Desk":
        clock, vault = FakeClock(), FakeVault()
        record = sealed_record(vault, **more)  # type: ignore[arg-type]  # names are checked by replace() there
        tenants = FakeTenants(a_tenant(retention=retention or kept()), a_tenant(BAKERY))
        return cls(clock, vault, FakeMessages(clock, record), tenants)

    @property
    def record(self) -> Record:
        return self.messages.rows[FIRST]


def test_a_message_is_shown_without_anything_personal() -> None:
    """Who asks for a state does not need the number."""
    seen = Desk.with_one().get(GAZE, FIRST)

    assert seen.record.status is Status.ACCEPTED
    assert seen.personal is None


def test_number_text_and_reference_are_shown_to_who_may_see_them() -> None:
    """And only as they were given."""
    desk = Desk.with_one()
    personal = desk.get(CLOSELY, FIRST).personal

    assert personal
    assert (personal.to, personal.text, personal.reference) == (ALICE.reveal(), "Your parcel is here", None)


def test_a_message_that_is_shown_does_not_print_itself() -> None:
    """A debugger's habit must not put a number into a log."""
    assert ALICE.reveal() not in repr(Desk.with_one().get(CLOSELY, FIRST))


def test_i4_a_message_past_the_policy_in_force_is_not_there() -> None:
    """Invariant I4: a policy made shorter acts at once, whatever was stamped and whatever is still stored."""
    desk = Desk.with_one(kept(record=DAY))
    desk.clock.tick(hours=23, minutes=59)
    assert desk.get(GAZE, FIRST).expires_at == NOON + timedelta(days=1)
    desk.clock.tick(minutes=1)

    with pytest.raises(NotFoundError):
        desk.get(GAZE, FIRST)


def test_i4_a_longer_policy_does_not_bring_back_what_was_promised_to_go() -> None:
    """Invariant I4: never later than was said when it was collected."""
    desk = Desk.with_one(kept(record=Period(months=24)))

    assert desk.get(GAZE, FIRST).expires_at == desk.record.expires_at


def test_a_person_who_was_erased_leaves_no_messages() -> None:
    """The tombstone speaks, whether or not the rows are still there."""
    for end in (FakeVault.block, FakeVault.destroy):
        desk = Desk.with_one()
        end(desk.vault, desk.record.subject)

        with pytest.raises(NotFoundError):
            desk.get(GAZE, FIRST)


def test_a_missing_key_is_a_fault_and_never_no_data() -> None:
    """It fails closed, so that somebody looks."""
    desk = Desk.with_one()
    desk.vault.lose(desk.record.subject)

    with pytest.raises(MissingKeyError):
        desk.get(GAZE, FIRST)


def test_i8_another_tenants_message_is_not_there() -> None:
    """Invariant I8, even if its key were guessed and passed the path."""
    with pytest.raises(NotFoundError):
        Desk.with_one().get(Gaze(BAKERY, live=True), FIRST)


def test_a_test_key_sees_what_test_keys_sent() -> None:
    """It lies about in continuous integration; a live key sees both."""
    with pytest.raises(NotFoundError):
        Desk.with_one().get(Gaze(SHOP, live=False), FIRST)

    rehearsed = Desk.with_one(live=False)
    assert rehearsed.get(Gaze(SHOP, live=False), FIRST)
    assert rehearsed.get(GAZE, FIRST)


def test_a_tenant_that_has_gone_sees_nothing() -> None:
    """Its key may still be in an authorizer's cache."""
    desk = Desk.with_one()
    with pytest.raises(UnauthorizedError):
        replace(desk, tenants=FakeTenants()).get(GAZE, FIRST)


@pytest.mark.parametrize(("content", "hours"), [(DAY, 24), (Period(seconds=30 * 86_400), 7 * 24)])
def test_content_is_hidden_when_its_time_is_over(content: Period, hours: int) -> None:
    """By the policy in force or by what was stamped, whichever is first; the number stays until the record goes."""
    desk = Desk.with_one(kept(content=content), status=[Status.ACCEPTED, Status.SUBMITTED])
    desk.clock.tick(hours=hours, seconds=-1)
    before = desk.get(CLOSELY, FIRST)
    desk.clock.tick(seconds=1)
    after = desk.get(CLOSELY, FIRST)

    assert before.personal
    assert before.personal.text
    assert after.personal
    assert (after.personal.to, after.personal.text) == (ALICE.reveal(), None)
    assert after.content_until == NOON + timedelta(hours=hours)


def test_under_pt0s_content_is_hidden_once_it_was_handed_over() -> None:
    """Also the text of what was accepted before the tenant chose so, and is still stored."""
    for states, readable in (([Status.ACCEPTED], True), ([Status.ACCEPTED, Status.SUBMITTED], False)):
        desk = Desk.with_one(kept(content=Period()), status=states)
        desk.clock.tick(minutes=1)
        personal = desk.get(CLOSELY, FIRST).personal

        assert personal
        assert (personal.text is not None) is readable


def test_a_text_that_was_removed_is_none() -> None:
    """Not an error: it went with the hand-over, as promised."""
    desk = Desk.with_one()
    desk.messages.note(FIRST, Change(Status.SUBMITTED, NOON), drop_content=True)

    personal = desk.get(CLOSELY, FIRST).personal
    assert personal
    assert personal.text is None


# --- cancelling ---------------------------------------------------------------------------------


def test_what_is_not_on_its_way_can_be_cancelled() -> None:
    """And says so in its history."""
    desk = Desk.with_one()

    assert statuses(desk.cancel(GAZE, FIRST).record.history) == ["accepted", "cancelled"]


def test_a_text_for_the_hand_over_alone_goes_when_there_will_be_none() -> None:
    """In the same write: its anchor may be a week away, and no sweep looks there."""
    for retention, own in ((kept(content=Period()), False), (kept(), True)):
        desk = Desk.with_one(retention, drop_content=own)
        desk.cancel(GAZE, FIRST)
        assert desk.record.sealed.text is None

    desk = Desk.with_one()
    desk.cancel(GAZE, FIRST)
    assert desk.record.sealed.text is not None


def test_a_cancellation_that_comes_too_late_leaves_the_text_to_the_hand_over() -> None:
    """It has begun, and needs it."""
    desk = Desk.with_one(drop_content=True, status=[Status.ACCEPTED, Status.QUEUED])
    with pytest.raises(TooLateError):
        desk.cancel(GAZE, FIRST)
    assert desk.record.sealed.text is not None


def test_cancelling_twice_is_cancelling_once() -> None:
    """A client that lost the answer may ask again."""
    desk = Desk.with_one()
    desk.cancel(GAZE, FIRST)

    assert statuses(desk.cancel(GAZE, FIRST).record.history) == ["accepted", "cancelled"]


@pytest.mark.parametrize("status", set(Status) - {Status.ACCEPTED, Status.CANCELLED})
def test_what_is_on_its_way_cannot_be_cancelled(status: Status) -> None:
    """A hand-over that has begun may have ended: to say `cancelled` would be a lie."""
    desk = Desk.with_one(status=[Status.ACCEPTED, status])

    with pytest.raises(TooLateError) as refused:
        desk.cancel(GAZE, FIRST)

    assert refused.value.facts == {"state": status.value}
    assert desk.record.status is status


def test_a_hand_over_that_begins_meanwhile_wins() -> None:
    """The conditional write decides, not what was read before it."""

    class Racing(FakeMessages):
        def note(self, *args, **kwargs):
            self.claim(FIRST, NOON, stale=NOON - timedelta(minutes=5))
            return super().note(*args, **kwargs)

    desk = Desk.with_one()
    racing = Racing(desk.clock, desk.record)

    with pytest.raises(TooLateError):
        replace(desk, messages=racing).cancel(GAZE, FIRST)
    assert racing.rows[FIRST].status is Status.QUEUED


@pytest.mark.parametrize("gaze", [Gaze(BAKERY, live=True), Gaze(SHOP, live=False)])
def test_i8_what_one_cannot_see_one_cannot_cancel(gaze: Gaze) -> None:
    """Invariant I8."""
    desk = Desk.with_one()

    with pytest.raises(NotFoundError):
        desk.cancel(gaze, FIRST)
    assert desk.record.status is Status.ACCEPTED
