"""The step of the state machine, as Lambda gives it: a word comes back, and nothing of the person leaves."""

from types import SimpleNamespace
from typing import Any

import pytest

from fugace.domain.case import Right
from fugace.edge.observe import FailedError
from functions.dsar.amendment import amend_task
from tests.amending import REQUEST, House
from tests.edge.events import CONTEXT
from tests.edge.test_wiring import VARIABLES
from tests.fakes import ALICE, CAROL, SECOND

STEP = {"request": str(REQUEST)}
PLENTY = 300_000


def context(left: int = PLENTY) -> Any:
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: left)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House().file(Right.RECTIFICATION, field="to", value=CAROL.reveal())
    monkeypatch.setattr(amend_task, "amend", house.amend)
    return house


def test_a_step_says_whether_there_is_more(house: House, printed: Any) -> None:
    """Nothing else goes back to the machine, whose history is kept (I2)."""
    assert amend_task.handle(STEP, context(left=30_000)) == {"more": True}
    assert house.of(CAROL) == set()

    assert amend_task.handle(STEP, context()) == {"more": False}
    assert SECOND in house.of(CAROL)
    assert '"event":"amended"' in printed()


def test_nothing_of_the_person_is_printed(house: House, printed: Any) -> None:
    """Neither the old number, nor the new one, nor the keyed hash; also where it goes wrong."""
    amend_task.handle(STEP, context())
    house.seals.destroy(REQUEST)
    house.requests.rows.clear()
    with pytest.raises(FailedError, match=r"^failed$"):
        amend_task.handle(STEP, context())

    seen = printed()
    assert not any(word in seen for word in (ALICE.reveal()[1:], CAROL.reveal()[1:], house.alice))


@pytest.mark.parametrize("event", [{}, {"request": 1}, {"request": ALICE.reveal()}])
def test_what_is_no_step_fails_without_being_quoted(event: dict[str, Any], printed: Any) -> None:
    """The machine would keep what is said."""
    with pytest.raises(FailedError, match=r"^failed$"):
        amend_task.handle(event, context())

    assert ALICE.reveal()[1:] not in printed()


def test_it_is_wired_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cold start asks for nothing: the socket guard would notice."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    amend_task.amend.cache_clear()

    made = amend_task.amend()

    assert made.rectify.journal is made.journal
    amend_task.amend.cache_clear()
