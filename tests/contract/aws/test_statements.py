"""Many conditional writes in few requests: what is made of DynamoDB's answers, statement by statement.

The answers are scripted: nothing that stands in for DynamoDB throttles a part of a batch.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.statements import StatementError
from fugace.domain.errors import UnavailableError
from fugace.keeping import Brief
from fugace.ports import Place
from tests.contract.aws.conftest import World, answer, refusal
from tests.fakes import FIRST, NOON, key_number

PLACES = [Place(NOON, key_number(n)) for n in range(1000)]
REFUSED = "ConditionalCheckFailed"
BUSY = ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "InternalServerError"]


class Script:
    """DynamoDB's answers to batches: `say` gives a statement's code, by its key and how often it was tried."""

    def __init__(self, world: World) -> None:
        self.batches: list[list[str]] = []
        self.said: dict[str, list[str]] = {}
        self._world = world
        world.fault = self._answer

    def say(self, key: str, *codes: str) -> None:
        """One for each attempt; '' and whatever comes after them is success."""
        self.said[key] = list(codes)

    def look(self, params: Any, **_: Any) -> None:
        self.batches.append([each["Parameters"][0]["S"] for each in params["Statements"]])

    def _answer(self, operation: str) -> Any:
        if operation != "BatchExecuteStatement":
            return None
        codes = [(self.said.get(key) or [""]).pop(0) for key in self.batches[-1]]
        responses = [{"Error": {"Code": code, "Message": "no"}} if code else {"TableName": "x"} for code in codes]
        return answer(json.dumps({"Responses": responses}))


@pytest.fixture
def script(world: World) -> Iterator[Script]:
    made = Script(world)
    events = world.aws.client("dynamodb").meta.events
    events.register("provide-client-params.dynamodb.BatchExecuteStatement", made.look)
    yield made
    events.unregister("provide-client-params.dynamodb.BatchExecuteStatement", made.look)


@pytest.fixture
def disposal(world: World) -> DynamoDisposal:
    return DynamoDisposal(world.aws, "messages")


@pytest.mark.parametrize("act", ["delete", "redact"])
def test_a_thousand_cost_forty_requests(world: World, script: Script, disposal: DynamoDisposal, act: str) -> None:
    """B12: the floor, without a read before or after."""
    assert getattr(disposal, act)(PLACES).done == PLACES

    assert world.asked == ["BatchExecuteStatement"] * 40
    assert {len(batch) for batch in script.batches} == {25}


def test_throttled_ones_are_tried_again_behind_the_others(script: Script, disposal: DynamoDisposal) -> None:
    """A hot partition answers for a part of a batch alone; the rest must not wait for it."""
    for place in PLACES[:5]:
        script.say(str(place.key), "ThrottlingError")

    disposed = disposal.delete(PLACES[:60])

    assert (set(disposed.done), disposed.kept, disposed.left) == (set(PLACES[:60]), [], [])
    assert [len(batch) for batch in script.batches] == [25, 25, 15]
    assert script.batches[2][-5:] == [str(place.key) for place in PLACES[:5]]


@pytest.mark.parametrize("code", [*BUSY, "TransactionConflict"])
def test_each_way_of_being_busy_passes(script: Script, disposal: DynamoDisposal, code: str) -> None:
    """None says anything about the row."""
    script.say(str(PLACES[0].key), code, code)

    assert disposal.delete(PLACES[:2]).done == [PLACES[1], PLACES[0]]


def test_what_stays_throttled_is_left_for_another_time(
    script: Script, disposal: DynamoDisposal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is put back, rather than a function paid for waiting; each pause is longer than the one before."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    script.say(str(PLACES[0].key), *["ThrottlingError"] * 99)
    script.say(str(PLACES[1].key), REFUSED)

    disposed = disposal.delete(PLACES[:3])

    assert (disposed.done, disposed.kept, disposed.left) == ([PLACES[2]], [PLACES[1]], [PLACES[0]])
    assert len(script.batches) == 6
    assert len(pauses) == 5
    assert pauses == sorted(pauses)
    assert sum(pauses) < 2


def test_what_was_not_tried_is_left_too(script: Script, disposal: DynamoDisposal) -> None:
    """Every place is in one of the lists: what is in none would be thought of as done."""
    for place in PLACES:
        script.say(str(place.key), *["ProvisionedThroughputExceeded"] * 99)

    disposed = disposal.redact(PLACES)

    assert set(disposed.left) == set(PLACES)
    assert len(disposed.left) == len(PLACES)
    assert len(script.batches) == 6


def test_a_table_that_is_busy_now_and_then_is_not_given_up(script: Script, disposal: DynamoDisposal) -> None:
    """As long as it takes more than it turns away."""
    for place in PLACES[::50]:
        script.say(str(place.key), "ThrottlingError")

    assert set(disposal.delete(PLACES).done) == set(PLACES)


def test_two_statements_for_one_row_are_not_in_one_request(script: Script, disposal: DynamoDisposal) -> None:
    """DynamoDB would refuse them all; the index may show a row's old place and its new one."""
    old, new = Place(NOON.replace(hour=1), FIRST), Place(NOON, FIRST)
    script.say(str(FIRST), REFUSED)

    disposed = disposal.delete([old, new, *PLACES[50:75], old, new])

    assert (disposed.kept, set(disposed.done)) == ([old], {new, *PLACES[50:75]})
    assert all(len(set(batch)) == len(batch) for batch in script.batches)
    assert sum(map(len, script.batches)) == 27


