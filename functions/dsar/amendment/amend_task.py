"""Entry point: the state machine has something corrected, restricted or objected to, a piece at a time."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dsar.amendment.amend import Amend
from functions.dsar.amendment.journal import Journal
from functions.dsar.amendment.rectify import Rectify
from functions.dsar.amendment.restraint import Restraint
from functions.dsar.task import Task


@cache
def amend() -> Amend:
    """Wired on the first step, not on import, so that tests need no AWS."""
    its, clock = Settings.read(), wiring.clock()
    requests, persons, ledger = wiring.requests(its), wiring.persons(its), wiring.ledger(its)
    agenda, policies = wiring.agenda(its), wiring.policies(its)
    journal = Journal(requests, ledger, clock)
    rectify = Rectify(
        requests=requests,
        persons=persons,
        seals=wiring.case_seals(its),
        vault=wiring.vault(its),
        disposal=wiring.disposal(its),
        amendments=wiring.amendments(its),
        departures=wiring.departures(its),
        policies=policies,
        journal=journal,
        clock=clock,
    )
    restraint = Restraint(requests, wiring.holds(its), ledger, agenda, wiring.sweep_queue(its), clock)
    return Amend(requests, persons, agenda, policies, rectify, restraint, journal, clock)


@observe.entry
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """The step Amend: whether there is more to do."""
    task = Task.read(event)
    more = amend().run(task, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    logger.info("amended", tenant=task.key.tenant, request=task.key.id, retried=int(more))
    return {"more": more}
