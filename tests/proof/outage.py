"""Outages on the deployed stack: what is broken, while so many messages are sent; and what is looked at afterwards."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from threading import Timer
from typing import Any

import boto3
import urllib3

from fugace.domain.ids import MessageId, MessageKey, TenantId
from local import serve
from local.place import TEST
from tests.journeys.conftest import FINAL, Answer, Client, Stack, Tenant, wait_for
from tests.proof import ringing

AT_MOST, AT_LEAST = "at_most_once", "at_least_once"
THREADS, TENANTS = 6, 6
UNMET = 60
"""Seconds that are waited for a fault to be met."""
PATIENCE = 120
"""Seconds for which a client asks again: as a client should."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that goes wrong."""

    name: str
    faults: Sequence[Mapping[str, Any]] = ()
    """As the emulator takes them; a function by its short name."""
    cold: Sequence[str] = ()
    """Functions that begin anew in the middle of it, and so need their keys and secrets."""
    clocks: Mapping[str, float] = field(default_factory=dict)
    """Seconds by which functions are wrong."""
    carrier: Mapping[str, int] = field(default_factory=dict)
    """Outcomes that the carrier simulator is forced to, and for how many messages."""
    crash: bool = False
    """The emulator is killed under it, and started again with what it had acknowledged."""
    lasts: float = 5.0
    """Seconds until it is healed."""


@dataclass
class Run:
    """A scenario that was played: whose messages, and until when it lasted."""

    scenario: Scenario
    tenant: Tenant
    path: str
    """Where its tenant is told."""
    accepted: dict[str, str] = field(default_factory=dict)
    """Of each message that was answered 202, what was asked for with `on_unknown`."""
    refused: int = 0
    """Answers that told a client to come again."""
    struck: int = 0
    """Calls that were failed."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    healed: datetime = field(default_factory=lambda: datetime.now(UTC))
    rang: set[str] = field(default_factory=set)
    """Alarms whose threshold was passed before it was healed, or just then."""


def play(stack: Stack, tenant: Tenant, path: str, scenario: Scenario, count: int) -> Run:
    """Break it, send, heal it."""
    run = Run(scenario, tenant, path)
    _break(stack, scenario)
    timers = [Timer(scenario.lasts, lambda: _heal(stack, run))]
    if scenario.crash:
        timers = [Timer(1.5, lambda: _crash(stack, run))]
    for timer in timers:
        timer.start()
    with ThreadPoolExecutor(THREADS + 1) as threads:
        choosing = threads.submit(_choose, run)
        list(threads.map(lambda number: _send(run, number), range(count)))
        choosing.result()
    for timer in timers:
        timer.join()
    return run


def _send(run: Run, number: int) -> None:
    """As a client should: with a key of its own for each message, again and again until there is a 202."""
    choice = (AT_MOST, AT_LEAST)[number % 2]
    to = f"+3363998{30 + number % 60}00"
    wish = {"to": to, "text": f"Nothing is lost: {number}", "category": "transactional", "on_unknown": choice}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = _asked(run, "POST", "/v1/messages", wish, Idempotency_Key=f"{run.began.timestamp():.6f}:{number}")
        if answer and answer.status == 202:
            run.accepted[answer.json["id"]] = choice
            return
        time.sleep(0.5)


def _choose(run: Run) -> None:
    """A change that the ledger has to have, in the middle of it."""
    for days in (20, 19):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not _asked(run, "PUT", "/v1/retention", {"record": f"P{days}D"}):
            time.sleep(0.5)


def _asked(run: Run, method: str, path: str, body: Any, **headers: str) -> Answer | None:
    """The answer; None where it was one that says to come again."""
    try:
        answer = run.tenant.client(method, path, body, **headers)
    except urllib3.exceptions.HTTPError:
        answer = None
    if answer and answer.status < 300:
        return answer
    assert answer is None or answer.status in {409, 429} or answer.status >= 500, answer.text
    run.refused += 1
    return None


def ask(stack: Stack, method: str, path: str, body: Any = None) -> Any:
    """The emulator's own room for faults."""
    endpoint = stack.environment()["AWS_ENDPOINT_URL"]
    answer = Client(endpoint, stack.ca)(method, f"/_fugace/{path}", body if body is not None else {})
    assert answer.status == 200, answer.text
    return answer.json


def _named(stack: Stack, function: str) -> str:
    return f"fugace-{stack.environment()['FUGACE_ENVIRONMENT']}-{function}" if function else ""


def _break(stack: Stack, scenario: Scenario) -> None:
    for fault in scenario.faults:
        ask(stack, "POST", "faults", {**fault, "function": _named(stack, fault.get("function", ""))})
    for name, seconds in {**dict.fromkeys(scenario.cold, 0.0), **scenario.clocks}.items():
        ask(stack, "PUT", "clock", {"function": _named(stack, name), "seconds": seconds})
    for outcome, count in scenario.carrier.items():
        stack.simulator("POST", "/faults", {"outcome": outcome, "count": count})


def _heal(stack: Stack, run: Run) -> None:
    """Not before it has struck: an outage that nobody met has shown nothing."""
    deadline = time.monotonic() + UNMET
    while run.scenario.faults and time.monotonic() < deadline:
        if any(each["met"] for each in ask(stack, "GET", "faults")["faults"]):
            break
        time.sleep(0.5)
    run.struck += sum(each["met"] for each in ask(stack, "DELETE", "faults")["faults"])
    for name in run.scenario.clocks:
        ask(stack, "PUT", "clock", {"function": _named(stack, name), "seconds": 0})
    stack.simulator("DELETE", "/faults")
    run.healed = datetime.now(UTC)


