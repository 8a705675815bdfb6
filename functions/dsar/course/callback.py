"""Use case: tell a controller's addresses where a request is, signed, for an hour if need be.

Source:
    OpenDSR 2.0, specification.md, "Callbacks" and "Request Signing": a base64 signature of the SHA-256 of the body.
    Our own words are in `extensions`.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from fugace.domain.case import ARCHIVED, Case, CaseKey, CaseState, Right
from fugace.domain.errors import WebhookFailedError, WebhookRefusedError
from fugace.domain.ledger import written
from fugace.keeping import Signer
from fugace.ports import HttpRequest, Queue, Web
from fugace.rights import Requests

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 15, 15))
"""After each failed attempt; after the last one nobody tries again."""
DOMAIN = "fugace"
"""Ours, in `extensions`."""
_MOST_ADDRESSES = 64


@dataclass(frozen=True, slots=True)
class Notice:
    """A body of the queue of callbacks: an id, a word and numbers (I2)."""

    key: CaseKey
    state: str
    """Where the request was then; told is where it is."""
    attempt: int = 1
    which: int = 0
    """Addresses that are left, a bit each; 0: all of them."""

    @classmethod
    def read(cls, body: object) -> "Notice":
        """Raises ValueError for anything that is not such a body, without quoting it."""
        match body:
            case {"request": str(request), "state": str(state), "attempt": int(attempt), **more} if attempt > 0:
                which = more.get("which", 0)
                if state in set(CaseState) and isinstance(which, int):
                    return cls(CaseKey.read(request), state, attempt, which)
        raise ValueError("not a body of the queue of callbacks")

    def body(self) -> dict[str, str | int]:
        """The inverse of `read`."""
        body: dict[str, str | int] = {"request": str(self.key), "state": self.state, "attempt": self.attempt}
        return body | ({"which": self.which} if self.which else {})


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it."""

    told: int = 0
    again: int = 0
    lost: int = 0
    """Addresses that are not tried any more."""


@dataclass(frozen=True, slots=True)
class Callback:
    """From the queue of callbacks to the controller."""

    requests: Requests
    web: Web
    signer: Signer
    queue: Queue
    public_url: str

    def run(self, notice: Notice) -> Told:
        """One attempt at each address that is left; what fails goes back to the queue, later.

        An older notice tells where the request is by now: the order is not promised, and nobody is told what is not so.
        """
        case = self.requests.get(notice.key)
        if case is None:
            return Told()
        left = [bit for bit in range(len(case.callbacks)) if not notice.which or notice.which >> bit & 1]
        results = {bit: self._post(case, case.callbacks[bit]) for bit in left[:_MOST_ADDRESSES]}
        again = sum(1 << bit for bit, result in results.items() if result is None)
        if again and notice.attempt <= len(PAUSES):
            following = replace(notice, attempt=notice.attempt + 1, which=again)
            self.queue.send([following.body()], delay=PAUSES[notice.attempt - 1])
        else:
            self._note(case)
        told = sum(result is True for result in results.values())
        waiting = again.bit_count() if notice.attempt <= len(PAUSES) else 0
        return Told(told, waiting, len(results) - told - waiting)

    def _post(self, case: Case, url: str) -> bool | None:
        """Whether it was told; None: trying again may help."""
        body = json.dumps(self._shown(case, url), separators=(",", ":")).encode()
        try:
            answer = self.web.webhook(HttpRequest("POST", url, self._headers(body), body))
        except WebhookRefusedError:
            return False
        except WebhookFailedError:
            return None
        if HTTPStatus(200) <= answer.status < HTTPStatus(300):
            return True
        return False if answer.status == HTTPStatus.GONE else None

    def _headers(self, body: bytes) -> Mapping[str, str]:
        signature = self.signer.sign(hashlib.sha256(body).digest())
        return {
            "Content-Type": "application/json",
            "X-OpenDSR-Processor-Domain": urlsplit(self.public_url).hostname or "",
            "X-OpenDSR-Signature": base64.b64encode(signature).decode(),
        }

    def _shown(self, case: Case, url: str) -> dict[str, object]:
        """Ids, words and times; never who it is about."""
        shown: dict[str, object] = {
            "controller_id": case.tenant,
            "expected_completion_time": written(case.due),
            "status_callback_url": url,
            "subject_request_id": case.key.id,
            "request_status": case.state.dsr_status,
        }
        if case.right in ARCHIVED and case.state is CaseState.COMPLETED:
            shown["results_url"] = f"{self.public_url}/v1/requests/{case.key.id}/links"
        own: dict[str, str] = {"state": case.state.value, "due_at": written(case.due)}
        if case.reminded:
            own["reminder"] = case.reminded
        if case.right is Right.OFFBOARDING and case.certificate:
            own["certificate"] = case.certificate  # nobody has a key any more with which it could be fetched
        return shown | {"extensions": {DOMAIN: own}}

    def _note(self, case: Case) -> None:
        """Told, or given up. Where the request has moved meanwhile there is another notice."""
        if case.told != case.state:
            self.requests.move(replace(case, told=case.state.value), case)
