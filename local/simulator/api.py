"""The simulator's HTTP API: the carrier's own, and what only a simulator has (docs/carriers/simulator.md)."""

import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from local.loopback import Asked, Refusal, Said
from local.simulator import view
from local.simulator.book import Book, Fault, Request, Sms
from local.simulator.outcomes import Outcome, Reply, Wait
from local.simulator.post import PER_ACCOUNT, Post, Timing
from local.simulator.table import BY_NAME

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_URL = re.compile(r"https?://[^\s]{1,2000}")
_MESSAGE = "/v1/messages/"


class Api:
    """Answers every request to the simulator."""

    def __init__(self, book: Book, post: Post, tokens: Mapping[str, str], timing: Timing) -> None:
        self._book, self._post, self._tokens, self._timing = book, post, tokens, timing
        self._routes: dict[tuple[str, str], Callable[[Asked], Said]] = {
            ("POST", "/v1/messages"): self._submit,
            ("GET", "/"): lambda _: view.page(book),
            ("GET", "/live"): lambda _: view.live(book),
            ("GET", "/messages"): lambda _: Said.json(200, book.found()),
            ("POST", "/messages/search"): self._search,
            ("DELETE", "/messages"): self._clear,
            ("GET", "/faults"): lambda _: self._faults(),
            ("POST", "/faults"): self._force,
            ("DELETE", "/faults"): self._unforce,
            ("GET", "/account"): lambda _: Said.json(200, {"callback_url": book.account}),
            ("PUT", "/account"): self._account,
            ("GET", "/health"): lambda _: Said.json(200, {"ok": True, "busy": post.busy}),
        }

    def __call__(self, asked: Asked) -> Said:
        """Answer one."""
        route = self._routes.get((asked.method, asked.path))
        if route:
            return route(asked)
        if asked.path.startswith(_MESSAGE) and asked.method in {"GET", "DELETE"}:
            return self._one(asked, asked.path.removeprefix(_MESSAGE))
        known = any(path == asked.path for _, path in self._routes) or asked.path.startswith(_MESSAGE)
        raise Refusal(405, "method_not_allowed") if known else Refusal(404, "not_found")

    # --- the carrier's own ----------------------------------------------------------------------

    def _flavour(self, asked: Asked) -> str:
        given = asked.headers.get("authorization", "").encode(errors="replace")
        for flavour, token in self._tokens.items():
            if hmac.compare_digest(given, f"Bearer {token}".encode()):
                return flavour
        raise Refusal(401, "unauthorized")

    def _submit(self, asked: Asked) -> Said:
        flavour = self._flavour(asked)
        order = _order(asked.object())
        with self._book.lock:
            there = self._book.known(flavour, order["reference"]) if flavour == PER_ACCOUNT else None
            outcome, attempt = self._book.attempt(flavour, order["reference"], order["to"])
            reply = _reply(outcome, attempt, there)
            sms = self._book.send(flavour, outcome.name, order) if reply.sends and not there else there
        new = sms is not None and sms is not there
        note = Request(flavour, order["reference"], attempt, outcome.name, reply.status, sms.id if sms else "")
        self._book.note(note)
        if sms and new and reply.wait is Wait.REPORTS:
            self._post.finish(sms)
        elif sms and new:
            self._post.start(sms)
        return self._answer(reply, sms, new=new)

    def _answer(self, reply: Reply, sms: Sms | None, *, new: bool) -> Said:
        if reply.wait is Wait.SLOW:
            time.sleep(self._timing.slow)
        if not reply.status:
            time.sleep(self._timing.hold)
            return Said(0)
        if reply.garbled:
            return Said(reply.status, b'{"id": "sim_', {"Content-Type": "application/json"})
        if reply.code or not sms:
            wait = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
            return Said.json(reply.status, {"code": reply.code}, **wait)
        return Said.json(reply.status, {"id": sms.id} if new else {"id": sms.id, "duplicate": True})

    def _one(self, asked: Asked, sms_id: str) -> Said:
        flavour = self._flavour(asked)
        with self._book.lock:
            sms = self._book.sms.get(sms_id)
            if not sms or sms.flavour != flavour:
                raise Refusal(404, "not_found")
            if asked.method == "DELETE":
                self._book.erase(sms)
                return Said(204)
            return Said.json(200, {**asdict(sms), "erased": not sms.order})

    # --- what only a simulator has --------------------------------------------------------------

    def _search(self, asked: Asked) -> Said:
        wanted = asked.object()
        if not wanted or not set(wanted) <= {"to", "reference"} or not all(wanted.values()):
            raise Refusal(422, "to_or_reference_expected")
        return Said.json(200, self._book.found(**{name: str(value) for name, value in wanted.items()}))

    def _clear(self, _: Asked) -> Said:
        self._book.clear()
        return Said(204)

    def _faults(self) -> Said:
        with self._book.lock:
            return Said.json(200, {"faults": [fault.shown() for fault in self._book.faults]})

    def _force(self, asked: Asked) -> Said:
        wanted = asked.object()
        name, count, wait = wanted.get("outcome"), wanted.get("count", 1), wanted.get("retry_after")
        if not isinstance(name, str) or name not in BY_NAME or type(count) is not int or count < 1:
            raise Refusal(422, "outcome_and_count_expected")
        if wait is not None and (type(wait) is not int or wait < 0):
            raise Refusal(422, "retry_after_in_seconds_expected")
        with self._book.lock:
            self._book.faults.append(Fault(name, count, wait))
        return self._faults()

    def _unforce(self, _: Asked) -> Said:
        with self._book.lock:
            self._book.faults.clear()
        return Said(204)

    def _account(self, asked: Asked) -> Said:
        url = asked.object().get("callback_url")
        if not isinstance(url, str) or not _URL.fullmatch(url):
            raise Refusal(422, "callback_url_expected")
        self._book.call_back(url)
        return Said.json(200, {"callback_url": url})


def _reply(outcome: Outcome, attempt: int, there: Sms | None) -> Reply:
    """How this attempt is answered. What left already under the same reference is simply confirmed."""
    reply = outcome.reply
    if there or (reply.attempts is not None and attempt > reply.attempts):
        return Reply(200 if there else 202)
    return reply


def _order(body: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Callable[[Any], bool]] = {
        "to": lambda value: isinstance(value, str) and bool(_NUMBER.fullmatch(value)),
        "text": lambda value: isinstance(value, str) and 0 < len(value) <= 2_000,  # noqa: PLR2004 - said here alone
        "reference": lambda value: isinstance(value, str) and bool(_REFERENCE.fullmatch(value)),
        "segments": lambda value: type(value) is int and value in range(1, 11),
        "validity_seconds": lambda value: type(value) is int and value > 0,
        "encoding": lambda value: value in ("GSM-7", "UCS-2"),
        "category": lambda value: isinstance(value, str),
        "from": lambda value: isinstance(value, str) and bool(value),
        "callback_url": lambda value: isinstance(value, str) and bool(_URL.fullmatch(value)),
    }
    order = {"segments": 1, "encoding": "GSM-7", "validity_seconds": 172_800, **body}
    if missing := [name for name in ("to", "text", "reference") if name not in order]:
        raise Refusal(422, f"missing_{missing[0]}")
    for name, value in order.items():
        if name not in rules:
            raise Refusal(422, "unknown_field")
        if not rules[name](value):
            raise Refusal(422, "invalid_number" if name == "to" else f"invalid_{name}")
    return order
