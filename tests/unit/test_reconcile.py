"""What the reconciling passes promise: what was lost is found, what nobody reports on ends, nothing is done twice."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain, repeat

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.message import Change, Evidence, Status
from fugace.domain.retention import Period
from functions.purge import steps
from functions.purge.reconcile import EARLY, LONGEST_VALIDITY, Reconcile
from tests.fakes import (
    BAKERY,
    FIRST,
    NOON,
    SECOND,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeTenants,
    kept,
    key_number,
    sealed_record,
    tenant,
)

A, Q, S, B = Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED, Status.BUFFERED
LIMIT = timedelta(days=3)
PLENTY = timedelta(minutes=5)
TODAY = NOON.date()


class Round:
    """A reconcile over some records of the shop, which was active at noon."""

    def __init__(self, *records, deduplicates=False, active=(TODAY,), shards=1):
        self.clock = FakeClock()
        self.messages = FakeMessages(self.clock, *records)
        self.tenants = FakeTenants(tenant(shards=shards), tenant(BAKERY))
        for day in active:
            self.tenants.seen(SHOP, "", day)
        self.queue = FakeQueue()
        terms = replace(FakeCarrier().terms, deduplicates=deduplicates, receipt_limit=LIMIT)
        self.reconcile = Reconcile(
            self.tenants, self.messages, self.clock, {"simulator": self.queue}, {"simulator": terms}
        )

    def run(self, left=lambda: PLENTY, **later):
        self.clock.tick(**later)
        return self.reconcile.run(left)

    def status(self, key=FIRST):
        return self.messages.rows[key].status


# --- the early pass -------------------------------------------------------------------------------


def test_an_accepted_message_that_the_stream_lost_is_relayed_again():
    """A stream forgets after a day, and a queue can be emptied by hand; a 202 stays a promise."""
    rounds = Round(sealed_record())

    tally = rounds.run(minutes=11)

    assert rounds.queue.sent == [{"message": str(FIRST), "attempt": 1}]
    assert tally.relayed == 1


def test_a_young_message_is_left_to_the_stream():
    """It is probably on its way."""
    rounds = Round(sealed_record())

    rounds.run(minutes=9)

    assert not rounds.queue.sent


def test_each_message_is_asked_about_once():
    """The watermark goes on: cost follows messages, not runs."""
    rounds = Round(sealed_record())

    for _ in range(5):
        rounds.run(minutes=10)

    assert len(rounds.queue.sent) == 1


def test_a_claim_that_somebody_died_with_is_looked_at_again():
    """Dispatch decides what becomes of it, if a queue reminds it."""
    rounds = Round(sealed_record(status=(A, Q), claimed_at=NOON))

    rounds.run(minutes=11)

    assert len(rounds.queue.sent) == 1


@pytest.mark.parametrize("claimed", [None, NOON + timedelta(minutes=9)], ids=["waits", "in-hand"])
def test_what_is_being_taken_care_of_is_left_alone(claimed):
    """Queued without a claim waits for its next attempt; a young claim is somebody at work."""
    rounds = Round(sealed_record(status=(A, Q), claimed_at=claimed))

    rounds.run(minutes=11)

    assert not rounds.queue.sent


@pytest.mark.parametrize("status", [(A, Q, S), (A, Status.CANCELLED), (A, Q, S, Status.DELIVERED)])
def test_what_has_left_or_is_over_needs_no_help(status):
    """Most messages, most of the time."""
    rounds = Round(sealed_record(status=status))

    rounds.run(minutes=11)

    assert not rounds.queue.sent
    assert rounds.messages.writes == 0


def test_a_scheduled_message_is_looked_for_from_its_due_time():
    """It was accepted seven days before, by a tenant not seen since: the register of that day names it."""
    due = NOON + timedelta(days=7)
    rounds = Round(sealed_record(at=due), active=[(NOON - timedelta(hours=13)).date()])

    rounds.run(days=7, minutes=9)
    assert not rounds.queue.sent
    rounds.run(minutes=2)
    assert len(rounds.queue.sent) == 1


# --- the late passes ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [(A, Q, S), (A, Q, S, B)])
def test_without_a_receipt_within_the_carriers_limit_the_outcome_is_unknown(status):
    """Silence ends: 72 hours is what others use. It is inferred, and said so."""
    rounds = Round(sealed_record(status=status))

    rounds.run(days=2, hours=23, minutes=59)
    assert rounds.status() is status[-1]
    tally = rounds.run(minutes=2)

    last = rounds.messages.rows[FIRST].history[-1]
    assert (last.status, last.code, last.evidence) == (Status.UNKNOWN, "no-receipt", Evidence.INFERRED)
    assert tally.unknown == 1


def test_the_text_goes_with_the_last_word_where_nothing_is_retained():
    """It is of no use any more."""
    rounds = Round(sealed_record(status=(A, Q, S), drop_content=True))

    rounds.run(days=3, minutes=1)

    assert rounds.messages.rows[FIRST].sealed.text is None


def test_a_retention_that_became_pt0s_since_takes_the_text_with_the_last_word():
    """A shorter policy acts on everything: the stamp in the row is of before."""
    rounds = Round(sealed_record(status=(A, Q, S)))
    rounds.tenants.tenants[SHOP] = tenant(retention=kept(content=Period()))

    rounds.run(days=3, minutes=1)

    assert rounds.messages.rows[FIRST].sealed.text is None


def test_a_text_that_its_hand_over_left_behind_goes_with_the_early_pass():
    """Whoever handed it over died between the carrier's answer and our note, and the receipt came first."""
    rounds = Round(sealed_record(status=(A, Q, S), drop_content=True))

    rounds.run(minutes=11)

    record = rounds.messages.rows[FIRST]
    assert (record.sealed.text, record.status) == (None, S)


