"""Where a listing stands, as a word that only we can make or read, good for one query of one tenant and for a day.

A raw key of the database would show a number's hash, and would let anybody start anywhere.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fugace.domain.errors import BadCursorError, FieldError
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import Status
from fugace.ports import Place, Vault

GOOD_FOR = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_PURPOSE = "cursor"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a listing is about: since <= anchor < until."""

    since: datetime = EARLIEST
    until: datetime = LATEST
    status: Status | None = None
    campaign: str | None = None

    @property
    def name(self) -> list[str | None]:
        """What a cursor is bound to."""
        status = self.status.value if self.status else None
        return [self.since.astimezone(UTC).isoformat(), self.until.astimezone(UTC).isoformat(), status, self.campaign]


def close(vault: Vault, tenant: TenantId, sought: Filter, places: Mapping[int, Place], now: datetime) -> str:
    """The cursor after `places`, the last one seen of each shard."""
    content = {
        "filter": sought.name,
        "until": int((now + GOOD_FOR).timestamp()),
        "places": {shard: [_millis(place.anchor), place.key.id] for shard, place in places.items()},
    }
    sealed = vault.seal(tenant, _PURPOSE, json.dumps(content, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_(vault: Vault, tenant: TenantId, sought: Filter, cursor: str, now: datetime) -> dict[int, Place]:
    """The inverse of `close`. Raises BadCursorError: forged, of another tenant or query, or older than a day."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        content = json.loads(vault.open(tenant, _PURPOSE, raw))
    except (ValueError, binascii.Error):
        raise BadCursorError(FieldError("/query/cursor", "not a cursor of this query")) from None
    if content["filter"] != sought.name or content["until"] <= now.timestamp():
        raise BadCursorError(FieldError("/query/cursor", "of another query, or too old"))
    return {
        int(shard): Place(EARLIEST + timedelta(milliseconds=millis), MessageKey.read(f"{tenant}/{name}"))
        for shard, (millis, name) in content["places"].items()
    }


def _millis(at: datetime) -> int:
    return (at - EARLIEST) // timedelta(milliseconds=1)
