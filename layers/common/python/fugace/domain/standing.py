"""What may be done with what is known of a person."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be done with what is known of a person. All of it is in the row of the person's key."""

    epoch: int = 0
    """Of the key; 0: there never was one."""
    live: bool = False
    """There is a key, and no erasure."""
    erasing: datetime | None = None
    erased: datetime | None = None
    restricted: datetime | None = None
    objected: datetime | None = None
