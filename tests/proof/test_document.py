"""The API answers as docs/openapi.yaml says, whatever it is asked, with live and with test keys."""

from collections.abc import Callable
from pathlib import Path

from tests.journeys.conftest import Stack, Tenant
from tests.proof import document, figures

SEED = 20261127


def test_no_answer_is_undocumented_in_five_thousand_cases(
    stack: Stack, tenant_of: Callable[..., Tenant], tmp_path: Path
) -> None:
    """No 5xx; each status, content type, header and body is in the document; most operations succeed, too."""
    keys = [tenant_of(f"Fuzzed {mode}", mode=mode).client.key or "" for mode in ("live", "test")]
    phases = "examples,coverage,fuzzing,stateful"

    found = document.run(stack, keys, tmp_path, phases=phases, examples=30, seed=SEED)

    figures.note("API by its document", cases=found.cases, seed=SEED, seconds=round(found.seconds), **found.shares)
    assert found.failures == []
    assert found.cases >= 5_000
    assert 500 not in found.statuses
    assert sum(200 in each or 201 in each or 202 in each for each in found.answered.values()) >= 20
