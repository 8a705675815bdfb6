"""Forgetting a person, place by place: what goes, what stays, and what is said of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.datamap.entry import About, Branch, Fixed, Leaving
from fugace.datamap.fields import FIELDS
from fugace.datamap.manifest import manifest
from fugace.datamap.place import DEAD
from fugace.datamap.places import PLACES
from fugace.domain.case import ARCHIVED, CaseState, Found, Outcome, Right, Stage
from fugace.domain.errors import CarrierSilentError, UnavailableError
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.domain.retention import Kind, Retention
from fugace.ports import HttpAnswer
from functions.dsar.amendment.restraint import LONGEST, hold_of
from functions.dsar.erasure import recall
from functions.dsar.erasure.erase import BRANCHES, UnknownStepError
from functions.dsar.task import NoRequestError, Task
from functions.purge.holding import Holding
from functions.purge.task import Task as Body
from tests.erasing import ERASURE, House, case_key, machine
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP

SENT = (Status.ACCEPTED, Status.SUBMITTED, Status.DELIVERED)
UNTIL = NOON + timedelta(days=90)
HOLD = Hold(SHOP, "hold_aaaaaaaaaaaaaaaa", Ground.CLAIM, NOON, "key_setterse", UNTIL, HoldState.HELD)


@pytest.fixture
def house() -> House:
    """Alice has two messages that a carrier has, and one that is planned; others have some too."""
    house = House()
    for number in (1, 2):
        house.send(number, status=SENT, carrier_ref=f"ref-{number}")
    planned = house.send(3, at=NOON + timedelta(days=2), status=[Status.ACCEPTED])
    house.timer.at(planned.anchor, "carrier/simulator", {"message": str(planned.key)}, name=f"m-{planned.key.id}")
    house.send(4, BOB)
    house.send(5, ALICE, BAKERY)
    house.file(ERASURE)
    return house


# --- what becomes of it ---------------------------------------------------------------------------


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


# --- holds ----------------------------------------------------------------------------------------


def put_hold(house: House, hold: Hold = HOLD, number: int = 1) -> None:
    house.holds.rows[SHOP, hold.id] = hold
    held = house.rows_of()[number - 1]
    house.messages.rows[held.key] = replace(held, held=frozenset({hold.id}))


def lift(house: House) -> None:
    house.holds.rows[SHOP, HOLD.id] = replace(HOLD, state=HoldState.OVER)
    for record in house.rows_of():
        house.messages.rows[record.key] = replace(record, held=frozenset())


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


# --- restrictions ---------------------------------------------------------------------------------

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


# --- other requests -------------------------------------------------------------------------------


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


# --- carriers -------------------------------------------------------------------------------------


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


# --- pieces ---------------------------------------------------------------------------------------


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


# --- the probe ------------------------------------------------------------------------------------


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


# --- the map --------------------------------------------------------------------------------------


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


# --- what is asked wrongly ------------------------------------------------------------------------


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
