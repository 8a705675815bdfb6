"""Entry points: a schedule wakes the reconciling passes."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.purge.checkpoint import Checkpointing
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
