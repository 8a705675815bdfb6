"""A slice of what `make prove` does at length: calls that nobody thought of, always the same ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fugace.adapters.carriers import ADAPTERS
from tests.journeys.conftest import Stack, Tenant, wait_for
from tests.proof import document, listening
from tests.proof.receipts import SPARED

SEED = 1


def test_answers_are_those_of_the_document(stack: Stack, tenant_of: Callable[..., Tenant], tmp_path: Path) -> None:
    """A few cases for each operation, by Schemathesis."""
    key = tenant_of("Sliced", mode="live").client.key or ""

    found = document.run(
        stack, [key], tmp_path, phases="fuzzing", examples=8, seed=SEED, lanes=[sum(document.LANES, ())]
    )

    assert found.failures == []
    assert found.cases >= 200
    assert len(found.answered) >= 39


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_carrier_that_raves_breaks_nothing(name: str, stack: Stack, tenant_of: Callable[..., Tenant]) -> None:
    """Each call is answered as the document says, no state goes back, and who comes correctly later is heard."""
    tenant = tenant_of(f"Sliced by {name}", "--carrier", name, mode="live")
    caller, ids = listening.carrier(stack, tenant, name)

    with listening.Witness(tenant, ids) as witness:
        heard = listening.play(stack, caller.cases(200, SEED))
    listening.play(stack, [caller.genuine(number) for number in range(len(ids) - SPARED, len(ids))])

    assert (heard.wrong, witness.broken) == ([], [])
    assert {200, 403, 404} <= set(heard.statuses)
    wait_for(lambda: {listening.look(tenant, ids)[each]["status"] for each in ids[-SPARED:]} == {"delivered"})
