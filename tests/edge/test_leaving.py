"""A tenant leaves: over the API, and in the machine's two functions, as Lambda gives them."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.tenant import ApiKey, Role, Scope
from fugace.edge.observe import FailedError
from functions.dsar.departure import depart_task, leave_task
from tests.edge.events import CONTEXT
from tests.edge.front_desk import ask, open_
from tests.fakes import ALICE, NOON, SHOP
from tests.leaving import GONE, Leaving
from tests.office import CALLBACK, Office
from tests.unit.test_depart import Departing

NUMBER = ALICE.reveal()
ME = "/v1/tenants/me"


def context(left: int = 900_000) -> Any:
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office()
    open_(office, monkeypatch)
    made = NOON - timedelta(days=1)
    for name in ("key_aaaaaaaa", "key_bbbbbbbb"):
        office.tenants.add_api_key(ApiKey(SHOP, name, Role.ADMIN, live=True, digest=b"", created=made))
    return office


def test_two_keys_have_everything_erased(office: Office) -> None:
    """202 each time, with what is needed next; the callbacks of the first count."""
    status, first = ask("DELETE", ME, {"status_callback_urls": [CALLBACK]}, key_id="key_aaaaaaaa")
    assert (status, first["extensions"]["fugace"]["needs"]) == (202, "second-key")

    status, second = ask("DELETE", ME, key_id="key_bbbbbbbb")
    assert (status, second["extensions"]["fugace"]["needs"]) == (202, None)
    assert second["extensions"]["fugace"]["state"] == "waiting"
    (case,) = office.requests.rows.values()
    assert case.callbacks == (CALLBACK,)


@pytest.mark.usefixtures("office")
def test_one_key_twice_is_refused() -> None:
    """403, and the request stays as it was."""
    ask("DELETE", ME, key_id="key_aaaaaaaa")

    status, problem = ask("DELETE", ME, key_id="key_aaaaaaaa")

    assert (status, problem["type"]) == (403, "/problems/same-key")


@pytest.mark.usefixtures("office")
def test_no_other_role_may() -> None:
    """Not even the privacy officer's."""
    status, problem = ask("DELETE", ME, role=Role.PRIVACY)

    assert (status, problem["scope"]) == (403, Scope.LEAVE)


@pytest.mark.usefixtures("office")
def test_an_address_with_a_number_in_it_is_refused() -> None:
    """I2: it would be in the request's row for as long as that is kept."""
    status, _ = ask("DELETE", ME, {"status_callback_urls": [f"https://shop.example/{NUMBER[1:]}"]})

    assert status == 400


# --- the machine's functions ----------------------------------------------------------------------


def test_the_export_answers_with_a_word(monkeypatch: pytest.MonkeyPatch, printed: Any) -> None:
    """And says how much it was."""
    house = Departing()
    monkeypatch.setattr(depart_task, "_depart", house.depart)

    assert depart_task.handle({"request": str(GONE)}, context()) == {"more": False}

    line = json.loads(printed().splitlines()[0])
    assert (line["event"], line["tenant"], line["count"]) == ("exported", SHOP, 5)
    assert NUMBER[1:] not in printed()


def test_the_end_answers_with_words(monkeypatch: pytest.MonkeyPatch, printed: Any) -> None:
    """Nothing else goes back into the machine (I2)."""
    house = Leaving()
    monkeypatch.setattr(leave_task, "_leave", house.leave)

    answer = leave_task.handle({"request": str(GONE), "step": "begin"}, context())

    assert answer == {"more": False, "next": "drain"}
    assert json.loads(printed().splitlines()[0])["kind"] == "begin"


@pytest.mark.parametrize(("task", "name"), [(depart_task, "_depart"), (leave_task, "_leave")])
def test_what_goes_wrong_is_told_to_nobody_outside(
    monkeypatch: pytest.MonkeyPatch, printed: Any, task: Any, name: str
) -> None:
    """The history of an execution stays for 90 days, and nobody can delete it."""

    def broken() -> Any:
        def run(*_: Any) -> Any:
            raise UnavailableError(NUMBER)  # type: ignore[arg-type]  # as nobody should

        return SimpleNamespace(run=run)

    monkeypatch.setattr(task, name, broken)

    with pytest.raises(FailedError):
        task.handle({"request": str(GONE), "step": "begin"}, context())
    assert NUMBER[1:] not in printed()
