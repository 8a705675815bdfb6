"""An erasure beyond a person's messages: other requests, carriers, and a look everywhere once more."""

from collections.abc import Callable

import pytest

from fugace.datamap.entry import Branch
from fugace.domain.case import CaseState, Outcome, Right, Stage
from fugace.domain.errors import CarrierSilentError
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.ports import HttpAnswer
from functions.dsar.erasure import recall
from tests.erasing import ERASURE, SENT, House, busy, case_key, machine
from tests.fakes import ALICE, BOB, NOON, SHOP


@pytest.fixture
def house() -> House:
    return busy()


def test_the_persons_other_requests_end_and_name_nobody_any_more(house: House) -> None:
    """Open ones are cancelled before the machine waits: an export under way is over when archives are removed."""
    access, restriction, done = (case_key(n) for n in (1, 2, 3))
    house.file(access, Right.ACCESS)
    house.file(restriction, Right.RESTRICTION, correction=b"sealed")
    house.file(done, Right.PORTABILITY, state=CaseState.COMPLETED)
    for key in (access, done):
        house.archives.objects[key] = b"archive"
    house.step("Erase", "begin")
    assert {house.requests.rows[key].state for key in (access, restriction)} == {CaseState.CANCELLED}
    assert house.entries().count(Action.REQUEST_CANCELLED) == 2
    house.run()

    for key in (access, restriction, done):
        case = house.requests.rows[key]
        assert (case.subject, case.sealed, case.correction) == (None, b"", b"")
        assert key not in house.seals.keys
    assert house.requests.rows[done].state is CaseState.COMPLETED
    assert house.requests.rows[access].look_at == NOON
    assert not house.archives.objects
    assert house.outcomes()["archives"] == ("erased", 2, 0)
    assert house.outcomes()["cases"] == ("erased", 1, 0)
    assert set(house.requests.claims.values()) == {ERASURE}
    assert house.keeping.agenda.get(SHOP, "cases")


def test_other_persons_requests_are_left_alone(house: House) -> None:
    """With their keys and their archives."""
    theirs = house.file(case_key(1), Right.ACCESS, BOB)
    house.archives.objects[theirs.key] = b"archive"
    house.run()

    assert house.requests.rows[theirs.key] == theirs
    assert theirs.key in house.seals.keys
    assert house.archives.objects


def test_its_own_number_goes_and_the_hash_stays_until_its_end(house: House) -> None:
    """By the hash the erasure finds what is left, if it has to be resumed."""
    house.run()

    assert (house.case.sealed, house.case.correction) == (b"", b"")
    assert house.case.subject == house.subject()
    assert ERASURE not in house.seals.keys


def test_a_carrier_that_takes_no_request_keeps_what_it_has(house: House) -> None:
    """It is counted, and said: what remains there is a part of the certificate."""
    house.send(6, status=SENT, carrier="deaf", carrier_ref="x")
    house.send(7, status=[Status.ACCEPTED, Status.UNKNOWN], carrier="simulator")  # without its id of it
    house.run()

    found = house.case.places["carriers"]
    assert (found.outcome, found.count, found.left, found.kept) == (Outcome.NOT_SUPPORTED, 2, 2, 2)
    assert house.persons.standing(house.subject()).erased == NOON
    assert len(house.web.requests) == 2


def test_a_carrier_that_is_not_ours_any_more_keeps_what_it_has(house: House) -> None:
    """Nobody is there to be asked; to try for ever would end no case."""
    house.step("Erase", "begin")
    house.step("Erase", "gather")
    del house.carriers["simulator"]
    house.step("Recall", "carriers")

    found = house.case.places["carriers"]
    assert (found.outcome, found.count, found.left) == (Outcome.NOT_SUPPORTED, 0, 2)
    assert not [page for _, page in house.recalls.rows if page.startswith("carriers/")]


