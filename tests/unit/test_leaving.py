"""What it takes to have everything erased that a tenant has: two keys, no hold, and time to think again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.actor import Actor
from fugace.domain.case import Case, CaseState, Right
from fugace.domain.errors import (
    ForbiddenError,
    LegalHoldError,
    NotFoundError,
    RequestClosedError,
    SameKeyError,
    WebhookRefusedError,
)
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ledger import Action
from fugace.domain.tenant import ApiKey, Role
from functions.dsar.counter.leaving import PATIENCE, Wish
from tests.fakes import BAKERY, NOON, SHOP
from tests.office import BAKER, NOTEBOOK, OFFICER, Office

SECOND = Actor(SHOP, "key_secondkk", live=True)
DAY = timedelta(days=1)


def key(actor: Actor, created: timedelta = -DAY) -> ApiKey:
    return ApiKey(actor.tenant, actor.key_id, Role.ADMIN, live=True, digest=b"", created=NOON + created)


class Exit(Office):
    """The office, and the way out."""

    def __init__(self) -> None:
        super().__init__()
        for actor in (OFFICER, SECOND, BAKER):
            self.tenants.add_api_key(key(actor))

    def ask(self, actor: Actor = OFFICER, wish: Wish | None = None) -> Case:
        return self.leaving.ask(actor, wish or Wish()).case

    def kept(self) -> Case:
        (case,) = [each for each in self.requests.rows.values() if not each.state.final]
        return case


@pytest.fixture
def exit_() -> Exit:
    return Exit()


def test_the_first_key_files_and_nothing_begins(exit_: Exit) -> None:
    """Whoever has one key has not yet the tenant's word."""
    case = exit_.ask()

    assert (case.right, case.state, case.filed_by) == (Right.OFFBOARDING, CaseState.VERIFYING, OFFICER.key_id)
    assert exit_.machine.started == []


def test_the_second_key_sets_it_going(exit_: Exit) -> None:
    """The ledger names both."""
    case = exit_.ask()

    confirmed = exit_.ask(SECOND)

    assert (confirmed.key, confirmed.state) == (case.key, CaseState.WAITING)
    assert exit_.machine.started == [(case.key, 1)]
    told = [(entry.draft.action, entry.draft.actor) for entry in exit_.ledger.chains[SHOP]]
    assert told == [(Action.REQUEST_FILED, OFFICER.key_id), (Action.REQUEST_FILED, SECOND.key_id)]


def test_the_same_key_is_no_second_one(exit_: Exit) -> None:
    """However often it asks."""
    exit_.ask()

    with pytest.raises(SameKeyError):
        exit_.ask()


@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=1)])
def test_a_key_that_was_made_afterwards_is_none_either(exit_: Exit, later: timedelta) -> None:
    """A stolen admin key can make keys."""
    exit_.tenants.add_api_key(key(SECOND, later))
    exit_.ask()

    with pytest.raises(SameKeyError):
        exit_.ask(SECOND)


def test_a_key_that_is_gone_confirms_nothing(exit_: Exit) -> None:
    """It was deleted while the authorizer remembered it."""
    exit_.ask()
    del exit_.tenants.keys[SHOP, SECOND.key_id]

    with pytest.raises(NotFoundError):
        exit_.ask(SECOND)


def test_test_keys_do_not_count(exit_: Exit) -> None:
    """They act for nobody."""
    with pytest.raises(ForbiddenError):
        exit_.ask(NOTEBOOK)


def test_asked_again_it_is_told_where_it_stands(exit_: Exit) -> None:
    """By anybody who may ask: a third key, or one of the two whose answer was lost."""
    exit_.ask()
    exit_.ask(SECOND)

    assert exit_.ask().state is exit_.ask(SECOND).state is CaseState.WAITING
    assert len(exit_.ledger.chains[SHOP]) == 2


def test_two_first_calls_at_once_are_the_two_keys(exit_: Exit) -> None:
    """They file the same request, whoever is first."""
    exit_.ledger.race = lambda: exit_.ask(SECOND)

    case = exit_.ask()

    assert case.state is CaseState.WAITING
    assert len(exit_.requests.rows) == 1
    assert case.key in exit_.seals.keys


