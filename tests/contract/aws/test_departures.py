"""Departures: persons of whom nothing seems to be left."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.adapters.dynamo.departures import DynamoDepartures
from fugace.domain.ids import SubjectId
from fugace.keeping import Departure, Departures
from tests.contract.aws.conftest import World
from tests.contract.aws.keys_that_leave import HOUR
from tests.fakes import BAKERY, NOON, SHOP, FakeClock
from tests.fakes_keeping import FakeDepartures


@pytest.fixture(params=["fake", "dynamo"])
def departures(request: pytest.FixtureRequest, clock: FakeClock) -> Departures:
    if request.param == "fake":
        return FakeDepartures()
    return DynamoDepartures(request.getfixturevalue("world").aws, "purge", clock)


def departure(name: str = "b1", hours: int = 0, **more: Any) -> Departure:
    subjects = frozenset({SubjectId("a" * 43), SubjectId("b" * 43)})
    return replace(Departure(NOON + hours * HOUR, name, SHOP, subjects, marked=False), **more)


def test_departures_come_from_the_oldest_hour_on(departures: Departures) -> None:
    """Up to and with an hour; and no more than asked for."""
    for each in (departure("b2", 2), departure("b1", 1), departure("b0", 0), departure("b1", 1, tenant=BAKERY)):
        departures.add(each)

    assert [each.id for each in departures.due(NOON + HOUR, 9)] == ["b0", "b1", "b1"]
    assert departures.due(NOON, 9) == [departure("b0")]
    assert departures.due(NOON - HOUR, 9) == []
    assert len(departures.due(NOON + 9 * HOUR, 3)) == 3
    assert departures.due(NOON + 9 * HOUR, 1) == [departure("b0")]


def test_a_departure_is_remembered_once_and_forgotten_once(departures: Departures) -> None:
    """A batch of the stream is told again whenever something went wrong."""
    for _ in range(2):
        departures.add(departure())
    departures.add(departure("b2"))
    for _ in range(2):
        departures.done(departure())

    assert departures.due(NOON, 9) == [departure("b2")]


def test_departures_that_are_marked_come_back_so(departures: Departures) -> None:
    """With any id; an hour stands for all of its minutes."""
    marked = departure("a/b-m", marked=True, hour=NOON + timedelta(minutes=59))
    departures.add(marked)

    assert departures.due(NOON, 9) == [replace(marked, hour=NOON)]
    departures.done(marked)
    assert departures.due(NOON, 9) == []


def test_a_batch_can_wait_as_marked_and_unmarked_within_an_hour(world: World, clock: FakeClock) -> None:
    """To forget the one is not to forget the other: their persons would keep their keys for good."""
    store = DynamoDepartures(world.aws, "purge", clock)
    store.add(departure())
    store.add(departure(marked=True))
    store.done(departure())

    assert store.due(NOON, 9) == [departure(marked=True)]


def test_a_departure_outlasts_a_purge_that_stands_still(world: World, clock: FakeClock) -> None:
    """Two weeks: who is forgotten here keeps a key for good. Of nobody nothing is written."""
    store = DynamoDepartures(world.aws, "purge", clock)
    store.add(departure())
    store.add(departure("b2", subjects=frozenset()))
    clock.tick(days=14, seconds=-1)
    assert store.due(clock(), 9) == [departure()]

    clock.tick(seconds=1)
    assert store.due(clock(), 9) == []
