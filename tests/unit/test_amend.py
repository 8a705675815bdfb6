"""What persons have corrected, restricted or objected to, and the lifts: each done once, whoever dies on the way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.case import CaseKey, CaseState, Found, Outcome, Right
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ledger import Action
from fugace.domain.message import Category
from fugace.domain.retention import Kind, Period, Retention
from functions.dsar.amendment.amend import NotAmendedError
from functions.dsar.amendment.restraint import LONGEST, hold_of
from functions.dsar.task import NoRequestError, Task
from tests.amending import DAY, LIFT, PLENTY, REQUEST, THIRD, House, corrected, referred
from tests.crashing import crashes
from tests.fakes import ALICE, CAROL, NOON, SHOP, tenant

# --- a restriction ------------------------------------------------------------------------------


def test_a_restriction_hides_first_and_then_keeps() -> None:
    """One hold, of ten years at most, on all that there is of the person; the purge's own job puts it there."""
    house = House().file(Right.RESTRICTION)
    house.run()

    assert house.persons.standing(house.alice).restricted == NOON
    (hold,) = house.holds.of(SHOP)
    assert (hold.ground, hold.subject, hold.state) == (Ground.RESTRICTION, house.alice, HoldState.SETTING)
    assert (hold.set_by, hold.until) == ("key_filedfil", LONGEST.after(NOON))
    assert house.told() == [Action.RESTRICTED, Action.HOLD_SET]
    assert house.ledger.chains[SHOP][0].draft.facts == {"ground": "accuracy"}
    assert house.queue.sent == [{"tenant": SHOP, "job": f"hold/{hold.id}"}]

    house.hold_job()
    assert {key for key, row in house.messages.rows.items() if row.held} == house.of(ALICE)


def test_lifting_it_takes_off_both() -> None:
    """Of whoever filed the lift, the hold says so; the ledger names both keys."""
    house = House().file(Right.RESTRICTION)
    house.run()
    house.hold_job()
    house.file(Right.LIFT_RESTRICTION, LIFT)

    house.run(LIFT)

    assert house.persons.standing(house.alice).restricted is None
    assert house.told() == [Action.RESTRICTED, Action.HOLD_SET, Action.UNRESTRICTED, Action.HOLD_LIFTED]
    entry = house.ledger.chains[SHOP][-1].draft
    assert (entry.actor, entry.facts["set_by"]) == ("key_liftedli", "key_filedfil")
    house.hold_job()
    assert not any(row.held for row in house.messages.rows.values())
    (hold,) = house.holds.of(SHOP)
    assert (hold.state, hold.lifted_by) == (HoldState.OVER, "key_liftedli")


def test_a_hold_of_the_tenants_own_is_none_of_a_lift() -> None:
    """It was set by a key, and it takes another key to lift it."""
    house = House().file(Right.LIFT_RESTRICTION, LIFT)
    until = NOON + DAY
    own = Hold(SHOP, "hold_aaaaaaaaaaaaaaaa", Ground.RESTRICTION, NOON, "key_setterse", until, HoldState.HELD)
    own = replace(own, subject=house.alice)
    house.holds.rows[SHOP, own.id] = own

    house.run(LIFT)

    assert house.holds.of(SHOP) == [own]


def test_a_lift_finds_the_hold_of_a_request_that_is_forgotten() -> None:
    """Finished requests are kept for a while, or until the person is erased: the restriction lasts longer."""
    house = House().file(Right.RESTRICTION)
    house.run()
    house.requests.unlink(REQUEST)
    house.file(Right.LIFT_RESTRICTION, LIFT)

    house.run(LIFT)

    (hold,) = house.holds.of(SHOP)
    assert hold.state is HoldState.LIFTING


@pytest.mark.parametrize("when", ["restrict", "put"])
def test_a_restriction_that_an_erasure_has_ended_keeps_nothing(when: str) -> None:
    """A hold that comes after the erasure has looked for holds would keep what nobody can read any more."""
    house = House().file(Right.RESTRICTION)
    port = house.persons if when == "restrict" else house.holds
    act = getattr(port, when)

    def overtaken(*args: object) -> object:
        done = act(*args)
        seen = house.requests.rows[REQUEST]
        assert house.requests.move(replace(seen, state=CaseState.CANCELLED, reason="erased"), seen)
        return done

    setattr(port, when, overtaken)
    house.run()

    assert not [hold for hold in house.holds.of(SHOP) if hold.state in {HoldState.SETTING, HoldState.HELD}]
    if when == "restrict":
        assert house.told() == []


