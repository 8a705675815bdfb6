"""Entry point: the state machine that restores a table asks for a step."""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from fugace.restoring import Quarantine
from functions.dsar.restoring.judging import Now
from functions.dsar.restoring.planting import Planting
from functions.dsar.restoring.restore import Restore, read_run
from functions.dsar.task import Left


@cache
def _quarantine() -> Quarantine:
    return wiring.quarantine(Settings.read())


@cache
def _now() -> Now:
    its = Settings.read()
    asked = wiring.persons(its), wiring.requests(its), wiring.tenants(its), wiring.holds(its)
    return Now(*asked, wiring.ledger(its), wiring.clock())


@cache
def _restore() -> Restore:
    return Restore(_quarantine(), _now(), wiring.agenda(Settings.read()))


@cache
def _planting() -> Planting:
    return Planting(_quarantine(), wiring.persons(Settings.read()), _now())


@observe.entry
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One step of one restore: `begin`, `ready`, `fit`, `probe`, `merge`, `close`, `remove`."""
    step = str(event.get("step", ""))
    answer = _step(step, event, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    logger.info("restoring", kind=step, count=answer.get("kept"), skipped=answer.get("refused"))
    return answer


def _step(step: str, event: dict[str, Any], left: Left) -> dict[str, Any]:
    run, quarantine = read_run(event), _quarantine()
    match step:
        case "begin":
            quarantine.begin(run)
        case "ready":
            return {"ready": quarantine.ready(run)}
        case "fit":
            quarantine.fit(run)
        case "probe":
            _planting().run(run)
        case "merge":
            return {"more": _restore().merge(run, left)}
        case "close":
            return {"more": _restore().close(run, left), **_restore().totals(run)}
        case "remove":
            quarantine.remove(run)
        case _:
            raise ValueError("not a step of a restore")
    return {}
