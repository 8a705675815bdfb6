"""What is accepted survives what breaks: a few outages that heal within seconds. `make prove` has the others."""

from collections.abc import Callable

import pytest

from tests.journeys.conftest import Stack, Tenant
from tests.proof import outage
from tests.proof.scenarios import QUICK


@pytest.fixture(scope="module")
def outcomes(stack: Stack, tenant_of: Callable[..., Tenant], environment: str) -> dict[str, outage.Outcome]:
    return outage.play_all(stack, tenant_of, environment, QUICK, count=12, patience=60)


@pytest.mark.parametrize("name", [each.name for each in QUICK])
def test_nothing_is_lost_and_nothing_is_sent_twice(name: str, outcomes: dict[str, outage.Outcome]) -> None:
    """Each 202 ends in a final state that the carrier and the webhooks agree with."""
    found = outcomes[name]

    assert (found.stuck, found.lost, found.twice, found.untold) == ([], [], [], [])
    assert sum(found.states.values()) == 12
    assert found.struck