@pytest.mark.parametrize("status", [404, 410, 200, 202])
def test_what_a_carrier_has_not_is_erased(house: House, status: int) -> None:
    """To ask twice does no harm."""
    house.web.otherwise = HttpAnswer(status, {}, b"")
    house.run()

    assert house.outcomes()["carriers"] == ("erased", 2, 0)


@pytest.mark.parametrize("trouble", [HttpAnswer(503, {}, b""), HttpAnswer(401, {}, b""), CarrierSilentError("silent")])
def test_a_carrier_that_is_down_is_a_place_that_failed(house: House, trouble: HttpAnswer | Exception) -> None:
    """It is tried a few times, then not asked again in this run; what it has stays written down, the rest goes on."""
    house.web.otherwise = trouble
    house.run()

    assert house.outcomes()["carriers"] == ("failed", 0, 2)
    assert len(house.web.requests) == 1 + len(recall.PAUSES)
    assert not house.rows_of()
    assert house.persons.standing(house.subject()).erased is None


def test_the_next_run_asks_for_what_failed_alone(house: House) -> None:
    """Never from zero; and then the erasure ends."""
    house.web.script = [HttpAnswer(204, {}, b""), HttpAnswer(422, {}, b"")]
    house.run()
    assert house.outcomes()["carriers"] == ("failed", 1, 1)
    house.web.requests.clear()
    house.again()

    assert [request.url.rpartition("/")[2] for request in house.web.requests] == ["ref-2"]
    assert house.outcomes()["carriers"] == ("erased", 2, 0)
    assert house.persons.standing(house.subject()).erased == NOON


PLANTS: dict[Branch, Callable[[House], object]] = {
    Branch.MESSAGES: lambda house: house.plant(8),
    Branch.CARRIERS: lambda house: house.recalls.rows.update({(ERASURE, "carriers/000001/x"): []}),
    Branch.SCHEDULES: lambda house: house.recalls.rows.update({(ERASURE, "schedules/000001/x"): []}),
    Branch.ARCHIVES: lambda house: house.file(case_key(8), Right.ACCESS, state=CaseState.COMPLETED),
    Branch.CASES: lambda house: house.file(case_key(9), Right.OBJECTION, state=CaseState.COMPLETED),
    Branch.KEY: lambda house: house.vault.rows.pop(house.subject()) and house.vault.keys_for(SHOP, [ALICE]),
}


@pytest.mark.parametrize("place", Branch)
def test_each_probe_finds_what_was_planted(house: House, place: Branch) -> None:
    """A probe that never found anything would prove nothing: here, one place has something left in it."""
    for who, step in machine()[:-1]:
        house.step(who, step)
    PLANTS[place](house)
    house.step("Erase", "probe")

    assert {name for name, found in house.case.places.items() if found.outcome is Outcome.FAILED} == {place}
    assert house.case.places[place].left == 1
    assert house.persons.standing(house.subject()).erased is None


def test_an_index_that_is_behind_is_no_failure(house: House) -> None:
    """It may name what is gone for a moment: the table decides."""
    for who, step in machine()[:-1]:
        house.step(who, step)
    gone = house.plant(8)
    places = house.keeping.disposal.of_subject(house.subject(), after=None, limit=9)
    del house.messages.rows[gone.key]
    house.keeping.disposal.of_subject = lambda *_args, **_more: places  # type: ignore[method-assign]  # an old page
    house.step("Erase", "probe")

    assert house.outcomes()["messages"] == ("erased", 3, 0)
    assert house.case.stage is Stage.ENDED


def test_a_branch_that_said_nothing_has_failed(house: House) -> None:
    """A machine that left one out makes no certificate."""
    for who, step in machine()[:-1]:
        if step != "schedules":
            house.step(who, step)
    del house.requests.rows[ERASURE].places["schedules"]  # type: ignore[attr-defined]  # a dict
    house.step("Erase", "probe")

    assert house.case.places["schedules"].outcome is Outcome.FAILED
