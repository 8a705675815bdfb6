"""An erasure, place by place: what becomes of it, in pieces, by the map."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.datamap.entry import About, Branch, Fixed, Leaving
from fugace.datamap.fields import FIELDS
from fugace.datamap.manifest import manifest
from fugace.datamap.place import DEAD
from fugace.datamap.places import PLACES
from fugace.domain.case import ARCHIVED, CaseState, Right, Stage
from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Action
from functions.dsar.erasure import recall
from functions.dsar.erasure.erase import BRANCHES, UnknownStepError
from functions.dsar.task import NoRequestError, Task
from tests.erasing import ERASURE, SENT, House, busy, case_key, machine
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP


@pytest.fixture
def house() -> House:
    return busy()


def test_every_place_is_emptied_and_says_so(house: House) -> None:
    """A certificate can be made of it, and of nothing else."""
    house.run()

    assert house.outcomes() == {
        "key": ("erased", 1, 0),
        "messages": ("erased", 3, 0),
        "schedules": ("erased", 1, 0),
        "carriers": ("erased", 2, 0),
        "archives": ("erased", 0, 0),
        "cases": ("erased", 0, 0),
    }
    assert set(house.case.places) == set(Branch)
    assert manifest(house.case.places, NOON).whole
    assert not house.rows_of()
    assert not house.recalls.rows
    assert not house.timer.pending
    assert house.persons.standing(house.subject()).erased == NOON
    assert [request.url.rpartition("/")[2] for request in house.web.requests] == ["ref-1", "ref-2"]


def test_others_keep_everything(house: House) -> None:
    """Another person of the tenant; the same person at another tenant (I8)."""
    before = house.rows_of(BOB) + house.rows_of(ALICE, BAKERY)
    house.run()

    assert house.rows_of(BOB) + house.rows_of(ALICE, BAKERY) == before
    assert house.persons.standing(house.subject(BOB)).live
    assert house.persons.standing(house.subject(ALICE, BAKERY)).live


def test_it_is_in_the_ledger_before_anything_is_destroyed(house: House) -> None:
    """I7: whoever finds a half-done erasure knows that it is one. The key's end is an entry of its own."""
    house.step("Erase", "begin")

    assert house.entries() == [Action.ERASURE_BEGUN, Action.KEY_DESTROYED]
    assert len(house.rows_of()) == 3
    assert "block" in house.calls.names
    order = list(house.calls.names)
    assert order.index("append") < order.index("block")


def test_a_person_is_unreadable_after_one_write(house: House) -> None:
    """Whatever takes longer: from the tombstone on nobody can read, keep or send."""
    record = house.rows_of()[0]
    house.step("Erase", "begin")

    assert house.vault.keys_of([record]) == {}
    assert house.vault.keys_for(SHOP, [ALICE]) == {house.subject(): None}
    assert house.calls.names["block"] == 1


def test_somebody_never_written_to_is_erased_all_the_same() -> None:
    """No answer, and no entry, tells whether a number is known."""
    house = House()
    house.file(ERASURE)
    house.run()

    assert house.entries() == [Action.ERASURE_BEGUN, Action.KEY_DESTROYED]
    assert {(outcome, count) for outcome, count, _ in house.outcomes().values()} == {("erased", 0)}
    assert house.persons.standing(house.subject()).erased == NOON


def test_an_objection_outlives_its_person(house: House) -> None:
    """To be respected it has to be remembered: the keyed hash and a time, nothing else."""
    house.persons.object(SHOP, house.subject(), NOON)
    house.run()

    standing = house.persons.standing(house.subject())
    assert (standing.objected, standing.erased, standing.live) == (NOON, NOON, False)


def test_whoever_comes_back_is_somebody_else(house: House) -> None:
    """A new epoch; and an erasure that is asked for its steps once more does not touch it."""
    house.run()
    back = house.send(9)
    house.again()

    assert house.rows_of() == [back]
    assert house.vault.keys_of([back])
    assert house.persons.standing(house.subject()).live


