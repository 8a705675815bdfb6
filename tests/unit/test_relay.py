"""What the relay promises: each change sets the right thing going, with ids alone; repeats harm nobody."""

import json
from datetime import timedelta

import pytest

from fugace.domain.message import Change, Status
from functions.send.relay import Relay, Step
from tests.fakes import (
    ALICE,
    FIRST,
    NOON,
    SECOND,
    FakeClock,
    FakeQueue,
    FakeTimer,
    key_number,
    sealed_record,
)

A, Q, S, B, D, C = (
    Status.ACCEPTED,
    Status.QUEUED,
    Status.SUBMITTED,
    Status.BUFFERED,
    Status.DELIVERED,
    Status.CANCELLED,
)


class Office:
    """A relay with two carriers' queues."""

    def __init__(self):
        self.clock, self.timer = FakeClock(), FakeTimer()
        self.queues = {"simulator": FakeQueue(), "other": FakeQueue()}
        self.notify = FakeQueue()
        self.relay = Relay(self.queues, self.notify, self.timer, self.clock)

    def run(self, *steps):
        return self.relay.run(steps)

    @property
    def carried(self):
        return self.queues["simulator"].sent

    @property
    def idle(self):
        queues = [*self.queues.values(), self.notify]
        return not any(queue.sent for queue in queues) and not self.timer.pending


def inserted(number="1", **fields):
    return Step(number, None, sealed_record(**fields))


def changed(*after, before=(A,), number="1", **fields):
    return Step(number, sealed_record(status=before, **fields), sealed_record(status=after, **fields))


def test_an_accepted_message_goes_to_its_carriers_queue():
    """I1: this is what makes a 202 come true."""
    office = Office()

    assert office.run(inserted(), inserted("2", key=SECOND, carrier="other")) == {}

    assert office.carried == [{"message": str(FIRST), "attempt": 1}]
    assert office.queues["other"].sent == [{"message": str(SECOND), "attempt": 1}]
    assert not office.notify.sent
    assert not office.timer.pending


@pytest.mark.parametrize("ahead", [{"seconds": 1}, {"days": 7}])
def test_a_message_for_later_is_put_on_the_timer_and_not_on_the_queue(ahead):
    """`send_at`: the anchor is when it is due."""
    office = Office()
    due = NOON + timedelta(**ahead)

    office.run(inserted(at=due))

    assert not office.carried
    assert office.timer.pending == {f"m-{FIRST.id}": (due, "carrier/simulator", {"message": str(FIRST), "attempt": 1})}


def test_a_stream_that_is_read_late_sends_what_has_become_due():
    """The stream may be hours behind; a schedule in the past would be refused."""
    office = Office()
    step = inserted(at=NOON + timedelta(hours=1))
    office.clock.tick(hours=1)

    office.run(step)

    assert len(office.carried) == 1


@pytest.mark.parametrize("ahead", [{"seconds": 1}, {"days": 7}])
def test_cancelling_a_message_for_later_forgets_its_schedule(ahead):
    """It would only be dropped when it fires, but a schedule is a thing an operator can see."""
    office = Office()
    at = NOON + timedelta(**ahead)
    office.run(inserted(at=at))

    office.run(changed(A, C, at=at))

    assert not office.timer.pending


def test_cancelling_what_is_due_asks_for_no_schedule():
    """There is none left: a call saved for each cancellation."""
    office = Office()
    office.timer.cancel = None

    assert office.run(changed(A, C)) == {}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((A,), (A, Q), []),
        ((A, Q), (A, Q, S), [3]),
        ((A, Q, S), (A, Q, S, B), [4]),
        ((A, Q, S), (A, Q, S, D), [4]),
        ((A,), (A, C), [2]),
        ((A,), (A, Status.REJECTED), [2]),
        ((A, Q), (A, Q, Status.UNKNOWN), [3]),
        ((A, Status.EXPIRED), (A, Status.EXPIRED, D), [3]),
        ((A,), (A, Q, S, D), [3, 4]),
        ((A, Q, S), (A, Q, S), []),
    ],
)
def test_the_tenant_is_told_of_each_new_state_once_it_has_left(before, after, told):
    """By its place in the history, which makes repeats recognisable; writes that change no state tell nothing."""
    office = Office()

    office.run(changed(*after, before=before))

    assert office.notify.sent == [{"message": str(FIRST), "sequence": sequence} for sequence in told]
    assert not office.carried


