"""What a `fugace.keeping.Agenda` promises; DynamoDB's and the fake alike."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import TenantId, new_tenant
from fugace.keeping import Agenda, Due
from tests.contract.aws.conftest import World, refusal
from tests.fakes import BAKERY, NOON, SHOP
from tests.fakes_keeping import FakeAgenda

JOB = "record/0"
MOMENT = timedelta(milliseconds=1)


@pytest.fixture(params=["fake", "dynamo"])
def agenda(request: pytest.FixtureRequest) -> Agenda:
    if request.param == "fake":
        return FakeAgenda()
    return DynamoAgenda(request.getfixturevalue("world").aws, "purge")


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def seen(agenda: Agenda, tenant: TenantId = SHOP, job: str = JOB) -> Due:
    due = agenda.get(tenant, job)
    assert due is not None
    return due


# Planning.


def test_a_job_is_due_from_its_moment_on(agenda: Agenda) -> None:
    """Not a millisecond before: what is not over is not touched."""
    agenda.ensure(SHOP, JOB, NOON)

    assert agenda.due(NOON - timedelta(milliseconds=1), 9) == []
    assert agenda.due(NOON, 9) == [Due(SHOP, JOB, NOON)]


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (1, 1), (2, 1, 3)])
def test_the_earliest_wish_counts(agenda: Agenda, order: tuple[float, ...]) -> None:
    """Whoever asks for a later look must not put off what was planned."""
    for hours in order:
        agenda.ensure(SHOP, JOB, at(hours))

    (due,) = agenda.due(at(1), 9)
    assert due.due_at is not None
    assert at(1) - MOMENT <= due.due_at <= at(1)


def test_a_job_begins_again_as_if_nothing_was_known(agenda: Agenda) -> None:
    """A restored table has what was deleted before the place that was reached."""
    agenda.ensure(SHOP, JOB, at(5))
    agenda.settle(seen(agenda), reached=at(4), due_at=at(9))

    agenda.begin(SHOP, JOB, NOON)

    assert seen(agenda) == Due(SHOP, JOB, NOON)
    assert agenda.due(NOON, 9) == [Due(SHOP, JOB, NOON)]


def test_the_longest_overdue_come_first_over_all_lots(agenda: Agenda) -> None:
    """There are as many partitions as one likes: what is asked for is one list."""
    tenants = [new_tenant() for _ in range(40)]
    for hours, tenant in enumerate(tenants):
        agenda.ensure(tenant, JOB, at(-hours))

    found = agenda.due(NOON, 25)

    assert [due.tenant for due in found] == list(reversed(tenants))[:25]


def test_a_tenants_jobs_are_its_own(agenda: Agenda) -> None:
    """Tenants are walls (I8)."""
    agenda.ensure(SHOP, JOB, NOON)
    agenda.ensure(SHOP, "hold/hold_a", at(1))
    agenda.ensure(BAKERY, "access", NOON)

    assert [due.job for due in agenda.of(SHOP)] == ["hold/hold_a", JOB]
    assert agenda.get(BAKERY, JOB) is None


# Settling.


def test_a_job_that_waits_for_nothing_costs_nothing_and_is_not_forgotten(agenda: Agenda) -> None:
    """It is not in the index, and how far it came is still known."""
    agenda.ensure(SHOP, JOB, NOON)

    assert agenda.settle(seen(agenda), reached=at(-1), due_at=None)

    assert agenda.due(at(9), 9) == []
    assert agenda.of(SHOP) == [Due(SHOP, JOB, None, at(-1))]


def test_a_settled_job_can_be_due_again(agenda: Agenda) -> None:
    """Where there is something to wait for, and where somebody asks for it."""
    agenda.ensure(SHOP, JOB, NOON)

    assert agenda.settle(seen(agenda), reached=None, due_at=at(2))
    assert seen(agenda) == Due(SHOP, JOB, at(2), None)
    assert agenda.settle(seen(agenda), reached=at(1), due_at=None)
    agenda.ensure(SHOP, JOB, at(3))
    assert seen(agenda) == Due(SHOP, JOB, at(3), at(1))


@pytest.mark.parametrize("due_at", [None, at(5)])
def test_an_earlier_look_asked_for_meanwhile_is_not_lost(agenda: Agenda, due_at: datetime | None) -> None:
    """The run did not know of it: what it came to say of later does not count, how far it came does."""
    agenda.ensure(SHOP, JOB, at(2))
    mine = seen(agenda)
    agenda.ensure(SHOP, JOB, at(1))

    assert not agenda.settle(mine, reached=at(0.5), due_at=due_at)

    assert seen(agenda) == Due(SHOP, JOB, at(1), at(0.5))
    assert agenda.due(at(1), 9) == [Due(SHOP, JOB, at(1))]


@pytest.mark.parametrize("hours", [0, 3])
def test_a_wish_that_changes_no_plan_is_not_lost_either(agenda: Agenda, hours: float) -> None:
    """A choice was changed, or a tenant came back, while a job that is overdue was run: the run did not see it.

    It would put off, or take from the index, what has just become necessary.
    """
    agenda.ensure(SHOP, JOB, NOON)
    mine = seen(agenda)
    agenda.ensure(SHOP, JOB, at(hours))

    assert not agenda.settle(mine, reached=at(-1), due_at=None)

    assert [due.job for due in agenda.due(NOON, 9)] == [JOB]
    assert seen(agenda).reached == at(-1)


def test_a_wish_after_another_run_settled_is_not_lost(agenda: Agenda) -> None:
    """Two runs of one job: the slower one saw neither the other's end nor what was planned after it."""
    agenda.ensure(SHOP, JOB, NOON)
    slow = seen(agenda)
    agenda.settle(slow, reached=at(-1), due_at=None)
    agenda.ensure(SHOP, JOB, at(1))

    assert not agenda.settle(slow, reached=at(-2), due_at=None)

    assert seen(agenda) == Due(SHOP, JOB, at(1), at(-1))


