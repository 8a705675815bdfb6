"""The watch: whatever has to be looked at is, and nothing twice at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.case import CaseState, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageId, SubjectId
from fugace.domain.lookout import CERTIFYING, GRACE, ROUND
from functions.dsar.course import watch as module
from functions.dsar.course.watch import MOST
from tests.crashing import crashes
from tests.fakes import FIRST, NOON, SHOP
from tests.rights_world import DAY, HOUR, Rights, case_key

LATER = {"minutes": 16}


@pytest.fixture
def world() -> Rights:
    return Rights()


def begun(world: Rights, state: CaseState, **more: object) -> None:
    """One that the machine has begun with, and that ended there; due to be looked at now."""
    world.put(**{"state": state, "begun": NOON, "run": 1, "look_at": NOON, "callbacks": (), **more})


def started(world: Rights) -> list[int]:
    return [run for _, run in world.machine.started]


# --- begun again ----------------------------------------------------------------------------------


def test_one_that_was_never_begun_is_begun(world: Rights) -> None:
    """Whoever filed it may have died before it could say so; a little patience first."""
    world.put()
    assert world.case().look_at == NOON + GRACE
    assert world.watch().looked == 0

    world.clock.tick(minutes=5)
    assert world.watch().started == 1

    assert (started(world), world.case().run) == ([2], 2)
    assert world.case().look_at == world.clock() + GRACE


def test_one_that_is_under_way_is_left_alone(world: Rights) -> None:
    """For as long as it takes."""
    for state in (CaseState.RUNNING, CaseState.PARTIAL, CaseState.WAITING, CaseState.VERIFYING):
        world = Rights()
        begun(world, state, until=NOON - HOUR)
        world.machine.start(case_key(), 1)
        assert world.watch().started == 0
        assert world.case().look_at is not None
        assert world.case().look_at > NOON


@pytest.mark.parametrize("state", [CaseState.RUNNING, CaseState.PARTIAL, CaseState.WAITING, CaseState.VERIFYING])
def test_one_whose_machine_died_is_begun_again(world: Rights, state: CaseState) -> None:
    """Under the next number; once, whatever the next round sees."""
    begun(world, state, until=NOON - HOUR)
    assert [world.watch().started, world.watch().started] == [1, 0]
    world.clock.tick(hours=1)
    assert world.watch().started == 0  # it is under way
    assert started(world) == [2]

    world.machine.over.add((case_key(), 2))
    world.clock.tick(hours=1)
    world.watch()
    assert started(world) == [2, 3]


@pytest.mark.parametrize("state", [CaseState.WAITING, CaseState.VERIFYING])
def test_one_that_still_waits_is_not_late(world: Rights, state: CaseState) -> None:
    """It is looked for a quarter of an hour after its time."""
    begun(world, state, until=NOON + DAY)
    assert world.watch().started == 0
    assert world.case().look_at == NOON + DAY + ROUND


def test_a_name_that_was_used_up_is_passed_over(world: Rights) -> None:
    """We died between the start and its number; that run has died, too."""
    begun(world, CaseState.PARTIAL)
    world.machine.start(case_key(), 2)
    world.machine.over.add((case_key(), 2))
    world.watch()  # which begins nothing: the name was given
    world.clock.tick(hours=1)
    world.watch()
    assert started(world) == [2, 3]


def test_what_was_ended_before_its_beginning_is_cleared_up(world: Rights) -> None:
    """Its number is still sealed in it: the machine does that, whoever died before."""
    world.put(state=CaseState.CANCELLED, look_at=NOON, callbacks=(), finished=NOON)
    world.watch()
    assert started(world) == [2]
    assert world.step("begin")["next"] == "closed"
    assert (world.case().sealed, world.case().look_at) == (b"", None)


# --- holds ----------------------------------------------------------------------------------------


def hold(state: HoldState = HoldState.HELD, **more: object) -> Hold:
    plain = Hold(SHOP, "hold_abcdefghabcdefgh", Ground.CLAIM, NOON, "key_abcd2345", NOON + 99 * DAY, state)
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace() itself


@pytest.mark.parametrize("state", [HoldState.SETTING, HoldState.HELD, HoldState.LIFTING])
@pytest.mark.parametrize("whose", ["person", "everybody"])
def test_what_is_held_waits_for_its_hold(world: Rights, state: HoldState, whose: str) -> None:
    """And is erased by itself when it is over, on the same clock."""
    begun(world, CaseState.HELD, closed=NOON)
    subject = world.case().subject if whose == "person" else None
    world.holds.rows[SHOP, "h"] = hold(state, subject=subject)
    assert world.watch().started == 0

    world.holds.rows[SHOP, "h"] = hold(HoldState.OVER, subject=subject)
    world.clock.tick(**LATER)
    assert world.watch().started == 1


def test_somebody_elses_hold_keeps_nothing(world: Rights) -> None:
    """It is not the person's."""
    begun(world, CaseState.HELD, closed=NOON)
    world.holds.rows[SHOP, "h"] = hold(subject=SubjectId("bob"))
    assert world.watch().started == 1


