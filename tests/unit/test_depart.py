"""What a tenant that leaves can take along: everything of its people that is not over, and nobody else's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.adapters.frames import FrameSeals
from fugace.domain.case import CaseState
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.domain.portable import read
from fugace.domain.retention import Kind
from functions.dsar.archive.export import NoTimeError
from functions.dsar.departure.depart import FORMAT, Depart
from functions.dsar.task import Task
from tests.crashing import CrashError
from tests.erasing import NONE
from tests.exporting import Opened, unpacked
from tests.fakes import ALICE, BOB, CAROL, NOON, SHOP
from tests.leaving import GONE, Leaving


class Departing(Leaving):
    """The shop has said so with two keys."""

    def __init__(self) -> None:
        super().__init__()
        self.requests.rows[GONE] = replace(self.gone, state=CaseState.WAITING, records=None)
        del self.archives.objects[GONE]

    def depart(self) -> Depart:
        watch = self.calls.of
        return Depart(
            requests=watch(self.requests),
            archives=watch(self.archives),
            sealing=FrameSeals(self.seals),
            disposal=watch(self.keeping.disposal),
            vault=watch(self.vault),
            holds=watch(self.holds),
            tenants=watch(self.keeping.tenants),
            agenda=watch(self.keeping.agenda),
            ledger=watch(self.ledger),
            terms={name: carrier.terms for name, carrier in self.carriers.items()},
            clock=self.clock,
        )

    def opened(self) -> Opened:
        return unpacked(self.seals.secret(GONE, "archive"), self.archives.objects[GONE])

    def made(self) -> Opened:
        self.depart().run(Task(GONE), self.left)
        return self.opened()


def test_everything_of_everybody_is_in_it() -> None:
    """As one archive, with the number that each message went to."""
    house = Departing()

    data = house.made().data

    assert data["format"] == FORMAT
    assert [each["to"] for each in data["messages"]].count(ALICE.reveal()) == 2
    assert len(data["messages"]) == 5
    assert {each["number"] for each in data["persons"]} == {ALICE.reveal(), BOB.reveal()}
    assert {each["subject_request_type"] for each in data["requests"]} == {"access", "erasure"}


def test_its_messages_can_be_taken_in_elsewhere() -> None:
    """They are written as a person's are."""
    assert [read(each).to for each in Departing().made().data["messages"]]


def test_nobody_elses_is_in_it() -> None:
    """I8: the bakery writes to the same people."""
    house = Departing()

    data = house.made().data

    assert {each["id"] for each in data["messages"]} == {key.id for key in house.messages.rows if key.tenant == SHOP}


def test_tables_have_the_same_rows() -> None:
    """For people with a spreadsheet."""
    made = Departing().made()

    for name in ("messages", "persons", "requests", "holds"):
        assert len(made.table(name)) == len(made.data[name])


def test_recipients_are_the_carriers_that_got_something() -> None:
    """Art. 15(1)(c): one that may have it is one, and one that was only meant to get it is not."""
    house = Departing()
    house.send(91, BOB, status=(Status.ACCEPTED, Status.QUEUED), carrier="bygone")
    house.send(92, BOB, status=(Status.ACCEPTED, Status.CANCELLED), carrier="unheard")

    names = {each["name"] for each in house.made().data["information"]["recipients"]}

    assert "bygone" in names
    assert "unheard" not in names


def test_wishes_are_told() -> None:
    """Whoever goes on writing to them must know that they object."""
    house = Departing()
    house.persons.object(SHOP, house.subject(BOB), NOON)

    persons = {each["number"]: each["objected_at"] for each in house.made().data["persons"]}

    assert persons == {ALICE.reveal(): None, BOB.reveal(): "2026-01-15T12:00:00.000Z"}


def test_what_is_over_is_not_in_it() -> None:
    """I4: whether or not the database has removed it."""
    house = Departing()
    house.send(90, CAROL, at=NOON - timedelta(days=400))

    assert CAROL.reveal() not in {each["to"] for each in house.made().data["messages"]}


def test_it_is_made_once_and_told_once() -> None:
    """The machine may ask again."""
    house = Departing()

    for _ in range(2):
        house.depart().run(Task(GONE), house.left)

    assert house.case.records == 5
    assert house.entries(SHOP) == [Action.ARCHIVE_MADE]
    assert house.keeping.agenda.rows[SHOP, Kind.EXPORTS.value].due_at


def test_nothing_is_there_where_the_time_was_too_short() -> None:
    """Then nothing is erased either: the request says that it failed, and somebody is woken."""
    house = Departing()
    house.left = lambda: NONE

    with pytest.raises(NoTimeError):
        house.depart().run(Task(GONE), house.left)

    assert (house.archives.objects.get(GONE), house.case.records) == (None, None)


@pytest.mark.parametrize("state", [CaseState.VERIFYING, CaseState.CANCELLED, CaseState.RUNNING])
def test_nothing_is_made_without_a_second_key_or_after_it_was_called_off(state: CaseState) -> None:
    """An archive of everything is not lying about."""
    house = Departing()
    house.requests.rows[GONE] = replace(house.case, state=state)

    assert house.depart().run(Task(GONE), house.left).count == 0
    assert GONE not in house.archives.objects


@pytest.mark.parametrize("before", [True, False])
def test_a_crash_at_any_call_ends_in_the_same_archive(before: bool) -> None:
    """Each call, before and after."""
    number, died = 0, True
    while died:
        house = Departing()
        house.calls.crash_at, house.calls.before, died = number, before, False
        try:
            house.depart().run(Task(GONE), house.left)
        except CrashError:
            died, house.calls.crash_at = True, None
            house.depart().run(Task(GONE), house.left)
        assert len(house.opened().data["messages"]) == house.case.records == 5
        assert house.entries(SHOP) == [Action.ARCHIVE_MADE]
        number += 1
    assert number > 8
