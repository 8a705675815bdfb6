"""What can become of a message: how the request is answered, and what is reported afterwards."""

from dataclasses import dataclass, replace
from enum import Enum


class Wait(Enum):
    """What stands between the request and its answer."""

    NOTHING = "nothing"
    SLOW = "slow"
    REPORTS = "reports"  # they are all out before the answer is


@dataclass(frozen=True, slots=True)
class Reply:
    """How the request to send is answered."""

    status: int = 202
    """0: the connection is closed without an answer."""
    code: str = ""
    sends: bool = True
    """Whether an SMS leaves."""
    wait: Wait = Wait.NOTHING
    garbled: bool = False
    retry_after: int | None = None
    attempts: int | None = 1
    """How many attempts at one reference are answered so, before all is well; None: all of them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One report."""

    state: str
    code: str = "000"
    evidence: str = "handset"
    part: int = 0
    """From 1; 0: the whole message."""
    times: int = 1
    forged_first: bool = False
    """Sent once with a wrong signature before."""
    earlier: int = 0
    """How many steps ago it says that it happened."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of it, and what it has to lead to."""

    name: str
    ends: str
    """The final state that a message must reach, handed over at most once to the flavour that does not deduplicate."""
    says: str
    steps: tuple[Step, ...]
    reply: Reply = Reply()
    by_part: bool = False
    """Its last step is reported for each part; all but the last part are delivered."""
    sms: int = 1
    """How many SMS leave, likewise."""

    def plan(self, segments: int) -> tuple[tuple[Step, ...], ...]:
        """What is reported, in order: the reports of one entry go together."""
        if not self.by_part:
            return tuple((step,) for step in self.steps)
        *first, last = self.steps
        delivered = (Step("DELIVRD", part=part) for part in range(1, segments))
        return *((step,) for step in first), (*delivered, replace(last, part=segments))