def test_a_messages_hold_is_tried_once_a_day(world: Rights) -> None:
    """Whose message it is cannot be seen from here."""
    begun(world, CaseState.HELD, closed=NOON)
    world.holds.rows[SHOP, "h"] = hold(message=MessageId(FIRST.id))
    assert world.watch().started == 0
    world.clock.tick(days=1)
    assert world.watch().started == 1


def test_a_tenants_own_waits_for_all_of_its_holds(world: Rights) -> None:
    """All that a tenant has is every person's, too."""
    begun(world, CaseState.HELD, right=Right.OFFBOARDING, subject=None, closed=NOON)
    world.holds.rows[SHOP, "h"] = hold(subject=SubjectId("bob"))
    world.clock.tick(days=2)
    assert world.watch().started == 0


# --- dates ----------------------------------------------------------------------------------------


def test_a_date_that_comes_near_is_told_once_each(world: Rights) -> None:
    """Seven days before, two days before, and when it has passed: metric and callback."""
    world.put(begun=NOON, state=CaseState.HELD, told="held", closed=NOON)
    world.holds.rows[SHOP, "h"] = hold()
    due, found = world.case().due, []
    for hours in range(0, 33 * 24, 6):
        world.clock.now = NOON + timedelta(hours=hours)
        seen = world.watch()
        found += [(name, due - world.clock()) for name in seen.reminded]
    assert found == [("P7D", 7 * DAY), ("P2D", 2 * DAY), ("overdue", timedelta(0))]
    assert len(world.queue.sent) == 3
    assert world.case().reminded == "overdue"


def test_of_one_that_comes_late_the_latest_reminder_is_given(world: Rights) -> None:
    """The controller had it for 26 days."""
    world.put(due=NOON + DAY, callbacks=())
    assert world.case().look_at == NOON
    assert dict(world.watch().reminded) == {"P2D": 1}
    assert world.watch().reminded.total() == 0


def test_a_date_that_is_put_off_is_reminded_of_anew(world: Rights) -> None:
    """Once it comes near again."""
    begun(world, CaseState.HELD, reminded="P7D", due=NOON + 60 * DAY, closed=NOON)
    world.holds.rows[SHOP, "h"] = hold()
    world.watch()
    assert (world.case().reminded, world.case().look_at) == ("", NOON + ROUND)
    world.clock.tick(days=53)
    assert dict(world.watch().reminded) == {"P7D": 1}


def test_what_is_finished_has_no_date(world: Rights) -> None:
    """Nobody is woken for it."""
    begun(world, CaseState.COMPLETED, due=NOON - DAY, sealed=b"")
    assert world.watch().reminded.total() == 0
    assert world.case().look_at is None


def test_the_oldest_one_is_measured(world: Rights) -> None:
    """From the end of its waiting time: the target is ours, and the waiting is the tenant's; a hold is not ours."""
    begun(world, CaseState.RUNNING, until=NOON + DAY)
    begun(world, CaseState.HELD, number=2, right=Right.ACCESS)
    world.clock.tick(hours=24 + 5)
    assert world.watch().oldest == 5 * HOUR


# --- callbacks ------------------------------------------------------------------------------------


def test_what_nobody_was_told_is_told(world: Rights) -> None:
    """Once: from then on the queue has it."""
    world.put(state=CaseState.DENIED, sealed=b"", look_at=NOON, finished=NOON)
    assert world.watch().told == 1
    assert world.queue.sent == [{"request": str(case_key()), "state": "denied", "attempt": 1}]
    assert (world.case().told, world.case().look_at) == ("denied", None)


def test_what_the_queue_does_not_take_is_told_later(world: Rights) -> None:
    """It stays untold."""
    world.put(state=CaseState.DENIED, sealed=b"", look_at=NOON, finished=NOON)
    world.queue.broken = True
    world.watch()
    world.queue.broken = False
    world.clock.tick(hours=2)
    assert world.watch().told == 1


def test_that_it_was_filed_is_no_news(world: Rights) -> None:
    """The answer to the filing said so."""
    world.put(look_at=NOON)
    assert world.watch().told == 0


