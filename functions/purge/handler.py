"""/v1/retention, /v1/holds, /v1/ledger and /v1/statistics: an API event in, a use case, an HTTP answer out."""

from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from fugace.domain.actor import Actor
from fugace.domain.retention import Kind
from fugace.domain.tenant import Scope
from fugace.edge import http, observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.purge import policy, schema, view
from functions.purge.account import Account
from functions.purge.foresight import Archived, Foresight
from functions.purge.holds import HoldDesk
from functions.purge.policy import PolicyDesk

app = http.resolver()


@cache
def policies() -> PolicyDesk:
    """Wired on the first request, not on import, so that tests need no AWS."""
    its = Settings.read()
    return PolicyDesk(
        policies=wiring.policies(its),
        tenants=wiring.tenants(its),
        ledger=wiring.ledger(its),
        agenda=wiring.agenda(its),
        bounds=wiring.bounds(),
        clock=wiring.clock(),
    )


@cache
def foresight() -> Foresight:
    """The same for simulations."""
    its = Settings.read()
    return Foresight(
        tenants=wiring.tenants(its),
        agenda=wiring.agenda(its),
        disposal=wiring.disposal(its),
        statistics=wiring.statistics(its),
        holds=wiring.holds(its),
        requests={
            Kind.EXPORTS: Archived(wiring.requests(its)),
            Kind.CASES: wiring.cases(its),
            Kind.OBJECTIONS: wiring.objections(its),
        },
        clock=wiring.clock(),
    )


@cache
def holds() -> HoldDesk:
    """The same for holds."""
    its = Settings.read()
    return HoldDesk(
        holds=wiring.holds(its),
        policies=wiring.policies(its),
        ledger=wiring.ledger(its),
        agenda=wiring.agenda(its),
        disposal=wiring.disposal(its),
        vault=wiring.vault(its),
        queue=wiring.sweep_queue(its),
        clock=wiring.clock(),
    )


@cache
def account() -> Account:
    """The same for the ledger, and for what remains of what has gone."""
    its = Settings.read()
    return Account(
        ledger=wiring.ledger(its),
        statistics=wiring.statistics(its),
        policies=wiring.policies(its),
        checkpoints=wiring.checkpoints(its),
        clock=wiring.clock(),
    )


def _actor() -> Actor:
    who = http.caller(app.current_event, Scope.PRIVACY)
    return Actor(who.tenant, who.key_id, live=who.live)


# --- retention ----------------------------------------------------------------------------------


@app.get("/v1/retention")
def look() -> Response[str]:
    """What is kept how long; and what another choice would delete, where one is proposed."""
    tenant = http.caller(app.current_event, Scope.RETENTION).tenant
    wanted = http.query(app.current_event, schema.PolicyQuery).wanted()
    desk = policies()
    policy.check(wanted, desk.bounds, dict.fromkeys(wanted, schema.SIMULATED))
    found = desk.present(tenant)
    simulated = foresight().foresee(tenant, found.retention, wanted) if wanted else {}
    logger.info("retention-shown", tenant=tenant, count=len(simulated))
    return http.answer(HTTPStatus.OK, view.policy(found, desk.bounds, simulated))


@app.put("/v1/retention")
def choose() -> Response[str]:
    """200 with what is in force, and what was announced."""
    actor = _actor()
    wanted = http.body(app.current_event, schema.PolicyBody).wanted()
    desk = policies()
    chosen = desk.choose(actor, wanted)
    logger.info("retention-chosen", tenant=actor.tenant, key_id=actor.key_id, kind=",".join(chosen.changed))
    return http.answer(HTTPStatus.OK, view.policy(chosen, desk.bounds, {}))


# --- holds --------------------------------------------------------------------------------------


@app.post("/v1/holds")
def set_() -> Response[str]:
    """201 with the hold, or 200 with the one that this key set before."""
    actor = _actor()
    hold, again = holds().set(actor, http.body(app.current_event, schema.HoldBody).wish())
    logger.info("hold-set", tenant=actor.tenant, key_id=actor.key_id, hold=hold.id, kind=hold.scope)
    where = {"Location": f"/v1/holds/{hold.id}"}
    return http.answer(HTTPStatus.OK if again else HTTPStatus.CREATED, view.hold(hold), where)


@app.get("/v1/holds")
def list_() -> Response[str]:
    """All holds of the caller's tenant, over ones included."""
    tenant = http.caller(app.current_event, Scope.RETENTION).tenant
    found = holds().all(tenant)
    logger.info("holds-listed", tenant=tenant, count=len(found))
    return http.answer(HTTPStatus.OK, {"holds": [view.hold(each) for each in found]})


@app.get("/v1/holds/<hold_id>")
def show(hold_id: str) -> Response[str]:
    """One of them."""
    tenant = http.caller(app.current_event, Scope.RETENTION).tenant
    hold = holds().get(tenant, hold_id)
    logger.info("hold-shown", tenant=tenant, hold=hold.id)
    return http.answer(HTTPStatus.OK, view.hold(hold))


@app.delete("/v1/holds/<hold_id>")
def lift(hold_id: str) -> Response[str]:
    """202 with the hold: it is being taken off."""
    actor = _actor()
    hold = holds().lift(actor, hold_id)
    logger.info("hold-lifted", tenant=actor.tenant, key_id=actor.key_id, hold=hold.id)
    return http.answer(HTTPStatus.ACCEPTED, view.hold(hold))


# --- the past -----------------------------------------------------------------------------------


@app.get("/v1/ledger")
def ledger() -> Response[str]:
    """The tenant's own chain, a page at a time, from the beginning."""
    tenant = http.caller(app.current_event, Scope.RETENTION).tenant
    query = http.query(app.current_event, schema.LedgerQuery)
    page = account().page(tenant, after=query.after, limit=query.limit)
    logger.info("ledger-shown", tenant=tenant, count=len(page.entries))
    return http.answer(HTTPStatus.OK, view.ledger(page))


@app.get("/v1/statistics")
def statistics() -> Response[str]:
    """What remains of messages that have gone: counts, without persons."""
    tenant = http.caller(app.current_event, Scope.RETENTION).tenant
    query = http.query(app.current_event, schema.StatisticsQuery)
    query.check()
    sums = account().sums(tenant, query.month, query.campaign)
    logger.info("statistics-shown", tenant=tenant, count=len(sums))
    return http.answer(HTTPStatus.OK, {"statistics": view.statistics(sums)})


@observe.entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
    """The entry point of the retention function."""
    return app.resolve(event, context)
