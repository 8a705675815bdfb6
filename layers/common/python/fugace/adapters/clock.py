"""The time, from the machine."""

from datetime import UTC, datetime


class SystemClock:
    """A `fugace.ports.Clock`."""

    def __call__(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)
