"""A carrier that calls us thousands of times, and somebody who looks on: answers, states, logs."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Self
from urllib.parse import urlsplit

import urllib3

from fugace.domain.ids import MessageId, MessageKey, TenantId
from fugace.domain.message import Status
from tests.architecture.openapi import mismatch
from tests.journeys import scan
from tests.journeys.conftest import Stack, Tenant, wait_for
from tests.proof.receipts import Call, Carrier

TEXT = "Okapi-Marzipan 8181: the long way round. "
NUMBERS = tuple(f"+3363998{number}33" for number in range(40, 64))  # 33: taken, and no receipt comes
THREADS = 12
SECRETS = ("Okapi", *(number[1:] for number in NUMBERS), *(f"0{number[3:]}" for number in NUMBERS))


@dataclass
class Heard:
    """What was answered, and what came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0


def carrier(stack: Stack, tenant: Tenant, name: str) -> tuple[Carrier, list[str]]:
    """A carrier that has taken messages of a tenant and has not reported on them yet; and their ids."""
    items = [
        {"to": to, "text": TEXT * (1 + 9 * (index % 3 == 0)), "category": "transactional"}
        for index, to in enumerate(NUMBERS)
    ]
    sent = tenant.client("POST", "/v1/messages", {"messages": items}).json["results"]
    ids = [each["id"] for each in sent]
    references = [MessageKey(TenantId(tenant.id), MessageId(each)).reference for each in ids]
    wait_for(lambda: all(each["status"] == "submitted" for each in look(tenant, ids).values()), seconds=60)
    taken = {each["reference"]: each for each in stack.simulator("GET", "/messages").json["messages"]}
    account = stack.simulator("GET", "/account").json["callback_url"]
    urls = [taken[each]["order"].get("callback_url", account) for each in references]
    secret = json.loads((stack.folder / "carriers.json").read_text())[name]["signing"]
    paths = [urlsplit(url).path.removeprefix(urlsplit(stack.local["api_url"]).path) for url in urls]
    reports = [_report(taken[each]) for each in references]
    return Carrier(name, secret, name.endswith("account"), paths, reports), ids


def _report(sms: Mapping[str, Any]) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    about = {
        "id": sms["id"],
        "reference": sms["reference"],
        "to": sms["order"]["to"],
        "text": sms["order"]["text"][:20],
    }
    return {**about, "status": "DELIVRD", "code": "000", "part": 0, "parts": 1, "at": at, "evidence": "handset"}


def look(tenant: Tenant, ids: Iterable[str]) -> dict[str, Any]:
    """Messages as they are now, by id."""
    page = tenant.client("GET", "/v1/messages?limit=100").json["messages"]
    return {each["id"]: each for each in page if each["id"] in set(ids)}


def play(stack: Stack, calls: Iterable[Call]) -> Heard:
    """Make the calls, a dozen at a time, and check each answer by the document."""
    heard, lock, began = Heard(), threading.Lock(), time.monotonic()
    pool = urllib3.PoolManager(maxsize=THREADS, ca_certs=stack.ca, retries=False, timeout=30.0)

    def one(call: Call) -> None:
        status, wrong = _answer(pool, stack.local["api_url"], call)
        with lock:
            heard.statuses[status] += 1
            heard.kinds[call.kind] += 1
            heard.wrong += [f"{call.kind} {status} {wrong}"] if wrong else []

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(one, calls))
    heard.seconds = time.monotonic() - began
    return heard


def _answer(pool: urllib3.PoolManager, url: str, call: Call) -> tuple[int, str]:
    answer = pool.request(call.method, url + call.path, body=call.body, headers=dict(call.headers))
    text = answer.data.decode("utf-8", "replace")
    shown = {"statusCode": answer.status, "body": text, "multiValueHeaders": {}}
    shown["multiValueHeaders"]["Content-Type"] = [answer.headers.get("content-type", "").partition(";")[0]]
    everything = f"{text} {dict(answer.headers)}"
    leaked = [secret for secret in SECRETS if secret in everything]
    return answer.status, "; ".join([*(["leak"] if leaked else []), *filter(None, [_mismatch(call, shown)])])


def _mismatch(call: Call, shown: dict[str, Any]) -> str:
    path = call.path.partition("?")[0]
    if not re.fullmatch("/dlr/[^/]+/[^/]+", path) or "/." in path:  # where no route is, a refusal is all that is asked
        return "" if shown["statusCode"] in {400, 403, 404} else f"{shown['statusCode']} where there is nothing"
    return str(mismatch(call.method, path, shown))


class Witness:
    """Looks at messages again and again: their histories only grow, and in the order of states (I5)."""

    def __init__(self, tenant: Tenant, ids: Iterable[str]) -> None:
        self.broken: list[str] = []
        self.looks = 0
        self._tenant, self._ids, self._seen = tenant, list(ids), dict[str, list[Any]]()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.see()

    def see(self) -> None:
        """Look once."""
        self.looks += 1
        for name, message in look(self._tenant, self._ids).items():
            history, before = message["history"], self._seen.get(name, [])
            states = [Status(each["status"]) for each in history]
            if history[: len(before)] != before or not all(b.may_follow(a) for a, b in pairwise(states)):
                self.broken.append(f"{name}: {[each['status'] for each in before]} became {[*map(str, states)]}")
            self._seen[name] = history

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            self.see()


def said(environment: str) -> list[str]:
    """Lines of the log of `receive` with a number or a text of ours in them."""
    lines = scan._logs(f"/fugace/{environment}/receive")
    return [line.decode()[:200] for _, line in lines if any(secret.encode() in line for secret in SECRETS)]
