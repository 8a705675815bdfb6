"""Use case: a one-time code is sent to the number in a request, by the same way as every message.

The machine waits under a token until the code comes back, for ten minutes. The code is made of that token, with the
tenant's key: a step that is repeated makes the same code and the same message, which is accepted once.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fugace.domain.case import Case, CaseState, Identity
from fugace.domain.composing import Letter, compose
from fugace.domain.encoding import split
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageId, MessageKey, uuid8
from fugace.domain.lookout import next_look
from fugace.domain.message import Category, OnUnknown
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Period
from fugace.domain.tenant import Tenant
from fugace.domain.times import whole
from fugace.ports import Clock, Messages, SubjectKey, Tenants, Vault
from fugace.rights import CaseSeals, Requests
from functions.dsar.onetime import VALID, digest
from functions.dsar.task import Task

DIGITS = 6
LIMITS = {timedelta(hours=1): 3, timedelta(days=1): 10}
"""Codes to one number of one tenant, in how long."""
UNSENT = "unsent"
"""Why a request ends for which no code was sent: too many were, or nothing may be sent to the number."""
TEXTS = {
    "en": "Code {code} confirms your data request. Valid for 10 minutes. If you did not ask, ignore this.",
    "fr": "Le code {code} confirme votre demande sur vos données. Valable 10 minutes. Sinon, ignorez ce message.",
    "pl": "Kod {code} potwierdza wniosek o Twoje dane. Wazny 10 minut. Jesli to nie Ty, zignoruj te wiadomosc.",
}
"""One segment each, in GSM-7: Polish goes without its marks, as it mostly does in texts."""
_ATTEMPTS = 8


class UnsentError(Exception):
    """No code may be sent: the request ends unverified. It is written down why."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Sends codes."""

    requests: Requests
    seals: CaseSeals
    vault: Vault
    messages: Messages
    tenants: Tenants
    clock: Clock

    def run(self, task: Task) -> None:
        """Send the code of `task.token`, once. One that has ended meanwhile, or is proven, is not sent any.

        Raises:
            NoRequestError: a mistake of ours.
            UnsentError: none may be sent.
            UnavailableError: others change the request all the time, or something does not answer.
        """
        if not task.token:
            raise ValueError("nobody waits for this code")
        for _ in range(_ATTEMPTS):
            seen = task.case(self.requests)
            if seen.state is not CaseState.VERIFYING or seen.proven or self._sent(seen, task):
                return
            now = whole(self.clock())
            to = self._number(seen)
            person = self._person(seen, to, now)
            if person is None:
                if self.requests.move(_looked(replace(seen, reason=UNSENT), now), seen):
                    raise UnsentError
                continue
            code = self._code(seen, task)
            kept = digest(self.vault, seen.key, code)
            tries = seen.tries if seen.token == task.token else 0  # a repeat's code is the same one
            waiting = replace(seen, token=task.token, code=kept, tries=tries, until=now + VALID, reason="")
            if self.requests.move(_looked(waiting, now), seen):
                tenant = self._tenant(seen)
                letter = replace(self._letter(seen, task, to, code), carrier=tenant.carrier, anchor=now)
                self.messages.add(compose(letter, person, tenant, now))
                return
        raise UnavailableError

    def _sent(self, case: Case, task: Task) -> bool:
        return case.token == task.token and self.messages.get(self._key(case, task)) is not None

    def _number(self, case: Case) -> Msisdn:
        return Msisdn.parse(self.seals.open(case.key, "number", case.sealed).decode())

    def _person(self, case: Case, to: Msisdn, now: datetime) -> SubjectKey | None:
        """None: nothing may be sent."""
        if any(self._earlier(case, now - window) >= limit for window, limit in LIMITS.items()):
            return None
        return self.vault.keys_for(case.tenant, [to])[self.vault.subject(case.tenant, to)]

    def _earlier(self, case: Case, since: datetime) -> int:
        """How many codes were sent to this person before: one a run of each request that came before this one.

        By when they came, so that of several at once the first ones win, and not none. Those that nobody proved count
        for a day: as long as they can be told to be the person's.
        """
        mine = (case.received, case.key.id)
        before = [
            max(other.run, 1)
            for other in (self.requests.of_person(case.subject) if case.subject else [])
            if since < other.received and (other.received, other.key.id) < mine and _coded(other)
        ]
        return sum(before) + max(case.run, 1) - 1

    def _code(self, case: Case, task: Task) -> str:
        drawn = self.vault.digest(case.tenant, "code-draw", f"{case.key.id}/{task.token}".encode())
        return f"{int.from_bytes(drawn, 'big') % 10**DIGITS:0{DIGITS}}"

    def _key(self, case: Case, task: Task) -> MessageKey:
        drawn = self.vault.digest(case.tenant, "code-id", f"{case.key.id}/{task.token}".encode())
        return MessageKey(case.tenant, MessageId(uuid8(drawn)))

    def _letter(self, case: Case, task: Task, to: Msisdn, code: str) -> Letter:
        text = TEXTS.get(case.language, TEXTS["en"]).format(code=code)
        return Letter(
            key=self._key(case, task),
            to=to,
            text=text,
            cut=split(text),
            category=Category.OTP,
            carrier="",
            validity=VALID,
            on_unknown=OnUnknown.AT_LEAST_ONCE,  # the same code twice confuses nobody; none keeps somebody out
            anchor=case.received,
            content=Period(),
        )

    def _tenant(self, case: Case) -> Tenant:
        found = self.tenants.get(case.tenant)
        if found is None:
            raise UnavailableError
        return found


def _coded(case: Case) -> bool:
    return case.identity is Identity.OTP and case.reason != UNSENT


def _looked(case: Case, now: datetime) -> Case:
    return replace(case, look_at=next_look(case, now))
