"""The stream and the carriers' queues as Lambda gives them: what is answered, and that nothing is told of anybody."""

import json
from types import SimpleNamespace

import pytest

from fugace.adapters.dynamo.rows import write_record
from fugace.domain.errors import CarrierRefusedError
from fugace.domain.message import Status
from fugace.ports import HttpAnswer
from functions.send import events
from functions.send.clearance import Clearance
from functions.send.dispatch import Dispatch
from functions.send.relay import Relay
from tests.edge.events import CONTEXT
from tests.fakes import (
    ALICE,
    FIRST,
    NOON,
    SECOND,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWeb,
    key_number,
    sealed_record,
    statuses,
    tenant,
)

NUMBER = ALICE.reveal()
TEXT = f"call {NUMBER}"
QUEUE = "fugace-test-carrier-simulator"


# --- the stream -----------------------------------------------------------------------------------


def image(record):
    """As the stream shows an item: DynamoDB's JSON, bytes in base 64."""
    return write_record(record).to_dynamodb_dict()


def changed(number, before, after, name="MODIFY"):
    images = {"OldImage": before and image(before), "NewImage": after and image(after)}
    return {
        "eventID": f"e{number}bd8f0c1a2b",
        "eventName": name,
        "dynamodb": {"SequenceNumber": number, **{key: value for key, value in images.items() if value}},
    }


def accepted(number, **fields):
    return changed(number, None, sealed_record(text=TEXT, **fields), "INSERT")


@pytest.fixture
def office(monkeypatch):
    clock, queue, notify, timer = FakeClock(), FakeQueue(), FakeQueue(), FakeTimer()
    monkeypatch.setattr(events, "_relay", lambda: Relay({"simulator": queue}, notify, timer, clock))
    return SimpleNamespace(queue=queue, notify=notify, timer=timer)


def relay(*records):
    return events.relay({"Records": list(records)}, CONTEXT)


def test_images_of_the_stream_become_bodies(office):
    """The whole way from an item's attributes to a queue."""
    submitted = sealed_record(status=(Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED))

    answer = relay(accepted("101"), changed("102", sealed_record(), submitted))

    assert answer == {"batchItemFailures": []}
    assert office.queue.sent == [{"message": str(FIRST), "attempt": 1}]
    assert office.notify.sent == [{"message": str(FIRST), "sequence": 3}]


def test_a_deletion_is_no_event_of_ours(office):
    """TTL deletes with an old image alone."""
    gone = changed("101", sealed_record(), None, "REMOVE")

    assert relay(gone) == {"batchItemFailures": []}
    assert not office.notify.sent


def test_the_lowest_failure_is_where_the_stream_is_read_again(office):
    """Lambda goes on from there; numbers are compared as numbers, for "9" is less than "10"."""
    office.queue.broken = True

    assert relay(accepted("10"), accepted("9", key=SECOND)) == {"batchItemFailures": [{"itemIdentifier": "9"}]}


def test_one_image_that_cannot_be_read_does_not_keep_the_others(office, printed):
    """They are relayed; it comes again, ends in the failures' queue, and is named by its event alone."""
    broken = accepted("101")
    broken["dynamodb"]["NewImage"] = {"to": {"S": NUMBER}}

    answer = relay(broken, accepted("102", key=SECOND))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "101"}]}
    assert office.queue.sent == [{"message": str(SECOND), "attempt": 1}]
    seen = printed()
    assert broken["eventID"] in seen
    assert NUMBER[1:] not in seen


@pytest.mark.usefixtures("office")
def test_a_batch_costs_one_short_line(printed):
    """Logs are paid by the byte (B16): two hundred, and forty for the id of each message."""
    relay(*(accepted(str(number), key=key_number(number)) for number in range(10)))

    lines = printed().splitlines()
    assert len(lines) == 1
    assert len(lines[0]) < 200 + 10 * 40
    assert json.loads(lines[0])["messages"] == [str(key_number(number).id) for number in range(10)]


# --- the queues -----------------------------------------------------------------------------------


class Counter:
    """A dispatch behind its entry point."""

    def __init__(self, monkeypatch):
        self.clock, self.vault, self.web, self.timer = FakeClock(), FakeVault(), FakeWeb(), FakeTimer()
        self.messages = FakeMessages(self.clock)
        carriers = {"simulator": FakeCarrier()}
        clearance = Clearance(FakeTenants(tenant()), self.vault, carriers, frozenset(carriers), "https://sms.example")
        dispatch = Dispatch(
            self.messages,
            clearance,
            self.web,
            self.timer,
            self.clock,
            carriers,
            pause=lambda _: None,
            hear=events._hear,
        )
        monkeypatch.setattr(events, "_dispatch", lambda: dispatch)
        monkeypatch.setattr(events, "_queue_names", lambda: {QUEUE: "simulator"})

    def add(self, key=FIRST, **fields):
        record = sealed_record(self.vault, key, ALICE, TEXT, **fields)
        self.messages.rows[key] = record
        return record

    def history(self, key=FIRST):
        return statuses(self.messages.rows[key].history)


@pytest.fixture
def counter(monkeypatch):
    return Counter(monkeypatch)


def body(text=None, *, number="m1", key=FIRST, received=1, queue=QUEUE):
    return {
        "messageId": number,
        "body": json.dumps({"message": str(key), "attempt": 1}) if text is None else text,
        "eventSourceARN": f"arn:aws:sqs:eu-west-3:000000000000:{queue}",
        "attributes": {"ApproximateReceiveCount": str(received)},
    }


