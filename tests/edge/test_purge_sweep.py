"""The plan's schedule, the sweep's queue and the messages' stream, as Lambda gives them."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.retention import Kind
from fugace.edge import observe
from fugace.edge.observe import FailedError
from functions.purge import events
from functions.purge.plan import KINDS, Plan
from functions.purge.sweep import Ports, Sweep
from functions.purge.tally import Tally
from functions.purge.task import ENOUGH, Outcome, Task
from tests.edge.events import CONTEXT
from tests.edge.test_send_events import image
from tests.edge.test_wiring import VARIABLES
from tests.fakes import ALICE, FIRST, NOON, SECOND, SHOP, FakeVault, sealed_record
from tests.fakes_keeping import Keeping

NUMBER = ALICE.reveal()
OLD = NOON - timedelta(days=200)
VAULT = FakeVault()


def context(left=300_000):
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


def record(key=FIRST, **more):
    return sealed_record(VAULT, key, text=f"call {NUMBER}", at=OLD, **more)


@pytest.fixture
def room(monkeypatch):
    """Everything wired over one state, with a message of the shop that is over."""
    k = Keeping(now=NOON)
    k.messages.rows[FIRST] = record()
    k.agenda.ensure(SHOP, "record/0", NOON - timedelta(minutes=20))
    sweep = Sweep.over(Ports(**{name: getattr(k, name) for name in Ports.__slots__}))
    plan = Plan(k.agenda, k.tallies, k.departures, k.tenants, k.queue, k.clock)
    monkeypatch.setattr(events, "_plan", lambda: plan)
    monkeypatch.setattr(events, "_sweep", lambda: sweep)
    monkeypatch.setattr(events, "_queue", lambda: k.queue)
    monkeypatch.setattr(events, "_tally", lambda: Tally(k.tallies, k.departures))
    return k


def bodies(*tasks):
    texts = [task if isinstance(task, str) else json.dumps(task.body()) for task in tasks]
    return {"Records": [{"messageId": f"m{number}", "body": text} for number, text in enumerate(texts)]}


def failed(answer):
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def metrics(seen):
    """What was told to CloudWatch: (name, kind or '') -> value."""
    lines = [json.loads(line) for line in seen.splitlines() if '"_aws"' in line]
    return {
        (metric["Name"], line.get("kind", "")): sum(line[metric["Name"]])
        for line in lines
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


# --- plan ---------------------------------------------------------------------------------------


def test_a_plan_beats_its_heart_and_tells_every_lag(room, printed):
    """Also those that are zero: an alarm has to see that it is over."""
    events.plan({}, context())

    told = metrics(seen := printed())
    assert '"event":"planned"' in seen
    assert told["Planned", ""] == 1
    assert {kind: told["PurgeLag", kind] for kind in KINDS} == {**dict.fromkeys(KINDS, 0), "record": 1200}
    assert {"tenant": SHOP, "job": "record/0"} in room.queue.sent


def test_a_plan_that_fails_does_not_beat_its_heart(room, printed):
    """Silence is what the alarm looks for."""
    room.queue.broken = True

    with pytest.raises(FailedError):
        events.plan({}, context())

    assert "Planned" not in printed()


def test_metrics_have_no_dimension_that_grows():
    """Each value is a metric of its own, and paid for as one; a tenant's id would be one too many."""
    with pytest.raises(ValueError, match="not a kind"):
        observe.gauge_of(SHOP, "PurgeLag", 1)


# --- sweep --------------------------------------------------------------------------------------


def test_a_sweep_says_what_it_deleted(room, printed):
    """One line for a person, one metric a kind."""
    assert failed(events.sweep(bodies(Task("record/0", SHOP)), context())) == []

    assert not room.messages.rows
    told = metrics(seen := printed())
    assert '"event":"swept"' in seen
    assert told["Deleted", "record"] == 1


def test_what_is_not_finished_goes_back_as_a_new_body(room, monkeypatch):
    """With its delay; the old body is done."""
    again = Task("record/0", SHOP, at=NOON)
    outcome = Outcome(1, again, timedelta(minutes=1))
    monkeypatch.setattr(events, "_sweep", lambda: SimpleNamespace(run=lambda *_: outcome))

    assert failed(events.sweep(bodies(Task("record/0", SHOP)), context())) == []

    assert (room.queue.sent, room.queue.delays) == ([again.body()], [timedelta(minutes=1)])


def test_a_body_that_cannot_go_back_comes_back(room, monkeypatch):
    """Or the rest of a walk would be lost until the next plan."""
    monkeypatch.setattr(events, "_sweep", lambda: SimpleNamespace(run=lambda *_: Outcome(again=Task("briefs"))))
    room.queue.broken = True

    assert failed(events.sweep(bodies(Task("briefs")), context())) == ["m0"]


