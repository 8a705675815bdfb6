"""One-time codes as they are given back: five tries, however they come."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fugace.domain.case import Case, CaseKey, CaseState, Identity
from fugace.domain.errors import CodeRefusedError, ForbiddenError, NotFoundError, RequestClosedError, UnavailableError
from functions.dsar import onetime
from functions.dsar.counter import codes
from tests.fakes import SHOP
from tests.office import BAKER, ID, NOTEBOOK, OFFICER, Office, wish

CODE, WRONG, TOKEN = "471193", "471194", "waits"


@pytest.fixture
def office() -> Office:
    """A code was sent."""
    office = Office()
    office.file(wish(identity=Identity.OTP))
    office.put(code=onetime.digest(office.vault, CaseKey(SHOP, ID), CODE), token=TOKEN)
    office.machine.waiting.add(TOKEN)
    return office


def left(act: Callable[[], object]) -> int:
    with pytest.raises(CodeRefusedError) as refusal:
        act()
    return int(refusal.value.facts["left"])


def test_what_is_kept_is_what_whoever_sends_it_keeps(office: Office) -> None:
    """A digest under a key of the tenant's, over the request's id and the code."""
    assert office.case().code == office.vault.digest(SHOP, "code", f"{ID}/{CODE}".encode())


def test_the_code_lets_the_machine_go_on(office: Office) -> None:
    """It is the machine that moves the request."""
    office.codes.give(OFFICER, ID, CODE)

    assert not office.machine.waiting


def test_it_works_once(office: Office) -> None:
    """Nobody waits for it any more."""
    office.codes.give(OFFICER, ID, CODE)

    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == 0


def test_there_are_five_tries(office: Office) -> None:
    """With each one fewer; then the right one does not help either."""
    assert [left(lambda: office.codes.give(OFFICER, ID, WRONG)) for _ in range(onetime.TRIES)] == [4, 3, 2, 1, 0]
    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == 0
    assert office.machine.waiting


def test_the_fifth_may_be_the_right_one(office: Office) -> None:
    """Five tries are five."""
    for _ in range(onetime.TRIES - 1):
        left(lambda: office.codes.give(OFFICER, ID, WRONG))

    assert office.codes.give(OFFICER, ID, CODE).tries == onetime.TRIES


def test_a_hundred_at_a_time_are_five_tries_too(office: Office) -> None:
    """A try is counted before the code is looked at: nobody looks at a code whose try was not written down."""
    looked = []
    move, digest = office.requests.move, office.vault.digest

    def counted(case: Case, seen: Case) -> bool:
        if not looked:  # another one's try comes between the look and the write
            looked.append("race")
            assert move(replace(seen, tries=onetime.TRIES), seen)
        return move(case, seen)

    def watched(*args: Any) -> bytes:
        looked.append("code")
        return digest(*args)

    office.requests.move = counted  # type: ignore[method-assign]  # the moment between a look and a write
    office.vault.digest = watched  # type: ignore[method-assign]  # whether the code is looked at
    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == 0
    assert looked == ["race"]


def test_what_never_comes_to_rest_is_told_to_come_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a try that is written down, no code is looked at."""
    monkeypatch.setattr(office.requests, "move", lambda *_: False)

    with pytest.raises(UnavailableError):
        office.codes.give(OFFICER, ID, CODE)


@pytest.mark.parametrize("more", [{"code": b"", "token": ""}, {"token": ""}])
def test_before_one_was_sent_none_is_right(office: Office, more: dict[str, Any]) -> None:
    """And no try is lost."""
    office.put(**more)

    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == onetime.TRIES
    assert office.case().tries == 0


def test_after_its_time_none_is(office: Office) -> None:
    """Whoever sent it has said until when."""
    office.put(until=office.clock())
    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == 0


@pytest.mark.parametrize("error", [None, UnavailableError()])
def test_a_code_in_time_counts_though_nobody_waits_for_it(office: Office, error: Exception | None) -> None:
    """The machine has died, or cannot be told: it is written down that the number was proved, for the next run."""

    def answer(_token: str) -> bool:
        if error:
            raise error
        return False

    office.machine.answer = answer  # type: ignore[method-assign]  # it has died
    office.codes.give(OFFICER, ID, CODE)

    assert office.case().proven


def test_it_is_used_up_before_the_machine_goes_on(office: Office) -> None:
    """The machine may be faster than we are: what it finds must be proved already."""
    found = []

    def answer(_token: str) -> bool:
        found.append(office.case().proven)
        return True

    office.machine.answer = answer  # type: ignore[method-assign]  # it looks at once
    office.codes.give(OFFICER, ID, CODE)

    assert found == [True]


def test_of_two_who_give_it_at_once_one_proves_it(office: Office) -> None:
    """And what the other one wrote meanwhile is seen."""
    move, races = office.requests.move, [1]

    def raced(case: Case, seen: Case) -> bool:
        if not case.code and races:
            races.clear()
            office.codes.give(OFFICER, ID, CODE)
        return move(case, seen)

    office.requests.move = raced  # type: ignore[method-assign]  # between a look and the write
    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == 0
    assert office.case().proven


def test_a_wrong_one_meanwhile_takes_nothing_from_the_right_one(office: Office) -> None:
    """Its try has been counted; the code is the same."""
    move, races = office.requests.move, [1]

    def raced(case: Case, seen: Case) -> bool:
        if not case.code and races:
            races.clear()
            left(lambda: office.codes.give(OFFICER, ID, WRONG))
        return move(case, seen)

    office.requests.move = raced  # type: ignore[method-assign]  # between a look and the write
    assert office.codes.give(OFFICER, ID, CODE).proven


@pytest.mark.parametrize("state", [state for state in CaseState if state is not CaseState.VERIFYING])
def test_a_request_that_waits_for_none_says_so(office: Office, state: CaseState) -> None:
    """Where it is."""
    office.put(state=state)

    with pytest.raises(RequestClosedError) as refusal:
        office.codes.give(OFFICER, ID, CODE)
    assert refusal.value.facts == {"state": state.value}


def test_a_code_of_another_request_is_wrong(office: Office) -> None:
    """The digest is bound to its request."""
    office.put(code=onetime.digest(office.vault, CaseKey(SHOP, "another"), CODE))

    assert left(lambda: office.codes.give(OFFICER, ID, CODE)) == onetime.TRIES - 1


def test_nobody_elses_key_and_no_test_key(office: Office) -> None:
    """I8; and a test key does not prove who a person is."""
    with pytest.raises(NotFoundError):
        office.codes.give(BAKER, ID, CODE)
    with pytest.raises(ForbiddenError):
        office.codes.give(NOTEBOOK, ID, CODE)
    assert office.case().tries == 0


def test_codes_are_compared_in_constant_time() -> None:
    """`==` stops at the first byte that differs."""
    source = inspect.getsource(codes)

    assert "compare_digest(given, seen.code)" in source
    assert not re.search(r"seen\.code\s*==|==\s*seen\.code", source)
