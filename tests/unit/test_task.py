"""Bodies of the sweep queue: ids, times and counts, and what they cannot be."""

from datetime import timedelta

import pytest

from fugace.ports import Place
from functions.purge.task import Task
from tests.fakes import FIRST, NOON, SHOP

TASKS = [
    Task("record/0", SHOP),
    Task("content/12", SHOP, at=NOON, after=Place(NOON - timedelta(milliseconds=1), FIRST)),
    Task("hold/hold_aaaaaaaaaaaaaaaa", SHOP, after=Place(NOON, FIRST), shard=3, step="on", count=17),
    Task("access", SHOP),
    Task("statistics", SHOP),
    Task("briefs"),
    Task("departures"),
    Task("close", hour=NOON),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.job)
def test_what_is_written_is_read(task):
    """A walk goes on where it was."""
    assert Task.read(task.body()) == task


def test_a_body_is_as_the_plan_writes_it():
    """Others write such bodies, too."""
    assert Task("record/0", SHOP).body() == {"tenant": SHOP, "job": "record/0"}
    assert Task("close", hour=NOON).body() == {"job": "close", "hour": "2026-01-15T12"}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"job": "record/0"},
        {"tenant": "shop", "job": "record/0"},
        {"tenant": SHOP, "job": "call +33 6 39 98 00 01"},
        {"tenant": SHOP, "job": "record/0", "after": "now"},
        {"tenant": SHOP, "job": "record/0", "after": "1/2"},
        {"job": "close"},
        {"job": "close", "hour": "noon"},
    ],
)
def test_what_is_no_body_is_refused_without_being_quoted(body):
    """It becomes a dead letter, and the log says that it did."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # of any kind
        Task.read(body)
    assert "39 98" not in str(refused.value)
