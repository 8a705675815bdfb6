"""Entry point: the machine's step that makes a person's archive."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.archive.export import Export
from functions.dsar.task import Task


@cache
def _export() -> Export:
    its = Settings.read()
    return Export(
        requests=wiring.requests(its),
        seals=wiring.case_seals(its),
        archives=wiring.archives(its),
        sealing=wiring.archive_seals(its),
        persons=wiring.persons(its),
        disposal=wiring.disposal(its),
        vault=wiring.vault(its),
        holds=wiring.holds(its),
        tenants=wiring.tenants(its),
        agenda=wiring.agenda(its),
        ledger=wiring.ledger(its),
        terms=wiring.terms(its),
        clock=wiring.clock(),
    )


@observe.entry
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """`{more}`: whether it has to be asked again."""
    task = Task.read(event)
    done = _export().run(task, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    logger.info("exported", tenant=task.key.tenant, request=task.key.id, count=done.count, retried=int(done.more))
    return {"more": done.more}
