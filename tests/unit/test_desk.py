"""A request on its way: looked at, called off, extended, denied; and what is left of one that has ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fugace.domain.actor import Actor
from fugace.domain.case import Case, CaseState, Denial, Extension, Identity, Right
from fugace.domain.errors import BadCursorError, ForbiddenError, NotFoundError, RequestClosedError, UnavailableError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action
from tests.fakes import ALICE, BAKERY, BOB, CAROL, NOON, SHOP
from tests.office import ASKED, BAKER, CALLBACK, ID, NOTEBOOK, OFFICER, Office, request_id, wish

BEGUN = [state for state in CaseState if state not in {CaseState.VERIFYING, CaseState.WAITING}]


@pytest.fixture
def office() -> Office:
    return Office()


# --- looking --------------------------------------------------------------------------------------


def test_another_tenants_request_does_not_exist(office: Office) -> None:
    """I8: nor can it be changed."""
    office.file()

    for act in (
        lambda: office.desk.get(BAKERY, ID),
        lambda: office.desk.cancel(BAKER, ID),
        lambda: office.desk.deny(BAKER, ID, Denial.OTHER),
        lambda: office.desk.extend(BAKER, ID, Extension.NUMBER),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert office.case().state is CaseState.WAITING


@pytest.mark.parametrize("name", ["", "x", "../ten_shopshopshopshop", ALICE.reveal(), request_id(9)])
def test_what_is_no_request_is_not_there(office: Office, name: str) -> None:
    """Whatever is written in a path."""
    with pytest.raises(NotFoundError):
        office.desk.get(SHOP, name)


def test_a_finished_request_is_forgotten_in_its_time(office: Office) -> None:
    """I4: whether or not its row was swept; in lists and searches too."""
    office.file()
    office.desk.cancel(OFFICER, ID)
    office.clock.tick(days=364)
    assert office.desk.get(SHOP, ID)
    office.clock.tick(days=2)

    with pytest.raises(NotFoundError):
        office.desk.get(SHOP, ID)
    assert office.desk.of_person(OFFICER, ALICE) == []
    assert office.listing.page(SHOP, everything=True, limit=5, cursor=None).cases == []


def test_an_open_one_never_is(office: Office) -> None:
    """A person who waits is not forgotten."""
    office.file()
    office.clock.tick(days=4000)

    assert office.desk.get(SHOP, ID)


def test_a_person_is_found_by_number(office: Office) -> None:
    """Theirs, oldest first, open or not; nobody else's, and no other tenant's."""
    office.file(wish(2, Right.ACCESS, submitted=ASKED))
    office.file(wish(1, submitted=ASKED - timedelta(days=1)))
    office.file(wish(3, to=BOB))
    office.file(wish(4), actor=BAKER)

    assert [case.key.id for case in office.desk.of_person(OFFICER, ALICE)] == [request_id(1), request_id(2)]
    assert office.desk.of_person(OFFICER, CAROL) == []


# --- cancelling and denying -------------------------------------------------------------------------


def cancel(office: Office, actor: Actor = OFFICER) -> Case:
    return office.desk.cancel(actor, ID)


def deny(office: Office, actor: Actor = OFFICER) -> Case:
    return office.desk.deny(actor, ID, Denial.FRAUD)


def extend(office: Office, actor: Actor = OFFICER) -> Case:
    return office.desk.extend(actor, ID, Extension.COMPLEXITY)


Act = Callable[..., Case]
ENDS = [
    pytest.param(cancel, CaseState.CANCELLED, Action.REQUEST_CANCELLED, id="cancel"),
    pytest.param(deny, CaseState.DENIED, Action.REQUEST_DENIED, id="deny"),
]


@pytest.mark.parametrize(("act", "state", "action"), ENDS)
@pytest.mark.parametrize("identity", Identity)
def test_what_has_not_begun_can_be_ended(
    office: Office, act: Act, state: CaseState, action: Action, identity: Identity
) -> None:
    """With its entry, in one transaction; and nothing of it opens any more."""
    office.file(wish(identity=identity, callbacks=(CALLBACK,)))
    office.put(token="waits", code=b"digest")
    office.machine.waiting.add("waits")
    office.clock.tick(minutes=1)

    case = act(office)

    assert case == office.case()
    assert (case.state, case.finished) == (state, office.clock())
    assert office.actions() == [Action.REQUEST_FILED, action]
    assert (case.sealed, case.correction, case.code, case.token) == (b"", b"", b"", "")
    assert not office.seals.keys
    assert not office.machine.waiting  # it does not wait for a code any more
    assert office.queue.sent == [{"request": str(case.key), "state": state, "attempt": 1}]
    assert case.look_at == office.clock()  # whoever looks after requests tells it, if the queue forgets


@pytest.mark.parametrize(("act", "state", "action"), ENDS)
def test_its_own_end_is_planned(office: Office, act: Act, state: CaseState, action: Action) -> None:
    """A finished request goes after its time, like any other."""
    office.file()
    act(office)

    assert [(due.job, due.due_at) for due in office.agenda.of(SHOP)] == [
        ("cases", datetime(2027, 1, 15, 12, tzinfo=UTC))
    ]
    assert office.case().state is state
    assert action in office.actions()


@pytest.mark.parametrize(("act", "state", "action"), ENDS)
def test_asked_again_it_is_the_same(office: Office, act: Act, state: CaseState, action: Action) -> None:
    """And what a first call did not come to is made up for: the key goes."""
    office.file()
    first = act(office)
    office.seals.make(first.key)

    assert act(office) == first
    assert first.state is state
    assert office.actions().count(action) == 1
    assert not office.seals.keys


@pytest.mark.parametrize("act", [cancel, deny])
@pytest.mark.parametrize("state", BEGUN)
def test_what_has_begun_is_past_that(office: Office, act: Act, state: CaseState) -> None:
    """Part of it is done, or all: 'cancelled' would be a lie. Nor does one end become another."""
    office.file()
    office.put(state=state)
    ours = {cancel: CaseState.CANCELLED, deny: None}[act]
    if state is ours:
        return

    with pytest.raises(RequestClosedError) as refusal:
        act(office)
    assert refusal.value.facts == {"state": state.value}
    assert office.actions() == [Action.REQUEST_FILED]


def test_a_denial_is_for_one_reason(office: Office) -> None:
    """The one that the person was told."""
    office.file()
    deny(office)

    with pytest.raises(RequestClosedError):
        office.desk.deny(OFFICER, ID, Denial.OTHER)
    assert office.case().reason == "suspected_fraud"
    assert office.ledger.chains[SHOP][-1].draft.facts == {"reason": "suspected_fraud"}


def test_it_frees_the_way_for_another(office: Office) -> None:
    """The claim goes with the final state."""
    office.file()
    cancel(office)

    assert office.file(wish(2)).case.state is CaseState.WAITING


@pytest.mark.parametrize("act", [cancel, deny, extend])
def test_a_machine_or_a_queue_that_is_away_changes_nothing(
    office: Office, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written down: the machine finds it at its next step, the callback comes later."""
    office.file(wish(callbacks=(CALLBACK,)))
    office.put(token="waits")
    office.queue.broken = True

    def fail(_: str) -> bool:
        raise UnavailableError

    monkeypatch.setattr(office.machine, "answer", fail)
    act(office)

    assert office.case().version == 3


