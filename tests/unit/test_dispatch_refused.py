"""The three outcomes of a hand-over that are not success: not now, not ever, and nobody knows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.message import Change, Evidence, Status
from fugace.ports import HttpAnswer
from functions.send.dispatch import MOST_SILENCES
from functions.send.task import Outcome
from tests.dispatching import AT_LEAST_ONCE, BUSY, SILENT, Desk
from tests.fakes import FIRST, NOON


def test_an_unavailable_carrier_is_asked_again_later_and_the_claim_is_let_go():
    """Nothing was handed over: safe to repeat."""
    desk = Desk(BUSY)

    assert desk.run() is Outcome.RETRIED

    when, queue, body = next(iter(desk.timer.pending.values()))
    assert (queue, body) == ("carrier/simulator", {"message": str(FIRST), "attempt": 2})
    assert when == NOON + timedelta(seconds=4)
    assert desk.record.claimed_at is None
    assert desk.run(attempt=2) is Outcome.SUBMITTED


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 4), (2, 8), (5, 64), (8, 512), (9, 900), (500, 900)])
def test_waits_grow_and_stop_growing_at_a_quarter_of_an_hour(attempt, seconds):
    """Long outages are not made worse by us, and their end is noticed soon."""
    desk = Desk(BUSY)

    desk.run(attempt)

    assert [when - NOON for when, _, _ in desk.timer.pending.values()] == [timedelta(seconds=seconds)]


def test_waits_are_spread():
    """Full jitter: ten thousand messages that failed together must not come back together."""
    desk = Desk(BUSY)
    desk.dispatch = replace(desk.dispatch, draw=lambda: 0.5)

    desk.run(attempt=5)

    assert [when - NOON for when, _, _ in desk.timer.pending.values()] == [timedelta(seconds=32)]


@pytest.mark.parametrize(("asked", "seconds"), [("30", 30), ("3600", 3600), ("1", 4), ("99999999999999", 86_400)])
def test_a_wait_that_the_carrier_asks_for_is_honoured(asked, seconds):
    """429 with Retry-After: not before, even beyond our own longest wait, but within reason."""
    desk = Desk(HttpAnswer(429, {"retry-after": asked}, b""))

    desk.run()

    assert [when - NOON for when, _, _ in desk.timer.pending.values()] == [timedelta(seconds=seconds)]


def test_a_message_that_would_be_tried_again_too_late_has_expired():
    """A state, and not a silent end in a queue."""
    desk = Desk(BUSY, validity=timedelta(seconds=3))

    assert desk.run() is Outcome.ENDED
    assert (desk.last.status, desk.last.code, desk.last.evidence) == (Status.EXPIRED, "validity", Evidence.PLATFORM)
    assert not desk.timer.pending


def test_a_queue_that_fails_after_an_unavailable_carrier_leaves_the_message_free():
    """The body comes back by itself, and finds no claim in its way: known as not handed over, so safe to send."""
    desk = Desk(BUSY)
    desk.timer.broken = True

    with pytest.raises(UnavailableError):
        desk.run()

    assert desk.run() is Outcome.SUBMITTED


@pytest.mark.parametrize(("answer", "status"), [(400, Status.REJECTED), (403, Status.BLOCKED)])
def test_a_refusal_is_final(answer, status):
    """The tenant is told, with the carrier's own code."""
    desk = Desk(HttpAnswer(answer, {}, b""))

    assert desk.run() is Outcome.ENDED
    assert (desk.last.status, desk.last.code) == (status, str(answer))
    assert desk.record.claimed_at is None


@pytest.mark.parametrize(
    ("raw", "kept"), [("err:002", "err-002"), ("bad number", ""), ("no-33639980001", ""), ("x" * 41, "")]
)
def test_a_carriers_code_is_kept_only_as_a_code(raw, kept):
    """A code that quotes a request would carry a number into history, webhook and log."""
    desk = Desk(HttpAnswer(400, {}, b""))
    answer = desk.carrier.read_answer

    def chatty(given):
        try:
            return answer(given)
        except Exception as error:
            error.code = raw
            raise

    desk.carrier.read_answer = chatty
    desk.run()

    assert desk.last.code == kept


def test_silence_is_unknown_at_most_once():
    """I6: a call that timed out after the request left is not repeated."""
    desk = Desk(SILENT)

    assert desk.run() is Outcome.ENDED
    assert (desk.last.status, desk.last.code, desk.last.evidence) == (Status.UNKNOWN, "silent", Evidence.INFERRED)
    assert not desk.timer.pending


def test_a_late_delivered_amends_the_unknown_of_a_silence():
    """The receipt may still come."""
    desk = Desk(SILENT)
    desk.run()

    assert desk.messages.note(FIRST, Change(Status.DELIVERED, NOON, Evidence.HANDSET))


def test_silence_of_a_carrier_that_deduplicates_is_asked_again():
    """Our reference makes the repeat harmless, whatever the client chose."""
    desk = Desk(SILENT, deduplicates=True)

    assert desk.run() is Outcome.RETRIED
    assert desk.run(attempt=2, silent=1) is Outcome.SUBMITTED


def test_silence_is_asked_again_at_least_once_and_the_body_remembers_it():
    """How often nobody knew must survive until the next attempt."""
    desk = Desk(SILENT, **AT_LEAST_ONCE)

    assert desk.run() is Outcome.RETRIED
    assert [body for _, _, body in desk.timer.pending.values()] == [{"message": str(FIRST), "attempt": 2, "silent": 1}]
    assert desk.run(attempt=2, silent=1) is Outcome.SUBMITTED


def test_at_least_once_is_not_for_ever():
    """A carrier that takes and never answers must not send somebody a hundred texts."""
    desk = Desk(SILENT, **AT_LEAST_ONCE)

    assert desk.run(attempt=MOST_SILENCES, silent=MOST_SILENCES - 1) is Outcome.ENDED
    assert (desk.last.status, desk.last.code) == (Status.UNKNOWN, "silent")


@pytest.mark.parametrize("deduplicates", [True, False])
def test_once_a_carrier_was_silent_the_end_of_validity_is_unknown_and_not_expired(deduplicates):
    """It may have been sent by the attempt that nobody answered."""
    desk = Desk(BUSY, deduplicates=deduplicates, validity=timedelta(seconds=3), **AT_LEAST_ONCE)

    desk.run(attempt=2, silent=1)

    assert (desk.last.status, desk.last.code) == (Status.UNKNOWN, "silent")


def test_once_a_carrier_was_silent_a_refusal_does_not_say_that_nothing_was_sent():
    """This attempt was refused; the earlier one may have arrived."""
    desk = Desk(HttpAnswer(400, {}, b""), **AT_LEAST_ONCE)

    desk.run(attempt=2, silent=1)

    assert (desk.last.status, desk.last.evidence) == (Status.UNKNOWN, Evidence.INFERRED)


def test_a_refusal_by_a_carrier_that_deduplicates_speaks_of_the_message():
    """It knows our reference, so its answer is about all attempts."""
    desk = Desk(HttpAnswer(400, {}, b""), deduplicates=True)

    desk.run(attempt=2, silent=1)

    assert desk.last.status is Status.REJECTED


def test_dying_after_a_silence_never_looks_like_surely_not_sent():
    """After a silence the retry is on its queue before the claim is let go, not the other way round."""
    desk = Desk(SILENT, **AT_LEAST_ONCE)
    desk.timer.broken = True

    with pytest.raises(UnavailableError):
        desk.run()

    assert desk.record.claimed_at is not None
