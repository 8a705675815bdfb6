"""Persons' requests as they come in: once each, in time, sealed, and alike for whomever they are."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from fugace.domain import jose
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.errors import (
    ForbiddenError,
    LimitReachedError,
    RequestMismatchError,
    RequestOpenError,
    UnavailableError,
    WebhookRefusedError,
)
from fugace.domain.ledger import Action, written
from fugace.ports import Write
from functions.dsar.counter import intake
from functions.dsar.counter.intake import CORRECTION, NUMBER, Correction, Wish
from tests.fakes import ALICE, BAKERY, BOB, CAROL, NOON, SHOP, sealed_record
from tests.fakes_rights import FakeRequests
from tests.office import ASKED, BAKER, CALLBACK, NOTEBOOK, OFFICER, WAITING, Office, wish


@pytest.fixture
def office() -> Office:
    return Office()


# --- filing ---------------------------------------------------------------------------------------


def test_a_request_is_filed_and_set_going(office: Office) -> None:
    """Durably first; then the machine is started with its id, and somebody looks five minutes later in any case."""
    filed = office.file()

    case = office.case()
    assert filed.case == case
    assert (case.state, case.identity, case.right) == (CaseState.WAITING, Identity.ATTESTED, Right.ERASURE)
    assert (case.submitted, case.received, case.filed_by) == (ASKED, NOON, OFFICER.key_id)
    assert (case.run, case.look_at) == (1, NOON + timedelta(minutes=5))
    assert office.machine.started == [(case.key, 1)]
    assert office.requests.claimed(SHOP, office.vault.subject(SHOP, ALICE), Right.ERASURE) == case.key


def test_it_is_in_the_ledger_with_its_date(office: Office) -> None:
    """What for, how it is known who asks, since when the clock runs, and until when."""
    office.file()

    (entry,) = office.ledger.chains[SHOP]
    assert (entry.draft.action, entry.draft.object, entry.draft.actor) == (
        Action.REQUEST_FILED,
        office.case().key.id,
        OFFICER.key_id,
    )
    assert entry.draft.facts == {
        "kind": "erasure",
        "identity": "attested",
        "submitted": written(ASKED),
        "due": "2026-02-15T11:00:00.000Z",
    }


@pytest.mark.parametrize("right", [right for right in Right if right is not Right.OFFBOARDING])
def test_an_erasure_alone_waits(office: Office, right: Right) -> None:
    """It cannot be undone; everything else begins at once, and an objection above all."""
    office.file(wish(right=right))

    assert office.case().until == (WAITING.after(NOON) if right is Right.ERASURE else NOON)


def test_one_that_has_to_be_proved_waits_for_its_code(office: Office) -> None:
    """Its waiting time begins when it is proved."""
    office.file(wish(identity=Identity.OTP))

    assert (office.case().state, office.case().until) == (CaseState.VERIFYING, None)
    assert office.machine.started


def test_number_and_correction_are_sealed_with_the_requests_own_key(office: Office) -> None:
    """Once that key goes they are noise, in every back-up of the row too."""
    office.file(wish(right=Right.RECTIFICATION, correction=Correction("to", BOB)))

    case = office.case()
    assert office.seals.open(case.key, NUMBER, case.sealed) == ALICE.reveal().encode()
    assert office.seals.open(case.key, CORRECTION, case.correction) == (
        b'{"field": "to", "value": "' + BOB.reveal().encode() + b'"}'
    )
    for number in (ALICE, BOB):
        assert number.reveal()[1:] not in office.kept()


def test_the_commitment_opens_with_what_was_given_once(office: Office) -> None:
    """The controller can show whom a certificate speaks of; we cannot, since the key is not kept."""
    filed = office.file()

    expected = hmac.digest(filed.commitment_key, ALICE.reveal().encode(), hashlib.sha256)
    assert office.case().commitment == jose.b64url(expected)
    kept = office.kept()
    assert jose.b64url(filed.commitment_key) not in kept
    assert repr(filed.commitment_key) not in kept


def test_two_commitments_to_one_person_have_nothing_in_common(office: Office) -> None:
    """Else certificates of different requests could be joined."""
    office.file()
    office.file(wish(2, Right.ACCESS))

    assert office.case(1).commitment != office.case(2).commitment


def test_a_machine_that_cannot_be_started_loses_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commitment's key must reach the controller: whoever looks after requests starts it."""
    monkeypatch.setattr(office.machine, "start", _fail(RuntimeError("no such machine")))

    filed = office.file()

    assert isinstance(filed.failure, RuntimeError)
    assert filed.commitment_key
    assert office.requests.due(NOON + timedelta(minutes=5), 1) == [office.case().key]


def _fail(error: Exception) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "url", ["http://shop.example/dsr", "https://10.0.0.1/dsr", "https://shop/dsr", "ftp://x.example"]
)
def test_addresses_that_are_never_called_are_refused(office: Office, url: str) -> None:
    """As webhooks are, and it is said which of them."""
    with pytest.raises(WebhookRefusedError) as refusal:
        office.file(wish(callbacks=(CALLBACK, url)))

    assert refusal.value.errors[0].pointer == "/status_callback_urls/1"
    assert not office.requests.rows
    assert not office.seals.keys


