"""What was done for a request is in the ledger once, however often a step is repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fugace.domain.case import Case
from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Action, Draft, Fact
from fugace.domain.times import whole
from fugace.keeping import Ledger
from fugace.ports import Clock, ConflictError
from fugace.rights import Requests
from functions.dsar.task import ACTOR, NoRequestError

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Journal:
    """The ledger, as a request that amends something writes there."""

    requests: Requests
    ledger: Ledger
    clock: Clock

    def enter(self, case: Case, action: Action, facts: Mapping[str, Fact]) -> bool:
        """In one transaction with the note, in the request itself, that it was entered.

        False: it has ended meanwhile, by the person's erasure; nothing is entered.
        """
        seen: Case | None = case
        for _ in range(ATTEMPTS):
            if seen is None:
                raise NoRequestError
            if seen.state.final:
                return False
            if seen.amended:
                return True
            now = whole(self.clock())
            draft = Draft(seen.tenant, now, action, ACTOR, seen.key.id, facts)
            try:
                self.ledger.append(draft, self.requests.change(replace(seen, amended=now), seen))
            except ConflictError:  # a repeat of this step was faster, or the tenant has extended the deadline
                seen = self.requests.get(case.key)
            else:
                return True
        raise UnavailableError