def dispatch(*records):
    answer = events.dispatch({"Records": list(records)}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_is_handed_over_with_one_short_line(counter, printed):
    """Ten bodies, ten texts, one line (B16)."""
    keys = [key_number(number) for number in range(10)]
    for key in keys:
        counter.add(key)

    assert dispatch(*(body(key=key, number=str(place)) for place, key in enumerate(keys))) == []

    assert all(counter.history(key)[-1] == "submitted" for key in keys)
    lines = printed().splitlines()
    assert len(lines) == 1
    assert len(lines[0]) < 200 + 10 * 40
    assert json.loads(lines[0])["messages"] == [key.id for key in keys]


def test_only_what_failed_comes_back(counter):
    """A partial batch response: the others are done with."""
    counter.add()
    counter.add(SECOND, claimed_at=NOON, status=(Status.ACCEPTED, Status.QUEUED))

    assert dispatch(body(number="good"), body(number="held", key=SECOND), body("{", number="odd")) == ["held", "odd"]


@pytest.mark.parametrize("received", [1, 4])
def test_a_failure_before_the_last_delivery_ends_nothing(counter, received):
    """It is tried again."""
    counter.vault.lose(counter.add().subject)

    assert dispatch(body(received=received)) == ["m1"]
    assert counter.history()[-1] == "queued"


def test_a_failure_at_the_last_delivery_ends_the_message_and_keeps_the_body(counter):
    """The status says so, and the body goes where an operator looks for it."""
    counter.vault.lose(counter.add().subject)

    assert dispatch(body(received=5)) == ["m1"]
    assert counter.history()[-1] == "rejected"


def test_a_failure_in_the_middle_of_the_last_hand_over_ends_as_unknown(counter):
    """The carrier may have it."""
    counter.add()
    counter.web.script = [ValueError("a bug")]

    assert dispatch(body(received=5)) == ["m1"]
    assert counter.history()[-1] == "unknown"


def test_a_store_that_is_down_at_the_last_delivery_keeps_the_body_all_the_same(counter):
    """Nothing could be written; reconcile will find the message."""
    counter.add()
    counter.messages.broken = True

    assert dispatch(body(received=5)) == ["m1"]


def test_a_body_from_a_queue_that_no_carrier_has_comes_back(counter):
    """Better a dead letter than a guess."""
    counter.add()

    assert dispatch(body(queue="fugace-test-carrier-gone")) == ["m1"]
    assert not counter.web.requests


@pytest.mark.parametrize(
    ("received", "metric", "break_it"),
    [
        (1, "MissingKey", lambda counter, record: counter.vault.lose(record.subject)),
        (1, "HandOverInDoubt", lambda counter, _: counter.web.script.append(ValueError())),
        (1, "DispatchFailed", lambda counter, _: setattr(counter.messages, "broken", True)),
    ],
)
def test_what_an_operator_must_know_is_a_metric(counter, printed, received, metric, break_it):
    """An alarm cannot read."""
    break_it(counter, counter.add())

    dispatch(body(received=received))

    assert metric in printed()


def test_what_a_carrier_did_not_take_is_counted_by_carrier(counter, printed):
    """One that is down must not look like another. The next batch begins at nothing."""
    counter.add()
    counter.web.script = [HttpAnswer(503, {}, b"")]

    dispatch(body())
    (line,) = [line for line in printed().splitlines() if "CarrierFailed" in line]
    dispatch(body())

    told = json.loads(line)
    assert (told["carrier"], told["CarrierFailed"]) == ("simulator", [1.0])
    assert "CarrierFailed" not in printed()


LEAKS = {
    "unreadable": body(NUMBER),
    "number-in-a-body": body(json.dumps({"message": NUMBER, "attempt": 1})),
    "sent": body(),
    "bug": body(received=5),
    "refused": body(),
}


@pytest.mark.parametrize("outcome", LEAKS)
def test_no_line_shows_a_number_or_a_text(counter, printed, outcome):
    """Whatever happens in a hand-over, also a bug whose message quotes the request."""
    counter.add()
    if outcome == "bug":
        counter.web.script = [ValueError(f"cannot send {TEXT} to {NUMBER}")]
    if outcome == "refused":
        counter.web.script = [CarrierRefusedError(f"{TEXT}")]

    answer = dispatch(LEAKS[outcome])

    seen = json.dumps(answer) + printed()
    assert "dispatched" in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen
    assert "call" not in seen


def test_what_was_kept_of_a_refusal_is_no_number(counter):
    """History, listing and webhook show the code; a carrier's reason that quotes the request must not get there."""
    counter.add()
    counter.web.script = [CarrierRefusedError(f"not a number: {NUMBER}")]

    dispatch(body())

    assert NUMBER[1:] not in counter.messages.rows[FIRST].history[-1].code


# --- wiring -----------------------------------------------------------------------------------------


def test_both_can_be_wired(monkeypatch):
    """From the variables that the functions have; nothing is asked of AWS."""
    from tests.edge.test_wiring import VARIABLES  # noqa: PLC0415  # another test's constants, for this one alone

    for name, value in {**VARIABLES, "AWS_REGION": "eu-west-3"}.items():
        monkeypatch.setenv(name, value)
    for made in (events._relay, events._dispatch, events._queue_names):
        made.cache_clear()

    assert events._relay().carriers.keys() == {"simulator", "simulator-account"}
    assert set(events._dispatch().carriers) == {"simulator", "simulator-account"}
    assert events._queue_names()[QUEUE] == "simulator"
    for made in (events._relay, events._dispatch, events._queue_names):
        made.cache_clear()
