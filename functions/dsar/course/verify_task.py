"""Entry point: the machine asks for a one-time code to be sent, and waits under a token."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import FailedError, logger
from fugace.edge.settings import Settings
from functions.dsar.course.verify import UnsentError, Verify
from functions.dsar.task import Task


@cache
def _verify() -> Verify:
    its = Settings.read()
    return Verify(
        requests=wiring.requests(its),
        seals=wiring.case_seals(its),
        vault=wiring.vault(its),
        messages=wiring.messages(its),
        tenants=wiring.tenants(its),
        clock=wiring.clock(),
    )


@observe.entry
def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """What none may be sent for is no bug: the machine hears that it failed, and closes it."""
    task = Task.read(event)
    try:
        _verify().run(task)
    except UnsentError:
        logger.info("no-code", request=task.key.id, tenant=task.key.tenant)
        raise FailedError("failed") from None
    logger.info("code-sent", request=task.key.id, tenant=task.key.tenant)
    return {}
