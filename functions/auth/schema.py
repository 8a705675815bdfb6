"""Bodies of /v1/keys, read into domain types and written from them."""

from datetime import datetime
from enum import StrEnum

from fugace.domain.tenant import ApiKey, Role
from fugace.edge.http import Body
from functions.auth.keys import Wish


class Mode(StrEnum):
    """What a key reaches: carriers, or the simulator alone."""

    LIVE = "live"
    TEST = "test"


class KeyRequest(Body, frozen=True):
    """POST /v1/keys."""

    role: Role
    mode: Mode
    expires: datetime | None = None
    note: str = ""

    def wish(self) -> Wish:
        """The same for the use case."""
        return Wish(self.role, self.mode is Mode.LIVE, self.expires, self.note)


def shown(key: ApiKey) -> dict[str, str | None]:
    """A key as the API shows it. Its digest is nobody's business."""
    return {
        "id": key.id,
        "role": key.role.value,
        "mode": (Mode.LIVE if key.live else Mode.TEST).value,
        "created": _time(key.created),
        "expires": _time(key.expires),
        "revoked": _time(key.revoked),
        "last_used": key.last_used.isoformat() if key.last_used else None,
        "note": key.note,
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
