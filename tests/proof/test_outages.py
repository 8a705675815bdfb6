"""Whatever breaks: what was accepted is not lost, not sent twice, told to its tenant, and does not wait unseen."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import Stack, Tenant
from tests.proof import figures, outage
from tests.proof.outage import Outcome
from tests.proof.scenarios import QUICK, SLOW

MESSAGES = 10
PATIENCE = 720
"""Seconds: a claim grows old in three minutes, a queue shows a body again after some more, and some need it twice."""


@pytest.fixture(scope="module")
def outcomes(stack: Stack, tenant_of: Callable[..., Tenant], environment: str) -> dict[str, Outcome]:
    everything = (*QUICK, *SLOW)
    found = outage.play_all(stack, tenant_of, environment, everything, count=MESSAGES, patience=PATIENCE, watched=True)
    for name, each in found.items():
        figures.note(
            f"Outage: {name}",
            calls_failed=each.struck,
            told_to_come_again=each.refused,
            messages=sum(each.states.values()),
            lost=len(each.lost),
            twice=len(each.twice),
            again_as_chosen=each.again,
            stuck=len(each.stuck),
            untold=len(each.untold),
            unknown=each.states["unknown"],
            ended=dict(each.states),
            seconds_to_heal=round(each.seconds, 1),
            would_ring=sorted(each.rang),
        )
    return found


@pytest.mark.parametrize("name", [each.name for each in (*QUICK, *SLOW)])
def test_nothing_is_lost_and_nothing_is_sent_twice(name: str, outcomes: dict[str, Outcome]) -> None:
    """Each 202 ends in a final state that carrier and webhooks agree with; only who chose so is written to again."""
    found = outcomes[name]

    assert (found.stuck, found.lost, found.twice, found.untold) == ([], [], [], [])
    assert sum(found.states.values()) == MESSAGES
    assert found.struck or not any(each.faults or each.crash for each in (*QUICK, *SLOW) if each.name == name)


@pytest.mark.parametrize("name", [each.name for each in (*QUICK, *SLOW) if each.faults or each.crash or each.clocks])
def test_the_ledger_has_no_gap(name: str, outcomes: dict[str, Outcome], stack: Stack, tmp_path: Path) -> None:
    """What was chosen in the middle of it is in the chain, and an auditor finds the chain whole."""
    out = tmp_path / "ledger.jsonl"
    export = ["./fugace", "ledger", "export", outcomes[name].tenant, "--out", str(out)]
    subprocess.run(export, env=stack.environment(), check=True, capture_output=True)
    done = subprocess.run(["./fugace", "ledger", "verify", str(out)], capture_output=True, text=True, check=False)

    assert done.returncode in {0, 3}, done.stdout + done.stderr
    assert out.read_text().count("P19D") >= 1
