"""Entry point: the machine's decisions."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.course.decisions import Decisions
from functions.dsar.course.settle import Settle
from functions.dsar.herald import Herald
from functions.dsar.task import Task


@cache
def _settle() -> Settle:
    its = Settings.read()
    return Settle(
        requests=wiring.requests(its),
        decisions=Decisions(wiring.requests(its), its.waiting, its.leave_waiting),
        ledger=wiring.ledger(its),
        shredder=wiring.case_shredder(its),
        agenda=wiring.agenda(its),
        policies=wiring.policies(its),
        herald=Herald(wiring.callback_queue(its)),
        clock=wiring.clock(),
    )


@observe.entry
def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """One step. `RequestPartial` wakes somebody: what is left is tried again, and somebody is to see why."""
    task = Task.read(event)
    answer = _settle().run(task)
    logger.info("settled", request=task.key.id, tenant=task.key.tenant, kind=task.step, outcome=answer.next)
    if answer.partial:
        observe.count("RequestPartial")
    return answer.shown()
