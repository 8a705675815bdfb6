"""The states in which half the trade reports: SMPP's, as receipts spell them."""

from collections.abc import Mapping
from types import MappingProxyType

from fugace.domain.message import Status

STATES: Mapping[str, Status] = MappingProxyType(
    {
        "SCHEDLD": Status.ACCEPTED,
        "ENROUTE": Status.SUBMITTED,
        "DELIVRD": Status.DELIVERED,
        "EXPIRED": Status.EXPIRED,
        "DELETED": Status.UNDELIVERABLE,
        "UNDELIV": Status.UNDELIVERABLE,
        "ACCEPTD": Status.SUBMITTED,
        "UNKNOWN": Status.UNKNOWN,
        "REJECTD": Status.REJECTED,
        "SKIPPED": Status.BLOCKED,
        "FAILED": Status.UNDELIVERABLE,
    }
)
"""From the receipt's word to ours.

`DELETED` is not our `cancelled`: we cancel nothing at a carrier, so it was
deleted there. Whether `ACCEPTD` is final is disputed; taken as final it would
hide the receipt that often follows. `FAILED` is in no standard and seen in the
field.

Source:
    SMPP 3.4 issue 1.2, section 5.2.28 and appendix B; SMPP 5.0, section 4.7.15 (SCHEDULED, SKIPPED).
"""


def status(state: str, states: Mapping[str, Status] = STATES) -> Status:
    """What `state` means; `unknown` for a word that nobody has told us of, so that a new one breaks nothing."""
    return states.get(state, Status.UNKNOWN)
