"""What the dispatch use case promises: handed over once, outcome written down, nothing sent that must not be."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain import callbacks
from fugace.domain.errors import (
    CarrierRefusedError,
    CarrierSilentError,
    MissingKeyError,
    UnavailableError,
)
from fugace.domain.message import Change, Evidence, OnUnknown, Status
from fugace.domain.retention import Period
from fugace.ports import HttpAnswer
from functions.send.clearance import Clearance
from functions.send.dispatch import FAILED, LEASE, MOST_SILENCES, REFUSED, Dispatch
from functions.send.task import InDoubtError, Outcome, Task
from tests.fakes import (
    ALICE,
    FIRST,
    NOON,
    SHOP,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWeb,
    kept,
    sealed_record,
    statuses,
    tenant,
)

TAKEN = HttpAnswer(200, {}, b'{"id": "carrier-1"}')
BUSY = HttpAnswer(503, {}, b"")
SILENT = CarrierSilentError("timeout")
AT_LEAST_ONCE = {"on_unknown": OnUnknown.AT_LEAST_ONCE}


class DiedError(BaseException):
    """The process is gone: nothing of ours can catch it."""


class FailingNotes(FakeMessages):
    """A store that refuses the next `refuse` notes."""

    refuse = 0

    def note(self, *args, **more):
        if self.refuse:
            self.refuse -= 1
            raise UnavailableError
        return super().note(*args, **more)


class Desk:
    """A dispatch with everything it needs, and hands on all of it."""

    def __init__(self, *script, deduplicates=False, own_callback=True, **fields):
        self.clock, self.vault, self.timer, self.web = FakeClock(), FakeVault(), FakeTimer(), FakeWeb(*script)
        self.tenants = FakeTenants(tenant())
        self.messages = FailingNotes(self.clock, sealed_record(self.vault, **fields))
        self.carrier = FakeCarrier()
        self.carrier.terms = replace(self.carrier.terms, deduplicates=deduplicates, callback_per_message=own_callback)
        self.pauses, self.heard = [], []
        carriers = {"simulator": self.carrier, "other": FakeCarrier()}
        simulators = frozenset({"simulator"})
        clearance = Clearance(self.tenants, self.vault, carriers, simulators, "https://sms.example")
        self.dispatch = Dispatch(
            self.messages,
            clearance,
            self.web,
            self.timer,
            self.clock,
            carriers,
            pause=self.pauses.append,
            draw=lambda: 1.0,
            hear=lambda carrier, what: self.heard.append((carrier, what)),
        )

    def run(self, attempt=1, silent=0, carrier="simulator"):
        return self.dispatch.run(carrier, Task(FIRST, attempt, silent))

    def bury(self, *, in_doubt=False, silent=0):
        self.dispatch.bury("simulator", Task(FIRST, 1, silent), in_doubt=in_doubt)

    @property
    def record(self):
        return self.messages.rows[FIRST]

    @property
    def last(self):
        return self.record.history[-1]

    @property
    def sent(self):
        return [json.loads(request.body) for request in self.web.requests]


# --- the good day -------------------------------------------------------------------------------


def test_a_message_is_claimed_handed_over_and_noted():
    """The whole point: one call, and a history that says so."""
    desk = Desk()

    assert desk.run() is Outcome.SUBMITTED

    assert desk.sent[0]["to"] == ALICE.reveal()
    assert desk.sent[0]["text"] == "Your parcel is here"
    assert statuses(desk.record.history) == ["accepted", "queued", "submitted"]
    assert (desk.record.carrier_ref, desk.record.claimed_at) == ("carrier-1", None)


def test_a_carrier_that_deduplicates_costs_no_claim():
    """Its own check makes ours superfluous, and a write unit is saved: one write, not two (B10)."""
    desk = Desk(deduplicates=True)

    desk.run()

    assert statuses(desk.record.history) == ["accepted", "submitted"]
    assert desk.messages.writes == 1


def test_with_a_claim_it_takes_two_writes_and_no_read():
    """What a message costs is counted (B9, B10): the claim gives the record as well."""
    desk = Desk()
    desk.messages.get = None

    desk.run()

    assert desk.messages.writes == 2


@pytest.mark.parametrize("own", [True, False])
def test_the_carrier_is_told_a_signed_address_for_receipts(own):
    """Of the message's own where the carrier takes one; else the account's. The receiving end must find it genuine."""
    desk = Desk(own_callback=own)

    desk.run()

    url, _, token = desk.sent[0]["callback"].rpartition("/")
    assert url == "https://sms.example/dlr/simulator"
    assert callbacks.read(desk.vault.sign, "simulator", token) == (FIRST if own else None)


def test_the_carrier_is_told_what_is_left_of_the_validity():
    """A one-time code must not arrive an hour late because we were late."""
    desk = Desk(validity=timedelta(minutes=5))
    desk.clock.tick(minutes=3)

    desk.run()

    assert desk.sent[0]["validity"] == 120


def test_the_text_goes_with_the_hand_over_where_nothing_is_retained():
    """PT0S means: gone in the same write."""
    desk = Desk(drop_content=True)

    desk.run()

    assert desk.record.sealed.text is None


def test_a_retention_that_became_pt0s_since_counts_too():
    """A shorter policy acts on everything at once; sending must still be possible, as content is needed until then."""
    desk = Desk()
    desk.tenants.tenants[SHOP] = tenant(retention=kept(content=Period()))

    assert desk.run() is Outcome.SUBMITTED
    assert desk.record.sealed.text is None


@pytest.mark.parametrize("how", ["buried", "interrupted"])
def test_a_retention_that_became_pt0s_since_counts_for_every_end(how):
    """Also where no carrier was asked: the text has nothing more to wait for."""
    desk = Desk()
    desk.tenants.tenants[SHOP] = tenant(retention=kept(content=Period()))

    if how == "buried":
        desk.bury()
    else:
        dies_in_the_call(desk)
        desk.clock.tick(minutes=6)
        desk.run()

    assert desk.record.status.final
    assert desk.record.sealed.text is None


def test_the_text_stays_where_it_is_retained():
    """Otherwise the tests above could pass for the wrong reason."""
    desk = Desk()

    desk.run()

    assert desk.record.sealed.text is not None


# --- twice --------------------------------------------------------------------------------------


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


def dies_in_the_call(desk):
    """The first dispatcher dies between hand-over and note."""
    ask = desk.web.carrier

    def die(request):
        ask(request)
        raise DiedError

    desk.web.carrier = die
    with pytest.raises(DiedError):
        desk.run()
    desk.web.carrier = ask


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


# --- the three outcomes of a hand-over that are not success --------------------------------------


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


# --- what cannot be written down ------------------------------------------------------------------


def test_a_store_that_stumbles_after_the_hand_over_is_asked_again_in_place():
    """Forgetting that the carrier has it is the one thing that must not happen."""
    desk = Desk()
    desk.messages.refuse = 2

    assert desk.run() is Outcome.SUBMITTED
    assert desk.record.status is Status.SUBMITTED
    assert len(desk.pauses) == 2


def test_a_store_that_stays_down_after_the_hand_over_leaves_the_claim():
    """Then the rule of the stale claim applies, and at most once it is `unknown`: no second SMS."""
    desk = Desk()
    desk.messages.refuse = 99

    with pytest.raises(InDoubtError):
        desk.run()

    desk.messages.refuse = 0
    desk.clock.tick(minutes=6)
    desk.run()
    assert desk.last.code == "interrupted"
    assert len(desk.sent) == 1


def test_an_answer_that_breaks_our_reader_leaves_the_claim():
    """A bug after the request has left is an unknown outcome like any other."""
    desk = Desk(HttpAnswer(200, {}, b"not json"))

    with pytest.raises(InDoubtError):
        desk.run()

    assert desk.record.claimed_at is not None


# --- what must not be sent ------------------------------------------------------------------------


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


# --- poison ---------------------------------------------------------------------------------------


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


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"message": str(FIRST)},
        {"message": 5, "attempt": 1},
        {"message": ALICE.reveal(), "attempt": 1},
        {"message": str(FIRST), "attempt": "1"},
    ],
)
def test_what_is_not_a_body_of_ours_is_refused_without_being_quoted(body):
    """An error's message may be printed; what somebody put on a queue must not be."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # what it must not say is asserted
        Task.read(body)

    assert ALICE.reveal() not in str(refused.value)