def _crash(stack: Stack, run: Run) -> None:
    try:
        ask(stack, "POST", "crash")
    except urllib3.exceptions.HTTPError:
        run.struck += 1
    wait_for(lambda: not serve.running(TEST, "emulator"))
    serve.start_emulator(TEST)
    run.healed = datetime.now(UTC)


# --- afterwards ---------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of a run's messages."""

    states: Counter[str]
    stuck: list[str]
    lost: list[str]
    """Accepted, and neither with the carrier nor in a state that says so."""
    twice: list[str]
    """Handed over more often than their `on_unknown` allows."""
    again: int
    """Handed over more than once where the client chose that rather than not at all."""
    untold: list[str]
    """Whose end no webhook has told."""
    seconds: float
    """From the healing until the last message was over."""
    struck: int
    """Calls that were failed."""
    refused: int
    """Answers that told a client to come again."""
    rang: set[str]
    tenant: str


def messages(run: Run) -> dict[str, Any]:
    """Those of a run, as they are now."""
    found, cursor = dict[str, Any](), ""
    while True:
        page = run.tenant.client("GET", f"/v1/messages?limit=100{cursor}").json
        found |= {each["id"]: each for each in page["messages"]}
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def over(run: Run) -> bool:
    """Whether all that were accepted are."""
    found = messages(run)
    return all(found.get(each, {}).get("status") in FINAL for each in run.accepted)


def judge(stack: Stack, run: Run) -> Outcome:
    """Compare what was accepted with what the carrier got, and with what the tenant was told."""
    found, sent = messages(run), _sent(stack, run)
    told = {(each["body"]["data"]["id"], each["body"]["data"]["status"]) for each in _received(stack, run.path)}
    states = {each: found.get(each, {}).get("status", "missing") for each in run.accepted}
    quiet = {"unknown", "expired", "rejected", "blocked", "cancelled"}
    ends = [datetime.fromisoformat(found[each]["history"][-1]["at"]) for each in run.accepted if each in found]
    return Outcome(
        states=Counter(states.values()),
        stuck=[each for each, status in states.items() if status not in FINAL],
        lost=[each for each, status in states.items() if not sent[each] and status not in quiet],
        twice=[each for each, choice in run.accepted.items() if sent[each] > 1 and choice == AT_MOST],
        again=sum(sent[each] > 1 for each, choice in run.accepted.items() if choice == AT_LEAST),
        untold=[each for each, status in states.items() if status in FINAL and (each, status) not in told],
        seconds=max(0.0, (max(ends) - run.healed).total_seconds()) if ends else 0.0,
        struck=run.struck,
        refused=run.refused,
        rang=run.rang,
        tenant=run.tenant.id,
    )


def _sent(stack: Stack, run: Run) -> Counter[str]:
    """How many SMS left for each message."""
    ids = {MessageKey(TenantId(run.tenant.id), MessageId(each)).reference: each for each in run.accepted}
    left = stack.simulator("GET", "/messages").json["messages"]
    return Counter(ids[each["reference"]] for each in left if each["reference"] in ids)


def _received(stack: Stack, path: str) -> list[dict[str, Any]]:
    found = stack.sink("GET", f"/received?path={path}").json["received"]
    return [{**each, "body": json.loads(each["body"])} for each in found if each["answered"] < 300]


def redrive(environment: str) -> dict[str, int]:
    """As an operator does once the cause is mended: dead letters go back on their queue. How many, by queue."""
    sqs, moved = boto3.client("sqs"), dict[str, int]()
    for dead in sqs.list_queues(QueueNamePrefix=f"fugace-{environment}-").get("QueueUrls", []):
        while dead.endswith("-dead") and (page := _page(sqs, dead)):
            for each in page:
                sqs.send_message(QueueUrl=dead.removesuffix("-dead"), MessageBody=each["Body"])
                sqs.delete_message(QueueUrl=dead, ReceiptHandle=each["ReceiptHandle"])
            name = dead.rpartition("/")[2]
            moved[name] = moved.get(name, 0) + len(page)
    return moved


def _page(sqs: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return found


def play_all(
    stack: Stack,
    tenant_of: Any,
    environment: str,
    scenarios: Sequence[Scenario],
    *,
    count: int,
    patience: float,
    watched: bool = False,
) -> dict[str, Outcome]:
    """One after the other, for a few tenants in turn; then wait until all is over, redriving meanwhile."""
    tenants = []
    for number in range(min(len(scenarios), TENANTS)):
        tenant, path = tenant_of(f"Outage {number}", mode="live"), f"/outage-{time.time_ns()}"
        asked = Run(scenarios[0], tenant, path)
        wait_for(
            lambda who=asked, url=path: _asked(who, "POST", "/v1/webhooks", {"url": stack.local["sink_url"] + url}),
            seconds=150,
        )
        tenants.append((tenant, path))
    runs = []
    for each, (tenant, path) in zip(scenarios, cycle(tenants), strict=False):
        runs.append(play(stack, tenant, path, each, count))
        runs[-1].rang = ringing.alarms(environment, runs[-1].began) if watched else set()
    return {run.scenario.name: found for run, found in zip(runs, _end(stack, runs, environment, patience), strict=True)}


def _end(stack: Stack, runs: Sequence[Run], environment: str, patience: float) -> list[Outcome]:
    deadline = time.monotonic() + patience
    found = [judge(stack, run) for run in runs]
    while time.monotonic() < deadline and any(each.stuck or each.untold for each in found):
        redrive(environment)
        time.sleep(2)
        found = [judge(stack, run) for run in runs]
    return found
