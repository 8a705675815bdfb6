"""The simulator's reports: made, signed, sent, and sent again where nobody took them."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from local.simulator.book import Book, Report, Sms
from local.simulator.later import Later
from local.simulator.outcomes import Step
from local.simulator.table import BY_NAME

PER_ACCOUNT = "simulator-account"
QUOTED = 20
"""Characters of the text that a report repeats, as receipts in this trade do (SMPP 3.4, appendix B)."""


@dataclass(frozen=True)
class Timing:
    """How long things take, in seconds."""

    gap: float = 0.3
    """Before each report."""
    slow: float = 2.0
    """Before a slow answer."""
    hold: float = 1.0
    """Before a connection is closed without an answer."""
    retries: tuple[float, ...] = (0.5, 1, 2, 4, 8, 16, 32)
    """Before each further try of a report that was not answered with a 2xx."""


def sign(secret: str, body: bytes, at: int) -> str:
    """The value of X-Simulator-Signature."""
    return f"t={at},v1=" + hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()


class Post:
    """Carries the reports of each SMS in their order: a report that has to be tried again does not hold up the next."""

    def __init__(self, book: Book, signing: Mapping[str, str], timing: Timing, ca: Path | None = None) -> None:
        self._book = book
        self._signing = signing
        self._timing = timing
        self._later = Later()
        self._pool = urllib3.PoolManager(
            maxsize=16,
            timeout=urllib3.Timeout(connect=2, read=10),
            retries=False,
            ca_certs=str(ca) if ca else None,
        )

    @property
    def busy(self) -> bool:
        """Whether reports are still to come."""
        return self._later.busy

    def start(self, sms: Sms) -> None:
        """Report on it, from where it stands, in the background."""
        if self._more(sms):
            self._later.after(self._timing.gap, partial(self._go_on, sms))

    def resume(self) -> None:
        """Go on with what a restart cut short."""
        with self._book.lock:
            for sms in self._book.sms.values():
                self.start(sms)

    def finish(self, sms: Sms) -> None:
        """Report all of it, now."""
        while self._more(sms):
            self._step(sms)

    def close(self) -> None:
        """Stop reporting; connections are closed."""
        self._later.close()
        self._pool.clear()

    def _go_on(self, sms: Sms) -> None:
        self._step(sms)
        self.start(sms)

    def _more(self, sms: Sms) -> bool:
        return self._book.alive(sms) and sms.done < len(BY_NAME[sms.outcome].plan(sms.segments))

    def _step(self, sms: Sms) -> None:
        with self._book.lock:
            if not self._more(sms):
                return
            reports = list(self._reports(sms, BY_NAME[sms.outcome].plan(sms.segments)[sms.done]))
            sms.reports += reports
            # Counted before it is sent: after a restart a report is missing rather than in the wrong place.
            sms.done += 1
        for report in reports:
            self._try(sms, report, () if report.forged else self._timing.retries)

    def _reports(self, sms: Sms, steps: Sequence[Step]) -> Iterator[Report]:
        bodies = [self._body(sms, step) for step in steps]
        states = [f"{step.state} {step.part}" if step.part else step.state for step in steps]
        together = sms.flavour == PER_ACCOUNT
        calls = [(states, {"reports": bodies})] if together else [([a], b) for a, b in zip(states, bodies, strict=True)]
        for said, body in calls:
            if steps[0].forged_first:
                yield Report(said, body, forged=True)
            for _ in range(steps[0].times):
                yield Report(said, body)

    def _body(self, sms: Sms, step: Step) -> dict[str, Any]:
        at = datetime.now(UTC) - timedelta(seconds=step.earlier * max(self._timing.gap, 0.001))
        return {
            "id": sms.id,
            "reference": sms.reference,
            "status": step.state,
            "code": step.code,
            "part": step.part,
            "parts": sms.segments,
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "evidence": step.evidence,
            "to": sms.order["to"],
            "text": sms.order["text"][:QUOTED],
        }

    def _try(self, sms: Sms, report: Report, retries: Sequence[float]) -> None:
        if not self._book.alive(sms):
            return
        answer = self._send(sms, report)
        report.answers.append(answer)
        self._book.keep(sms)
        if retries and not answer.startswith("2"):
            again: Callable[[], None] = partial(self._try, sms, report, retries[1:])
            self._later.after(retries[0], again)

    def _send(self, sms: Sms, report: Report) -> str:
        url = self._book.account if sms.flavour == PER_ACCOUNT else sms.order.get("callback_url", "")
        if not url:
            return "no callback URL"
        body = json.dumps(report.body).encode()
        secret = "not the secret" if report.forged else self._signing[sms.flavour]
        signature = sign(secret, body, int(time.time()))
        headers = {"Content-Type": "application/json", "X-Simulator-Signature": signature}
        try:
            return str(self._pool.request("POST", url, body=body, headers=headers, redirect=False).status)
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__
