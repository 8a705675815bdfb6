"""What must not be sent, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.errors import MissingKeyError
from fugace.domain.message import Change, Status
from fugace.domain.retention import Period
from functions.send.task import Outcome
from tests.dispatching import Desk
from tests.fakes import ALICE, FIRST, NOON, SHOP, FakeVault, kept, sealed_record, tenant


def test_a_cancelled_message_is_not_sent():
    """The cancellation came first."""
    desk = Desk(status=(Status.ACCEPTED, Status.CANCELLED))

    assert desk.run() is Outcome.DROPPED
    assert not desk.sent


def test_a_cancellation_after_the_claim_comes_too_late():
    """A cancellation is for `accepted` alone; so the claim decides, and nobody is told a lie."""
    desk = Desk()
    ask = desk.web.carrier
    cancelled = []

    def cancel(request):
        change = Change(Status.CANCELLED, NOON)
        cancelled.append(desk.messages.note(FIRST, change, only_from=frozenset({Status.ACCEPTED})))
        return ask(request)

    desk.web.carrier = cancel

    assert desk.run() is Outcome.SUBMITTED
    assert cancelled == [None]


@pytest.mark.parametrize("erase", [FakeVault.block, FakeVault.destroy])
def test_somebody_erased_since_acceptance_is_not_written_to(erase):
    """The tombstone is what refuses, from the moment that an erasure begins; and the text goes."""
    desk = Desk()
    erase(desk.vault, desk.record.subject)

    assert desk.run() is Outcome.ENDED
    assert (desk.last.status, desk.last.code) == (Status.CANCELLED, "erased")
    assert desk.record.sealed.text is None
    assert not desk.sent


def test_an_older_epoch_stays_dead_when_the_person_comes_back():
    """What was bound to an erased key is not sent under the new one."""
    desk = Desk()
    desk.vault.destroy(desk.record.subject)
    desk.vault.keys_for(SHOP, [ALICE])

    desk.run()

    assert desk.last.code == "erased"


def test_a_missing_key_fails_closed_and_leaves_no_claim():
    """An operational fault is not an erasure: nothing is sent, nothing is ended, and it works once repaired."""
    desk = Desk()
    row = desk.vault.rows[desk.record.subject]
    desk.vault.lose(desk.record.subject)

    with pytest.raises(MissingKeyError):
        desk.run()

    assert (desk.sent, desk.record.claimed_at) == ([], None)
    desk.vault.rows[desk.record.subject] = row
    assert desk.run() is Outcome.SUBMITTED


def test_a_message_past_its_validity_has_expired():
    """Nobody wants yesterday's one-time code."""
    desk = Desk(validity=timedelta(minutes=5))
    desk.clock.tick(minutes=5)

    desk.run()

    assert (desk.last.status, desk.last.code) == (Status.EXPIRED, "validity")
    assert not desk.sent


@pytest.mark.parametrize(
    "fields",
    [{"content_until": NOON}, {"sealed": replace(sealed_record().sealed, text=None)}],
    ids=["over", "gone"],
)
def test_a_text_that_may_not_be_read_any_more_is_not_sent(fields):
    """I4: expiry is computed when it matters, whether or not the text is still there."""
    desk = Desk(**fields)

    desk.run()

    assert (desk.last.status, desk.last.code) == (Status.REJECTED, "content-expired")
    assert not desk.sent


def test_a_content_retention_that_was_shortened_since_counts():
    """A shorter policy acts on everything at once."""
    desk = Desk()
    desk.tenants.tenants[SHOP] = tenant(retention=kept(content=Period(seconds=3600)))
    desk.clock.tick(hours=1)

    desk.run()

    assert desk.last.code == "content-expired"


@pytest.mark.parametrize("deduplicates", [True, False])
def test_a_record_past_its_retention_is_left_alone(deduplicates):
    """I4: it does not exist any more, whether or not the table has dropped it: nothing is sent and nothing written."""
    desk = Desk(expires_at=NOON, deduplicates=deduplicates)

    assert desk.run() is Outcome.DROPPED
    assert (desk.sent, desk.messages.writes) == ([], 0)


def test_a_record_retention_that_was_shortened_since_counts():
    """By the policy in force, not by what was stamped alone."""
    desk = Desk()
    desk.tenants.tenants[SHOP] = tenant(retention=kept(record=Period(seconds=60)))
    desk.clock.tick(minutes=2)

    assert desk.run() is Outcome.DROPPED
    assert not desk.sent


def test_a_tenant_that_is_gone_sends_nothing():
    """Its messages may outlive it for a while."""
    desk = Desk()
    desk.tenants.tenants.clear()

    assert desk.run() is Outcome.DROPPED
    assert not desk.sent


def test_a_message_of_a_test_key_never_reaches_a_real_carrier():
    """Accept sends them to the simulator; should it ever fail to, this is the last door."""
    desk = Desk(live=False, carrier="other")

    assert desk.run(carrier="other") is Outcome.ENDED
    assert (desk.last.status, desk.last.code) == (Status.REJECTED, "test-key")
    assert not desk.sent


def test_a_message_of_a_test_key_reaches_the_simulator():
    """Or nobody could try anything."""
    assert Desk(live=False).run() is Outcome.SUBMITTED


def test_a_body_on_another_carriers_queue_is_refused():
    """Whether a claim is needed is decided by the queue's carrier: sending by another's rule could send twice."""
    desk = Desk(carrier="other", deduplicates=True)

    with pytest.raises(LookupError):
        desk.run()

    assert not desk.sent
