"""What the dispatch use case promises: handed over once, its outcome written down, and told of the carrier."""

import json
from datetime import timedelta

import pytest

from fugace.domain import callbacks
from fugace.domain.errors import CarrierRefusedError
from fugace.domain.message import Status
from fugace.domain.retention import Period
from fugace.ports import HttpAnswer
from functions.send.dispatch import FAILED, REFUSED
from functions.send.task import InDoubtError, Outcome, Task
from tests.dispatching import BUSY, SILENT, Desk, dies_in_the_call
from tests.fakes import ALICE, FIRST, SHOP, kept, statuses, tenant


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
