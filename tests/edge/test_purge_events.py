"""The schedule that looks after messages, as Lambda gives it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from fugace.domain.errors import UnavailableError
from fugace.edge.observe import FailedError
from functions.purge import events
from functions.purge.reconcile import Reconcile
from tests.edge.events import CONTEXT
from tests.edge.test_wiring import VARIABLES
from tests.fakes import (
    ALICE,
    FIRST,
    NOON,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeTenants,
    FakeVault,
    sealed_record,
    tenant,
)

NUMBER = ALICE.reveal()


def context(left=300_000):
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


@pytest.fixture
def rounds(monkeypatch):
    clock, tenants, queue = FakeClock(), FakeTenants(tenant()), FakeQueue()
    tenants.seen(SHOP, "", NOON.date())
    messages = FakeMessages(clock, sealed_record(FakeVault(), text=f"call {NUMBER}"))
    queues, terms = {"simulator": queue}, {"simulator": FakeCarrier().terms}
    monkeypatch.setattr(events, "_reconcile", lambda: Reconcile(tenants, messages, clock, queues, terms))
    clock.tick(minutes=11)
    return SimpleNamespace(queue=queue, messages=messages, clock=clock)


def test_a_run_beats_its_heart_and_says_what_it_did(rounds, printed):
    """An alarm looks for the silence of the heartbeat; the line is for a person."""
    events.reconcile({}, context())

    seen = printed()
    assert '"event":"reconciled"' in seen
    assert "Reconciled" in seen
    assert '"ReconcileLag":[0.0]' in seen
    assert "RelayedAgain" in seen
    assert rounds.queue.sent == [{"message": str(FIRST), "attempt": 1}]


def test_what_nobody_reported_on_is_a_metric(rounds, printed):
    """Many of them are a carrier in trouble."""
    rounds.clock.tick(days=6, minutes=1)

    events.reconcile({}, context())

    assert "NeverSent" in printed()


def test_the_time_that_is_left_is_lambdas(rounds):
    """It stops before it is killed."""
    events.reconcile({}, context(left=30_000))

    assert not rounds.queue.sent


def test_a_run_that_fails_does_not_beat_its_heart(rounds, printed):
    """Or a table that is down for days would look well."""
    rounds.queue.broken = True

    with pytest.raises(FailedError):
        events.reconcile({}, context())

    assert "Reconciled" not in printed()


@pytest.mark.parametrize("error", [None, UnavailableError(), ValueError(f"cannot read {NUMBER}: call {NUMBER}")])
def test_no_line_shows_a_number_or_a_text(rounds, printed, error):
    """Whatever happens, also a bug that quotes a row."""

    def fail(_keys):
        raise error

    if error:
        rounds.messages.get_many = fail
        with pytest.raises(FailedError):
            events.reconcile({}, context())
    else:
        events.reconcile({}, context())

    seen = printed()
    assert ("bug" if error else "reconciled") in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen
    assert "call " not in seen


def test_it_can_be_wired(monkeypatch):
    """From the variables that the function has; nothing is asked of AWS, not even for a carrier's secret."""
    for name, value in {**VARIABLES, "AWS_REGION": "eu-west-3"}.items():
        monkeypatch.setenv(name, value)
    events._reconcile.cache_clear()

    made = events._reconcile()

    assert made.queues.keys() == made.terms.keys() == {"simulator", "simulator-account"}
    assert all(terms.receipt_limit > timedelta(0) for terms in made.terms.values())
    events._reconcile.cache_clear()