# --- afterwards -----------------------------------------------------------------------------------


def test_the_final_certificate_is_asked_for_when_its_time_has_come(world: Rights) -> None:
    """And not by two runs at a time."""
    begun(world, CaseState.COMPLETED, sealed=b"", final_at=NOON + 35 * DAY, subject=None)
    world.watch()
    assert world.case().look_at == NOON + 35 * DAY
    world.clock.tick(days=35)
    assert [world.watch().started, world.watch().started] == [1, 0]
    assert world.step("begin")["next"] == "certify"
    assert world.watch().looked == 0
    world.clock.tick(seconds=CERTIFYING.total_seconds())
    world.machine.over.add((case_key(), 2))
    assert world.watch().started == 1  # it had failed


def test_what_nobody_proved_is_nobodys_after_a_day(world: Rights) -> None:
    """Until then it counts against the number; then nobody can tell whose number it was."""
    begun(world, CaseState.UNVERIFIED, finished=NOON, sealed=b"")
    world.watch()
    assert world.case().look_at == NOON + DAY
    world.clock.tick(days=1)
    world.watch()
    assert (world.case().subject, world.case().digest, world.case().look_at) == (None, b"", None)


# --- a round --------------------------------------------------------------------------------------


def test_a_round_is_bounded(world: Rights, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and by time; the rest is seen in the next one, the longest overdue first."""
    assert MOST >= 100
    monkeypatch.setattr(module, "MOST", 2)
    for number in range(1, 4):
        world.put(number, right=list(Right)[number], look_at=NOON - number * HOUR, callbacks=(), received=NOON - DAY)
    assert world.watch(timedelta(seconds=10)).looked == 0
    assert world.watch().looked == 2
    assert [key for key, _ in world.machine.started] == [case_key(3), case_key(2)]
    assert world.watch().looked == 1


def test_one_that_fails_is_not_the_others_trouble(world: Rights) -> None:
    """It is due in the next round, too."""
    for number in (1, 2):
        world.put(number, right=list(Right)[number], look_at=NOON - number * HOUR, received=NOON - DAY)
    start = world.machine.start

    def broken(key: object, run: int) -> None:
        if key == case_key(2):
            raise UnavailableError
        start(key, run)  # type: ignore[arg-type]  # as it was asked

    world.machine.start = broken  # type: ignore[method-assign,assignment]  # a busy service
    seen = world.watch()
    assert [str(key) for key, _ in seen.failed] == [str(case_key(2))]
    assert started(world) == [2]
    assert world.case(2).look_at == NOON - 2 * HOUR


def test_the_machine_that_was_faster_says_when_to_look_again(world: Rights) -> None:
    """It changed the request between our look and our write."""
    begun(world, CaseState.PARTIAL)
    start = world.machine.start

    def quick(key: object, run: int) -> None:
        start(key, run)  # type: ignore[arg-type]  # as it was asked
        world.step("begin")
        world.step("start")

    world.machine.start = quick  # type: ignore[method-assign,assignment]  # the race
    world.watch()
    assert (world.case().state, world.case().look_at, world.case().run) == (CaseState.RUNNING, NOON + ROUND, 1)


def test_an_index_that_lags_makes_nothing_happen(world: Rights) -> None:
    """What is there now is looked at."""
    world.put()
    world.requests.due = lambda _now, _limit: [case_key(1), case_key(9)]  # type: ignore[method-assign]  # it lags
    assert (world.watch().looked, world.watch().failed) == (0, [])


@pytest.mark.parametrize(
    "state", [CaseState.PARTIAL, CaseState.HELD, CaseState.CANCELLED, CaseState.UNVERIFIED, CaseState.WAITING]
)
def test_whoever_dies_at_any_call_leaves_the_same_to_be_done(state: CaseState) -> None:
    """Another round ends like one that nobody disturbed: one run more, everybody told."""

    def make() -> Rights:
        world = Rights()
        world.put(
            state=state, begun=NOON - 2 * DAY, until=NOON - DAY, finished=NOON - DAY if state.final else None,
            look_at=NOON, due=NOON + DAY, told="x",
        )  # fmt: skip
        return world

    calm = make()
    calm.watch()
    worlds = crashes(make, lambda world: world.watch(), lambda world: world.calls)
    assert worlds
    for world in worlds:
        assert world.machine.started == calm.machine.started
        assert replace(world.case(), version=0) == replace(calm.case(), version=0)
        assert {str(body) for body in world.queue.sent} == {str(body) for body in calm.queue.sent}
