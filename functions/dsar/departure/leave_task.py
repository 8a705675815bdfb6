"""Entry point: the machine's steps in which all that a tenant has goes."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.departure.leave import Leave
from functions.dsar.task import Task


@cache
def _leave() -> Leave:
    its = Settings.read()
    return Leave(
        requests=wiring.requests(its),
        recalls=wiring.recalls(its),
        estate=wiring.estate(its),
        disposal=wiring.disposal(its),
        holds=wiring.holds(its),
        ledger=wiring.ledger(its),
        archives=wiring.archive_shredder(its),
        shredder=wiring.case_shredder(its),
        timer=wiring.timer(its),
        clock=wiring.clock(),
        terms=wiring.terms(its),
    )


@observe.entry
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, bool | str]:
    """One step, or a part of it: `more` asks for it again, `next` says where to go on."""
    task = Task.read(event)
    answer = _leave().run(task, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    logger.info("erased", tenant=task.key.tenant, request=task.key.id, kind=task.step, retried=int(answer.more))
    return answer.shown()
