"""Calls to the address where carriers report: genuine ones, and what malice and bad lines make of them."""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from local.simulator.post import sign

STATES = ("SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED")
ODD = (*STATES, "FAILED", "BUFFERED", "TELEPORTED", "delivrd", "DELIVRD ", "", "\u202eDELIVRD", "D" * 5_000, "\ud800")
VALUES: Sequence[Any] = (
    *(None, True, False, 0, -1, 1, 255, 256, 2**63, 10**400, 1.5, float("inf"), "", "1", "null", [], {}, [[]]),
    *({"status": "DELIVRD"}, ["DELIVRD"], "0" * 10_000, "\x00", "\ud800", "é", "2026-13-45T99:99:99Z"),
    *("2026-01-15T12:00:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
)
SPARED = 4
"""Messages that no case is about: what correct receipts are sent for afterwards."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    kind: str
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Carrier:
    """A configured carrier as it would call us: addresses, a secret, what it would say of each message."""

    name: str
    secret: str
    account: bool
    paths: list[str]
    """By message; relative to the API."""
    reports: list[dict[str, Any]]
    random: Random = field(default_factory=Random)

    def genuine(self, number: int, **changed: object) -> Call:
        """A correct receipt for a message."""
        return self._signed("genuine", number, self._wrapped({**self.reports[number], **changed}))

    def cases(self, count: int, seed: int) -> Iterator[Call]:
        """So many calls that are mostly not genuine; the same for the same seed."""
        self.random.seed(seed)
        makers: Sequence[Callable[[int], Call]] = (
            *(self._stated, self._stated, self._valued, self._shuffled, self._doubled, self._parts),
            *(self._encoded, self._cut, self._garbage, self._unsigned, self._elsewhere, self._asked, self._many),
        )
        for each in range(count):
            maker = self._huge if each % 500 == 499 else self.random.choice(makers)
            yield maker(self.random.randrange(len(self.paths) - SPARED))

    # What is said.

    def _stated(self, number: int) -> Call:
        state = self.random.choice(ODD)
        at = self.random.choice((self.reports[number]["at"], *VALUES))
        return self._signed("state", number, self._wrapped({**self.reports[number], "status": state, "at": at}))

    def _valued(self, number: int) -> Call:
        report = dict(self.reports[number])
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice((*report, "reports", "extra", "__proto__"))
            if self.random.random() < 0.3:
                report.pop(name, None)
            else:
                report[name] = self.random.choice(VALUES)
        return self._signed("value", number, self._wrapped(report))

    def _shuffled(self, number: int) -> Call:
        items = list({**self.reports[number], "status": self.random.choice(STATES)}.items())
        self.random.shuffle(items)
        return self._signed("order", number, self._wrapped(dict(items)))

    def _doubled(self, number: int) -> Call:
        report = dict(self.reports[number])
        twice = json.dumps(self.random.choice(tuple(report)))
        text = self._wrapped(report).decode().replace(f"{twice}:", f"{twice}: {json.dumps('UNDELIV')}, {twice}:", 1)
        return self._signed("twice", number, text.encode())

    def _parts(self, number: int) -> Call:
        parts, part = self.random.choice((1, 3, 3, 255, 256, -1)), self.random.choice((0, 1, 2, 3, 4, 255, 256, -1))
        report = {**self.reports[number], "parts": parts, "part": part, "status": self.random.choice(STATES)}
        return self._signed("parts", number, self._wrapped(report))

    def _many(self, number: int) -> Call:
        count = self.random.choice((0, 1, 2, 50, 100, 101, 1_000))
        reports = [{**self.reports[number], "status": self.random.choice(ODD)} for _ in range(count)]
        return self._signed("many", number, json.dumps({"reports": reports}).encode())

    # How it is written.

    def _encoded(self, number: int) -> Call:
        body = self._wrapped(self.reports[number])
        text = body.decode()
        forms = (
            *(text.encode("utf-16"), text.encode("utf-32"), b"\xef\xbb\xbf" + body, gzip.compress(body)),
            *((text + "é").encode("latin-1"), urlencode(self.reports[number]).encode(), body + b"\x00", b"[" * 20_000),
        )
        headers = {
            "Content-Type": self.random.choice(("application/json; charset=utf-16", "text/xml", "image/png", ""))
        }
        if self.random.random() < 0.3:
            headers["Content-Encoding"] = self.random.choice(("gzip", "br", "identity"))
        return self._signed("encoding", number, self.random.choice(forms), **headers)

    def _cut(self, number: int) -> Call:
        body = bytearray(self._wrapped(self.reports[number]))
        if self.random.random() < 0.5:
            del body[self.random.randrange(len(body)) :]
        else:
            body[self.random.randrange(len(body))] ^= 1 << self.random.randrange(8)
        return self._signed("cut", number, bytes(body))

    def _garbage(self, number: int) -> Call:
        return self._signed("garbage", number, self.random.randbytes(self.random.choice((0, 1, 16, 500, 5_000))))

    def _huge(self, number: int) -> Call:
        body = self._wrapped({**self.reports[number], "text": "x" * self.random.choice((200_000, 262_144, 1_500_000))})
        return self._signed("huge", number, body)

    # Who says it, and where.

    def _unsigned(self, number: int) -> Call:
        body, now = self._wrapped({**self.reports[number], "status": "DELIVRD"}), int(time.time())
        right = sign(self.secret, body, now)
        wrong = (
            *(sign("another", body, now), sign(self.secret, body + b" ", now), sign(self.secret, body, now - 301)),
            *(
                sign(self.secret, body, now + 400),
                right[:-1],
                right.upper(),
                right.replace("v1", "v0"),
                f"{right},{right}",
            ),
            *("t=,v1=", "", "é" * 50, f"t={'9' * 12},v1={'0' * 64}", f"t={now}" + f",v1={'0' * 64}" * 200),
        )
        given = self.random.choice(wrong).encode().decode("latin-1")
        headers = {} if self.random.random() < 0.1 else {"X-Simulator-Signature": given}
        return Call("forged", "POST", self.paths[number], body, headers)

    def _elsewhere(self, number: int) -> Call:
        before, _, token = self.paths[number].rpartition("/")
        other = self.random.choice(("simulator", "simulator-account", "twilio", "..", "%00", "simulator%2f"))
        path = self.random.choice(
            (
                *(f"{before}/{token[:-1]}", f"{before}/{token}A", f"{before}/{token.upper()}", f"/dlr/{other}/{token}"),
                *(f"{before}/{quote(chr(self.random.randrange(1, 0x2FFF)) * 3)}", f"{before}/account", f"{before}/."),
                f"{before}/{'A' * 3_000}",
            )
        )
        body = self._wrapped({**self.reports[number], "status": "DELIVRD"})
        return Call("elsewhere", "POST", path, body, self._signature(body))

    def _asked(self, number: int) -> Call:
        query = urlencode(
            {name: str(value) for name, value in self.reports[number].items() if name not in {"to", "text"}}
        )
        return Call("get", "GET", f"{self.paths[number]}?{query}", b"", self._signature(b""))

    def _signed(self, kind: str, number: int, body: bytes, **headers: str) -> Call:
        kept = {name.replace("_", "-"): value for name, value in headers.items()}
        return Call(kind, "POST", self.paths[number], body, {**self._signature(body), **kept})

    def _signature(self, body: bytes) -> dict[str, str]:
        signature = sign(self.secret, body, int(time.time()))
        return {"Content-Type": "application/json", "X-Simulator-Signature": signature}

    def _wrapped(self, report: Mapping[str, Any]) -> bytes:
        return json.dumps({"reports": [report]} if self.account else report).encode("utf-8", "surrogatepass")
