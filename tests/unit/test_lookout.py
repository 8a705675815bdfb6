"""When somebody has to look at a request next: never not at all while something is left to do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.case import CaseState
from fugace.domain.lookout import FORGET, GRACE, ROUND, TELLING, next_look
from tests.fakes import NOON
from tests.rights_world import DAY, Rights


@pytest.mark.parametrize("state", [each for each in CaseState if not each.final])
def test_an_open_one_is_always_looked_at(state: CaseState) -> None:
    """Whatever it lacks, begun or not, before its date and after."""
    case = Rights().put(callbacks=())
    for begun in (None, NOON):
        for until in (None, NOON - DAY, NOON + DAY):
            for now in (NOON, NOON + 400 * DAY):
                look = next_look(replace(case, state=state, begun=begun, until=until), now)
                assert look is not None
                assert now <= look <= max(now, NOON + DAY) + ROUND


@pytest.mark.parametrize(
    ("more", "after"),
    [
        ({"state": CaseState.COMPLETED}, None),
        ({"state": CaseState.COMPLETED, "final_at": NOON + 35 * DAY}, 35 * DAY),
        ({"state": CaseState.COMPLETED, "sealed": b"x"}, ROUND),
        ({"state": CaseState.CANCELLED, "callbacks": ("https://shop.example",)}, TELLING),
        ({"state": CaseState.CANCELLED, "callbacks": ("https://shop.example",), "told": "cancelled"}, None),
        ({"state": CaseState.UNVERIFIED, "finished": NOON}, FORGET),
        ({"state": CaseState.UNVERIFIED, "finished": NOON, "subject": None}, None),
        ({"state": CaseState.WAITING}, GRACE),
    ],
)
def test_one_that_is_over_is_looked_at_while_something_is_left(
    more: dict[str, object], after: timedelta | None
) -> None:
    """And then never again: it costs nothing."""
    case = replace(Rights().put(), **{"callbacks": (), "sealed": b"", **more})  # type: ignore[arg-type]  # fields of a case
    assert next_look(case, NOON) == (None if after is None else NOON + after)
