"""The address where carriers report, per configured carrier: five thousand calls that no honest carrier would make."""

from collections.abc import Callable

import pytest

from fugace.adapters.carriers import ADAPTERS
from tests.journeys.conftest import Stack, Tenant, wait_for
from tests.proof import figures, listening
from tests.proof.receipts import SPARED

SEED = 20261127


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_carrier_that_raves_breaks_nothing(
    name: str, stack: Stack, tenant_of: Callable[..., Tenant], environment: str
) -> None:
    """Never a 5xx, never a state that goes back, no number or text said; and who comes correctly later is heard."""
    tenant = tenant_of(f"Fuzzed by {name}", "--carrier", name, mode="live")
    caller, ids = listening.carrier(stack, tenant, name)

    with listening.Witness(tenant, ids) as witness:
        heard = listening.play(stack, caller.cases(5_000, SEED))
    listening.play(stack, [caller.genuine(number) for number in range(len(ids) - SPARED, len(ids))])

    shown = {str(status): count for status, count in sorted(heard.statuses.items())}
    figures.note(
        f"Reports of {name}", cases=sum(heard.statuses.values()), seed=SEED, seconds=round(heard.seconds), **shown
    )
    assert heard.wrong == []
    assert sum(heard.statuses.values()) == 5_000
    assert max(heard.statuses) < 500
    assert witness.broken == []
    wait_for(lambda: {listening.look(tenant, ids)[each]["status"] for each in ids[-SPARED:]} == {"delivered"})
    assert listening.said(environment) == []
