"""When somebody has to look at a request next, so that none is forgotten, whoever dies on the way."""

from datetime import datetime, timedelta

from fugace.domain import deadlines
from fugace.domain.case import Case, CaseState

ROUND = timedelta(minutes=15)
"""How often requests are looked at, at most, and how long a machine may be late before it is looked for."""
GRACE = timedelta(minutes=5)
"""How long after it was filed the machine may not have begun with it."""
TELLING = timedelta(hours=2)
"""Longer than callbacks are tried for."""
FORGET = timedelta(days=1)
"""After which a request that nobody proved to be the person's is nobody's; until then it counts against the number."""
CERTIFYING = timedelta(hours=1)
"""Longer than it takes to make a final certificate."""
LONGEST_PAUSE = timedelta(hours=6)
_DOUBLINGS = 5


def pause(run: int) -> timedelta:
    """How long to wait after that run left something undone."""
    doubled: int = 2 ** min(max(run - 1, 0), _DOUBLINGS)
    return min(ROUND * doubled, LONGEST_PAUSE)


def certifying(case: Case) -> bool:
    """Whether its final certificate is being made: somebody looks at it behind `final_at` only then."""
    return case.final_at is not None and case.look_at is not None and case.final_at < case.look_at


def next_look(case: Case, now: datetime) -> datetime | None:
    """The earliest of all that has to be looked at; None: nothing to wait for."""
    looks = _after_the_end(case, now) if case.state.final else _on_the_way(case, now)
    if case.untold and not certifying(case):
        looks.append(now + TELLING)
    return min(looks, default=None)


def _after_the_end(case: Case, now: datetime) -> list[datetime]:
    if certifying(case):
        return [now + CERTIFYING]
    looks = [case.final_at] if case.final_at else []
    if case.sealed or case.correction:
        looks.append(now + ROUND)
    if case.state is CaseState.UNVERIFIED and case.subject and case.finished:
        looks.append(case.finished + FORGET)
    return looks


def _on_the_way(case: Case, now: datetime) -> list[datetime]:
    looks = [_working(case, now)]
    if deadlines.reminder(case.due, now) != case.reminded:
        looks.append(now)
    if at := deadlines.next_reminder(case.due, now):
        looks.append(at)
    return looks


def _working(case: Case, now: datetime) -> datetime:
    if case.begun is None:
        return now + GRACE
    if case.state is CaseState.PARTIAL:
        return now + pause(case.run)
    if case.state in {CaseState.VERIFYING, CaseState.WAITING} and case.until:
        return max(now, case.until) + ROUND
    return now + ROUND