def test_a_deletion_sets_nothing_going():
    """TTL and the sweeper delete; that is nobody's news here."""
    office = Office()

    assert office.run(Step("1", sealed_record(), None)) == {}
    assert office.idle


def test_what_was_over_before_it_was_seen_is_not_sent():
    """A row put back by an operator is not accepted anew."""
    office = Office()

    office.run(inserted(status=(A, Q, S, D)))

    assert office.idle


def test_a_batch_is_one_send_for_each_queue():
    """Requests are what a message costs (B9)."""
    office = Office()
    sends = []
    send = office.queues["simulator"].send
    office.queues["simulator"].send = lambda bodies: (sends.append(len(bodies)), send(bodies))

    office.run(*(inserted(str(number), key=key_number(number)) for number in range(25)))

    assert sends == [25]


def test_one_queues_trouble_is_not_the_others():
    """What can be relayed is; only what could not be is tried again, and a repeat of the rest would be harmless."""
    office = Office()
    office.queues["other"].broken = True

    failed = office.run(
        inserted("1"),
        inserted("2", key=SECOND, carrier="other"),
        changed(A, Q, S, before=(A, Q), number="3"),
        inserted("4", key=key_number(4), carrier="other"),
    )

    assert failed == {"2": "UnavailableError", "4": "UnavailableError"}
    assert len(office.carried) == 1
    assert len(office.notify.sent) == 1


def test_a_timer_that_fails_fails_its_own_message_alone():
    """The rest of the batch has nothing to do with it."""
    office = Office()
    office.timer.broken = True

    failed = office.run(inserted("7", at=NOON + timedelta(hours=1)), inserted("8", key=SECOND))

    assert failed == {"7": "UnavailableError"}
    assert office.carried == [{"message": str(SECOND), "attempt": 1}]


def test_a_carrier_that_is_not_configured_is_a_failure_and_not_a_loss():
    """It is tried again, then kept for an operator."""
    office = Office()

    assert office.run(inserted("9", carrier="gone")) == {"9": "KeyError"}


def test_no_body_holds_a_number_or_a_text():
    """I2, with a sealed record in hand and everything that could be sent sent."""
    office = Office()
    later = NOON + timedelta(hours=1)

    office.run(inserted(), inserted("2", key=SECOND, at=later), changed(A, Q, S, D))

    seen = json.dumps([office.carried, office.notify.sent, [body for _, _, body in office.timer.pending.values()]])
    record = sealed_record()
    assert str(FIRST) in seen  # so we are looking at the right place
    for secret in (ALICE.reveal()[1:], "Your parcel is here", record.subject):
        assert secret not in seen


def test_a_message_that_takes_the_place_of_an_expired_one_is_a_new_one():
    """A derived id may come again after its message is over; the stream calls that a change, and it is none."""
    office = Office()
    remains = sealed_record(status=(A, Q, S, D))
    office.clock.tick(days=200)

    office.run(Step("1", remains, sealed_record(at=office.clock())))

    assert len(office.carried) == 1
    assert not office.notify.sent


def test_sequence_follows_the_history_and_not_the_states():
    """An amendment repeats no number: the receiver orders by it."""
    record = sealed_record(status=(A, Status.UNKNOWN))
    amended = record.changed(Change(D, NOON))
    office = Office()

    office.run(Step("1", record, amended))

    assert office.notify.sent == [{"message": str(FIRST), "sequence": 3}]