@pytest.mark.parametrize("act", [cancel, deny, extend])
def test_whoever_changes_it_meanwhile_is_seen(office: Office, act: Act) -> None:
    """The second look finds it begun, or still waiting."""
    office.file()
    office.ledger.race = lambda: office.put(look_at=NOON)
    assert act(office).version == 3


@pytest.mark.parametrize("act", [cancel, deny, extend])
def test_what_never_comes_to_rest_is_told_to_come_again(office: Office, act: Act) -> None:
    """Five looks are enough."""
    office.file()

    def again() -> None:
        office.put(look_at=NOON)
        office.ledger.race = again

    office.ledger.race = again
    with pytest.raises(UnavailableError):
        act(office)


@pytest.mark.parametrize("act", [cancel, deny, extend])
def test_a_test_key_changes_nothing(office: Office, act: Act) -> None:
    """A key from somebody's notebook does not decide over a person's rights."""
    office.file()
    with pytest.raises(ForbiddenError):
        act(office, NOTEBOOK)
    with pytest.raises(ForbiddenError):
        office.desk.of_person(NOTEBOOK, ALICE)
    assert office.case().version == 1


@pytest.mark.parametrize("act", [deny, extend])
def test_a_tenants_own_leaving_has_other_ways(office: Office, act: Act) -> None:
    """It can be called off, and nothing else: it is no person's request."""
    office.file()
    office.put(right=Right.OFFBOARDING)

    with pytest.raises(NotFoundError):
        act(office)


# --- extending ------------------------------------------------------------------------------------


def test_it_is_extended_by_two_months_with_a_reason(office: Office) -> None:
    """Counted from the beginning; reminders begin anew, and whoever looks after requests looks at once."""
    office.file()
    office.put(reminded="P7D")

    case = extend(office)

    assert case == office.case()
    assert (case.due, case.extended, case.reminded) == (datetime(2026, 4, 15, 11, tzinfo=UTC), "complexity", "")
    assert case.look_at == NOON
    assert office.ledger.chains[SHOP][-1].draft.facts == {"reason": "complexity", "due": "2026-04-15T11:00:00.000Z"}
    assert extend(office) == case