def test_with_little_time_a_step_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end is the same, however small the pieces are."""
    monkeypatch.setattr("functions.dsar.erasure.gather.PAGE", 2)
    monkeypatch.setattr("functions.dsar.erasure.places.MOST", 2)
    monkeypatch.setattr("functions.dsar.erasure.places._BATCH", 1)
    house = House()
    for number in range(1, 8):
        house.send(number, status=SENT, carrier_ref=f"ref-{number}", at=NOON + timedelta(minutes=number))
    house.file(ERASURE)
    times = [timedelta(minutes=5), timedelta(minutes=5), timedelta(seconds=9)]
    asked: list[int] = []

    def left() -> timedelta:
        asked.append(0)
        return times[len(asked) % 3]

    house.left = left
    house.run()

    assert house.outcomes()["messages"] == ("erased", 7, 0)
    assert house.outcomes()["carriers"] == ("erased", 7, 0)
    assert len(house.web.requests) == 7
    assert house.case.stage is Stage.ENDED


def test_a_busy_table_fails_the_step_and_loses_nothing(house: House) -> None:
    """The machine asks again; what is gone is gone, and counted."""
    house.keeping.disposal.throttled = 100
    house.step("Erase", "begin")
    house.step("Erase", "gather")
    with pytest.raises(UnavailableError):
        house.step("Erase", "messages")
    house.keeping.disposal.throttled = 0
    house.run()

    assert house.outcomes()["messages"] == ("erased", 3, 0)


def test_every_branch_of_the_map_is_done_by_somebody() -> None:
    """And by a step that the machine asks for: the map drives the erasure, no list by hand."""
    assert set(BRANCHES) | {Branch(recall.PLACE)} == set(Branch)
    assert Branch(recall.PLACE) not in BRANCHES
    assert set(BRANCHES.values()) | {"gather", "probe"} == {step for who, step in machine() if who == "Erase"}
    assert {step for who, step in machine() if who == "Recall"} == {recall.PLACE}


def test_whatever_goes_on_erasure_has_a_branch_or_a_short_end() -> None:
    """A new table with a person in it fails here until somebody says who erases it."""
    for field in FIELDS:
        if field.about is About.RECIPIENT and field.leaving is not Leaving.STAYS and field.row.branch is None:
            kept = field.kept
            assert isinstance(kept, Fixed), field.label
            assert kept.period is not None, field.label
            assert kept.period.after(NOON) <= NOON + DEAD, field.label
            assert kept.reason, field.label


def test_places_with_a_branch_name_real_ones() -> None:
    """And each branch sees to a place: else it would do what no certificate tells."""
    named = {branch for place in PLACES.values() for branch in place.branches}
    assert named == set(Branch)
    assert all(place.probe for place in PLACES.values() if place.branches)


def test_a_step_that_is_not_there_is_a_mistake(house: House) -> None:
    """Of the machine's definition."""
    with pytest.raises(UnknownStepError):
        house.erasure().run(Task(ERASURE, "carriers"), house.left)
    with pytest.raises(NoRequestError):
        house.erasure().run(Task(case_key(77), "begin"), house.left)


def test_a_case_that_names_nobody_any_more_is_over(house: House) -> None:
    """An execution that was forgotten for a week finds nothing to do."""
    house.requests.unlink(ERASURE)
    house.step("Erase", "begin")

    assert not house.entries()
    assert house.persons.standing(house.subject()).live


@pytest.mark.parametrize(
    "more", [{"state": CaseState.CANCELLED}, {"state": CaseState.DENIED}, {"right": Right.ACCESS}], ids=str
)
def test_what_is_cancelled_or_asks_for_something_else_destroys_nothing(house: House, more: dict[str, Any]) -> None:
    """Whatever the machine asks for: the request itself has the last word."""
    house.requests.rows[ERASURE] = replace(house.case, **more)
    house.run()

    assert len(house.rows_of()) == 3
    assert not house.entries()
    assert not house.web.requests
    assert house.persons.standing(house.subject()).live


def test_archived_kinds_are_left_to_the_archives(house: House) -> None:
    """Two branches run at a time: none may take away by what the other finds its own."""
    for number, right in enumerate(Right):
        if right is not Right.ERASURE:
            house.file(case_key(number), right, state=CaseState.COMPLETED)
    for step in ("begin", "gather", "cases"):
        house.step("Erase", step)

    linked = {case.right for case in house.requests.rows.values() if case.subject}
    assert linked == {*ARCHIVED, Right.ERASURE}
