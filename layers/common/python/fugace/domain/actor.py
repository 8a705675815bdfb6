"""Who asks to have something changed that the ledger tells of."""

from dataclasses import dataclass

from fugace.domain.errors import ForbiddenError
from fugace.domain.ids import TenantId


@dataclass(frozen=True, slots=True)
class Actor:
    """An API key of a tenant: what the ledger names as the one who did it."""

    tenant: TenantId
    key_id: str
    live: bool

    def demand_live(self) -> None:
        """A test key may look, and change nothing: what is kept or held, and what persons ask, is live data.

        Raises:
            ForbiddenError: it is a test key.
        """
        if not self.live:
            raise ForbiddenError(reason="a test key cannot change live data")
