"""What a certificate says of each place: the map's 37, what each branch found, and how long the rest takes to end."""

from datetime import timedelta

import pytest

from fugace.datamap.entry import Branch, Category
from fugace.datamap.manifest import ABSENT, Entry, Manifest, manifest
from fugace.datamap.place import OWN_END, State
from fugace.datamap.places import PLACES
from fugace.domain.case import Found, Outcome
from tests.fakes import NOON

ERASED = {branch.value: Found(Outcome.ERASED, number) for number, branch in enumerate(Branch, 1)}
NUMBERS = {branch: {n for n, place in PLACES.items() if branch in place.branches} for branch in Branch}


def of(made: Manifest, number: int) -> Entry:
    return next(entry for entry in made.entries if entry.number == number)


def test_every_place_of_the_map_is_told_of() -> None:
    """Also the banned ones: that nothing is there is a statement, too."""
    made = manifest(ERASED, NOON)

    assert [(entry.number, entry.name) for entry in made.entries] == [
        (number, place.name) for number, place in sorted(PLACES.items())
    ]
    assert len(made.entries) == 37
    assert {of(made, n).outcome for n, place in PLACES.items() if place.state is State.BANNED} == {ABSENT}
    assert made.whole


def test_every_branch_sees_to_a_place() -> None:
    """What the machine does and nobody is told of would not have to be done."""
    assert all(NUMBERS.values())


@pytest.mark.parametrize("branch", Branch)
@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.FAILED])
def test_a_place_is_as_good_as_the_worst_of_its_branches(branch: Branch, outcome: Outcome) -> None:
    """One that hid behind another's success would be a silent success."""
    found = Found(outcome, 3, 2, until=NOON + timedelta(days=9), ground="legal-claim")
    made = manifest({**ERASED, branch: found}, NOON)

    bad = {entry.number for entry in made.entries if entry.outcome == outcome}
    assert bad == NUMBERS[branch]
    assert all((of(made, n).left, of(made, n).until) == (2, found.until) for n in bad)
    assert not made.whole


def test_a_branch_that_said_nothing_has_failed() -> None:
    """Not having looked is not having found nothing."""
    made = manifest({}, NOON)

    assert {entry.number for entry in made.entries if entry.outcome == Outcome.FAILED} == set.union(*NUMBERS.values())


def test_counts_of_the_branches_of_a_place_are_added_up() -> None:
    """Rows of tables are messages and cases."""
    assert of(manifest(ERASED, NOON), 1).count == ERASED["messages"].count + ERASED["cases"].count


def test_the_tombstone_is_said_to_stay() -> None:
    """To call it erased would be a lie; it is what keeps the person away."""
    assert (of(manifest(ERASED, NOON), 31).outcome, of(manifest(ERASED, NOON), 31).ground) == (
        Outcome.RETAINED,
        "tombstone",
    )


def test_what_carriers_keep_is_said_in_their_words() -> None:
    """What remains, and until when: terms of the adapter."""
    found = ERASED | {"carriers": Found(Outcome.NOT_SUPPORTED, 1, 4)}
    made = manifest(found, NOON, {"sms": "the number, for six months"})

    assert (of(made, 29).outcome, of(made, 29).left) == (Outcome.NOT_SUPPORTED, 4)
    assert of(made, 29).remains == ("sms: the number, for six months",)
    assert made.whole
    assert not of(manifest(ERASED, NOON, {"sms": "nothing"}), 29).remains


def test_what_ends_by_itself_says_when() -> None:
    """The horizon is the last of those ends, and only of places in which something of the person may be."""
    made = manifest(ERASED, NOON)
    own = {entry.number for entry in made.entries if entry.ground == OWN_END}

    assert {4, 6, 12, 13, 16, 19, 25} <= own
    for number in own:
        place = PLACES[number]
        assert not place.branches or place.stays == OWN_END
        assert {Category.NUMBER, Category.CONTENT, Category.TRAFFIC, Category.PSEUDONYM} & set(place.categories)
        assert of(made, number).until == NOON + place.outlives  # type: ignore[operator]  # a time: it has an end
    assert made.horizon == max(of(made, number).until for number in own)  # type: ignore[type-var]  # all have one
    assert 23 not in own  # a year of access logs, of tenants alone, would put off every certificate


def test_what_is_a_tenants_own_is_the_tenants_duty() -> None:
    """What its webhooks were told is with the controller."""
    assert of(manifest(ERASED, NOON), 30).outcome == Outcome.NOT_SUPPORTED