@pytest.mark.parametrize("task", [Task(FIRST), Task(FIRST, 7, 2)])
def test_a_body_says_what_its_task_was(task):
    """It goes through JSON and a queue."""
    assert Task.read(json.loads(json.dumps(task.body()))) == task


# --- what is told of a carrier --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (BUSY, [("simulator", FAILED)]),
        (SILENT, [("simulator", FAILED)]),
        (CarrierRefusedError("no-such-number"), [("simulator", REFUSED)]),
    ],
)
def test_what_a_carrier_does_not_take_is_heard_of(answer, heard):
    """A message that is refused is the message's affair; one that is not taken is the carrier's."""
    desk = Desk(answer)

    desk.run()

    assert desk.heard == heard


def test_an_answer_that_nobody_can_read_is_the_carriers(monkeypatch):
    """Its adapter is ours, but what it meets is not."""
    desk = Desk()
    monkeypatch.setattr(desk.carrier, "read_answer", lambda _answer: int("x"))

    with pytest.raises(InDoubtError):
        desk.run()

    assert desk.heard == [("simulator", FAILED)]


def test_nothing_is_heard_of_a_carrier_that_takes():
    """Nor of one that was not even asked: what is held back is none of its doing."""
    desk = Desk()
    desk.run()
    desk.run()

    assert desk.heard == []
