"""The carrier simulator, and the model for adapters of real ones. Its manual: docs/carriers/simulator.md."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

from fugace.adapters.carriers import reading, smpp
from fugace.domain.errors import (
    CarrierRefusedError,
    CarrierSilentError,
    CarrierUnavailableError,
    ReceiptRefusedError,
)
from fugace.domain.message import Evidence, Status
from fugace.ports import Callback, Clock, Event, HttpAnswer, HttpRequest, Submission, Terms

STATES: Mapping[str, Status] = {**smpp.STATES, "BUFFERED": Status.BUFFERED}
TOLERANCE = timedelta(minutes=5)
"""How far a signature's time may be from ours: what was recorded cannot be played again later."""

_OUR_FAULT = {
    # Nothing is wrong with the message: our key, our account or our address is, and somebody will mend it.
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
}
_NOT_NOW = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
_BLOCKED = {"opted_out", "blocked", "spam"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SIGNATURE = re.compile(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64})+)")
_MOST_PARTS = 255  # one octet in the joining header of TS 23.040
_MOST_REPORTS = 100

_TERMS = Terms(
    deduplicates=False,
    callback_per_message=True,
    receipt_limit=timedelta(minutes=2),  # it reports within seconds or not at all
    region="where it runs: this machine",
    keeps="number, text and reports, until they are deleted there",
    max_segments=10,
    erases=True,
)


@dataclass(frozen=True, slots=True)
class Simulator:
    """A `fugace.ports.Carrier`, in two flavours: a callback URL per message, or one for the account."""

    url: str
    token: str = field(repr=False)
    signing: bytes = field(repr=False)
    clock: Clock = field(repr=False)
    terms: Terms = _TERMS

    @classmethod
    def per_message(cls, *, url: str, secret: Mapping[str, str], clock: Clock) -> Self:
        """It calls a URL given with each message, and sends as often as it is asked."""
        return cls(url.rstrip("/"), secret["token"], secret["signing"].encode(), clock)

    @classmethod
    def per_account(cls, *, url: str, secret: Mapping[str, str], clock: Clock) -> Self:
        """It calls the account's URL with our reference, and sends one SMS for each reference."""
        terms = Terms(
            deduplicates=True,
            callback_per_message=False,
            receipt_limit=_TERMS.receipt_limit,
            region=_TERMS.region,
            keeps=_TERMS.keeps,
            max_segments=_TERMS.max_segments,
            erases=_TERMS.erases,
        )
        return cls(url.rstrip("/"), secret["token"], secret["signing"].encode(), clock, terms)

    def build_send(self, submission: Submission) -> HttpRequest:
        """One POST with everything in its body: a number in a URL would be in access logs."""
        body: dict[str, str | int] = {
            "to": submission.to.reveal(),
            "text": submission.text,
            "reference": submission.key.reference,
            "category": submission.category,
            "encoding": submission.encoding,
            "segments": submission.segments,
            "validity_seconds": max(1, int(submission.validity.total_seconds())),
        }
        if submission.sender:
            body["from"] = submission.sender
        if self.terms.callback_per_message:
            body["callback_url"] = submission.callback
        return self._request("POST", "/v1/messages", json.dumps(body).encode())

    def read_answer(self, answer: HttpAnswer) -> str:
        """Taken, not taken, never, or nobody knows.

        A 2xx that cannot be read and a 500, 502 or 504 may all come after the
        SMS has left; a 503 says that it has not.
        """
        status = answer.status
        if 200 <= status < 300:  # noqa: PLR2004  # the class of answers that RFC 9110 calls successful
            return _taken(answer)
        code = reading.code(_body(answer).get("code")) or str(status)
        if code in _BLOCKED:
            raise CarrierRefusedError(code, blocked=True)
        if status in _NOT_NOW or status in _OUR_FAULT or status < HTTPStatus.BAD_REQUEST:
            wait = reading.retry_after(answer.headers.get("retry-after", ""), self.clock())
            raise CarrierUnavailableError(code, retry_after=wait)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CarrierRefusedError(code)
        raise CarrierSilentError(code)

    def verify(self, callback: Callback) -> None:
        """`X-Simulator-Signature: t=<Unix time>,v1=<hex>`: HMAC-SHA-256 over `t`, a dot and the raw body.

        Several `v1` may stand there while a secret is being changed. One
        reason for all refusals: which part was wrong is nobody's business.
        """
        match = _SIGNATURE.fullmatch(callback.headers.get("x-simulator-signature", ""))
        if callback.method != "POST" or not match or not self.signing:
            raise ReceiptRefusedError(reason="signature")
        stamp, versions = match.groups()
        wanted = hmac.digest(self.signing, f"{stamp}.".encode() + callback.body, hashlib.sha256).hex()
        genuine = [hmac.compare_digest(wanted, given) for given in versions.split(",v1=")[1:]]
        if not any(genuine) or abs(self.clock().timestamp() - int(stamp)) > TOLERANCE.total_seconds():
            raise ReceiptRefusedError(reason="signature")

    def read_callback(self, callback: Callback) -> list[Event]:
        """One report, or `{"reports": […]}`. It repeats number and text to us: they are not even looked at."""
        try:
            return [self._event(report) for report in _reports(callback.body)]
        except (ValueError, KeyError, TypeError, RecursionError):
            # `from None`: what json says of a body quotes it.
            raise ReceiptRefusedError(reason="unreadable") from None

    def build_erasure(self, carrier_ref: str) -> HttpRequest | None:
        """It forgets number and text at once. Without its id of the message there is nothing to name."""
        return self._request("DELETE", f"/v1/messages/{quote(carrier_ref, safe='')}") if carrier_ref else None

    def _request(self, method: str, path: str, body: bytes = b"") -> HttpRequest:
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/json"}
        if body:
            headers["content-type"] = "application/json"
        return HttpRequest(method, self.url + path, headers, body)

    def _event(self, report: Mapping[str, Any]) -> Event:
        state, parts, part = report["status"], _count(report.get("parts", 1)), _count(report.get("part", 0))
        if not isinstance(state, str) or part > max(parts, 1):
            raise ValueError("not a report")
        return Event(
            reference="" if self.terms.callback_per_message else _reference(report["reference"]),
            status=smpp.status(state, STATES),
            evidence=reading.word(report.get("evidence"), Evidence, Evidence.PLATFORM),
            at=reading.moment(report.get("at"), self.clock()),
            code=_joined(reading.code(state), reading.code(report.get("code"))),
            part=part if parts > 1 else 0,
        )


def _body(answer: HttpAnswer) -> Mapping[str, Any]:
    """The answer's object; an empty one where it is anything else."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _taken(answer: HttpAnswer) -> str:
    ref = _body(answer).get("id")
    if isinstance(ref, str) and _ID.fullmatch(ref):
        return ref
    raise CarrierSilentError("malformed-answer")


def _reports(raw: bytes) -> Sequence[Mapping[str, Any]]:
    body = json.loads(raw)
    if not isinstance(body, dict):
        raise TypeError("not an object")
    reports = body.get("reports", [body])
    if not isinstance(reports, list) or len(reports) > _MOST_REPORTS:
        raise ValueError("not a list of reports")
    return reports


def _count(value: object) -> int:
    if type(value) is int and 0 <= value <= _MOST_PARTS:
        return value
    raise ValueError("not a number of parts")


def _reference(value: object) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise ValueError("not a reference")


def _joined(state: str, code: str) -> str:
    """`UNDELIV.027`: the state as it was sent, and the error behind it, if it names one."""
    return f"{state}.{code}"[:40] if state and code.strip("0") else state
