"""Who asks for something on a person's behalf."""

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
        """A test key may look at requests, and neither file nor change one, nor fetch what was made for a person.

        Raises:
            ForbiddenError: it is a test key.
        """
        if not self.live:
            raise ForbiddenError(reason="a test key cannot act for a person")
