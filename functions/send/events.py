"""Entry points: the stream of messages wakes the relay, carriers' queues wake the dispatch."""

import json
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.domain.errors import MissingKeyError
from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.send.clearance import Clearance
from functions.send.dispatch import Dispatch
from functions.send.relay import Relay, Step
from functions.send.task import InDoubtError, Outcome, Task

DELIVERIES = 5
"""The last delivery of a body before it is a dead letter: the queues' maxReceiveCount."""
_BATCH = 10
_CHANGES = {"INSERT", "MODIFY"}
_KIND: dict[type[Exception], str] = {InDoubtError: "in-doubt", MissingKeyError: "missing-key"}
_ALARMING = {"failed": "DispatchFailed", "in-doubt": "HandOverInDoubt", "missing-key": "MissingKey"}
_BACK = {Outcome.HELD, *_ALARMING}

_NOT_TAKEN: deque[tuple[str, str]] = deque()
"""What carriers did not take in this batch; the threads of a batch may all say so."""

Event = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]


@cache
def _relay() -> Relay:
    settings = Settings.read()
    queues, notify = wiring.carrier_queues(settings), wiring.notify_queue(settings)
    return Relay(queues, notify, wiring.timer(settings), wiring.clock())


@cache
def _dispatch() -> Dispatch:
    settings = Settings.read()
    carriers, simulators = wiring.carriers(settings), wiring.simulators(settings)
    clearance = Clearance(wiring.tenants(settings), wiring.vault(settings), carriers, simulators, settings.public_url)
    messages, timer = wiring.messages(settings), wiring.timer(settings)
    return Dispatch(messages, clearance, wiring.carrier_web(), timer, wiring.clock(), carriers, hear=_hear)


def _hear(carrier: str, what: str) -> None:
    _NOT_TAKEN.append((carrier, what))


@cache
def _queue_names() -> dict[str, str]:
    return dict(wiring.queue_names(Settings.read()))


@observe.entry
def relay(event: Event, _context: LambdaContext) -> Failures:
    """The messages table's stream. From the lowest failure on, Lambda gives it again."""
    records = event["Records"]
    steps = list(_steps(records))
    failed = _relay().run(steps)
    places = [record["dynamodb"]["SequenceNumber"] for record in records if record["eventName"] in _CHANGES]
    failed |= dict.fromkeys(set(places) - {step.number for step in steps}, "unreadable")
    ids = tuple(step.after.key.id for step in steps if step.after and not step.before)  # later changes others tell
    logger.info("relayed", count=len(records), failed=len(failed), messages=ids)
    if not failed:
        return {"batchItemFailures": []}
    logger.warning("relay-failed", reason=",".join(sorted(set(failed.values()))))
    observe.count("RelayFailed", len(failed))
    return {"batchItemFailures": [{"itemIdentifier": min(failed, key=int)}]}


def _steps(records: list[Event]) -> Iterator[Step]:
    """What can be read of a batch; of the rest, the event's id is all that is said."""
    for record in records:
        if record["eventName"] not in _CHANGES:
            continue
        change = record["dynamodb"]
        try:
            before = wiring.read_image(change["OldImage"]) if "OldImage" in change else None
            yield Step(change["SequenceNumber"], before, wiring.read_image(change["NewImage"]))
        except Exception:  # noqa: BLE001  # whatever an image holds that we cannot read, it is not quoted
            logger.error("unreadable", event_id=record.get("eventID", ""))  # nor is its traceback told


@observe.entry
def dispatch(event: Event, _context: LambdaContext) -> Failures:
    """A carrier's queue: ten bodies at most, handed over at the same time. Those that fail come back alone."""
    use_case, names, records = _dispatch(), _queue_names(), event["Records"]
    with ThreadPoolExecutor(_BATCH) as pool:
        outcomes = list(pool.map(lambda record: _one(use_case, names, record), records))
    tally = Counter(outcomes)
    back = [record["messageId"] for record, outcome in zip(records, outcomes, strict=True) if outcome in _BACK]
    logger.info(
        "dispatched",
        count=tally[Outcome.SUBMITTED] + tally[Outcome.ENDED],
        retried=tally[Outcome.RETRIED],
        skipped=tally[Outcome.DROPPED],
        failed=len(back),
        messages=tuple(map(_named, records)),
    )
    for outcome, metric in _ALARMING.items():
        if tally[outcome]:
            observe.count(metric, tally[outcome])
    for (carrier, what), number in Counter(_NOT_TAKEN).items():
        observe.count_at(carrier, what, number)
    _NOT_TAKEN.clear()
    return {"batchItemFailures": [{"itemIdentifier": each} for each in back]}


def _named(record: Event) -> str:
    """The message that a body names."""
    try:
        return Task.read(json.loads(record["body"])).key.id
    except Exception:  # noqa: BLE001  # what it holds that we cannot read is not quoted
        return ""


def _one(use_case: Dispatch, names: dict[str, str], record: Event) -> str:
    """One body; whatever happens to it, the others have nothing to do with it."""
    queue = record["eventSourceARN"].rpartition(":")[2]
    try:
        carrier, task = names[queue], Task.read(json.loads(record["body"]))
    except Exception:  # noqa: BLE001  # what it holds that we cannot read is not quoted
        logger.error("unreadable", queue=queue)  # nor is its traceback told
        return "failed"
    try:
        return use_case.run(carrier, task)
    except Exception as error:  # noqa: BLE001  # logged with its traceback, masked; the body comes back
        logger.exception("not-dispatched", tenant=task.key.tenant, message_id=task.key.id)
        if int(record["attributes"]["ApproximateReceiveCount"]) >= DELIVERIES:
            _bury(use_case, carrier, task, in_doubt=isinstance(error, InDoubtError))
        return _KIND.get(type(error), "failed")


def _bury(use_case: Dispatch, carrier: str, task: Task, *, in_doubt: bool) -> None:
    try:
        use_case.bury(carrier, task, in_doubt=in_doubt)
    except Exception:  # noqa: BLE001  # the body becomes a dead letter all the same
        logger.exception("not-buried", tenant=task.key.tenant, message_id=task.key.id)
