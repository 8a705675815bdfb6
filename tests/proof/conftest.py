"""The same stack as the journeys have."""

from collections.abc import Iterator

import pytest

from tests.journeys.conftest import Stack, eventually, stack, tenant_of

__all__ = ["eventually", "stack", "tenant_of"]


@pytest.fixture(scope="session")
def environment(stack: Stack) -> Iterator[str]:  # pytest's fixtures
    """boto3 reads the stack's endpoint and credentials from the environment, as an operator's shell would have them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment().items():
            if name.startswith(("AWS_", "FUGACE_")):
                patch.setenv(name, value)
        yield stack.environment()["FUGACE_ENVIRONMENT"]