def test_another_tenant_is_not_asked_about(exit_: Exit) -> None:
    """I8: the baker's key leaves with the bakery alone."""
    exit_.ask()

    assert exit_.ask(BAKER).tenant == BAKERY
    assert exit_.ask(SECOND).tenant == SHOP


@pytest.mark.parametrize("state", [HoldState.SETTING, HoldState.HELD, HoldState.LIFTING])
def test_a_legal_hold_stands_in_the_way(exit_: Exit, state: HoldState) -> None:
    """Of the first key and of the second; once it is over it does not."""
    hold = Hold(SHOP, "hold_a", Ground.CLAIM, NOON, OFFICER.key_id, NOON + DAY, state)
    exit_.keeping.holds.rows[SHOP, "hold_a"] = hold
    with pytest.raises(LegalHoldError) as refused:
        exit_.ask()
    assert refused.value.facts == {"holds": 1}

    exit_.keeping.holds.rows[SHOP, "hold_a"] = replace(hold, state=HoldState.OVER)
    exit_.ask()
    exit_.keeping.holds.rows[SHOP, "hold_a"] = hold
    with pytest.raises(LegalHoldError):
        exit_.ask(SECOND)


def test_it_can_be_called_off_with_one_key_until_it_begins(exit_: Exit) -> None:
    """The safe direction is easy. Afterwards it can be asked anew, as another request."""
    first = exit_.ask()
    exit_.ask(SECOND)

    assert exit_.desk.cancel(OFFICER, first.key.id).state is CaseState.CANCELLED
    assert exit_.ask(SECOND).key != first.key
    assert first.key not in exit_.seals.keys


def test_what_has_begun_cannot_be_called_off(exit_: Exit) -> None:
    """Its key may be gone by then."""
    case = exit_.ask()
    exit_.ask(SECOND)
    seen = exit_.kept()
    assert exit_.requests.move(replace(seen, state=CaseState.RUNNING), seen)

    with pytest.raises(RequestClosedError):
        exit_.desk.cancel(OFFICER, case.key.id)


def test_a_wish_that_nobody_confirmed_in_time_is_over(exit_: Exit) -> None:
    """The second key would confirm what somebody wanted a week ago."""
    first = exit_.ask()
    exit_.clock.now += PATIENCE

    second = exit_.ask(SECOND)

    assert exit_.requests.rows[first.key].state is CaseState.UNVERIFIED
    assert (second.state, second.filed_by) == (CaseState.VERIFYING, SECOND.key_id)


def test_a_machine_that_does_not_start_takes_nothing_back(exit_: Exit) -> None:
    """It is durable, and begun within minutes."""
    exit_.ask()

    def refuse(*_: object) -> None:
        raise RuntimeError

    exit_.machine.start = refuse  # type: ignore[method-assign]  # away
    asked = exit_.leaving.ask(SECOND, Wish())

    assert not asked.started
    assert exit_.kept().look_at == NOON + timedelta(minutes=5)


def test_addresses_that_we_will_not_call_are_refused(exit_: Exit) -> None:
    """As for any request, with its place."""
    with pytest.raises(WebhookRefusedError) as refused:
        exit_.ask(wish=Wish(("https://shop.example/", "http://127.0.0.1/")))

    assert refused.value.errors[0].pointer == "/status_callback_urls/1"


def test_its_archive_can_be_fetched_while_it_waits(exit_: Exit) -> None:
    """Before everything goes, and not after."""
    case = exit_.ask()
    exit_.ask(SECOND)
    with pytest.raises(RequestClosedError):
        exit_.links.make(OFFICER, case.key.id)
    seen = exit_.kept()
    exit_.requests.move(replace(seen, records=3, begun=NOON), seen)
    exit_.archives.objects[case.key] = b"sealed"

    _, token = exit_.links.make(OFFICER, case.key.id)
    assert exit_.links.follow(token).key

    _, token = exit_.links.make(OFFICER, case.key.id)
    seen = exit_.kept()
    exit_.requests.move(replace(seen, state=CaseState.RUNNING), seen)
    with pytest.raises(NotFoundError):
        exit_.links.follow(token)
