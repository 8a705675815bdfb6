"""A message is handed over once, whoever dies and whoever comes twice; and what is poison is given up."""

import pytest

from fugace.domain.message import Change, Evidence, Status
from functions.send.dispatch import LEASE
from functions.send.task import Outcome
from tests.dispatching import AT_LEAST_ONCE, Desk, dies_in_the_call
from tests.fakes import FIRST


@pytest.mark.parametrize("deduplicates", [True, False])
def test_a_repeated_body_sends_nothing(deduplicates):
    """Queues deliver at least once, the stream is replayed, reconcile asks again."""
    desk = Desk(deduplicates=deduplicates)
    desk.run()

    assert desk.run() is Outcome.DROPPED
    assert len(desk.sent) == 1


def test_two_at_the_same_time_send_once():
    """The second finds the claim of the first while it is still talking to the carrier."""
    desk = Desk()
    seen = []
    ask = desk.web.carrier
    desk.web.carrier = lambda request: (seen.append(desk.run()), ask(request))[1]

    assert desk.run() is Outcome.SUBMITTED
    assert seen == [Outcome.HELD]
    assert len(desk.sent) == 1


def test_a_claim_is_respected_while_its_holder_may_live():
    """Shortly after, nobody can know whether the first is dead or slow."""
    desk = Desk()
    dies_in_the_call(desk)
    desk.clock.tick(seconds=LEASE.total_seconds() - 1)

    assert desk.run() is Outcome.HELD
    assert len(desk.sent) == 1


def test_after_a_death_half_way_at_most_once_is_unknown():
    """I6: an outcome that nobody knows is a state, and not a second SMS."""
    desk = Desk()
    dies_in_the_call(desk)
    desk.clock.tick(minutes=6)

    assert desk.run() is Outcome.ENDED
    assert (desk.last.status, desk.last.code, desk.last.evidence) == (Status.UNKNOWN, "interrupted", Evidence.INFERRED)
    assert len(desk.sent) == 1


def test_after_a_death_half_way_at_least_once_is_sent_again():
    """The client chose: perhaps twice, but not never."""
    desk = Desk(**AT_LEAST_ONCE)
    dies_in_the_call(desk)
    desk.clock.tick(minutes=6)

    assert desk.run() is Outcome.SUBMITTED
    assert len(desk.sent) == 2


def test_a_receipt_after_the_death_is_believed():
    """The carrier's word is better than our guess, and ends the matter."""
    desk = Desk()
    dies_in_the_call(desk)
    desk.messages.note(FIRST, Change(Status.DELIVERED, desk.clock(), Evidence.HANDSET))
    desk.clock.tick(minutes=6)

    assert desk.run() is Outcome.DROPPED
    assert desk.record.status is Status.DELIVERED


def test_a_receipt_that_beats_our_own_note_is_not_undone():
    """I5: the carrier may report before it has answered. Its reference is kept all the same, and PT0S too."""
    desk = Desk(drop_content=True)
    ask = desk.web.carrier

    def report_first(request):
        desk.messages.note(FIRST, Change(Status.DELIVERED, desk.clock(), Evidence.HANDSET))
        return ask(request)

    desk.web.carrier = report_first

    assert desk.run() is Outcome.SUBMITTED
    assert desk.record.status is Status.DELIVERED
    assert (desk.record.carrier_ref, desk.record.sealed.text) == ("carrier-1", None)


def test_a_poisoned_message_that_was_never_handed_over_is_rejected():
    """Before its body is a dead letter its state says so."""
    desk = Desk()

    desk.bury()

    assert (desk.last.status, desk.last.code, desk.last.evidence) == (
        Status.REJECTED,
        "dead-letter",
        Evidence.PLATFORM,
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, {"in_doubt": True}), ({}, {"silent": 1}), ({"deduplicates": True}, {})],
    ids=["in-doubt", "silent-before", "no-claim-to-tell"],
)
def test_a_poisoned_message_that_may_have_been_handed_over_is_unknown(more, said):
    """`rejected` would promise that nobody got it."""
    desk = Desk(**more)

    desk.bury(**said)

    assert (desk.last.status, desk.last.code, desk.last.evidence) == (
        Status.UNKNOWN,
        "dead-letter",
        Evidence.INFERRED,
    )


def test_a_poisoned_message_with_a_dead_claim_is_unknown():
    """Whoever held it may have handed it over."""
    desk = Desk()
    dies_in_the_call(desk)
    desk.clock.tick(minutes=6)

    desk.bury()

    assert desk.last.status is Status.UNKNOWN


def test_a_poisoned_body_leaves_a_message_alone_that_is_in_other_hands():
    """Two bodies of one message: the other one is just being handed over."""
    desk = Desk()
    dies_in_the_call(desk)

    desk.bury()

    assert desk.record.status is Status.QUEUED


def test_a_poisoned_body_leaves_a_message_alone_that_is_over():
    """What the carrier has said stands."""
    desk = Desk(status=(Status.ACCEPTED, Status.SUBMITTED))

    desk.bury(in_doubt=True)

    assert desk.record.status is Status.SUBMITTED
