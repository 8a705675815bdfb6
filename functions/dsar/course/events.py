"""Entry points: a schedule wakes the watch, a queue the callbacks."""

import json
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.course.callback import Callback, Notice
from functions.dsar.course.watch import METRICS, Watch
from functions.dsar.herald import Herald

Event = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]


@cache
def _watch() -> Watch:
    its = Settings.read()
    herald = Herald(wiring.callback_queue(its))
    return Watch(wiring.requests(its), wiring.holds(its), wiring.machine(its), herald, wiring.clock())


@observe.entry
def watch(_event: Event, context: LambdaContext) -> None:
    """Every quarter of an hour. `Watched` is the heartbeat; `RequestAge` is held against the target of 72 hours."""
    seen = _watch().run(lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    for key, error in seen.failed:
        logger.error("not-looked", request=key.id, tenant=key.tenant, exc_info=error)
    logger.info("watched", count=seen.looked, retried=seen.started, failed=len(seen.failed))
    for name, count in seen.reminded.items():
        observe.count(METRICS[name], count)
    observe.gauge("RequestAge", seen.oldest.total_seconds())
    if seen.failed:
        observe.count("NotLooked", len(seen.failed))
    observe.count("Watched")


@cache
def _callback() -> Callback:
    its = Settings.read()
    web, signer, queue = wiring.web(its), wiring.certifier(its), wiring.callback_queue(its)
    return Callback(wiring.requests(its), web, signer, queue, its.public_url)


@observe.entry
def callback(event: Event, _context: LambdaContext) -> Failures:
    """The queue of callbacks. `CallbackFailed` counts addresses that are not tried any more: the tenant is to know."""
    told, again, lost, back = 0, 0, 0, []
    for record in event["Records"]:
        try:
            notice = Notice.read(json.loads(record["body"]))
        except Exception:  # noqa: BLE001  # what it holds that we cannot read is not quoted
            logger.error("unreadable", queue="callbacks")
            back.append(record["messageId"])
            continue
        try:
            done = _callback().run(notice)
        except Exception:  # noqa: BLE001  # logged with its traceback, masked; the body comes back
            logger.exception("not-told", request=notice.key.id, tenant=notice.key.tenant)
            back.append(record["messageId"])
            continue
        told, again, lost = told + done.told, again + done.again, lost + done.lost
        if done.lost:
            logger.warning("given-up", request=notice.key.id, tenant=notice.key.tenant, count=done.lost)
    logger.info("told", count=told, retried=again, failed=len(back) + lost)
    if lost:
        observe.count("CallbackFailed", lost)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in back]}
