"""What becomes of all that a tenant has, once it leaves; and that nothing of anybody else's is touched."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain.case import CaseState, Outcome, Stage
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.ports import HttpAnswer
from functions.dsar.departure.crowd import Crowd
from functions.dsar.departure.leave import Leave, UnknownStepError
from functions.dsar.task import Task
from tests.crashing import CrashError
from tests.erasing import NONE, PLENTY, case_key
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, key_number
from tests.fakes_keeping import FakeDisposal
from tests.leaving import GONE, Leaving, steps

NOTHING: dict[str, Any] = {
    "messages": {},
    "persons": {},
    "cases": {},
    "claims": [],
    "recalls": {},
    "keys of requests": [],
    "archives": [],
    "schedules": [],
    "tenant": None,
    "api keys": [],
    "webhooks": [],
    "logs": [],
    "holds": [],
    "jobs": [],
    "statistics": [],
}


def hold(state: HoldState = HoldState.HELD) -> Hold:
    until = NOON + timedelta(days=90)
    return Hold(SHOP, "hold_aaaaaaaaaaaaaaaa", Ground.CLAIM, NOON, "key_abcdefga", until, state)


def test_the_house_is_furnished() -> None:
    """A positive control: nothing that is found empty afterwards was empty before."""
    there = Leaving().of(SHOP)

    assert [what for what, rows in there.items() if not rows] == ["recalls", "holds"]


def test_nothing_is_left_of_a_tenant_that_has_left() -> None:
    """But the ledger, and the request that has the certificate."""
    house = Leaving()

    house.run()

    assert house.of(SHOP) == NOTHING
    assert house.case.stage is Stage.ENDED
    assert house.entries(SHOP) == [
        Action.ERASURE_BEGUN,
        Action.KEY_DESTROYED,
        Action.REQUEST_CANCELLED,
        Action.REQUEST_CANCELLED,
    ]


def test_nothing_of_another_tenant_is_touched() -> None:
    """The invariant of every erasure: all other rows are equal, byte by byte."""
    house = Leaving()
    before = house.of(BAKERY)

    house.run()

    assert house.of(BAKERY) == before


def test_it_is_told_how_much_has_gone() -> None:
    """By place, for the ledger and the certificate: the request's own archive is among them."""
    house = Leaving()

    house.run()

    assert house.outcomes() == {
        "key": ("erased", 1, 0),
        "messages": ("erased", 5, 0),
        "schedules": ("erased", 1, 0),
        "archives": ("erased", 2, 0),
        "cases": ("erased", 1, 0),
        "carriers": ("not_supported", 1, 1),
    }


def test_it_is_written_down_before_the_key_goes() -> None:
    """I7: whoever finds the key gone finds out why."""
    seen = set()
    for number in range(12):
        house = Leaving()
        house.calls.crash_at = number
        with suppress(CrashError):
            house.step_out("Leave", "begin")
        seen.add((Action.ERASURE_BEGUN in house.entries(SHOP), SHOP in house.keeping.tenants.left))

    assert seen == {(False, False), (True, False), (True, True)}


def test_the_key_goes_together_with_its_entry() -> None:
    """A key that is gone without a word, and a word without a key that is gone, look the same to nobody."""
    house = Leaving()

    house.leave().begin(house.case, house.left)

    assert Action.KEY_DESTROYED in house.entries(SHOP)
    assert house.vault.keys_of([house.record(1)]) == {}
    assert house.keeping.tenants.get(SHOP) is None


def test_nobody_gets_in_any_more_before_anything_is_deleted() -> None:
    """What an API key accepted behind the sweep would stay."""
    house = Leaving()

    house.step_out("Leave", "begin")

    assert house.of(SHOP)["api keys"] == house.of(SHOP)["webhooks"] == []
    assert house.of(SHOP)["messages"]


def test_what_arrived_while_the_machine_waited_goes_too() -> None:
    """Somebody was at it a moment ago, with keys in memory."""
    house = Leaving()
    house.drained = lambda: house.plant(50, BOB)

    house.run()

    assert house.of(SHOP) == NOTHING
    assert house.outcomes()["messages"] == ("erased", 6, 0)