@pytest.mark.parametrize("status", [(A,), (A, Q)])
def test_a_text_that_waits_for_its_hand_over_stays(status):
    """Nothing is retained, but it has to be there until a carrier has it."""
    rounds = Round(sealed_record(status=status, drop_content=True))

    rounds.run(minutes=11)

    assert rounds.messages.rows[FIRST].sealed.text is not None


def test_a_receipt_in_the_same_moment_wins():
    """The read is older than the write, and the write is conditional: I5."""
    rounds = Round(sealed_record(status=(A, Q, S)))
    read = rounds.messages.get_many

    def then_reported(keys):
        records = read(keys)
        rounds.messages.note(FIRST, Change(Status.DELIVERED, rounds.clock()))
        return records

    rounds.messages.get_many = then_reported
    tally = rounds.run(days=3, minutes=1)

    assert rounds.status() is Status.DELIVERED
    assert tally.unknown == 0


def test_what_was_handed_over_late_has_more_time():
    """After an outage of two days the carrier has had it for one: it has not had its time."""
    late = (Change(A, NOON), Change(Q, NOON), Change(S, NOON + timedelta(days=2)))
    rounds = Round(sealed_record(history=late))

    rounds.run(days=3, minutes=1)
    assert rounds.status() is S
    rounds.run(days=3)
    assert rounds.status() is Status.UNKNOWN


def test_what_was_never_handed_over_is_put_to_dispatch_once_more():
    """It knows best how that ends: erased, expired, in doubt."""
    rounds = Round(sealed_record(status=(A, Q)))

    rounds.run(days=3, minutes=1)

    assert len(rounds.queue.sent) == 1
    assert rounds.status() is Q


@pytest.mark.parametrize(
    ("fields", "deduplicates", "status", "code"),
    [
        ({"status": (A,)}, False, Status.EXPIRED, "validity"),
        ({"status": (A, Q)}, False, Status.EXPIRED, "validity"),
        ({"status": (A, Q), "claimed_at": NOON}, False, Status.UNKNOWN, "no-receipt"),
        ({"status": (A,)}, True, Status.UNKNOWN, "no-receipt"),
        ({"status": (A,), "carrier": "gone"}, False, Status.UNKNOWN, "no-receipt"),
    ],
    ids=["lost", "waited", "died", "no-claim-to-tell", "no-such-carrier"],
)
def test_the_last_pass_ends_what_nothing_else_could(fields, deduplicates, status, code):
    """`expired` where it is known that nobody got it, `unknown` where somebody may have."""
    rounds = Round(sealed_record(**fields), deduplicates=deduplicates)

    tally = rounds.run(minutes=1, days=(LIMIT + LONGEST_VALIDITY).days)

    last = rounds.messages.rows[FIRST].history[-1]
    assert (last.status, last.code) == (status, code)
    assert (tally.expired, tally.unknown) == (status is Status.EXPIRED, status is Status.UNKNOWN)


def test_each_carrier_has_its_own_limit():
    """One that says nothing after an hour does not wait for one that takes days, nor the other way round."""
    rounds = Round(sealed_record(status=(A, Q, S)), sealed_record(key=SECOND, status=(A, Q, S), carrier="hasty"))
    terms = rounds.reconcile.terms["simulator"]
    both = {"simulator": terms, "hasty": replace(terms, receipt_limit=timedelta(hours=1))}
    rounds.reconcile = replace(rounds.reconcile, terms=both)

    rounds.run(hours=2)

    assert (rounds.status(FIRST), rounds.status(SECOND)) == (S, Status.UNKNOWN)


# --- time, tenants, crashes -------------------------------------------------------------------------


