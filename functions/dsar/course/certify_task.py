"""Entry point: the state machine has a certificate signed."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.course.certify import Certify
from functions.dsar.task import Task


@cache
def _certify() -> Certify:
    its = Settings.read()
    kept = wiring.requests(its), wiring.ledger(its)
    return Certify(*kept, wiring.certifier(its), wiring.clock(), wiring.terms(its), its.environment)


@observe.entry
def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Sign what became of each place. The certificate stays with the request; nothing comes out."""
    task = Task.read(event)
    stage = _certify().run(task)
    logger.info("certified", tenant=task.key.tenant, request=task.key.id, kind=stage)
    if stage:
        observe.count("Certified")
    return {}
