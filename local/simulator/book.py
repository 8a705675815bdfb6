"""What the simulator remembers: in memory, and in a file of JSON lines if it is given one."""

import json
import os
import secrets
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.simulator.outcomes import Outcome
from local.simulator.table import BY_NAME, outcome_of

MOST = 20_000
"""So many messages and requests are remembered; then the oldest are forgotten."""


def now() -> str:
    """The time, as the simulator writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Report:
    """A report and what the other side said to it, try by try."""

    states: list[str]
    body: dict[str, Any]
    """As it is sent; empty when the SMS was erased."""
    forged: bool = False
    answers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sms:
    """A text that left."""

    id: str
    flavour: str
    reference: str
    outcome: str
    order: dict[str, Any]
    """As it was ordered: number, text, sender…; empty when it was erased."""
    at: str = field(default_factory=now)
    done: int = 0
    """How many steps of its outcome were reported."""
    reports: list[Report] = field(default_factory=list)

    @property
    def segments(self) -> int:
        """As the order says; 1 when it was erased."""
        return int(self.order.get("segments", 1))


@dataclass(slots=True)
class Request:
    """A request to send, and how it was answered; without number and text."""

    flavour: str
    reference: str
    attempt: int
    outcome: str
    answer: int
    sms: str = ""
    at: str = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Fault:
    """An outcome that is forced on the next so many messages, whatever their numbers say."""

    name: str
    left: int = 1
    retry_after: int | None = None
    """Seconds; None: as the outcome has it."""

    @property
    def outcome(self) -> Outcome:
        """What becomes of a message that it is forced on."""
        known = BY_NAME[self.name]
        if self.retry_after is None:
            return known
        return replace(known, reply=replace(known.reply, retry_after=self.retry_after))

    def shown(self) -> dict[str, object]:
        """As it was asked for."""
        wait = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return {"outcome": self.name, "count": self.left, **wait}


class Book:
    """All of it. Whoever changes an SMS calls `keep` afterwards."""

    def __init__(self, file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.sms: dict[str, Sms] = {}
        self.requests: deque[Request] = deque(maxlen=MOST)
        self.account = ""
        self.faults: list[Fault] = []
        self._sent: dict[tuple[str, str], str] = {}
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._forced: dict[tuple[str, str], Fault] = {}
        self._file = file
        if file and file.exists():
            for line in file.read_text("utf-8").splitlines():
                self._read(json.loads(line))
        self._rewrite()

    def attempt(self, flavour: str, reference: str, number: str) -> tuple[Outcome, int]:
        """What is to become of it, and which attempt this is, from 1. A forced outcome stays with its reference."""
        key = (flavour, reference)
        self._attempts[key] += 1
        if self._attempts[key] == 1 and self.faults:  # a retry is no new message
            fault = self.faults.pop(0)
            self._forced[key] = fault
            if fault.left > 1:
                self.faults.insert(0, replace(fault, left=fault.left - 1))
        forced = self._forced.get(key)
        return forced.outcome if forced else outcome_of(number), self._attempts[key]

    def known(self, flavour: str, reference: str) -> Sms | None:
        """The SMS that left under this reference."""
        return self.sms.get(self._sent.get((flavour, reference), ""))

    def alive(self, sms: Sms) -> bool:
        """Whether it was neither erased nor forgotten."""
        return bool(sms.order) and sms.id in self.sms

    def send(self, flavour: str, outcome: str, order: dict[str, Any]) -> Sms:
        """An SMS leaves."""
        sms = Sms("sim_" + secrets.token_hex(12), flavour, order["reference"], outcome, order)
        self._put(sms)
        self.keep(sms)
        return sms

    def note(self, request: Request) -> None:
        """A request was answered."""
        with self.lock:
            self.requests.append(request)
            self._append([{"request": asdict(request)}])

    def keep(self, sms: Sms) -> None:
        """An SMS has changed."""
        with self.lock:
            if sms.id in self.sms:
                self._append([{"sms": asdict(sms)}])

    def call_back(self, url: str) -> None:
        """The account's callback URL."""
        with self.lock:
            self.account = url
            self._append([{"account": url}])

    def erase(self, sms: Sms) -> None:
        """Number and text are gone: from memory, and from the file. What was to be reported is not any more."""
        with self.lock:
            sms.order = {}
            for report in sms.reports:
                report.body = {}
            self._rewrite()

    def clear(self) -> None:
        """Everything is forgotten but the account's callback URL."""
        with self.lock:
            self.sms.clear()
            self.requests.clear()
            self._sent.clear()
            self._attempts.clear()
            self._forced.clear()
            self.faults.clear()
            self._rewrite()

    def found(self, *, to: str = "", reference: str = "") -> dict[str, list[dict[str, Any]]]:
        """Messages and requests as plain values, oldest first; all of them, or those of a number or a reference."""
        with self.lock:
            sms = [
                each
                for each in self.sms.values()
                if to in {"", each.order.get("to")} and reference in {"", each.reference}
            ]
            known = {each.reference for each in sms} | ({reference} if reference else set())
            asked = [each for each in self.requests if each.reference in known or not (to or reference)]
            return {"messages": [asdict(each) for each in sms], "requests": [asdict(each) for each in asked]}

    def _read(self, line: dict[str, Any]) -> None:
        if "account" in line:
            self.account = line["account"]
        if "request" in line:
            self.requests.append(Request(**line["request"]))
            asked = self.requests[-1]
            self._attempts[asked.flavour, asked.reference] += 1
        if "sms" in line:
            reports = [Report(**each) for each in line["sms"].pop("reports")]
            self._put(Sms(**line["sms"], reports=reports))

    def _put(self, sms: Sms) -> None:
        self.sms[sms.id] = sms
        self._sent[sms.flavour, sms.reference] = sms.id
        while len(self.sms) > MOST:
            oldest = self.sms.pop(next(iter(self.sms)))
            self._sent.pop((oldest.flavour, oldest.reference), None)

    def _lines(self) -> Iterator[dict[str, Any]]:
        yield {"account": self.account}
        yield from ({"sms": asdict(each)} for each in self.sms.values())
        yield from ({"request": asdict(each)} for each in self.requests)

    def _append(self, lines: Iterable[dict[str, Any]]) -> None:
        if self._file:
            with _private(self._file, "a") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)

    def _rewrite(self) -> None:
        if self._file:
            fresh = self._file.with_suffix(".new")
            with _private(fresh, "w") as file:
                file.writelines(json.dumps(line) + "\n" for line in self._lines())
            fresh.replace(self._file)


@contextmanager
def _private(path: Path, mode: str) -> Iterator[Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, mode, encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        yield file