def test_each_restriction_has_a_hold_of_its_own() -> None:
    """A second one, after a lift, must not find the first one's that is over."""
    second = CaseKey(SHOP, "99999999-2222-4333-8444-555555555555")

    assert hold_of(REQUEST) != hold_of(second)
    assert hold_of(REQUEST) == hold_of(REQUEST)


# --- an objection -------------------------------------------------------------------------------


def test_an_objection_is_remembered_and_its_end_is_planned() -> None:
    """By the tenant's period; nothing is hidden or held."""
    house = House().file(Right.OBJECTION)
    house.run()

    assert house.persons.standing(house.alice).objected == NOON
    job = house.agenda.get(SHOP, "objections")
    assert job
    assert job.due_at == Period(months=12).after(NOON)
    assert house.told() == [Action.OBJECTED]
    assert house.holds.of(SHOP) == []


def test_an_objection_is_taken_back() -> None:
    """And can be made again."""
    house = House().file(Right.OBJECTION)
    house.run()
    house.file(Right.LIFT_OBJECTION, LIFT)
    house.run(LIFT)

    assert house.persons.standing(house.alice).objected is None
    assert house.told() == [Action.OBJECTED, Action.UNOBJECTED]


def test_an_objection_that_was_over_counts_anew() -> None:
    """The first time would stay, and be over still."""
    house = House().file(Right.OBJECTION)
    house.persons.object(SHOP, house.alice, NOON - 800 * DAY)
    house.run()

    assert house.persons.standing(house.alice).objected == NOON


def test_an_objection_that_counts_keeps_its_time() -> None:
    """It was made then."""
    house = House().file(Right.OBJECTION)
    house.persons.object(SHOP, house.alice, NOON - DAY)
    house.run()

    assert house.persons.standing(house.alice).objected == NOON - DAY


def test_where_no_period_was_chosen_no_end_is_planned() -> None:
    """It counts until it is taken back."""
    house = House().file(Right.OBJECTION)
    house.tenants.tenants[SHOP] = tenant(retention=Retention.of({Kind.RECORD: Period(months=6)}))
    house.run()

    assert house.persons.standing(house.alice).objected == NOON
    assert house.agenda.get(SHOP, "objections") is None


# --- whoever it is, and whatever happens ---------------------------------------------------------

KINDS: dict[str, Callable[[House], House]] = {
    "to": corrected,
    "reference": referred,
    "restriction": lambda house: house.file(Right.RESTRICTION),
    "objection": lambda house: house.file(Right.OBJECTION),
    "lift-restriction": lambda house: house.file(Right.LIFT_RESTRICTION),
    "lift-objection": lambda house: house.file(Right.LIFT_OBJECTION),
}
each_kind = pytest.mark.parametrize("file", KINDS.values(), ids=KINDS.keys())


@each_kind
def test_a_repeat_changes_nothing(file: Callable[[House], House]) -> None:
    """The machine asks at least once."""
    house = file(House())
    house.run()
    before = state(house)
    house.clock.tick(minutes=1)
    house.run()

    assert state(house) == before


def state(house: House) -> object:
    """All that a run leaves, but how often it had to be tried."""
    rows = {str(key): repr(replace(row, history=row.history[:1])) for key, row in house.messages.rows.items()}
    persons = {who: repr(row) for who, row in house.vault.rows.items()}
    entries = [(entry.draft.action, entry.draft.actor, entry.draft.object) for entry in house.ledger.chains[SHOP]]
    outcomes = {place: (found.outcome, found.ground) for place, found in house.requests.rows[REQUEST].places.items()}
    holds = [(hold.id, hold.state) for hold in house.holds.of(SHOP)]
    return rows, persons, entries, outcomes, holds, sorted(job for _, job in house.agenda.rows), house.departures.rows


@each_kind
def test_a_run_that_dies_is_finished_by_the_next(file: Callable[[House], House]) -> None:
    """Before and after each call: the same rows, the same wishes, and each entry once."""
    whole = file(House())
    whole.run()

    worlds = crashes(lambda: file(House()), House.run, lambda house: house.calls)

    assert len(worlds) >= 6
    for house in worlds:
        assert state(house) == state(whole)
        (records,) = [entry.draft.facts.get("records", 0) for entry in house.ledger.chains[SHOP]][:1]
        (all_,) = [entry.draft.facts.get("records", 0) for entry in whole.ledger.chains[SHOP]][:1]
        assert int(all_) - 1 <= int(records) <= int(all_)  # one that a run died with is not counted