def test_idle_tenants_cost_nothing():
    """A million of them must not be asked every five minutes."""
    rounds = Round(sealed_record(key=key_number(1, BAKERY)))
    asked = []
    timeline = rounds.messages.timeline
    rounds.messages.timeline = lambda who, *rest, **more: (asked.append(who), timeline(who, *rest, **more))[1]

    rounds.run(minutes=11)

    assert set(asked) == {SHOP}


def test_every_shard_is_looked_at():
    """A busy tenant's messages are spread over several."""
    rounds = Round(sealed_record(shard=0), sealed_record(key=SECOND, shard=3), shards=4)

    rounds.run(minutes=11)

    assert len(rounds.queue.sent) == 2


def test_pages_are_followed_to_the_end(monkeypatch):
    """Nobody may be missed because there were many."""
    monkeypatch.setattr(steps, "PAGE", 3)
    rounds = Round(*(sealed_record(key=key_number(number)) for number in range(10)))

    assert rounds.run(minutes=11).seen == 10
    assert len(rounds.queue.sent) == 10


def test_a_tenant_that_is_gone_is_passed_over():
    """The register remembers it for some days."""
    rounds = Round(sealed_record())
    del rounds.tenants.tenants[SHOP]

    assert rounds.run(minutes=11).seen == 0


def test_with_no_time_left_the_next_run_goes_on():
    """And nothing in between is lost: the watermark stays where all before it was looked at."""
    rounds = Round(sealed_record())
    rounds.tenants.advance("early", NOON - timedelta(minutes=1))

    short = rounds.run(left=lambda: timedelta(seconds=30), minutes=11)
    assert (short.seen, rounds.tenants.watermark("early")) == (0, NOON - timedelta(minutes=1))
    assert short.behind >= timedelta(minutes=2)

    assert rounds.run().relayed == 1


def test_time_that_runs_out_in_the_middle_of_a_tenant_repeats_the_tenant():
    """Half of it is nothing: a message of the other half would never be seen again."""
    rounds = Round(sealed_record(), sealed_record(key=SECOND, shard=1), shards=2)
    rounds.tenants.advance("early", NOON - timedelta(minutes=1))
    clock = chain([PLENTY] * 4, repeat(timedelta(0)))

    rounds.run(left=lambda: next(clock), minutes=11)
    assert [body["message"] for body in rounds.queue.sent] == [str(FIRST)]
    assert rounds.tenants.watermark("early") == NOON - timedelta(minutes=1)

    rounds.run()
    assert {body["message"] for body in rounds.queue.sent} == {str(FIRST), str(SECOND)}


def test_a_run_that_fails_has_not_moved_on():
    """The next one repeats it."""
    rounds = Round(sealed_record())
    rounds.tenants.advance("early", NOON - timedelta(minutes=1))
    rounds.queue.broken = True

    with pytest.raises(UnavailableError):
        rounds.run(minutes=11)

    rounds.queue.broken = False
    assert rounds.run().relayed == 1


def test_the_first_run_looks_back_further_than_the_stream_remembers():
    """A lost watermark must not lose messages; nor must it cost a scan of all time."""
    old = [sealed_record(key=key_number(hours), at=NOON - timedelta(hours=hours)) for hours in (0, 24, 47, 50)]
    rounds = Round(*old, active=[(NOON - timedelta(days=days)).date() for days in range(4)])

    rounds.run(minutes=11)

    assert timedelta(days=2) == steps.FIRST_RUN
    assert len(rounds.queue.sent) == 3


def test_long_silence_is_crossed_in_few_steps():
    """Two days in steps of five minutes would be 576 rounds of questions on the first run."""
    rounds = Round()
    made = []
    advance = rounds.tenants.advance
    rounds.tenants.advance = lambda name, to: (made.append(name), advance(name, to))

    rounds.run(minutes=11)

    assert made.count("early") < 12
    assert rounds.tenants.watermark("early") == rounds.clock() - EARLY


def test_where_there_are_many_messages_of_one_tenant_steps_stay_short(monkeypatch):
    """A tenant that takes longer than a run would be repeated for ever."""
    monkeypatch.setattr(steps, "BUSY", 0)
    rounds = Round(*(sealed_record(key=key_number(n), at=NOON + timedelta(minutes=n)) for n in range(60)))
    rounds.tenants.advance("early", NOON)
    made = []
    advance = rounds.tenants.advance
    rounds.tenants.advance = lambda name, to: (made.append(name), advance(name, to))

    rounds.run(hours=1, minutes=10)

    assert made.count("early") == 12


def test_how_far_it_is_behind_is_told():
    """What an alarm looks at."""
    rounds = Round(sealed_record())

    assert rounds.run(minutes=11).behind == timedelta(0)
