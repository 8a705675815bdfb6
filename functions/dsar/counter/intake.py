"""Use case: a controller hands over a person's request.

Nothing here looks whether the person is known: somebody nobody ever wrote to is answered with the same steps, in the
same time and size, as somebody with ten thousand messages.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from fugace.domain import addresses, deadlines
from fugace.domain.actor import Actor
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.errors import (
    FieldError,
    LimitReachedError,
    RequestMismatchError,
    RequestOpenError,
    UnavailableError,
    WebhookRefusedError,
)
from fugace.domain.ids import SubjectId
from fugace.domain.jose import b64url
from fugace.domain.ledger import Action, Draft, written
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Period
from fugace.domain.times import whole
from fugace.keeping import Ledger
from fugace.ports import Clock, ConflictError, Tenants, Vault
from fugace.rights import CaseSeals, Machine, NewKey, Requests
from functions.dsar.counter.ending import forgotten

MOST = 5000
"""Open requests of one tenant: beyond, somebody files them who should not. Counted in one page of an index."""
NUMBER, CORRECTION = "number", "correction"
"""Names of the two sealed fields of a request."""
RUN = 1
"""Number of the execution that filing starts."""
SOON = timedelta(minutes=5)
"""After so long whoever looks after requests starts what was not started."""
_KEY = 32
"""Bytes of a commitment's key."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be put in the place of what is wrong: another number, or another reference."""

    field: Literal["to", "reference"]
    value: Msisdn | str

    def text(self) -> bytes:
        """JSON, to be sealed."""
        value = self.value.reveal() if isinstance(self.value, Msisdn) else self.value
        return json.dumps({"field": self.field, "value": value}).encode()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a controller asks for, as it was read."""

    id: str
    """The controller's own: a UUID v4."""
    right: Right
    submitted: datetime
    """In the zone in which it was written: the month is counted on that calendar."""
    to: Msisdn
    identity: Identity
    payload: bytes
    """The whole request, in a form that does not depend on how it was written."""
    callbacks: tuple[str, ...] = ()
    language: str = "en"
    correction: Correction | None = None
    reason: str = ""
    """Of a restriction: a word of `RestrictionGround`."""
    regulation: str = "gdpr"


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a wish."""

    case: Case
    again: bool = False
    """It was filed before: this is where it stands."""
    commitment_key: bytes = b""
    """Opens the commitment. Given this once, and kept nowhere."""
    digest: bytes = b""
    failure: Exception | None = None
    """Why its machine could not be started, which will be made up for."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """By what a request and its person are known here."""

    key: CaseKey
    subject: SubjectId
    digest: bytes


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes requests."""

    requests: Requests
    seals: CaseSeals
    ledger: Ledger
    tenants: Tenants
    vault: Vault
    machine: Machine
    clock: Clock
    waiting: Period
    """How long an erasure waits before it begins."""
    exceptions: Collection[str] = ()
    """Origins that may be called although plain or private."""

    def file(self, actor: Actor, wish: Wish) -> Filed:
        """Durable when it comes back, whatever becomes of the machine.

        Raises:
            ForbiddenError: a test key.
            WebhookRefusedError: a callback address that we will not call.
            RequestMismatchError: the id was used for something else, or nobody can tell any more for what.
            RequestOpenError: the person has an open request of this kind.
            LimitReachedError: there are as many open ones as a tenant may have.
        """
        actor.demand_live()
        demand_callable(wish.callbacks, self.exceptions)
        key, subject = CaseKey(actor.tenant, wish.id), self.vault.subject(actor.tenant, wish.to)
        digest = self.vault.digest(actor.tenant, "request", wish.payload)
        for _ in range(_ATTEMPTS):
            if there := self.requests.get(key):
                return self._again(there, digest)
            if other := self.requests.claimed(actor.tenant, subject, wish.right):
                self._demand_free(other)
            if self.requests.count_open(actor.tenant, MOST) >= MOST:
                raise LimitReachedError(allowed=MOST)
            if filed := self._new(actor, wish, _Marks(key, subject, digest)):
                return filed
        raise UnavailableError

    def _again(self, there: Case, digest: bytes) -> Filed:
        """The same request once more: where it stands. What has forgotten whose it was is nobody's repetition."""
        tenant = self.tenants.get(there.tenant)
        over = forgotten(there, tenant.retention if tenant else None, self.clock())
        if over or not there.digest or not hmac.compare_digest(there.digest, digest):
            raise RequestMismatchError
        return Filed(there, again=True, digest=digest)

    def _demand_free(self, other: CaseKey) -> None:
        """Only who was vouched for, or has proved it, stands in the way: see `Requests.file`."""
        seen = self.requests.get(other)
        if seen and not seen.state.final:  # else it has just ended, and its claim with it
            raise RequestOpenError(request=other.id)

    def _new(self, actor: Actor, wish: Wish, marks: _Marks) -> Filed | None:
        """File it. None: somebody else filed something in between.

        Its key is written with it: of those who file under one id at once, nobody seals with, or destroys, another's.
        """
        secret, own = os.urandom(_KEY), self.seals.new(marks.key)
        case = self._case(actor, wish, marks, secret, own)
        try:
            self.ledger.append(_filed(case), self.requests.file(case), own.write)
        except ConflictError:
            return None
        return Filed(case, commitment_key=secret, digest=marks.digest, failure=self._start(marks.key))

    def _case(self, actor: Actor, wish: Wish, marks: _Marks, secret: bytes, own: NewKey) -> Case:
        now, number = whole(self.clock()), wish.to.reveal().encode()
        proved = wish.identity is Identity.ATTESTED
        waits = self.waiting if wish.right is Right.ERASURE else Period()
        return Case(
            key=marks.key,
            right=wish.right,
            state=CaseState.WAITING if proved else CaseState.VERIFYING,
            submitted=whole(wish.submitted.astimezone(UTC)),
            received=now,
            due=whole(deadlines.due(wish.submitted).astimezone(UTC)),
            identity=wish.identity,
            filed_by=actor.key_id,
            subject=marks.subject,
            sealed=own.seal(NUMBER, number),
            correction=own.seal(CORRECTION, wish.correction.text()) if wish.correction else b"",
            digest=marks.digest,
            commitment=b64url(hmac.digest(secret, number, hashlib.sha256)),
            callbacks=wish.callbacks,
            regulation=wish.regulation,
            language=wish.language,
            reason=wish.reason,
            until=waits.after(now) if proved else None,
            run=RUN,
            look_at=now + SOON,
            version=1,
        )

    def _start(self, key: CaseKey) -> Exception | None:
        """The request is durable, and its commitment's key must reach the controller: no failure here may hide that."""
        try:
            self.machine.start(key, RUN)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is made up for within minutes
            return error
        return None


def demand_callable(urls: Sequence[str], exceptions: Collection[str]) -> None:
    """Refuse addresses that we will not call. Raises WebhookRefusedError, which says which."""
    for place, url in enumerate(urls):
        try:
            addresses.allowed(url, exceptions)
        except WebhookRefusedError as error:
            reason = str(error.facts["reason"])
            raise WebhookRefusedError(FieldError(f"/status_callback_urls/{place}", reason), reason=reason) from None


def _filed(case: Case) -> Draft:
    facts = {
        "kind": case.right.value,
        "identity": case.identity.value,
        "submitted": written(case.submitted),
        "due": written(case.due),
    }
    return Draft(case.tenant, case.received, Action.REQUEST_FILED, case.filed_by, case.key.id, facts)
