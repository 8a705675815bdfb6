"""/dlr, where carriers report, and /v1/webhooks, where tenants say whom to tell: events in, use cases, answers out."""

from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from fugace.domain.errors import ReceiptRefusedError
from fugace.domain.ids import TenantId
from fugace.domain.tenant import Scope
from fugace.edge import http, observe, problem, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.dlr import schema
from functions.dlr.receive import Receiver
from functions.dlr.record import Outcome
from functions.dlr.replay import Replay
from functions.dlr.webhooks import Desk

carriers = http.resolver()
clients = http.resolver()

_COUNTED = {
    Outcome.UNKNOWN: "UnknownReceipt",
    Outcome.REPEATED: "RepeatedReceipt",
    Outcome.LATER: "LateReceipt",
}


@cache
def receiver() -> Receiver:
    """Wired on the first request, not on import, so that tests need no AWS."""
    its = Settings.read()
    late = wiring.receipts_queue(its)
    return Receiver(wiring.carriers(its), wiring.vault(its), wiring.messages(its), late, wiring.clock())


@cache
def desk() -> Desk:
    """The same for webhooks."""
    its = Settings.read()
    queue, exceptions = wiring.notify_queue(its), its.webhook_exceptions
    return Desk(wiring.webhooks(its), wiring.vault(its), queue, wiring.clock(), exceptions)


@cache
def replays() -> Replay:
    """The same for replays."""
    its = Settings.read()
    vault, tenants, queue = wiring.vault(its), wiring.tenants(its), wiring.notify_queue(its)
    return Replay(wiring.webhooks(its), wiring.messages(its), vault, tenants, queue, wiring.clock())


# --- carriers -----------------------------------------------------------------------------------


def forged(error: ReceiptRefusedError) -> Response[str]:
    """403. A carrier whose signature we read wrongly looks just like a forger, so somebody has to see it."""
    named = carriers.current_event.path_parameters.get("carrier", "")  # one of ours: another would not be found
    logger.warning("receipt-refused", carrier=named, reason=error.facts.get("reason"))
    observe.count("ReceiptRefused")
    return problem.answer(error)


carriers.exception_handler(ReceiptRefusedError)(forged)


@carriers.route("/dlr/<carrier>/<token>", method=["GET", "POST"])
def report(carrier: str, token: str) -> Response[str]:
    """200 for all that we will not need to hear again, known or not."""
    taken = receiver().receive(carrier, token, schema.callback(carriers.current_event))
    outcomes = [each.outcome for each in taken]
    for outcome in set(outcomes) & _COUNTED.keys():
        observe.count(_COUNTED[outcome], outcomes.count(outcome))
    if strange := [each.strange for each in taken if each.strange is not None]:
        observe.count("UnknownState", len(strange))
        logger.warning("unknown-state", carrier=carrier, code=",".join(sorted(set(strange) - {""})))
    ids, became = tuple(each.key.id for each in taken if each.key), ",".join(sorted(set(outcomes)))
    logger.info("received", carrier=carrier, count=len(outcomes), outcome=became, messages=ids)
    return Response(HTTPStatus.OK.value, "text/plain", "OK")


@observe.entry
def receive(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
    """The entry point of the receive function."""
    return carriers.resolve(event, context)


# --- tenants ------------------------------------------------------------------------------------


def _tenant() -> TenantId:
    return http.caller(clients.current_event, Scope.WEBHOOKS).tenant


@clients.post("/v1/webhooks")
def create() -> Response[str]:
    """201 with the secret, which is never shown again."""
    tenant = _tenant()
    wish = http.body(clients.current_event, schema.NewWebhook)
    webhook, secret = desk().create(tenant, wish.url, wish.events or ())
    logger.info("webhook-made", tenant=tenant, webhook=webhook.id)
    where = {"Location": f"/v1/webhooks/{webhook.id}"}
    return http.answer(HTTPStatus.CREATED, {**schema.shown(webhook), "secret": secret}, where)


@clients.get("/v1/webhooks")
def look() -> Response[str]:
    """All webhooks of the caller's tenant, disabled ones included."""
    tenant = _tenant()
    found = desk().all(tenant)
    logger.info("webhooks-listed", tenant=tenant, count=len(found))
    return http.answer(HTTPStatus.OK, {"webhooks": [schema.shown(webhook) for webhook in found]})


@clients.get("/v1/webhooks/<webhook_id>")
def show(webhook_id: str) -> Response[str]:
    """One of them."""
    tenant = _tenant()
    webhook = desk().get(tenant, webhook_id)
    logger.info("webhook-shown", tenant=tenant, webhook=webhook.id)
    return http.answer(HTTPStatus.OK, schema.shown(webhook))


@clients.delete("/v1/webhooks/<webhook_id>")
def remove(webhook_id: str) -> Response[str]:
    """204: no attempt follows."""
    tenant = _tenant()
    desk().remove(tenant, webhook_id)
    logger.info("webhook-removed", tenant=tenant, webhook=webhook_id)
    return http.empty()


@clients.post("/v1/webhooks/<webhook_id>/test")
def probe(webhook_id: str) -> Response[str]:
    """202: the event is on its way. Answered, it enables a disabled webhook again."""
    tenant = _tenant()
    letter = desk().test(tenant, webhook_id)
    logger.info("webhook-tested", tenant=tenant, webhook=letter.webhook)
    return http.answer(HTTPStatus.ACCEPTED, {"event": letter.event_id})


@clients.post("/v1/webhooks/<webhook_id>/secret")
def rotate(webhook_id: str) -> Response[str]:
    """200 with the new secret, which is never shown again; the old one signs along for a day."""
    tenant = _tenant()
    webhook, secret = desk().rotate(tenant, webhook_id)
    logger.info("webhook-secret-made", tenant=tenant, webhook=webhook.id)
    return http.answer(HTTPStatus.OK, {**schema.shown(webhook), "secret": secret})


@clients.get("/v1/webhooks/<webhook_id>/deliveries")
def deliveries(webhook_id: str) -> Response[str]:
    """The newest attempts, newest first."""
    tenant = _tenant()
    lines = desk().deliveries(tenant, webhook_id, http.query(clients.current_event, schema.Listing).limit)
    logger.info("deliveries-listed", tenant=tenant, webhook=webhook_id, count=len(lines))
    return http.answer(HTTPStatus.OK, {"deliveries": [schema.line(attempt) for attempt in lines]})


@clients.post("/v1/webhooks/<webhook_id>/replay")
def replay(webhook_id: str) -> Response[str]:
    """202 with how many events come again."""
    tenant = _tenant()
    wish = http.body(clients.current_event, schema.ReplayRequest).wish()
    again = replays()
    done = again.message(tenant, webhook_id, wish) if isinstance(wish, str) else again.span(tenant, webhook_id, wish)
    logger.info("replayed", tenant=tenant, webhook=webhook_id, count=done.events)
    return http.answer(HTTPStatus.ACCEPTED, schema.replayed(done))


@observe.entry
def webhooks(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
    """The entry point of the webhooks function."""
    return clients.resolve(event, context)
