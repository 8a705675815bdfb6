"""Entry points: a schedule wakes the reconciling passes."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.purge.reconcile import Reconcile


@cache
def _reconcile() -> Reconcile:
    settings = Settings.read()
    tenants, messages = wiring.tenants(settings), wiring.messages(settings)
    return Reconcile(tenants, messages, wiring.clock(), wiring.carrier_queues(settings), wiring.terms(settings))


@observe.entry
def reconcile(_event: dict[str, Any], context: LambdaContext) -> None:
    """Every five minutes. `Reconciled` is the heartbeat: an alarm looks for its absence."""
    tally = _reconcile().run(lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    behind = int(tally.behind.total_seconds())
    logger.info("reconciled", count=tally.seen, retried=tally.relayed, late=tally.unknown + tally.expired, age=behind)
    observe.count("Reconciled")
    found = {"RelayedAgain": tally.relayed, "NoReceipt": tally.unknown, "NeverSent": tally.expired}
    for metric, value in found.items():
        if value:
            observe.count(metric, value)
