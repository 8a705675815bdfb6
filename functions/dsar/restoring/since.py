"""What a tenant's ledger tells to have happened since a moment: what a restore would forget, if nobody told it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fugace.domain.case import CaseState, Right
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind, Period, Retention
from fugace.keeping import Ledger
from functions.dsar.newest import newest_first

_BLUR = timedelta(seconds=1)
"""A back-up is exact to the second: what happened within it is told once more, which changes nothing."""
_ENDS = {
    Action.REQUEST_CANCELLED: CaseState.CANCELLED,
    Action.REQUEST_DENIED: CaseState.DENIED,
    Action.REQUEST_CLOSED: CaseState.UNVERIFIED,
}


@dataclass(frozen=True, slots=True)
class Since:
    """A tenant's entries since then, oldest first."""

    drafts: Sequence[Draft]

    @classmethod
    def read(cls, ledger: Ledger, tenant: TenantId, at: datetime) -> "Since":
        """From the end of the chain backwards: as much as there was since."""
        found = []
        for entry in newest_first(ledger, tenant):
            if entry.draft.at < at - _BLUR:
                break
            found.append(entry.draft)
        return cls(found[::-1])

    def of(self, *actions: Action) -> Iterator[Draft]:
        """Those of some kinds."""
        return (draft for draft in self.drafts if draft.action in actions)

    @property
    def ended(self) -> Mapping[str, tuple[CaseState, Draft]]:
        """Requests that ended, by id: how, and the entry that tells so."""
        found = {draft.object: (_ENDS[draft.action], draft) for draft in self.of(*_ENDS)}
        for draft in self.of(Action.REQUEST_DONE):
            state = CaseState(str(draft.facts["state"]))
            if state.final:
                found[draft.object] = state, draft
        return found

    @property
    def extended(self) -> Mapping[str, Draft]:
        """Requests whose date was put off, by id."""
        return {draft.object: draft for draft in self.of(Action.REQUEST_EXTENDED)}

    @property
    def corrected(self) -> Mapping[str, str]:
        """What was corrected, by the id of the request: `to` or `reference`."""
        return {draft.object: str(draft.facts["field"]) for draft in self.of(Action.RECTIFIED)}

    @property
    def holds_ended(self) -> frozenset[str]:
        """Ids of holds that were taken off what they covered."""
        return frozenset(draft.object for draft in self.of(Action.HOLD_ENDED))

    @property
    def erasures(self) -> frozenset[str]:
        """Ids of requests that began to destroy."""
        return frozenset(draft.object for draft in self.of(Action.ERASURE_BEGUN))

    def chosen(self, retention: Retention) -> Retention:
        """The choices that were made since, one after the other, as they were made then."""
        for draft in self.of(Action.POLICY_CHANGED):
            for name, value in draft.facts.items():
                kind, _, which = name.rpartition(".")
                if which == "to":
                    retention = retention.changed(Kind(kind), Period.parse(str(value)), draft.at)
        return retention


def filed(ledger: Ledger, tenant: TenantId, request: str) -> Right | None:
    """What a request was for; it may have been filed long before."""
    for draft in (entry.draft for entry in newest_first(ledger, tenant)):
        if draft.action is Action.REQUEST_FILED and draft.object == request:
            return Right(str(draft.facts["kind"]))
    return None
