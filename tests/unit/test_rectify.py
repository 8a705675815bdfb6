"""A number or a reference is corrected: what is still to be sent, what was sent, and what carriers have."""

from dataclasses import replace

import pytest

from fugace.domain.case import Found, Outcome
from fugace.domain.ledger import Action
from fugace.domain.message import Record, Status
from tests.amending import DAY, HOUR, THIRD, House, corrected, referred
from tests.fakes import ALICE, BOB, CAROL, FIRST, NOON, SECOND, SHOP, key_number

# --- a number -----------------------------------------------------------------------------------


def test_what_is_still_to_be_sent_goes_to_the_new_number() -> None:
    """Sealed with the new person's key; what was sent stays true, and others' messages are not touched."""
    house = corrected(House())
    before = house.messages.rows[FIRST]

    assert house.run() is False

    assert house.of(CAROL) == {SECOND, THIRD}
    assert house.opened(SECOND) == (CAROL.reveal(), "Your parcel is here", "order-1")
    assert house.opened(THIRD) == (CAROL.reveal(), "Another parcel", "")
    assert house.messages.rows[FIRST] == before
    assert house.of(BOB) == {key_number(4)}
    assert house.told() == [Action.RECTIFIED]
    assert house.facts() == {"field": "to", "records": 2, "carriers.left": 1}


def test_the_tenant_is_told_what_carriers_have() -> None:
    """Art. 19: no carrier takes a correction; of what was still to be sent they have nothing."""
    house = corrected(House())
    house.run()

    assert house.places() == {
        "messages": Found(Outcome.RETAINED, 2, ground="rectified"),
        "carriers": Found(Outcome.NOT_SUPPORTED, left=1, ground="simulator"),
    }


def test_what_is_being_handed_over_is_told_as_something_a_carrier_may_have() -> None:
    """Art. 19: it goes to the old number, and nobody can take it back."""
    house = corrected(House())
    house.write(THIRD, text="Another parcel", status=(Status.ACCEPTED, Status.QUEUED))
    house.run()

    assert house.of(CAROL) == {SECOND}
    assert house.places()["carriers"] == Found(Outcome.NOT_SUPPORTED, left=2, ground="simulator")


def test_both_persons_are_looked_at_by_the_purge() -> None:
    """Of the old one nothing may be left, and then the key goes too."""
    house = corrected(House())
    house.run()

    (departure,) = house.departures.rows.values()
    assert departure.subjects == {house.alice, house.vault.subject(SHOP, CAROL)}
    assert not departure.marked


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"status": (Status.ACCEPTED, Status.QUEUED)}, 2),
        ({"status": (Status.ACCEPTED, Status.CANCELLED)}, 1),
        ({"claimed_at": NOON}, 2),
        ({"expires_at": NOON}, 1),
    ],
    ids=["between two attempts", "cancelled", "claimed", "over"],
)
def test_what_was_taken_in_hand_or_is_over_stays(change: dict[str, object], left: int) -> None:
    """It may have gone to the old number, and is told then, or is not there any more."""
    house = House()
    house.write(THIRD, **change)
    corrected(house).run()

    assert house.of(CAROL) == {SECOND}
    assert house.facts() == {"field": "to", "records": 1, "carriers.left": left}


def test_what_changes_between_look_and_write_is_not_moved() -> None:
    """A dispatch has just taken it in hand: the write is conditional on what was seen, and a carrier may have it."""
    house = corrected(House())
    keys_of = house.vault.keys_of

    def late(records: list[Record]) -> object:
        (record,) = records
        if record.key == THIRD:
            house.messages.claim(THIRD, house.clock(), stale=NOON - HOUR)
        return keys_of(records)

    house.vault.keys_of = late  # type: ignore[method-assign,assignment]  # a rival between two of our calls
    house.run()

    house.vault.keys_of = keys_of  # type: ignore[method-assign]
    assert house.of(CAROL) == {SECOND}
    assert house.opened(THIRD)[0] == ALICE.reveal()
    assert house.places()["carriers"] == Found(Outcome.NOT_SUPPORTED, left=2, ground="simulator")
    assert house.facts() == {"field": "to", "records": 1, "carriers.left": 2}


def test_what_a_hold_is_on_follows_when_it_is_lifted() -> None:
    """Evidence stays as it is; until then nobody says that it is done."""
    house = corrected(House())
    house.disposal.hold(THIRD, "hold_aaaaaaaaaaaaaaaa", NOON + DAY)

    house.run()
    assert house.places()["messages"] == Found(Outcome.HELD, 1, 1, ground="hold")
    assert house.told() == []

    house.messages.rows[THIRD] = replace(house.messages.rows[THIRD], held=frozenset())
    house.run()
    assert house.of(CAROL) == {SECOND, THIRD}
    assert house.facts() == {"field": "to", "records": 2, "carriers.left": 1}


@pytest.mark.parametrize("state", ["restricted", "erasing"])
def test_a_number_of_whom_nothing_may_be_kept_takes_nothing(state: str) -> None:
    """It fails with the reason, and is tried again: a restriction is lifted some day, an erasure ends."""
    house = corrected(House())
    carol = house.vault.subject(SHOP, CAROL)
    if state == "restricted":
        house.persons.restrict(SHOP, carol, NOON)
    else:
        house.persons.block(SHOP, carol, NOON)
    before, rows = dict(house.messages.rows), dict(house.vault.rows)

    assert house.run() is False

    assert house.messages.rows == before
    assert house.vault.rows == rows
    word = "restriction" if state == "restricted" else "erasure"
    assert house.places() == {"messages": Found(Outcome.FAILED, ground=word)}
    assert house.told() == []


def test_who_is_restricted_is_not_written_to_at_another_number() -> None:
    """It would be the way around the restriction; it follows when that is lifted."""
    house = corrected(House())
    house.persons.restrict(SHOP, house.alice, NOON)
    before = dict(house.messages.rows)

    house.run()
    assert house.messages.rows == before
    assert house.places() == {"messages": Found(Outcome.HELD, ground="restriction")}
    assert house.told() == []

    house.persons.restrict(SHOP, house.alice, None)
    house.run()
    assert house.of(CAROL) == {SECOND, THIRD}


def test_the_same_number_is_right_already() -> None:
    """Nothing is written but that it was looked at."""
    house = corrected(House(), ALICE)
    before = dict(house.messages.rows)
    house.run()

    assert house.messages.rows == before
    assert house.facts() == {"field": "to", "records": 0}


# --- a reference --------------------------------------------------------------------------------


def test_all_that_is_kept_has_the_corrected_reference() -> None:
    """What was sent too: it is the tenant's own name for it. Nothing else of it changes."""
    house = referred(House())
    house.run()

    assert {house.opened(key)[2] for key in (FIRST, SECOND, THIRD)} == {"order-2"}
    assert house.opened(THIRD)[:2] == (ALICE.reveal(), "Another parcel")
    assert house.opened(key_number(4))[2] == ""
    assert house.facts() == {"field": "reference", "records": 3}
    assert house.places() == {"messages": Found(Outcome.RETAINED, 3, ground="rectified")}


def test_a_restricted_persons_reference_is_corrected() -> None:
    """That its data are accurate is what a restriction may be for (Art. 18(1)(a)); but what is held follows."""
    house = referred(House())
    house.persons.restrict(SHOP, house.alice, NOON)
    house.disposal.hold(THIRD, "hold_aaaaaaaaaaaaaaaa", NOON + DAY)

    house.run()

    assert house.opened(SECOND)[2] == "order-2"
    assert house.places() == {"messages": Found(Outcome.HELD, 2, 1, ground="hold")}
