"""What may come back from a back-up: by what is known now, not by what was known then.

A back-up does not know whom it must have forgotten since. Three things do, and none of them is ever restored: the table
of keys (erasures, restrictions, objections), the ledger (what was decided), and the clock. What cannot be shown to be
allowed to come back stays away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from fugace.domain.case import ARCHIVED, Case, CaseState, Right
from fugace.domain.expiry import content_expiry, record_expiry
from fugace.domain.hold import Hold, HoldState
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.message import Change, Evidence, Record, Status
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.standing import Standing
from fugace.domain.tenant import Tenant
from fugace.keeping import Holds, Ledger
from fugace.ports import Clock
from fugace.restoring import NOBODY, Row, Sort, Verdict, Word
from fugace.rights import Requests
from functions.dsar.restoring.since import Since, filed

CODE = "restored"
"""Why a message is `unknown`: what became of it was forgotten with the row."""
RUNS = 1000
"""Executions that may have been begun since, at most: a name that was given is not given again."""
LINKS = 1000
"""Links to an archive that may have been made since, at most: the same is so of them."""
_BEYOND = Period(months=1)
"""How far beyond a hold's end its rows are out of TTL's reach."""
_COVERING = frozenset({HoldState.SETTING, HoldState.HELD})


class Standings(Protocol):
    """Of `fugace.rights.Persons`, what is asked here."""

    def standing(self, subject: SubjectId, /) -> Standing:
        """As it is now."""
        ...


class Known(Protocol):
    """Of `fugace.ports.Tenants`, what is asked here."""

    def get(self, tenant: TenantId, /) -> Tenant | None:
        """A tenant; None: there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Now:
    """What is asked about the present."""

    persons: Standings
    requests: Requests
    tenants: Known
    holds: Holds
    ledger: Ledger
    clock: Clock


@dataclass
class Judge:
    """For one run of a function: what it has read of a tenant it remembers."""

    now: Now
    at: datetime
    """Of the back-up."""
    _since: dict[TenantId, Since] = field(default_factory=dict)
    _departed: dict[TenantId, bool] = field(default_factory=dict)
    _holds: dict[TenantId, list[Hold]] = field(default_factory=dict)

    def verdict(self, row: Row) -> Verdict:
        """On a row that is not in the live table."""
        if row.sort is Sort.CLAIM:
            return Verdict(row, word=Word.SKIPPED)  # comes back with its request, where that is open
        if row.sort is Sort.UNREADABLE or (row.tenant != NOBODY and self._gone(row)):
            return Verdict(row)
        judges = {Sort.MESSAGE: self._message, Sort.CASE: self._case, Sort.RECALL: self._recall}
        return Verdict(row, judges.get(row.sort, self._configured)(row))

    def _gone(self, row: Row) -> bool:
        """Whether its tenant has left, or is unknown to the live table where that is not itself what is restored."""
        if self._has_left(row.tenant):
            return True
        if row.sort in {Sort.MESSAGE, Sort.CASE, Sort.RECALL}:
            return self.now.tenants.get(row.tenant) is None
        return False

    def _has_left(self, tenant: TenantId) -> bool:
        if tenant not in self._departed:
            begun = self._told(tenant).erasures
            kinds = {filed(self.now.ledger, tenant, request) for request in begun}
            self._departed[tenant] = Right.OFFBOARDING in kinds
        return self._departed[tenant]

    def _told(self, tenant: TenantId) -> Since:
        if tenant not in self._since:
            self._since[tenant] = Since.read(self.now.ledger, tenant, self.at)
        return self._since[tenant]

    def _retention(self, tenant: TenantId) -> Retention:
        known = self.now.tenants.get(tenant)
        if known is None:  # was asked before
            raise LookupError
        return known.retention

    # Messages.

    def _message(self, row: Row) -> Row | None:
        record, now = row.record, self.now.clock()
        if record is None or self._corrected(record, "to"):
            return None
        held = self._holding(record)
        freed = bool(record.held) and not held and record.sealed.text is not None
        record = replace(record, held=frozenset(hold.id for hold in held), brief=record.brief or freed)
        if not _known(self.now.persons.standing(record.subject), record):
            return None
        retention = self._retention(row.tenant)
        if not held and record_expiry(record, retention) <= now:
            return None
        if self._corrected(record, "reference"):
            record = replace(record, sealed=replace(record.sealed, reference=None))
        return replace(row, record=_stamped(_ended(record, now), held, retention, now))

    def _holding(self, record: Record) -> list[Hold]:
        """Holds that cover it now: those that it bore then may be over, and one may have been set since."""
        tenant = record.key.tenant
        if tenant not in self._holds:
            self._holds[tenant] = [hold for hold in self.now.holds.of(tenant) if hold.state in _COVERING]
        return [hold for hold in self._holds[tenant] if hold.id in record.held or _covers(hold, record)]

    def _corrected(self, record: Record, what: str) -> bool:
        """Whether something of its person's was corrected since: then it must not come back uncorrected."""
        corrected = self._told(record.key.tenant).corrected
        if what not in corrected.values():
            return False
        of_person = self.now.requests.of_person(record.subject)
        return any(corrected.get(case.key.id) == what for case in of_person)

    # Requests.

    def _case(self, row: Row) -> Row | None:
        case, now = row.case, self.now.clock()
        if case is None:
            return None
        case = _told(case, self._told(row.tenant))
        if case.finished and self._retention(row.tenant).expiry(Kind.CASES, case.finished, case.finished) <= now:
            return None
        if case.subject and not _needed(case) and self._forgotten(case.subject):
            case = replace(case, subject=None, sealed=b"", correction=b"", digest=b"")
        if case.right in ARCHIVED:
            # One that was used since looks unused; and no number is given twice, since a link is made of it.
            case = replace(case, links=case.links + LINKS, link_until=None)
        if not case.state.final:
            # Whatever ran for it has ended, or goes on without it: it is begun anew.
            case = replace(case, look_at=now, run=case.run + RUNS, token="", code=b"", tries=0)
        return replace(row, case=case)

    def _forgotten(self, subject: SubjectId) -> bool:
        standing = self.now.persons.standing(subject)
        return bool(standing.erased or standing.erasing)

    def _recall(self, row: Row) -> Row | None:
        """Asking a carrier twice does no harm; asking none of those that are left would."""
        request = row.key.split("/")[1]  # `<tenant> recall/<request>/<page>`
        return None if request in self._told(row.tenant).ended else row

    # What a tenant has configured.

    def _configured(self, row: Row) -> Row | None:
        now = self.now.clock()
        if row.expires_at and row.expires_at <= now:
            return None
        if row.sort is Sort.HOLD and row.key.rpartition("/")[2] in self._told(row.tenant).holds_ended:
            return None
        if row.sort is Sort.TENANT:
            chosen = self._told(row.tenant).chosen(row.retention) if row.retention else None
            return replace(row, retention=chosen) if chosen else None
        # Neither a revocation nor a removal is in the ledger: one since then cannot be told from none.
        return replace(row, closed=now) if row.sort in {Sort.API_KEY, Sort.WEBHOOK} else row


