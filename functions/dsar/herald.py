"""Callbacks are told of a request's new state, through a queue: at least once, and whoever changes it need not wait."""

from dataclasses import dataclass

from fugace.domain.case import Case
from fugace.domain.errors import UnavailableError
from fugace.ports import Queue


@dataclass(frozen=True, slots=True)
class Herald:
    """Puts what has changed on the queue of callbacks."""

    queue: Queue

    def tell(self, case: Case) -> bool:
        """Whether the queue has it. What it does not take, the watch finds untold."""
        if not case.callbacks:
            return False
        try:
            self.queue.send([{"request": str(case.key), "state": case.state.value, "attempt": 1}])
        except UnavailableError:
            return False
        return True
