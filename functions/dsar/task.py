"""What the state machine asks of a step: which request, and a word. Nothing else reaches a function that way (I2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from fugace.domain.case import Case, CaseKey
from fugace.rights import Requests

Left = Callable[[], timedelta]
"""How much time a run still has."""
ENOUGH = timedelta(seconds=30)
"""With less time left, a step says that there is more, and the machine asks it again."""
ACTOR = "request"
"""Who the ledger names where the machine acts."""


class NoRequestError(Exception):
    """The machine asks for a request that is not there: a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Task:
    """One step of one request."""

    key: CaseKey
    step: str = ""
    place: str = ""
    """Of a step that is about a branch."""
    token: str = ""
    """What the machine waits to have answered; '' where it does not."""

    @classmethod
    def read(cls, event: Mapping[str, object]) -> "Task":
        """Raises ValueError for anything that is not such an event, without quoting it."""
        given = {name: event.get(name, "") for name in ("request", "step", "place", "token")}
        if not all(isinstance(value, str) for value in given.values()):
            raise ValueError("not a step of a request")
        words = {name: str(value) for name, value in given.items()}
        return cls(CaseKey.read(words.pop("request")), **words)

    def case(self, requests: Requests) -> Case:
        """The request as it is now. Raises NoRequestError."""
        found = requests.get(self.key)
        if found is None:
            raise NoRequestError
        return found
