"""Writes that happen together: what is made of DynamoDB's refusals."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.ledger import LedgerItem
from fugace.adapters.dynamo.tables.tenants import MarkItem
from fugace.adapters.dynamo.transactions import TransactionCancelledError, TransactItem, transact
from fugace.domain.errors import UnavailableError
from tests.contract.aws.conftest import World, answer, refusal
from tests.fakes import NOON


@pytest.fixture
def ledger(world: World) -> Table[LedgerItem]:
    return Table(world.aws, "ledger", LedgerItem)


@pytest.fixture
def marks(world: World) -> Table[MarkItem]:
    return Table(world.aws, "tenants", MarkItem)


def entry(ledger: Table[LedgerItem], seq: int, word: str = "entry") -> TransactItem:
    """The next link of a chain, where nobody was quicker."""
    item = LedgerItem("ten_x", seq, day="2026-01-15", at=NOON, entry=word, hash=word)
    return ledger.put_write(item, LedgerItem.seq.does_not_exist())


def mark(marks: Table[MarkItem]) -> TransactItem:
    return marks.put_write(MarkItem("watermark", "here", reached=NOON))


def cancelled(*codes: str) -> Any:
    reasons = ", ".join(f'{{"Code": "{code}"}}' for code in codes)
    kind = '"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"'
    return answer(f'{{{kind}, "Message": "cancelled", "CancellationReasons": [{reasons}]}}', 400)


def test_all_kinds_of_writes_happen_together(world: World, ledger: Table[LedgerItem], marks: Table[MarkItem]) -> None:
    """In one request, over two tables."""
    marks.put(MarkItem("watermark", "old"))
    marks.put(MarkItem("watermark", "seen"))
    world.asked.clear()
    change = marks.update_write("watermark", "new", actions=[MarkItem.reached.set(NOON)])
    there = marks.check_write("watermark", "seen", only_if=MarkItem.item.exists())

    transact(world.aws, [entry(ledger, 1), change, marks.delete_write("watermark", "old"), there])

    assert world.asked == ["TransactWriteItems"]
    assert ledger.get("ten_x", "1") is not None
    found = marks.get("watermark", "new")
    assert found is not None
    assert found.reached == NOON
    assert marks.get("watermark", "old") is None


def test_one_condition_that_does_not_hold_stops_all_and_is_named(
    world: World, ledger: Table[LedgerItem], marks: Table[MarkItem]
) -> None:
    """Two writers of one chain: the second learns which of its writes came too late."""
    transact(world.aws, [entry(ledger, 1, "first")])

    with pytest.raises(TransactionCancelledError) as refused:
        transact(world.aws, [mark(marks), entry(ledger, 1, "second")])

    assert (refused.value.reasons, refused.value.failed) == (["", "ConditionalCheckFailed"], [1])
    assert marks.get("watermark", "here") is None
    found = ledger.get("ten_x", "1")
    assert found is not None
    assert found.entry == "first"


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_what_passes_is_tried_again(world: World, ledger: Table[LedgerItem], code: str) -> None:
    """Another transaction on the same row is no answer about the row."""
    said: Iterator[Any] = iter([cancelled("None", code), cancelled(code, "None")])
    world.fault = lambda _: next(said, None)

    transact(world.aws, [entry(ledger, 1), entry(ledger, 2)])

    assert len(world.asked) == 3
    assert ledger.get("ten_x", "2") is not None


def test_what_does_not_pass_is_unavailable(world: World, ledger: Table[LedgerItem]) -> None:
    """A queue gives the job out again."""
    world.fault = lambda _: cancelled("TransactionConflict")

    with pytest.raises(UnavailableError):
        transact(world.aws, [entry(ledger, 1)])

    assert len(world.asked) == 5


@pytest.mark.parametrize(
    "codes", [("ConditionalCheckFailed", "TransactionConflict"), ("ValidationError", "None"), ("None", "None"), ()]
)
def test_what_can_not_pass_is_told_at_once(world: World, ledger: Table[LedgerItem], codes: tuple[str, ...]) -> None:
    """A condition that failed beside a conflict has failed; and what gives no reason is not repeated for none."""
    world.fault = lambda _: cancelled(*codes)

    with pytest.raises(TransactionCancelledError) as refused:
        transact(world.aws, [entry(ledger, 1), entry(ledger, 2)])

    assert refused.value.reasons == ["" if code == "None" else code for code in codes]
    assert refused.value.failed == [place for place, code in enumerate(codes) if code == "ConditionalCheckFailed"]
    assert len(world.asked) == 1


@pytest.mark.parametrize("said", [refusal("ThrottlingException"), refusal("TransactionInProgressException")])
def test_a_table_that_cannot_take_it_is_unavailable(world: World, ledger: Table[LedgerItem], said: Any) -> None:
    """As with every other request."""
    world.fault = lambda _: said

    with pytest.raises(UnavailableError):
        transact(world.aws, [entry(ledger, 1)])


def test_a_mistake_of_ours_is_no_cancellation(world: World, ledger: Table[LedgerItem]) -> None:
    """It must be seen as one."""
    world.fault = lambda _: refusal("ValidationException")

    with pytest.raises(ClientError):
        transact(world.aws, [entry(ledger, 1)])


def test_what_the_sdk_repeats_has_the_token_of_the_first_attempt(world: World, ledger: Table[LedgerItem]) -> None:
    """A repeat after a lost answer is done once; a second transaction is another one."""
    tokens: list[str] = []
    events = world.aws.client("dynamodb").meta.events

    def look(params: Any, **_: Any) -> None:
        tokens.append(params["ClientRequestToken"])

    events.register("provide-client-params.dynamodb.TransactWriteItems", look)
    try:
        said: Iterator[Any] = iter([refusal("InternalServerError", 500), cancelled("TransactionConflict")])
        world.fault = lambda _: next(said, None)
        transact(world.aws, [entry(ledger, 1)])
    finally:
        events.unregister("provide-client-params.dynamodb.TransactWriteItems", look)

    assert len(world.asked) == 3
    assert len(set(tokens)) == len(tokens) == 2
