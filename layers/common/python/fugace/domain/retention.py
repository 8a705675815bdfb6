"""How long things are kept: ISO 8601 durations on the calendar, and the one function that says when a thing is over."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

_ISO = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """A duration as ISO 8601 writes it; `P6M` is six calendar months, not 180 days."""

    months: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `P6M`, `P7D`, `PT0S`, `P1Y2M3DT4H`. Raises ValueError for anything else.

        >>> Period.parse("P1Y2M")
        Period(months=14, seconds=0)
        """
        match = _ISO.fullmatch(text)
        if not match:
            raise ValueError("not an ISO 8601 duration")
        part = {name: int(digits or 0) for name, digits in match.groupdict().items()}
        days = part["weeks"] * 7 + part["days"]
        clock = timedelta(days=days, hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"])
        return cls(part["years"] * 12 + part["months"], int(clock.total_seconds()))

    def __str__(self) -> str:
        days, seconds = divmod(self.seconds, 86_400)
        date = (f"{self.months}M" if self.months else "") + (f"{days}D" if days else "")
        return f"P{date}" + (f"T{seconds}S" if seconds or not date else "")

    def __bool__(self) -> bool:
        return bool(self.months or self.seconds)

    def after(self, anchor: datetime) -> datetime:
        """The moment this long after `anchor`; where the month has no such day, its last day counts."""
        return anchor + relativedelta(months=self.months) + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant has chosen: how long the text, and how long the record of a message."""

    content: Period = Period(seconds=7 * 86_400)
    record: Period = Period(months=6)


def record_expiry(anchor: datetime, policy: Policy, stamped: datetime | None = None) -> datetime:
    """When a message is over: by the policy in force, but never later than was promised when it was collected."""
    computed = policy.record.after(anchor)
    return min(computed, stamped) if stamped else computed


def content_expiry(anchor: datetime, policy: Policy, sendable: timedelta) -> datetime:
    """When the text of a message may not be read any more.

    With `PT0S` it goes with the hand-over to the carrier; until then it has to
    be there, so the bound is the time within which it may still be sent.
    """
    return policy.content.after(anchor) if policy.content else anchor + sendable
