"""Use case: what was made for a person is fetched, once, by whoever was given the link."""

import hmac
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from fugace.domain.actor import Actor
from fugace.domain.case import ARCHIVED, Case, CaseKey, CaseState, Right
from fugace.domain.errors import MissingKeyError, NotFoundError, RequestClosedError, UnavailableError
from fugace.domain.ids import MessageId, MessageKey
from fugace.domain.jose import b64url, unb64url
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind
from fugace.domain.times import whole
from fugace.keeping import Ledger
from fugace.ports import Clock, ConflictError, Tenants, Vault
from fugace.rights import Archives, CaseSeals, Requests
from functions.dsar.counter.desk import Desk
from functions.dsar.task import ACTOR

GOOD_FOR = timedelta(hours=24)
"""A link that nobody has used."""
FETCH = timedelta(minutes=5)
"""What it leads to."""
PURPOSE = "archive-link"
SECRET = "archive"  # noqa: S105  # the name of a purpose
_WHO, _COUNT, _MAC = 26, 4, 32
"""Bytes: tenant and request; the link's number; the signature."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """A sealed archive: where it is for five minutes, and what opens it."""

    case: Case
    url: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links to archives, and follows each once."""

    desk: Desk
    requests: Requests
    archives: Archives
    seals: CaseSeals
    ledger: Ledger
    tenants: Tenants
    vault: Vault
    clock: Clock

    def make(self, actor: Actor, request: str) -> tuple[Case, str]:
        """A new link's token; the one before opens nothing any more.

        Raises:
            RequestClosedError: it has no archive, or none yet.
            NotFoundError: its archive has gone.
        """
        actor.demand_live()
        for _ in range(_ATTEMPTS):
            seen = self.desk.get(actor.tenant, request)
            if not _there(seen):
                raise RequestClosedError(state=seen.state.value)
            if self._gone(seen) or self.archives.size(seen.key) is None:
                raise NotFoundError
            until = whole(self.clock()) + GOOD_FOR
            linked = replace(seen, links=seen.links + 1, link_until=until)
            if self.requests.move(linked, seen):
                return linked, self._token(linked)
        raise UnavailableError

    def follow(self, token: str) -> Fetched:
        """The archive, this once; it is in the ledger that it was fetched.

        What is given is made before the link is used up: a failure takes nothing away.

        Raises:
            NotFoundError: forged, used, replaced by a newer one, or over: which, nobody is told.
        """
        key, number = self._read(token)
        for _ in range(_ATTEMPTS):
            seen = self.requests.get(key)
            if seen is None or not self._good(seen, number):
                raise NotFoundError
            try:
                fetched = Fetched(seen, self.archives.link(key, FETCH), self.seals.secret(key, SECRET))
            except MissingKeyError:
                raise NotFoundError from None
            draft = Draft(key.tenant, whole(self.clock()), Action.ARCHIVE_FETCHED, ACTOR, key.id, {})
            with suppress(ConflictError):
                self.ledger.append(draft, self.requests.change(replace(seen, link_until=None), seen))
                return fetched
        raise UnavailableError

    def _good(self, case: Case, number: int) -> bool:
        if case.link_until is None or case.links != number or case.link_until <= self.clock():
            return False
        return _there(case) and not self._gone(case)

    def _gone(self, case: Case) -> bool:
        """Its archive is over, deleted or not (I4). It was written after the work began: that is the safe anchor."""
        tenant, anchor = self.tenants.get(case.tenant), case.begun or case.finished
        if tenant is None or anchor is None or Kind.EXPORTS not in tenant.retention.caps:
            return tenant is None
        return tenant.retention.expiry(Kind.EXPORTS, anchor, anchor) <= self.clock()

    def _token(self, case: Case) -> str:
        """Tenant, request and number, signed: nobody can guess one, and nothing in it is about a person."""
        reference = MessageKey(case.tenant, MessageId(case.key.id)).reference
        said = unb64url(reference) + case.links.to_bytes(_COUNT)
        return b64url(said + self.vault.sign(PURPOSE, said))

    def _read(self, token: str) -> tuple[CaseKey, int]:
        try:
            raw = unb64url(token)
        except ValueError:
            raise NotFoundError from None
        said, signature = raw[: _WHO + _COUNT], raw[_WHO + _COUNT :]
        if len(raw) != _WHO + _COUNT + _MAC or not hmac.compare_digest(self.vault.sign(PURPOSE, said), signature):
            raise NotFoundError
        key = MessageKey.from_reference(b64url(said[:_WHO]))
        return CaseKey(key.tenant, key.id), int.from_bytes(said[_WHO:])


def _there(case: Case) -> bool:
    """Whether an archive was made for it that may be fetched: a tenant's, before everything goes."""
    if case.right is Right.OFFBOARDING:
        return case.state is CaseState.WAITING and case.records is not None
    return case.right in ARCHIVED and case.state is CaseState.COMPLETED