def test_a_test_key_files_nothing(office: Office) -> None:
    """A person is a live datum."""
    with pytest.raises(ForbiddenError):
        office.file(actor=NOTEBOOK)
    assert not office.requests.rows


# --- repeated -------------------------------------------------------------------------------------


def test_a_repeated_request_is_answered_with_where_it_stands(office: Office) -> None:
    """Whoever lost an answer asks again; the commitment's key is not to be had again."""
    office.file()
    office.put(state=CaseState.RUNNING)

    again = office.file()

    assert (again.again, again.commitment_key, again.case.state) == (True, b"", CaseState.RUNNING)
    assert len(office.machine.started) == len(office.ledger.chains[SHOP]) == 1


def test_another_request_under_the_same_id_is_refused(office: Office) -> None:
    """Answered with where the first stands, the second person would wait for ever."""
    office.file()

    with pytest.raises(RequestMismatchError):
        office.file(wish(to=BOB))
    assert len(office.seals.keys) == 1


def test_what_has_forgotten_whose_it_was_is_nobodys_repetition(office: Office) -> None:
    """Nobody can tell any more whether it is the same."""
    office.file()
    office.requests.unlink(office.case().key)

    with pytest.raises(RequestMismatchError):
        office.file()


def test_nor_is_what_is_over(office: Office) -> None:
    """I4: read means alive; a row that waits for its sweep is not there."""
    office.file()
    office.put(state=CaseState.COMPLETED, finished=NOON)
    office.clock.tick(days=366)

    with pytest.raises(RequestMismatchError):
        office.file()


def test_the_same_id_is_another_tenants_own(office: Office) -> None:
    """I8."""
    office.file()
    office.file(actor=BAKER)

    assert office.case(tenant=BAKERY).version == 1


# --- one at a time ----------------------------------------------------------------------------------


def test_a_person_has_one_open_request_of_a_kind(office: Office) -> None:
    """The second is told which one is open; no key is left of it, nothing is started."""
    office.file()

    with pytest.raises(RequestOpenError) as refusal:
        office.file(wish(2))

    assert refusal.value.facts == {"request": office.case().key.id}
    assert set(office.seals.keys) == {office.case().key}
    assert len(office.machine.started) == len(office.ledger.chains[SHOP]) == 1


@pytest.mark.parametrize("other", [wish(2, Right.ACCESS), wish(2, to=BOB)])
def test_another_kind_and_another_person_are_others(office: Office, other: Wish) -> None:
    """An erasure need not wait for an access."""
    office.file()
    office.file(other)

    assert len(office.requests.rows) == 2


def test_a_finished_one_is_in_nobodys_way(office: Office) -> None:
    """A person may ask again."""
    office.file()
    office.put(state=CaseState.COMPLETED)

    assert office.file(wish(2)).case.key == office.case(2).key


def test_who_proved_nothing_is_in_nobodys_way(office: Office) -> None:
    """Else anybody who knows a number could keep its owner from their rights (GHSA-qx5f-ghc2-7g5c)."""
    office.file(wish(identity=Identity.OTP))

    office.file(wish(2))
    assert (office.case(1).state, office.case(2).state) == (CaseState.VERIFYING, CaseState.WAITING)


@pytest.mark.parametrize("identity", Identity)
def test_who_is_vouched_for_stays(office: Office, identity: Identity) -> None:
    """A second one of the kind would do the same thing to the same person at the same time."""
    office.file()

    with pytest.raises(RequestOpenError):
        office.file(wish(2, identity=identity))


def test_a_claim_that_goes_meanwhile_is_no_obstacle(office: Office) -> None:
    """The request that had it was finished between two looks."""
    office.file()
    first = office.case()
    asked = office.requests.claimed

    def claimed(*args: Any) -> CaseKey | None:
        found = asked(*args)
        office.requests.move(replace(first, state=CaseState.COMPLETED), first)
        return found

    office.requests.claimed = claimed  # type: ignore[method-assign]  # the moment between two looks
    assert office.file(wish(2)).case.key == office.case(2).key


class Racing(FakeRequests):
    """Requests where somebody else files between a look and the write."""

    rival: Case | None = None

    def file(self, case: Case) -> Write:
        if rival := self.rival:
            self.rival = None
            self.rows[rival.key] = rival
            if rival.subject:
                self.claims[rival.tenant, rival.subject, rival.right] = rival.key
        return super().file(case)


def raced(office: Office, rival: Case) -> None:
    racing = Racing()
    racing.rival = rival
    office.requests = racing


def test_of_two_at_once_one_is_filed_and_no_key_of_the_other_stays(office: Office) -> None:
    """Conditions decide, not looks: the one that lost is told which one is open."""
    other = Office()
    other.file(wish(2))
    raced(office, other.case(2))

    with pytest.raises(RequestOpenError):
        office.file(wish(1))

    assert not office.seals.keys
    assert not office.machine.started