def test_each_body_is_by_itself(room, printed):
    """What fails comes back, and what cannot be read, or done by nobody, becomes a dead letter at last."""
    room.policies.fresh = lambda _: 1 / 0
    unknown, unreadable = Task("replies", SHOP), f'{{"text": "call {NUMBER}"'

    answer = events.sweep(bodies(Task("record/0", SHOP), unknown, unreadable, Task("briefs")), context())

    assert failed(answer) == ["m0", "m1", "m2"]
    seen = printed()
    assert all(f'"event":"{word}"' in seen for word in ("not-swept", "unknown-job", "unreadable", "swept"))
    assert NUMBER[1:] not in seen


def test_the_time_that_is_left_is_lambdas(room):
    """It stops before it is killed."""
    events.sweep(bodies(Task("record/0", SHOP)), context(left=ENOUGH // timedelta(milliseconds=1)))

    assert FIRST in room.messages.rows
    assert room.queue.sent


def test_what_was_entered_into_the_ledger_has_a_line(room, printed):
    """An operator sees that an hour was closed."""
    events.tally({"Records": [removed(FIRST)]}, context())
    events.sweep(bodies(Task("close", hour=NOON)), context())

    assert '"event":"closed"' in printed()
    assert [entry.draft.facts for entry in room.ledger.chains[SHOP]] == [{"record": 1, "content": 1}]


# --- tally --------------------------------------------------------------------------------------


def removed(key, name="REMOVE", *, old=None, new=None, number="100"):
    change = {
        "Keys": {"pk": {"S": str(key)}},
        "SequenceNumber": number,
        "ApproximateCreationDateTime": NOON.timestamp(),
        "OldImage": image(record(key)) if old is None else old,
    }
    if new is not None:
        change["NewImage"] = new
    return {"eventID": "e1", "eventName": name, "dynamodb": change}


def without_text():
    return {name: value for name, value in image(record()).items() if name != "text"}


def counts(room):
    books = room.tallies.books(NOON)
    return dict(books[0].told.counts) if books else {}


def test_what_left_is_counted(room, printed):
    """Whether TTL or the sweep removed it."""
    assert failed(events.tally({"Records": [removed(FIRST), removed(SECOND)]}, context())) == []

    assert counts(room) == {"record": 2, "content": 2}
    assert '"event":"tallied"' in printed()


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("REMOVE", without_text(), None, {"record": 1}),
        ("MODIFY", None, without_text(), {"content": 1}),
        ("MODIFY", None, image(record()), {}),
        ("MODIFY", without_text(), without_text(), {}),
        ("INSERT", {}, image(record()), {}),
    ],
    ids=["record-alone", "text", "another-change", "no-text-before", "new"],
)
def test_what_counts_is_what_is_not_there_any_more(room, name, old, new, told):
    """Whatever else the stream tells is nobody's loss."""
    events.tally({"Records": [removed(FIRST, name, old=old, new=new)]}, context())
    assert counts(room) == told


def test_an_image_that_cannot_be_read_does_not_block_the_stream(room, printed):
    """It is counted by its key, and told as a fault with nothing but the event's id."""
    spoilt = {**image(record()), "log": {"S": f"call {NUMBER}"}}

    assert failed(events.tally({"Records": [removed(FIRST, old=spoilt), removed(SECOND)]}, context())) == []

    assert counts(room) == {"record": 2, "content": 2}
    seen = printed()
    assert metrics(seen)["Unreadable", ""] == 1
    assert '"event_id":"e1"' in seen
    assert NUMBER[1:] not in seen


def test_a_key_that_cannot_be_read_does_not_either(room, printed):
    """There is nothing left to count it by; an alarm tells."""
    event = removed(FIRST)
    event["dynamodb"]["Keys"] = {"pk": {"S": f"call {NUMBER}"}}

    assert failed(events.tally({"Records": [event, removed(SECOND)]}, context())) == []

    assert counts(room) == {"record": 1, "content": 1}
    assert NUMBER[1:] not in printed()


def test_what_could_not_be_noted_is_given_again(room, printed):
    """From its place in the stream on."""

    def fail(*_):
        raise UnavailableError

    room.tallies.tell = fail
    events_ = [removed(FIRST, number="99"), removed(SECOND, number="100")]

    assert failed(events.tally({"Records": events_}, context())) == ["99"]
    assert '"event":"not-tallied"' in printed()


# --- wiring -------------------------------------------------------------------------------------


def test_they_can_be_wired(monkeypatch):
    """From the variables that the functions have; nothing is asked of AWS."""
    for name, value in {**VARIABLES, "AWS_REGION": "eu-west-3"}.items():
        monkeypatch.setenv(name, value)
    made = [events._plan, events._sweep, events._tally, events._queue]
    for each in made:
        each.cache_clear()

    for each in made:
        assert each()
    assert {Kind.RECORD, "hold", "close", "departures"} <= events._sweep().jobs.keys()

    for each in made:
        each.cache_clear()