def test_what_an_index_shows_late_goes_too() -> None:
    """It lags: so the walk is made until one finds nothing."""
    house = Leaving()
    real, walks = house.keeping.disposal.oldest, []

    def lagging(*args: Any, after: Any, **more: Any) -> Any:
        if after is None:
            walks.append(args)
        places = real(*args, after=after, **more)
        return [place for place in places if len(walks) > 1 or place.key != key_number(3)]

    house.step_out("Leave", "begin")
    house.step_out("Leave", "gather")
    walks.clear()
    house.keeping.disposal.oldest = lagging  # type: ignore[method-assign]  # an index that is behind
    house.step_out("Leave", "sweep")

    assert house.of(SHOP)["messages"] == {}


@pytest.mark.parametrize("shards", [1, 3])
def test_every_shard_is_walked(shards: int) -> None:
    """A tenant that grew has its time index in several parts."""
    house = Leaving()
    tenants = house.keeping.tenants.tenants
    tenants[SHOP] = replace(tenants[SHOP], shards=3)
    for number in range(60, 70):
        house.send(number, shard=number % shards)

    house.run()

    assert house.of(SHOP) == NOTHING


def test_a_walk_is_in_order_across_shards_and_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a run goes on is told by the last place: whatever comes out of order would be passed over."""
    house = Leaving()
    monkeypatch.setattr("functions.dsar.departure.crowd.PAGE", 2)
    for number in range(60, 80):
        house.send(number, shard=number % 3, at=NOON + timedelta(minutes=number // 4))
    crowd = Crowd(FakeDisposal(house.messages), SHOP, 3)

    whole = list(crowd.walk())

    assert whole == sorted(whole, key=lambda place: (place.anchor, str(place.key)))
    assert {place.key for place in whole} == {key for key in house.messages.rows if key.tenant == SHOP}
    for number, place in enumerate(whole):
        assert list(crowd.walk(place)) == whole[number + 1 :]


def test_a_step_whose_time_is_over_says_that_there_is_more() -> None:
    """A tenant has more rows than one run has minutes."""
    house = Leaving()
    house.step_out("Leave", "begin")
    house.left = lambda: NONE

    assert house.leave().run(Task(GONE, "sweep"), house.left).more
    assert house.of(SHOP)["messages"]


def test_bounded_pieces_come_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row, each in a run of its own."""
    house, pieces = Leaving(), iter(())
    monkeypatch.setattr("functions.dsar.departure.leave.PIECE", 1)

    def left() -> timedelta:
        nonlocal pieces
        time = next(pieces, None)
        if time is None:
            pieces = iter([PLENTY] * 4 + [NONE])
            time = PLENTY
        return time

    house.left = left
    house.run()

    assert house.of(SHOP) == NOTHING


def test_a_hold_comes_first() -> None:
    """One that was set while the machine waited: nothing is destroyed, and the request says so."""
    house = Leaving()
    house.holds.rows[SHOP, hold().id] = hold()
    before = house.of(SHOP)

    answer = house.leave().run(Task(GONE, "begin"), house.left)

    assert answer.shown()["next"] == "close"
    assert house.case.places["key"].outcome is Outcome.HELD
    assert house.of(SHOP) == before
    assert house.entries(SHOP) == []


def test_when_the_hold_is_over_all_of_it_follows() -> None:
    """A later run, on the same request."""
    house = Leaving()
    house.holds.rows[SHOP, hold().id] = hold()
    house.leave().run(Task(GONE, "begin"), house.left)
    house.holds.rows[SHOP, hold().id] = hold(HoldState.OVER)

    house.again()

    assert house.of(SHOP) == NOTHING
    assert house.outcomes()["key"] == ("erased", 1, 0)


def test_a_hold_that_is_still_being_taken_off_is_waited_for() -> None:
    """Its rows are held until somebody has let go of each."""
    house = Leaving()
    house.step_out("Leave", "begin")
    house.messages.rows[key_number(1)] = replace(house.record(1), held=frozenset({"hold_x"}))

    with pytest.raises(UnavailableError):
        house.step_out("Leave", "sweep")


