"""A legal hold: what it covers is kept beyond its time, out of reach meanwhile (Art. 17(3)(e), 18(2) GDPR)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fugace.domain.ids import MessageId, SubjectId, TenantId


class Ground(StrEnum):
    """Why: a closed list, because free text would be where names end up. Public words."""

    CLAIM = "legal-claim"  # to establish, exercise or defend one, Art. 17(3)(e)
    OBLIGATION = "legal-obligation"  # Union or member state law, Art. 17(3)(b)
    AUTHORITY = "authority-order"  # a court's or a supervisory authority's order
    RESTRICTION = "restriction"  # the person asked to keep instead of erase, Art. 18(1)(b) and (c)


class HoldState(StrEnum):
    """Where a hold is. Public words."""

    SETTING = "setting"  # being put on what it covers
    HELD = "held"
    LIFTING = "lifting"  # lifted, or at its end: being taken off, and the purge goes on
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Hold:
    """On one message, on what there is of one person, or on all that a tenant had when it was set.

    What is collected afterwards is not covered: a hold preserves, it does not stop a tenant from working.
    """

    tenant: TenantId
    id: str
    """`hold_…`"""
    ground: Ground
    set_at: datetime
    set_by: str
    """Id of the API key."""
    until: datetime
    state: HoldState
    message: MessageId | None = None
    subject: SubjectId | None = None
    """Neither: the tenant."""
    lifted_by: str = ""
    """Another key than `set_by`; '' where it came to its end by itself."""
    lifted_at: datetime | None = None
    covers: int = 0
    """Messages that it was put on."""

    @property
    def scope(self) -> str:
        """`message`, `subject` or `tenant`."""
        return "message" if self.message else "subject" if self.subject else "tenant"
