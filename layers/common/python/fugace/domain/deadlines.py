"""When a request has to be answered: on the calendar, not by counting thirty days.

Source:
    Art. 12(3) GDPR; Regulation (EEC, Euratom) 1182/71, Art. 3(2)(c): a period of a month ends on the day with the same
    number, or on the last one of a shorter month. Art. 3(4) moves a holiday's end to the next working day: that later
    day is the law's, and not what is promised here.
"""

from datetime import datetime, timedelta

from fugace.domain.retention import Period

MONTH, EXTENDED = Period(months=1), Period(months=3)
REMINDERS = {"P7D": timedelta(days=7), "P2D": timedelta(days=2), "overdue": timedelta(0)}
"""How long before its date somebody is told, the earliest first."""


def due(submitted: datetime) -> datetime:
    """The plain month."""
    return MONTH.after(submitted)


def extended(submitted: datetime) -> datetime:
    """Two further months: counted from the beginning, so that the day's number stays."""
    return EXTENDED.after(submitted)


def may_extend(submitted: datetime, now: datetime) -> bool:
    """Inside the first month alone."""
    return now < due(submitted)


def reminder(due_at: datetime, now: datetime) -> str:
    """The latest reminder that has come due: a name of `REMINDERS`, or ''."""
    come = [name for name, before in REMINDERS.items() if due_at - before <= now]
    return come[-1] if come else ""


def next_reminder(due_at: datetime, now: datetime) -> datetime | None:
    """When the next one does."""
    return min((at for before in REMINDERS.values() if (at := due_at - before) > now), default=None)