def test_what_stays_throttled_of_brief_texts_is_counted(script: Script, disposal: DynamoDisposal) -> None:
    """Those whose condition failed were answered; they are not to be tried again."""
    briefs = [Brief(key_number(n), NOON) for n in range(3)]
    script.say(str(briefs[0].key), *["ThrottlingError"] * 99)
    script.say(str(briefs[1].key), REFUSED)

    assert disposal.redact_briefs(briefs) == 1


@pytest.mark.parametrize("code", ["ValidationError", "AccessDenied", "ResourceNotFound"])
def test_what_will_never_be_taken_is_a_mistake(script: Script, disposal: DynamoDisposal, code: str) -> None:
    """A right that is missing must be seen at once, not look like a busy table for ever; nothing of a row is quoted."""
    script.say(str(PLACES[1].key), code)

    with pytest.raises(StatementError, match=f"^{code}$"):
        disposal.delete(PLACES[:2])


def test_a_request_that_is_refused_as_a_whole_is_unavailable(
    world: World, script: Script, disposal: DynamoDisposal
) -> None:
    """The SDK has tried three times by then."""
    world.fault = lambda _: refusal("InternalServerError", 500)

    with pytest.raises(UnavailableError):
        disposal.delete(PLACES[:1])

    assert len(world.asked) == 3
    assert len(script.batches) == 1


def test_no_value_is_written_into_a_statement(world: World, script: Script, disposal: DynamoDisposal) -> None:
    """They are parameters: what a statement says is the same for all rows, and fit for a log."""
    texts: set[str] = set()
    events = world.aws.client("dynamodb").meta.events

    def look(params: Any, **_: Any) -> None:
        texts.update(each["Statement"] for each in params["Statements"])

    events.register("provide-client-params.dynamodb.BatchExecuteStatement", look)
    disposal.delete(PLACES)
    disposal.redact(PLACES)
    disposal.redact_briefs([Brief(key_number(n), NOON) for n in range(3)])
    events.unregister("provide-client-params.dynamodb.BatchExecuteStatement", look)

    assert texts == {
        'DELETE FROM "messages" WHERE "pk" = ? AND "at" = ? AND "held" IS MISSING',
        'UPDATE "messages" REMOVE "text" REMOVE "brief" WHERE "pk" = ? AND "at" = ? AND "held" IS MISSING',
        'UPDATE "messages" REMOVE "text" REMOVE "brief" WHERE "pk" = ? AND "text_until" = ? AND "held" IS MISSING',
    }
    assert script.batches
