"""Entry points: schedules wake the reconciling, the plan and the checkpoint, a queue the sweep, a stream the tally."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.domain.ids import MessageKey
from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from fugace.ports import Queue
from functions.purge.checkpoint import Checkpointing
from functions.purge.plan import Plan
from functions.purge.reconcile import Reconcile
from functions.purge.sweep import Ports, Sweep, UnknownJobError
from functions.purge.tally import Removal, Tally
from functions.purge.task import BRIEFS, CLOSE, DEPARTURES, Left, Outcome, Task

AT_ONCE = 8
"""Messages that a hold is put on, or taken off, at the same time."""
_METRIC = {kind: kind for kind in ("record", "content", "access", "statistics", "exports", "cases", "objections")} | {
    BRIEFS: "content",
    DEPARTURES: "keys",
}

Event = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]


@cache
def _reconcile() -> Reconcile:
    settings = Settings.read()
    tenants, messages = wiring.tenants(settings), wiring.messages(settings)
    return Reconcile(tenants, messages, wiring.clock(), wiring.carrier_queues(settings), wiring.terms(settings))


@observe.entry
def reconcile(_event: dict[str, Any], context: LambdaContext) -> None:
    """Every five minutes. `Reconciled` is the heartbeat; `ReconcileLag` says whether a run also gets on."""
    tally = _reconcile().run(lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    behind = int(tally.behind.total_seconds())
    logger.info("reconciled", count=tally.seen, retried=tally.relayed, late=tally.unknown + tally.expired, age=behind)
    observe.count("Reconciled")
    observe.gauge("ReconcileLag", behind)
    found = {"RelayedAgain": tally.relayed, "NoReceipt": tally.unknown, "NeverSent": tally.expired}
    for metric, value in found.items():
        if value:
            observe.count(metric, value)


@cache
def _plan() -> Plan:
    its = Settings.read()
    agenda, tallies, departures = wiring.agenda(its), wiring.tallies(its), wiring.departures(its)
    return Plan(agenda, tallies, departures, wiring.tenants(its), wiring.sweep_queue(its), wiring.clock())


@observe.entry
def plan(_event: Event, _context: LambdaContext) -> None:
    """Every quarter of an hour. `Planned` is the heartbeat, `PurgeLag` what the promise of an hour is held against."""
    planned = _plan().run()
    logger.info("planned", count=planned.jobs, age=int(planned.behind.total_seconds()))
    for kind, lag in planned.lag.items():
        observe.gauge_of(kind, "PurgeLag", lag.total_seconds())
    observe.count("Planned")


@cache
def _sweep() -> Sweep:
    its = Settings.read()
    ports = Ports(
        agenda=wiring.agenda(its),
        policies=wiring.policies(its),
        holds=wiring.holds(its),
        disposal=wiring.disposal(its),
        departures=wiring.departures(its),
        keychain=wiring.key_chain(its),
        tallies=wiring.tallies(its),
        statistics=wiring.statistics(its),
        exports=wiring.exports(its),
        cases=wiring.cases(its),
        objections=wiring.objections(its),
        ledger=wiring.ledger(its),
        old_keys=wiring.old_keys(its),
        tenants=wiring.tenants(its),
        clock=wiring.clock(),
    )
    return Sweep.over(ports, at_once=AT_ONCE)


@cache
def _queue() -> Queue:
    return wiring.sweep_queue(Settings.read())


@observe.entry
def sweep(event: Event, context: LambdaContext) -> Failures:
    """The sweep queue. What is not finished goes back as a new body that says how far it came; what fails as it is."""
    deleted, again, back = Counter[str](), 0, []
    for record in event["Records"]:
        outcome = _one(record, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()), deleted)
        if outcome is None:
            back.append(record["messageId"])
        elif outcome.again:
            again += 1
    logger.info("swept", count=deleted.total(), retried=again, failed=len(back))
    for kind, count in deleted.items():
        observe.count_of(kind, "Deleted", count)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in back]}


def _one(record: Event, left: Left, deleted: Counter[str]) -> Outcome | None:
    """One body; whatever happens to it, the others have nothing to do with it."""
    try:
        task = Task.read(json.loads(record["body"]))
    except Exception:  # noqa: BLE001  # what it holds that we cannot read is not quoted
        logger.error("unreadable", queue="sweep")  # nor is its traceback told
        return None
    try:
        outcome = _sweep().run(task, left)
        if outcome.done and task.kind in _METRIC:
            deleted[_METRIC[task.kind]] += outcome.done
        if outcome.again:
            _queue().send([outcome.again.body()], delay=outcome.delay)
    except UnknownJobError:
        logger.error("unknown-job", tenant=task.tenant)
        return None
    except Exception:  # noqa: BLE001  # logged with its traceback, masked; the body comes back
        logger.exception("not-swept", tenant=task.tenant, kind=task.kind)
        return None
    if task.kind == CLOSE and outcome.done:
        logger.info("closed", count=outcome.done)
    return outcome


@cache
def _tally() -> Tally:
    its = Settings.read()
    return Tally(wiring.tallies(its), wiring.departures(its))


@observe.entry
def tally(event: Event, _context: LambdaContext) -> Failures:
    """The messages table's stream, of what has left. From the lowest failure on, Lambda gives it again."""
    noted = _tally().run(list(_removals(event["Records"])))
    for error in noted.errors:
        logger.error("not-tallied", exc_info=error)
    logger.info("tallied", count=sum(noted.counts.values()), failed=len(noted.errors))
    return {"batchItemFailures": [{"itemIdentifier": noted.back}] if noted.back else []}


def _removals(records: list[Event]) -> Iterator[Removal]:
    """What has left. An image that cannot be read must not keep the others waiting: its key tells that it has gone."""
    for record in records:
        change, name = record["dynamodb"], record["eventName"]
        old, new = change.get("OldImage", {}), change.get("NewImage", {})
        if name == "INSERT" or (name == "MODIFY" and ("text" in new or "text" not in old)):
            continue
        before = None
        try:
            key = MessageKey.read(change["Keys"]["pk"]["S"])
            at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC)
        except Exception:  # noqa: BLE001  # nor can this be counted; it is not quoted
            _complain(record)
            continue
        try:
            before = wiring.read_image(old)
        except Exception:  # noqa: BLE001  # whatever an image holds that we cannot read, it is not quoted
            _complain(record)
        yield Removal(change["SequenceNumber"], key, at, before, deleted=name == "REMOVE", text="text" in old)


def _complain(record: Event) -> None:
    logger.error("unreadable", event_id=record.get("eventID", ""))
    observe.count("Unreadable")


@cache
def _checkpointing() -> Checkpointing:
    settings = Settings.read()
    ledger, kept, signer = wiring.ledger(settings), wiring.checkpoints(settings), wiring.signer(settings)
    return Checkpointing(ledger, kept, signer, wiring.clock(), settings.environment)


@observe.entry
def checkpoint(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Every night. `Checkpointed` is the heartbeat; `Rewritten` counts chains that are not what was signed before."""
    made = _checkpointing().run()
    for tenant in made.rewritten:
        logger.error("rewritten", tenant=tenant)
    logger.info("checkpointed", count=made.grown, failed=len(made.rewritten), skipped=int(not made.new))
    observe.count("Checkpointed")
    if made.rewritten:
        observe.count("Rewritten", len(made.rewritten))