def test_a_slower_run_has_no_say_once_another_one_settled(agenda: Agenda) -> None:
    """What it knows is older; it is told to look again."""
    agenda.ensure(SHOP, JOB, NOON)
    slow = seen(agenda)
    agenda.settle(slow, reached=at(-1), due_at=None)

    assert not agenda.settle(slow, reached=at(-2), due_at=at(5))

    assert seen(agenda) == Due(SHOP, JOB, None, at(-1))


def test_how_far_a_run_came_never_goes_back(agenda: Agenda) -> None:
    """A slower run of the same job knows less, and is right about the next look all the same."""
    agenda.ensure(SHOP, JOB, NOON)
    agenda.settle(seen(agenda), reached=at(-1), due_at=NOON)

    assert agenda.settle(seen(agenda), reached=at(-2), due_at=at(4))

    assert seen(agenda) == Due(SHOP, JOB, at(4), at(-1))


def test_the_same_can_be_said_twice(agenda: Agenda) -> None:
    """A queue gives a job out twice."""
    agenda.ensure(SHOP, JOB, NOON)
    for _ in range(2):
        assert agenda.settle(seen(agenda), reached=at(-1), due_at=NOON)

    assert seen(agenda) == Due(SHOP, JOB, NOON, at(-1))


def test_a_job_that_was_never_planned_can_be_run_and_settled(agenda: Agenda) -> None:
    """By hand."""
    assert agenda.get(SHOP, JOB) is None

    assert agenda.settle(Due(SHOP, JOB, None), reached=at(-1), due_at=at(1))

    assert seen(agenda) == Due(SHOP, JOB, at(1), at(-1))


def test_a_job_planned_while_it_was_run_by_hand_is_not_put_off(agenda: Agenda) -> None:
    """Nothing was planned when it began."""
    agenda.ensure(SHOP, JOB, NOON)

    assert not agenda.settle(Due(SHOP, JOB, None), reached=at(-1), due_at=at(5))

    assert seen(agenda) == Due(SHOP, JOB, NOON, at(-1))


# What it asks of DynamoDB.


@pytest.fixture
def dynamo(world: World) -> DynamoAgenda:
    return DynamoAgenda(world.aws, "purge")


def test_it_costs_few_requests(world: World, dynamo: DynamoAgenda) -> None:
    """Each job of each tenant pays for these; finding what is due costs the same however many tenants there are."""
    for act, asked in (
        (lambda: dynamo.ensure(SHOP, JOB, at(1)), ["UpdateItem"]),
        (lambda: dynamo.ensure(SHOP, JOB, NOON), ["UpdateItem"]),
        (lambda: dynamo.ensure(SHOP, JOB, at(1)), ["UpdateItem"] * 2),
        (lambda: dynamo.due(NOON, 100), ["Query"] * 8),
        (lambda: dynamo.of(SHOP), ["Query"]),
        (lambda: dynamo.settle(Due(SHOP, JOB, NOON - MOMENT), reached=NOON, due_at=NOON), ["UpdateItem"]),
        (lambda: dynamo.get(SHOP, JOB), ["GetItem"]),
    ):
        world.asked.clear()
        act()
        assert world.asked == asked


def test_a_tenants_lot_is_the_same_in_every_process(world: World, dynamo: DynamoAgenda) -> None:
    """Python's own hash is another one in each; a row whose lot changed would be looked for in vain."""
    dynamo.ensure(SHOP, JOB, NOON)
    dynamo.ensure(BAKERY, JOB, NOON)

    assert {row["tenant"]["S"]: row["lot"]["S"] for row in world.rows("purge")} == {SHOP: "5", BAKERY: "1"}


def test_what_waits_for_nothing_has_no_place_in_the_index(world: World, dynamo: DynamoAgenda) -> None:
    """Sparse means that neither key of the index is there."""
    dynamo.ensure(SHOP, JOB, NOON)
    dynamo.settle(Due(SHOP, JOB, NOON), reached=NOON, due_at=None)

    (row,) = world.rows("purge")
    assert row.keys() == {"tenant", "item", "reached"}


def test_a_wish_that_meets_a_run_that_settles_is_kept(world: World, dynamo: DynamoAgenda) -> None:
    """An earlier look was planned when it was asked for, and was none any more when that was to be noted."""
    dynamo.ensure(SHOP, JOB, NOON)
    updates = 0

    def settled_in_between(operation: str) -> None:
        nonlocal updates
        updates += operation == "UpdateItem"
        if operation == "UpdateItem" and updates == 2:
            assert dynamo.settle(Due(SHOP, JOB, NOON), reached=None, due_at=None)

    world.fault = settled_in_between
    dynamo.ensure(SHOP, JOB, at(1))

    assert seen(dynamo).due_at == at(1)


@pytest.mark.parametrize(
    "act",
    [
        lambda agenda: agenda.ensure(SHOP, JOB, NOON),
        lambda agenda: agenda.due(NOON, 9),
        lambda agenda: agenda.settle(Due(SHOP, JOB, NOON), reached=NOON, due_at=None),
    ],
    ids=["ensure", "due", "settle"],
)
def test_a_table_that_cannot_take_it_is_unavailable(world: World, dynamo: DynamoAgenda, act: Any) -> None:
    """Being busy is no answer to a condition."""
    world.fault = lambda _: refusal("ThrottlingException")

    with pytest.raises(UnavailableError):
        act(dynamo)