def _known(standing: Standing, record: Record) -> bool:
    """Whether its key is there, and the same; or, for what a hold keeps, is kept for whoever lifts it."""
    usable = standing.live or (standing.erasing is not None and bool(record.held))
    return usable and standing.epoch == record.epoch


def _covers(hold: Hold, record: Record) -> bool:
    meant = {"message": record.key.id == hold.message, "subject": record.subject == hold.subject, "tenant": True}
    return meant[hold.scope] and record.collected <= hold.set_at


def _ended(record: Record, now: datetime) -> Record:
    """Nobody knows what became of it since: it may have been sent, and is not sent again (I6)."""
    record = replace(record, claimed_at=None)
    if record.status.final:
        return record
    return record.changed(Change(Status.UNKNOWN, now, Evidence.INFERRED, CODE))


def _stamped(record: Record, held: list[Hold], retention: Retention, now: datetime) -> Record:
    """With its end as it is now. A hold keeps the text as well, and what is held has no end of its own."""
    if held:
        beyond = max(_BEYOND.after(hold.until).replace(microsecond=0) for hold in held)
        return replace(record, expires_at=max(record.expires_at, beyond), brief=False)
    if content_expiry(record, retention) <= now:
        record = replace(record, sealed=replace(record.sealed, text=None), brief=False)
    return replace(record, expires_at=record_expiry(record, retention).replace(microsecond=0))


def _needed(case: Case) -> bool:
    """An erasure that is not done has to know whom it erases."""
    return case.right is Right.ERASURE and not case.state.final


def _told(case: Case, since: Since) -> Case:
    """The request as the ledger knows it."""
    if later := since.extended.get(case.key.id):
        case = replace(case, due=datetime.fromisoformat(str(later.facts["due"])), extended=str(later.facts["reason"]))
    ended: Mapping[str, tuple[CaseState, Draft]] = since.ended
    if case.state.final or case.key.id not in ended:
        return case
    state, draft = ended[case.key.id]
    reason = str(draft.facts["reason"]) if draft.action is Action.REQUEST_DENIED else case.reason
    return replace(
        case,
        state=state,
        finished=draft.at,
        reason=reason,
        sealed=b"",
        correction=b"",
        token="",
        code=b"",
        look_at=None,
    )
