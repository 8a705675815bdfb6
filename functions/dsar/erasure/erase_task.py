"""Entry point: the state machine asks for a step of an erasure."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.erasure.erase import Erasure, Ports
from functions.dsar.task import Task


@cache
def _erasure() -> Erasure:
    its = Settings.read()
    ports = Ports(
        requests=wiring.requests(its),
        recalls=wiring.recalls(its),
        persons=wiring.persons(its),
        case_shredder=wiring.case_shredder(its),
        archive_shredder=wiring.archive_shredder(its),
        disposal=wiring.disposal(its),
        holds=wiring.holds(its),
        ledger=wiring.ledger(its),
        agenda=wiring.agenda(its),
        policies=wiring.policies(its),
        timer=wiring.timer(its),
        queue=wiring.sweep_queue(its),
        clock=wiring.clock(),
        terms=wiring.terms(its),
    )
    return Erasure.over(ports)


@observe.entry
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """One step, or a part of it: `more` asks for it again."""
    task = Task.read(event)
    more = _erasure().run(task, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    logger.info("erased", tenant=task.key.tenant, request=task.key.id, kind=task.step, retried=int(more))
    return {"more": more}