def test_a_lift_that_dies_is_finished_by_the_next() -> None:
    """With something to lift."""

    def make() -> House:
        house = House().file(Right.RESTRICTION)
        house.run()
        house.hold_job()
        house.calls.__init__()  # type: ignore[misc]  # what was asked so far does not count
        return house.file(Right.LIFT_RESTRICTION, LIFT)

    def run(house: House) -> bool:
        return house.run(LIFT)

    whole = make()
    run(whole)

    worlds = crashes(make, run, lambda house: house.calls)

    assert len(worlds) >= 12
    assert all(state(house) == state(whole) for house in worlds)


@pytest.mark.parametrize("file", [corrected, referred], ids=["to", "reference"])
def test_without_time_left_the_machine_asks_again(file: Callable[[House], House]) -> None:
    """What is done is done, and nothing is entered before the end."""
    house, looks = file(House()), iter([PLENTY, timedelta(seconds=30)])

    assert house.amend().run(Task(REQUEST), lambda: next(looks)) is True
    assert house.told() == []

    assert house.run() is False
    whole = file(House())
    whole.run()
    assert state(house) == state(whole)
    assert house.facts() == whole.facts()


@each_kind
def test_of_who_is_being_erased_nothing_is_written(
    file: Callable[[House], House], request: pytest.FixtureRequest
) -> None:
    """But an objection: of all that there was it alone has to outlast the erasure."""
    house = file(House())
    house.persons.block(SHOP, house.alice, NOON)
    before = dict(house.messages.rows)
    rows = {who: replace(row) for who, row in house.vault.rows.items()}

    assert house.run() is False

    kind = request.node.callspec.id
    assert house.messages.rows == before
    if kind == "objection":
        rows[house.alice].objected = NOON
    assert house.vault.rows == rows
    assert house.holds.of(SHOP) == []
    if kind in {"to", "reference", "restriction"}:
        assert house.places() == {"messages": Found(Outcome.ERASED, ground="erasure")}
        assert house.told() == []


@each_kind
def test_of_somebody_never_seen_the_answer_is_the_same(file: Callable[[House], House]) -> None:
    """Nobody can tell from the outcome whether there was anything; a wish is remembered all the same."""
    house = file(House())
    house.messages.rows.clear()
    house.vault.rows.clear()

    assert house.run() is False

    assert len(house.told()) >= 1
    assert all(found.outcome is Outcome.RETAINED for found in house.places().values())


@each_kind
def test_of_a_request_that_names_nobody_any_more_nothing_is_done(file: Callable[[House], House]) -> None:
    """An erasure has unlinked it."""
    house = file(House())
    house.requests.unlink(REQUEST)

    assert house.run() is False
    assert house.told() == []


def test_a_request_that_changes_meanwhile_is_entered_once() -> None:
    """The tenant extends the deadline while the step runs."""
    house = House().file(Right.OBJECTION)

    def extend() -> None:
        seen = house.requests.rows[REQUEST]
        assert house.requests.move(replace(seen, extended="complexity"), seen)

    house.ledger.race = extend
    house.run()

    assert house.told() == [Action.OBJECTED]
    assert house.requests.rows[REQUEST].extended == "complexity"


def test_another_kind_of_request_is_a_mistake_of_ours() -> None:
    """It becomes visible, and nothing is done."""
    with pytest.raises(NotAmendedError):
        House().file(Right.ERASURE).run()
    with pytest.raises(NoRequestError):
        House().run()


def test_a_finished_request_is_left_alone() -> None:
    """A body of the machine that comes late."""
    house = House().file(Right.OBJECTION)
    house.requests.rows[REQUEST] = replace(house.requests.rows[REQUEST], state=CaseState.COMPLETED)

    assert house.run() is False
    assert house.persons.standing(house.alice).objected is None


def test_a_marketing_message_moves_too_and_is_stopped_where_the_other_objects() -> None:
    """Whose it is now decides."""
    house = corrected(House())
    house.write(THIRD, category=Category.MARKETING)
    house.persons.object(SHOP, house.vault.subject(SHOP, CAROL), NOON)
    house.run()

    record = house.messages.rows[THIRD]
    assert record.subject == house.vault.subject(SHOP, CAROL)
    assert house.vault.keys_of([record])[THIRD].objected == NOON
