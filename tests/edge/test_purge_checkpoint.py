"""The nightly checkpoint, as the schedule starts it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from fugace.domain.ledger import Action, Draft
from functions.purge import events
from functions.purge.checkpoint import Checkpointing
from tests.edge.events import CONTEXT
from tests.fakes import NOON, SHOP
from tests.fakes_keeping import Keeping


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> Keeping:
    keeping = Keeping(now=NOON)
    keeping.ledger.append(Draft(SHOP, NOON, Action.PURGED, "purge", "2026-01-15T11", {"record": 1}))
    made = Checkpointing(keeping.ledger, keeping.checkpoints, keeping.signer, keeping.clock, "test")
    monkeypatch.setattr(events, "_checkpointing", lambda: made)
    return keeping


def test_a_night_beats_its_heart(keeping: Keeping, printed: Callable[[], str]) -> None:
    """An alarm looks for its silence."""
    events.checkpoint({}, CONTEXT)

    seen = printed()
    assert '"event":"checkpointed"' in seen
    assert '"count":1' in seen
    assert '"Checkpointed"' in seen
    assert '"Rewritten"' not in seen
    assert keeping.checkpoints.get(NOON)


def test_a_second_start_changes_nothing(keeping: Keeping, printed: Callable[[], str]) -> None:
    """Schedules fire at least once; the heart beats then, too."""
    events.checkpoint({}, CONTEXT)
    first = keeping.checkpoints.get(NOON)
    events.checkpoint({}, CONTEXT)

    assert keeping.checkpoints.get(NOON) == first
    assert '"skipped":1' in printed()


def test_a_chain_that_was_written_anew_is_told(keeping: Keeping, printed: Callable[[], str]) -> None:
    """The tenant's id for whoever looks, a metric for the alarm."""
    events.checkpoint({}, CONTEXT)
    chain = keeping.ledger.chains[SHOP]
    chain[0] = replace(chain[0], draft=replace(chain[0].draft, facts={"record": 2}))
    keeping.clock.tick(days=1)
    events.checkpoint({}, CONTEXT)

    seen = printed()
    assert '"event":"rewritten"' in seen
    assert SHOP in seen
    assert '"Rewritten"' in seen
