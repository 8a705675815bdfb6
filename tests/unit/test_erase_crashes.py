"""An erasure that dies before or after every single call: whoever takes over comes to the same end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from fugace.datamap.manifest import manifest
from fugace.domain.case import CaseState, Right
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from tests.crashing import crashes
from tests.erasing import ERASURE, HOLD, SENT, House, case_key, lift, put_hold
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP


def furnished() -> House:
    """Something in every place, and somebody else beside it."""
    house = House()
    for number in (1, 2):
        house.send(number, status=SENT, carrier_ref=f"ref-{number}")
    house.send(3, status=SENT, carrier="deaf", carrier_ref="x")
    planned = house.send(4, at=NOON + timedelta(days=2), status=[Status.ACCEPTED])
    house.timer.at(planned.anchor, "carrier/simulator", {"message": str(planned.key)}, name=f"m-{planned.key.id}")
    house.send(5, BOB)
    house.send(6, ALICE, BAKERY)
    house.file(ERASURE)
    house.file(case_key(1), Right.ACCESS)
    house.file(case_key(2), Right.OBJECTION, state=CaseState.COMPLETED)
    house.archives.objects[case_key(1)] = b"archive"
    return house


def held() -> House:
    """The same with a hold on two messages, one of a carrier that keeps it; it is lifted before the second run."""
    house = furnished()
    for number in (1, 3):
        put_hold(house, number=number)
    return house


def state(house: House) -> dict[str, Any]:
    """All that is kept, and what is told of it; not how often a row was written."""
    return {
        "messages": house.messages.rows,
        "cases": {key: replace(case, version=0) for key, case in house.requests.rows.items()},
        "claims": house.requests.claims,
        "recalls": house.recalls.rows,
        "keys": house.vault.rows,
        "case keys": house.seals.keys,
        "archives": house.archives.objects,
        "schedules": house.timer.pending,
        "agenda": set(house.keeping.agenda.rows),
        "asked": {request.url for request in house.web.requests},
        "ledger": [(entry.draft.action, entry.draft.object) for entry in house.ledger.chains[SHOP]],
    }


def end_of(house: House) -> dict[str, Any]:
    house.run()
    return state(house)


def test_whoever_takes_over_comes_to_the_same_end() -> None:
    """Before and after each call, all of them: one state, one entry of each kind, one outcome, nothing recreated."""
    whole = end_of(furnished())
    worlds = crashes(furnished, House.run, lambda house: house.calls)

    assert len(worlds) > 100
    for house in worlds:
        assert state(house) == whole
        assert house.entries().count(Action.ERASURE_BEGUN) == 1
        assert house.entries().count(Action.KEY_DESTROYED) == 1
        assert manifest(house.case.places, NOON).whole


def test_so_does_the_next_execution_after_one_that_broke() -> None:
    """The machine itself may be the one that dies: the watch starts another, which goes through everything again."""
    whole = end_of(furnished())
    started: set[int] = set()

    def run(house: House) -> None:
        if id(house) in started:
            house.again()
        started.add(id(house))
        house.run()

    for house in crashes(furnished, run, lambda house: house.calls):
        seen = state(house)
        cases = seen.pop("cases")
        assert seen == {name: kept for name, kept in whole.items() if name != "cases"}
        assert cases[ERASURE].places == whole["cases"][ERASURE].places


def through(house: House) -> None:
    """A run, and another once the hold is lifted."""
    house.run()
    if house.holds.rows[SHOP, HOLD.id].state is HOLD.state:
        lift(house)
        house.again()


def test_one_that_waits_for_a_hold_comes_to_the_same_end() -> None:
    """The key is destroyed once, after the last that was held has gone; sums are those of both runs."""
    plain = held()
    through(plain)
    whole = state(plain)
    worlds = crashes(held, through, lambda house: house.calls)

    assert len(worlds) > 150
    for house in worlds:
        assert state(house) == whole
        assert house.entries().count(Action.KEY_DESTROYED) == 1
