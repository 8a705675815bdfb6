"""An archive is in the ledger once, and its request says so in the same transaction."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from fugace.domain.case import Case
from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Action, Draft
from fugace.keeping import Ledger
from fugace.ports import ConflictError
from fugace.rights import Requests
from functions.dsar.task import ACTOR

_TRIES = 5


def enter(ledger: Ledger, requests: Requests, case: Case, count: int, at: datetime) -> None:
    """`count`: the records in it. Raises UnavailableError where others change the request all the time."""
    draft = Draft(case.tenant, at, Action.ARCHIVE_MADE, ACTOR, case.key.id, {"records": count})
    seen: Case | None = case
    for _ in range(_TRIES):
        if seen is None or seen.records is not None:  # another run was faster, or our answer was lost
            return
        with suppress(ConflictError):
            ledger.append(draft, requests.change(replace(seen, records=count), seen))
            return
        seen = requests.get(case.key)
    raise UnavailableError