def test_the_same_one_twice_at_once_keeps_its_key(office: Office) -> None:
    """Whoever came second neither destroys it nor puts their own in its place."""
    twin = Office()
    twin.file()
    office.seals = twin.seals
    raced(office, twin.case())

    assert office.file().again
    case = office.case()
    assert office.seals.open(case.key, NUMBER, case.sealed) == ALICE.reveal().encode()


def test_of_three_at_once_the_one_that_loses_destroys_nobodys_key(office: Office) -> None:
    """Two use one id, by mistake, and a third stands in the way of one of them: the other's number stays readable."""
    office.file(wish(3))  # of the same person and kind as the loser
    asked = office.requests.get

    def get(key: CaseKey) -> Case | None:
        found = asked(key)
        if key.id == wish(1).id and not found:
            office.requests.get = asked  # type: ignore[method-assign]  # the moment between a look and what follows
            office.file(wish(1, to=BOB))
        return found

    office.requests.claimed = lambda *_: None  # type: ignore[method-assign]  # it is filed a moment later
    racing, looks = office.requests.file, list[int]()

    def file(case: Case) -> Write:
        if not looks:
            looks.append(1)
            office.requests.get = get  # type: ignore[method-assign]  # as above
        return racing(case)

    office.requests.file = file  # type: ignore[method-assign]  # as above
    with pytest.raises(RequestMismatchError):
        office.file(wish(1))

    case = office.case(1)
    assert office.seals.open(case.key, NUMBER, case.sealed) == BOB.reveal().encode()


def test_what_never_comes_to_rest_is_told_to_come_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some attempts; nothing is left of them."""
    monkeypatch.setattr(office.requests, "file", lambda case: office.requests.change(case, case))

    with pytest.raises(UnavailableError):
        office.file()
    assert not office.seals.keys


def test_a_tenant_has_no_more_open_requests_than_make_sense(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stolen key must not file a million. Finished ones do not count."""
    monkeypatch.setattr(intake, "MOST", 2)
    office.file(wish(1))
    office.file(wish(2, to=BOB))

    with pytest.raises(LimitReachedError) as refusal:
        office.file(wish(3, to=CAROL))
    assert refusal.value.facts == {"allowed": 2}
    office.put(1, state=CaseState.COMPLETED)
    office.file(wish(3, to=CAROL))


# --- time -----------------------------------------------------------------------------------------


def test_the_month_is_counted_on_the_calendar_that_was_written(office: Office) -> None:
    """In Paris it is the 31st already: the month's end there comes before UTC's."""
    paris = timezone(timedelta(hours=1))
    office.clock.now = datetime(2026, 1, 31, 8, tzinfo=UTC)

    office.file(wish(submitted=datetime(2026, 1, 31, 0, 30, tzinfo=paris)))

    assert office.case().submitted == datetime(2026, 1, 30, 23, 30, tzinfo=UTC)
    assert office.case().due == datetime(2026, 2, 27, 23, 30, tzinfo=UTC)


def test_times_are_kept_to_the_millisecond(office: Office) -> None:
    """As the ledger and the table have them: what is read back is what was written."""
    office.clock.now = NOON + timedelta(microseconds=1999)
    office.file(wish(submitted=ASKED + timedelta(microseconds=1999)))

    case = office.case()
    for at in (case.submitted, case.received, case.due):
        assert at.microsecond == 1000


# --- nobody is known here --------------------------------------------------------------------------


class Watched:
    """Lets everything through, and notes what was asked and how much was given back."""

    def __init__(self, port: Any, name: str, calls: list[str]) -> None:
        self._port, self._name, self._calls = port, name, calls

    def __getattr__(self, what: str) -> Any:
        method = getattr(self._port, what)
        if not callable(method):
            return method

        def call(*args: Any, **more: Any) -> Any:
            given = method(*args, **more)
            self._calls.append(f"{self._name}.{what} {type(given).__name__}")
            return given

        return call


def filing(*, known: bool, right: Right, identity: Identity) -> tuple[list[str], Case]:
    """Every call of every port while a request is filed, followed and searched for."""
    office, calls = Office(), list[str]()
    if known:
        office.keeping.messages.rows = {
            record.key: record for record in (sealed_record(office.vault, to=ALICE, text="hello"),)
        }
    for name in ("requests", "seals", "ledger", "vault", "tenants", "machine", "agenda", "queue"):
        setattr(office, name, Watched(getattr(office, name), name, calls))
    office.file(wish(right=right, identity=identity))
    office.desk.of_person(OFFICER, ALICE)
    case = office.desk.get(SHOP, wish().id)
    office.listing.page(SHOP, everything=False, limit=5, cursor=None)
    return calls, case


@pytest.mark.parametrize("identity", Identity)
@pytest.mark.parametrize("right", [Right.ACCESS, Right.ERASURE, Right.OBJECTION])
def test_somebody_never_heard_of_costs_the_same_steps(right: Right, identity: Identity) -> None:
    """No port is asked anything else, or more often: neither time nor size tells whether a number is known."""
    known, unknown = (filing(known=each, right=right, identity=identity) for each in (True, False))

    assert known[0] == unknown[0]
    assert known[1].subject == unknown[1].subject
    assert "vault.keys_for dict" not in known[0]  # nobody's key is looked at, let alone made
