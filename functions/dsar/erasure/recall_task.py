"""Entry point: the state machine has carriers asked."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.erasure.recall import Recall
from functions.dsar.task import Task


@cache
def _recall() -> Recall:
    its = Settings.read()
    return Recall(wiring.requests(its), wiring.recalls(its), wiring.carriers(its), wiring.carrier_web())


@observe.entry
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """A part of it: `more` asks for it again."""
    task = Task.read(event)
    more = _recall().run(task, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    logger.info("recalled", tenant=task.key.tenant, request=task.key.id, retried=int(more))
    return {"more": more}
