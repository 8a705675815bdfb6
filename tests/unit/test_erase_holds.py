"""An erasure and what keeps data in spite of it: legal holds, and restrictions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.case import CaseState, Found, Outcome, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Ground, HoldState
from fugace.domain.ledger import Action
from fugace.domain.retention import Kind, Retention
from functions.dsar.amendment.restraint import LONGEST, hold_of
from functions.purge.holding import Holding
from functions.purge.task import Task as Body
from tests.erasing import ERASURE, HOLD, UNTIL, House, busy, case_key, lift, put_hold
from tests.fakes import BOB, NOON, SHOP


@pytest.fixture
def house() -> House:
    return busy()


def test_what_is_held_stays_and_says_until_when(house: House) -> None:
    """All else goes. The key stays for it, and nobody can use it meanwhile."""
    put_hold(house)
    record = house.rows_of()[0]
    house.run()

    assert house.case.places["messages"] == Found(Outcome.HELD, 2, 1, UNTIL, "legal-claim")
    assert house.case.places["key"] == Found(Outcome.HELD, 0, 1, UNTIL, "legal-claim")
    assert house.rows_of() == [record]
    assert house.vault.rows[house.subject()].kept
    assert house.vault.keys_of([record]) == {}
    assert house.entries() == [Action.ERASURE_BEGUN]
    assert house.persons.standing(house.subject()).erased is None


def test_a_carrier_is_not_asked_for_what_is_held(house: House) -> None:
    """A hold preserves what may be proof, the carrier's record of it too."""
    put_hold(house)
    house.run()

    assert [request.url.rpartition("/")[2] for request in house.web.requests] == ["ref-2"]


def test_when_the_hold_is_lifted_a_later_run_does_the_rest(house: House) -> None:
    """By itself, on the same clock; sums are those of both runs."""
    put_hold(house)
    house.run()
    lift(house)
    house.clock.tick(days=5)
    house.again()

    assert house.outcomes()["messages"] == ("erased", 3, 0)
    assert house.outcomes()["carriers"] == ("erased", 2, 0)
    assert house.outcomes()["key"] == ("erased", 1, 0)
    assert house.entries() == [Action.ERASURE_BEGUN, Action.KEY_DESTROYED]
    assert house.persons.standing(house.subject()).erased == house.clock()


RESTRICTION = case_key(9)


def restricted(house: House, ground: str) -> str:
    """As `amend` leaves it: the mark on the person, and a hold on all that there is. Gives the hold's id."""
    house.file(RESTRICTION, Right.RESTRICTION, state=CaseState.COMPLETED, reason=ground)
    house.persons.restrict(SHOP, house.subject(), NOON)
    until = LONGEST.after(NOON)
    hold = replace(HOLD, id=hold_of(RESTRICTION), ground=Ground.RESTRICTION, subject=house.subject(), until=until)
    for number in (1, 2, 3):
        put_hold(house, hold, number)
    return hold.id


def hold_job(house: House, hold_id: str) -> None:
    """The purge's, to its end."""
    its = house.keeping
    job = Holding(its.agenda, its.policies, its.holds, its.disposal, its.ledger, its.tenants, its.clock)
    task: Body | None = Body(f"hold/{hold_id}", SHOP)
    while task:
        task = job.run(task, lambda: timedelta(minutes=5)).again


@pytest.mark.parametrize("ground", ["accuracy", "unlawful", "objection"])
def test_who_wants_to_be_erased_does_not_want_to_be_kept(house: House, ground: str) -> None:
    """An erasure ends what the person has asked to keep (Art. 18): the purge lets go while the machine waits."""
    hold_id = restricted(house, ground)
    house.drained = lambda: hold_job(house, hold_id)
    house.run()

    assert not house.rows_of()
    assert house.outcomes()["messages"] == ("erased", 3, 0)
    assert house.outcomes()["key"] == ("erased", 1, 0)
    assert house.persons.standing(house.subject()).restricted is None
    assert [body["job"] for body in house.queue.sent] == [f"hold/{hold_id}"]
    assert house.entries().count(Action.HOLD_LIFTED) == 1


def test_where_the_purge_is_slower_the_rest_follows(house: House) -> None:
    """It is held for a moment, not for ten years."""
    hold_id = restricted(house, "accuracy")
    house.run()
    assert house.case.places["messages"].outcome is Outcome.HELD
    hold_job(house, hold_id)
    house.again()

    assert not house.rows_of()
    assert house.persons.standing(house.subject()).erased


def test_what_is_needed_for_a_claim_stays(house: House) -> None:
    """Art. 17(3)(e), 18(1)(c): until the restriction is lifted, by a request of its own or by a second key."""
    hold_id = restricted(house, "legal-claim")
    house.drained = lambda: hold_job(house, hold_id)
    house.run()

    assert len(house.rows_of()) == 3
    assert house.case.places["messages"].outcome is Outcome.HELD
    assert house.holds.rows[SHOP, hold_id].state is HoldState.HELD


def test_a_tenant_that_never_chose_how_long_requests_are_kept_erases_like_any_other(house: House) -> None:
    """Nobody waits for a period that is not there; the requests end all the same."""
    chosen = house.keeping.tenants.tenants[SHOP]
    caps = {kind: cap for kind, cap in chosen.retention.caps.items() if kind is not Kind.CASES}
    house.keeping.tenants.tenants[SHOP] = replace(chosen, retention=Retention(caps))
    house.file(case_key(1), Right.ACCESS)
    house.run()

    assert house.requests.rows[case_key(1)].state is CaseState.CANCELLED
    assert house.persons.standing(house.subject()).erased


def test_a_request_that_comes_while_the_machine_waits_ends_with_the_person(house: House) -> None:
    """Unlinked while it is open, it would keep its claim for ever: nobody could file another one of the kind."""
    late = case_key(8)
    house.drained = lambda: house.file(late, Right.ACCESS)
    house.run()

    case = house.requests.rows[late]
    assert (case.state, case.subject) == (CaseState.CANCELLED, None)
    assert set(house.requests.claims.values()) == {ERASURE}
    assert house.persons.standing(house.subject()).erased


def test_a_hold_on_somebody_else_keeps_no_key(house: House) -> None:
    """It is kept until it is known that nothing is held, and no longer."""
    house.holds.rows[SHOP, HOLD.id] = replace(HOLD, subject=house.subject(BOB))
    house.step("Erase", "begin")
    assert house.vault.rows[house.subject()].kept
    house.step("Erase", "gather")

    assert not house.vault.rows[house.subject()].kept
    assert house.entries()[-1] is Action.KEY_DESTROYED


def test_a_hold_that_is_being_put_on_is_waited_for(house: House) -> None:
    """It was set first; nothing tells yet what it covers, so nothing has begun."""
    house.holds.rows[SHOP, HOLD.id] = replace(HOLD, state=HoldState.SETTING)
    with pytest.raises(UnavailableError):
        house.step("Erase", "begin")

    assert not house.entries()
    assert house.persons.standing(house.subject()).live


def test_a_hold_that_is_over_keeps_nothing(house: House) -> None:
    """Nor does it say until when."""
    house.holds.rows[SHOP, HOLD.id] = replace(HOLD, state=HoldState.OVER)
    house.step("Erase", "begin")

    assert house.entries()[-1] is Action.KEY_DESTROYED