LAST = datetime(2026, 2, 15, 11, tzinfo=UTC) - timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("at", "more", "why"),
    [
        (LAST + timedelta(milliseconds=1), {}, "the first month is over"),
        (LAST + timedelta(days=2), {}, "the first month is over"),
        (NOON, {"extended": "number_of_requests"}, "it was extended before"),
        (NOON, {"state": CaseState.COMPLETED}, "it is over"),
    ],
)
def test_an_extension_comes_once_and_in_the_first_month(
    office: Office, at: datetime, more: dict[str, Any], why: str
) -> None:
    """Art. 12(3): the person has to be told inside it. On day 32 it is late, and stays so."""
    office.file()
    office.put(**more)
    office.clock.now = at

    with pytest.raises(RequestClosedError) as refusal:
        extend(office)
    assert refusal.value.facts["reason"] == why
    assert office.actions() == [Action.REQUEST_FILED]


@pytest.mark.parametrize("state", [state for state in CaseState if not state.final])
def test_it_comes_while_the_request_is_open(office: Office, state: CaseState) -> None:
    """Also of one that is held, and until the last moment."""
    office.file()
    office.put(state=state)
    office.clock.now = LAST

    assert extend(office).extended == "complexity"


# --- lists ----------------------------------------------------------------------------------------


def pages(office: Office, tenant: TenantId = SHOP, *, everything: bool = False) -> list[list[int]]:
    found, cursor = list[list[int]](), None
    while True:
        page = office.listing.page(tenant, everything=everything, limit=2, cursor=cursor)
        found.append([int(case.key.id[-12:], 16) for case in page.cases])
        cursor = page.next_cursor
        if cursor is None:
            return found


def filled(office: Office) -> None:
    """Five open ones, due in the order 4, 2, 1, 3, 5, and one that is over."""
    for number, days in ((1, 3), (2, 5), (3, 2), (4, 9), (5, 1), (6, 4)):
        office.file(wish(number, submitted=ASKED - timedelta(days=days), to=BOB, right=list(Right)[number - 1]))
    office.desk.cancel(OFFICER, request_id(6))
    office.file(actor=BAKER)


def test_open_ones_are_listed_due_first(office: Office) -> None:
    """What has to be answered next is at the top; a full last page is the last."""
    filled(office)

    assert pages(office) == [[4, 2], [1, 3], [5]]
    office.desk.cancel(OFFICER, request_id(5))
    assert pages(office) == [[4, 2], [1, 3]]


def test_all_are_listed_by_id(office: Office) -> None:
    """Finished ones too; another tenant's never (I8)."""
    filled(office)

    assert pages(office, everything=True) == [[1, 2], [3, 4], [5, 6]]
    assert pages(office, BAKERY, everything=True) == [[1]]


def test_a_cursor_goes_on_where_it_stood(office: Office) -> None:
    """Although the request it stood at was extended, finished or has gone meanwhile."""
    filled(office)
    cursor = office.listing.page(SHOP, everything=False, limit=2, cursor=None).next_cursor
    office.desk.extend(OFFICER, request_id(2), Extension.NUMBER)
    del office.requests.rows[office.case(4).key]

    page = office.listing.page(SHOP, everything=False, limit=2, cursor=cursor)
    assert [case.key.id for case in page.cases] == [request_id(1), request_id(3)]


def test_a_cursor_is_of_its_own_listing(office: Office) -> None:
    """Neither another tenant's, nor of another query, nor older than a day, nor made by somebody."""
    filled(office)
    cursor = office.listing.page(SHOP, everything=False, limit=2, cursor=None).next_cursor
    assert cursor
    assert request_id(2) not in cursor

    for tenant, everything, given in (
        (BAKERY, False, cursor),
        (SHOP, True, cursor),
        (SHOP, False, cursor[:-2]),
        (SHOP, False, cursor + "A"),
        (SHOP, False, "W10"),
        (SHOP, False, "é"),
    ):
        with pytest.raises(BadCursorError):
            office.listing.page(tenant, everything=everything, limit=2, cursor=given)
    office.clock.tick(hours=24)
    with pytest.raises(BadCursorError):
        office.listing.page(SHOP, everything=False, limit=2, cursor=cursor)


def test_a_request_of_a_tenant_without_that_period_stays(office: Office) -> None:
    """Nobody ever chose how long requests are kept: they are."""
    office.file()
    shop = office.tenants.tenants[SHOP]
    caps = {kind: cap for kind, cap in shop.retention.caps.items() if kind != "cases"}
    office.tenants.tenants[SHOP] = replace(shop, retention=replace(shop.retention, caps=caps))
    office.desk.cancel(OFFICER, ID)
    office.clock.tick(days=9999)

    assert office.desk.get(SHOP, ID)
    assert not office.agenda.rows