def test_persons_requests_that_were_open_end_before_they_go() -> None:
    """Whoever works on one finds it over: the machine, the watch, a callback on its way."""
    house = Leaving()

    house.step_out("Leave", "begin")

    others = [case for key, case in house.requests.rows.items() if key in {case_key(0), case_key(1)}]
    assert {case.state for case in others} == {CaseState.CANCELLED}
    assert house.requests.due(NOON + timedelta(days=900), 9) == house.requests.due(NOON, 9)


def test_a_carrier_that_does_not_answer_leaves_it_open() -> None:
    """The tenant's own row stays, so that a later run knows where it is."""
    house = Leaving()
    house.web.otherwise = HttpAnswer(503, {}, b"")
    house.run()
    assert house.case.stage is Stage.DESTROYED
    assert house.outcomes()["carriers"][0] == "failed"

    house.web.otherwise = HttpAnswer(204, {}, b"")
    house.again()

    assert house.case.stage is Stage.ENDED
    assert house.of(SHOP) == NOTHING


def test_what_the_probe_finds_is_a_failure_of_its_place() -> None:
    """No step is trusted: here somebody put a message there behind the sweep."""
    house = Leaving()
    for who, step in steps()[:-1]:
        house.step_out(who, step)
    house.plant(51, ALICE, status=(Status.ACCEPTED,))

    house.step_out(*steps()[-1])

    assert house.outcomes()["messages"] == ("failed", 5, 1)
    assert house.case.stage is Stage.DESTROYED


def test_a_repeat_of_every_step_changes_nothing() -> None:
    """The machine may ask again at any time."""
    house = Leaving()
    for who, step in steps():
        house.step_out(who, step)
        house.step_out(who, step)

    assert house.of(SHOP) == NOTHING
    assert house.outcomes()["messages"] == ("erased", 5, 0)


def test_a_step_of_another_request_does_nothing() -> None:
    """This function may delete much: it does so for a tenant that leaves, and for nobody else."""
    house = Leaving()
    before = house.of(SHOP)

    for step in ("begin", "gather", "sweep", "probe"):
        house.leave().run(Task(case_key(1), step), house.left)

    assert house.of(SHOP) == before


@pytest.mark.parametrize("state", [CaseState.VERIFYING, CaseState.WAITING, CaseState.CANCELLED])
def test_nothing_goes_before_its_time(state: CaseState) -> None:
    """One key has said so, or the time to fetch the archive is not over, or it was called off."""
    house = Leaving()
    house.requests.rows[GONE] = replace(house.gone, state=state)
    before = house.of(SHOP)

    house.run()

    assert house.of(SHOP) == before


def test_a_step_that_is_not_ours_is_refused() -> None:
    """A mistake in the machine's definition shows, and does not look like success."""
    with pytest.raises(UnknownStepError):
        Leaving().leave().run(Task(GONE, "spring-clean"), lambda: PLENTY)


def _ends() -> tuple[dict[str, Any], list[str]]:
    house = Leaving()
    house.run()
    return house.outcomes(), [action.value for action in house.entries(SHOP)]


@pytest.mark.parametrize("before", [True, False])
def test_a_crash_at_any_call_changes_nothing_of_the_end(before: bool) -> None:
    """Each call, before and after, not some of them: the machine's next attempt ends as if nothing had happened."""
    outcomes, entries = _ends()
    theirs = Leaving().of(BAKERY)
    number, died = 0, True
    while died:
        house = Leaving()
        house.calls.crash_at, house.calls.before, died = number, before, False
        for who, step in steps():
            try:
                house.step_out(who, step)
            except CrashError:
                died, house.calls.crash_at = True, None
                house.step_out(who, step)
        assert house.of(SHOP) == NOTHING, number
        assert house.of(BAKERY) == theirs, number
        assert (house.outcomes(), [action.value for action in house.entries(SHOP)]) == (outcomes, entries), number
        number += 1
    assert number > len(steps()) * 4
    assert isinstance(house.leave(), Leave)
