"""The same stack as the journeys have."""

from tests.journeys.conftest import environment, eventually, stack, tenant_of

__all__ = ["environment", "eventually", "stack", "tenant_of"]
