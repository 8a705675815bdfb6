"""What becomes of a person's key: it goes when nothing of that person is left, and never too early."""

from datetime import timedelta

import pytest

from fugace.keeping import Departure
from functions.purge import departing
from functions.purge.departing import Departing
from functions.purge.task import Task
from tests.crashing import Calls, crashes
from tests.fakes import ALICE, BOB, CAROL, FIRST, NOON, SHOP, sealed_record
from tests.fakes_keeping import Keeping

HOUR = timedelta(hours=1)
PLENTY = timedelta(minutes=5)


class House:
    """Two people whose messages were deleted, and one of whom something is left."""

    def __init__(self):
        self.k, self.calls = Keeping(now=NOON), Calls()
        self.k.vault.keys_for(SHOP, [ALICE, BOB, CAROL])
        self.alice, self.bob, self.carol = (self.k.vault.subject(SHOP, each) for each in (ALICE, BOB, CAROL))
        self.write_to(BOB)
        self.told("batch", self.alice, self.bob, self.carol)
        ports = [self.k.departures, self.k.keychain, self.k.disposal]
        self.departing = Departing(*map(self.calls.of, ports), self.k.clock)

    def told(self, name, *subjects):
        self.k.departures.add(Departure(self.k.clock(), name, SHOP, frozenset(subjects), marked=False))

    def write_to(self, person):
        record = sealed_record(self.k.vault, FIRST, person, at=self.k.clock())
        self.k.messages.rows[FIRST] = record

    def run(self, *, left=PLENTY, **later):
        self.k.clock.tick(**later)
        return self.departing.run(Task("departures"), lambda: left)

    @property
    def people(self):
        return set(self.k.vault.rows)

    def counted(self):
        hours = [NOON + HOUR * number for number in range(9)]
        return sum(book.told.counts.get("keys", 0) for hour in hours for book in self.k.tallies.books(hour))


def test_a_key_goes_in_two_steps():
    """Marked first; whoever uses it in the hours between takes the mark off. Somebody who has messages stays."""
    house = House()

    assert house.run().done == 0
    assert house.people == {house.alice, house.bob, house.carol}
    assert house.run(hours=1, minutes=59).done == 0
    assert house.run(minutes=1).done == 2

    assert house.people == {house.bob}
    assert house.counted() == 2
    assert not house.k.departures.rows


def test_somebody_who_was_written_to_meanwhile_stays():
    """The message was accepted between the two steps: its key is in use."""
    house = House()
    house.run()
    house.k.clock.tick(minutes=30)
    house.write_to(ALICE)

    house.run(hours=2)

    assert house.people == {house.alice, house.bob}
    assert house.k.vault.rows[house.alice].leaving is None


def test_a_mark_that_was_taken_off_and_put_on_again_rests_anew():
    """Whoever took it off may be writing its message now."""
    house = House()
    house.run()
    house.k.clock.tick(minutes=110)
    house.k.keychain.stay([house.alice])
    house.k.keychain.leave([house.alice], house.k.clock())

    house.run(minutes=10)
    assert house.alice in house.people
    house.run(hours=2)
    assert house.alice not in house.people


def test_a_key_that_was_used_for_nothing_is_looked_at_again():
    """An accept took the mark off, and failed to write its message: a key of nobody must not stay for ever."""
    house = House()
    house.run()
    house.k.keychain.stay([house.alice])

    house.run(hours=2)
    assert house.alice in house.people
    house.run(hours=3)
    assert house.people == {house.bob}
    assert not house.k.departures.rows


def test_what_is_marked_does_not_hide_what_comes_behind_it(monkeypatch):
    """Marks rest for an hour; a look that finds only them goes further."""
    monkeypatch.setattr(departing, "BATCHES", 1)
    house = House()
    house.run()
    house.k.vault.rows[house.carol].leaving = None
    house.k.departures.rows.clear()
    house.told("a-resting", house.alice)
    house.run()
    house.told("z-fresh", house.carol)

    house.run()

    assert house.k.vault.rows[house.carol].leaving is not None


def test_without_time_left_the_body_goes_back():
    """Each batch is forgotten when it is done, and not before."""
    house = House()
    assert house.run(left=timedelta(seconds=30)).again == Task("departures")
    assert len(house.k.departures.rows) == 1


@pytest.mark.parametrize("step", ["mark", "destroy"])
def test_a_run_that_dies_is_finished_by_the_next(step):
    """Nobody is forgotten, and no key is counted twice."""

    def make():
        house = House()
        if step == "destroy":
            house.departing.run(Task("departures"), lambda: PLENTY)
            house.k.clock.tick(hours=2)
            house.calls.__init__()
        return house

    worlds = crashes(make, House.run, lambda house: house.calls)

    assert len(worlds) > 8
    for house in worlds:
        house.run(hours=2)
        house.run(hours=2)
        assert house.people == {house.bob}
        assert house.counted() == 2
        assert not house.k.departures.rows
