"""Use case: a person has given the code that was sent to their number."""

import hmac
from contextlib import suppress
from dataclasses import dataclass, replace

from fugace.domain.actor import Actor
from fugace.domain.case import Case, CaseState
from fugace.domain.errors import CodeRefusedError, RequestClosedError, UnavailableError
from fugace.ports import Clock, Vault
from fugace.rights import Machine, Requests
from functions.dsar.counter.desk import Desk
from functions.dsar.onetime import TRIES, digest

_ATTEMPTS = 10
"""Several may give codes at a time: each try is counted, so each has to be the only writer once."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Compares codes."""

    desk: Desk
    requests: Requests
    vault: Vault
    machine: Machine
    clock: Clock

    def give(self, actor: Actor, request: str, code: str) -> Case:
        """The request, whose machine goes on.

        A try is counted before its code is looked at: a hundred at a time are five tries, too. A code that is right is
        used up before the machine is told: whoever dies between the two has proved it, and the machine begins again.

        Raises:
            CodeRefusedError: wrong, used, none was sent yet, its ten minutes are over, or so are the tries.
            RequestClosedError: it does not wait for a code.
        """
        actor.demand_live()
        seen = self._count(actor, request)
        given = digest(self.vault, seen.key, code)
        right = hmac.compare_digest(given, seen.code)
        late = seen.until is not None and seen.until <= self.clock()
        if not right or late:
            raise CodeRefusedError(left=0 if right else TRIES - seen.tries)
        used = self._use(actor, seen)
        with suppress(Exception):  # it is written down: whoever looks after requests finds it proved
            self.machine.answer(used.token)
        return used

    def _count(self, actor: Actor, request: str) -> Case:
        for _ in range(_ATTEMPTS):
            seen = self.desk.get(actor.tenant, request)
            if seen.state is not CaseState.VERIFYING:
                raise RequestClosedError(state=seen.state.value)
            if not seen.code or not seen.token or seen.tries >= TRIES:
                raise CodeRefusedError(left=0 if seen.proven else TRIES - seen.tries)
            counted = replace(seen, tries=seen.tries + 1)
            if self.requests.move(counted, seen):
                return replace(counted, version=seen.version + 1)
        raise UnavailableError

    def _use(self, actor: Actor, right: Case) -> Case:
        """Nobody uses it again. Of two who give it at once, one does."""
        seen = right
        for _ in range(_ATTEMPTS):
            used = replace(seen, code=b"")
            if self.requests.move(used, seen):
                return replace(used, version=seen.version + 1)
            seen = self.desk.get(actor.tenant, right.key.id)
            if seen.state is not CaseState.VERIFYING:
                raise RequestClosedError(state=seen.state.value)
            if not seen.code or not hmac.compare_digest(right.code, seen.code):
                raise CodeRefusedError(left=0)
        raise UnavailableError
