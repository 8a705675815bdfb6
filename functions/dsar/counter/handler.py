"""/v1/requests, /v1/subjects, /v1/archives and /v1/discovery: an API event in, a use case, an HTTP answer out."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from aws_lambda_powertools.event_handler import Response

from fugace.domain import jose
from fugace.domain.actor import Actor
from fugace.domain.errors import NotFoundError
from fugace.domain.tenant import Scope
from fugace.edge import http, observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from fugace.keeping import Signer
from functions.dsar.counter import schema, view
from functions.dsar.counter.codes import Codes
from functions.dsar.counter.desk import Desk
from functions.dsar.counter.ending import Ending
from functions.dsar.counter.intake import Intake
from functions.dsar.counter.leaving import Leaving
from functions.dsar.counter.links import Links
from functions.dsar.counter.listing import Listing
from functions.dsar.herald import Herald

app = http.resolver()


@cache
def intake() -> Intake:
    """Wired on the first request, not on import, so that tests need no AWS."""
    its = Settings.read()
    return Intake(
        requests=wiring.requests(its),
        seals=wiring.case_seals(its),
        ledger=wiring.ledger(its),
        tenants=wiring.tenants(its),
        vault=wiring.vault(its),
        machine=wiring.machine(its),
        clock=wiring.clock(),
        waiting=its.waiting,
        exceptions=its.webhook_exceptions,
    )


@cache
def desk() -> Desk:
    """The same for what follows."""
    its = Settings.read()
    return Desk(
        requests=wiring.requests(its),
        ledger=wiring.ledger(its),
        tenants=wiring.tenants(its),
        vault=wiring.vault(its),
        ending=_ending(its),
        clock=wiring.clock(),
    )


def _ending(its: Settings) -> Ending:
    return Ending(
        requests=wiring.requests(its),
        ledger=wiring.ledger(its),
        policies=wiring.policies(its),
        agenda=wiring.agenda(its),
        shredder=wiring.case_shredder(its),
        machine=wiring.machine(its),
        herald=Herald(wiring.callback_queue(its)),
    )


@cache
def leaving() -> Leaving:
    """The same for a tenant that leaves."""
    its = Settings.read()
    return Leaving(
        requests=wiring.requests(its),
        seals=wiring.case_seals(its),
        ledger=wiring.ledger(its),
        tenants=wiring.tenants(its),
        vault=wiring.vault(its),
        holds=wiring.holds(its),
        machine=wiring.machine(its),
        ending=_ending(its),
        clock=wiring.clock(),
        exceptions=its.webhook_exceptions,
    )


@cache
def listing() -> Listing:
    """The same for lists."""
    its = Settings.read()
    return Listing(wiring.requests(its), wiring.tenants(its), wiring.vault(its), wiring.clock())


@cache
def codes() -> Codes:
    """The same for one-time codes."""
    its = Settings.read()
    return Codes(desk(), wiring.requests(its), wiring.vault(its), wiring.machine(its), wiring.clock())


@cache
def links() -> Links:
    """The same for archives."""
    its = Settings.read()
    return Links(
        desk=desk(),
        requests=wiring.requests(its),
        archives=wiring.archives(its),
        seals=wiring.case_seals(its),
        ledger=wiring.ledger(its),
        tenants=wiring.tenants(its),
        vault=wiring.vault(its),
        clock=wiring.clock(),
    )


@cache
def certifier() -> Signer:
    """What signs answers."""
    return wiring.certifier(Settings.read())


@cache
def address() -> str:
    """Where the API is seen from outside."""
    return Settings.read().public_url


@cache
def keys() -> tuple[Mapping[str, str], ...]:
    """Public keys: asked for once, since KMS would say the same."""
    return (jose.jwk(certifier().public_key()),)


def _actor() -> Actor:
    who = http.caller(app.current_event, Scope.RIGHTS)
    return Actor(who.tenant, who.key_id, live=who.live)


def _signed(status: HTTPStatus, content: object, *, unless_away: bool = False) -> Response[str]:
    """An answer about one request, signed as it is sent.

    `unless_away`: rather without a signature than not at all, where what is told is told only once.
    """
    answer = http.answer(status, content)
    answer.headers["X-OpenDSR-Processor-Domain"] = urlsplit(address()).hostname or ""
    try:
        signature = certifier().sign(hashlib.sha256((answer.body or "").encode()).digest())
    except Exception as error:
        if not unless_away:
            raise
        logger.warning("unsigned", exc_info=error)
        return answer
    answer.headers["X-OpenDSR-Signature"] = base64.b64encode(signature).decode()
    return answer


# --- what is understood here ----------------------------------------------------------------------


@app.get("/v1/discovery")
def discover() -> Response[str]:
    """Kinds, identities, and public keys."""
    tenant = http.caller(app.current_event, Scope.CASES).tenant
    logger.info("discovered", tenant=tenant)
    return http.answer(HTTPStatus.OK, view.discovery(tenant, keys(), address()))


# --- the tenant itself ----------------------------------------------------------------------------


@app.delete("/v1/tenants/me")
def leave() -> Response[str]:
    """202: filed by the first key, confirmed by the second; and then where it stands."""
    who = http.caller(app.current_event, Scope.LEAVE)
    wish = schema.leaving(http.raw_body(app.current_event))
    asked = leaving().ask(Actor(who.tenant, who.key_id, live=who.live), wish)
    if not asked.started:
        logger.warning("not-started", tenant=who.tenant, request=asked.case.key.id)
    logger.info(
        "leave-asked", tenant=who.tenant, key_id=who.key_id, request=asked.case.key.id, outcome=asked.case.state
    )
    answer = _signed(HTTPStatus.ACCEPTED, view.leaving(asked.case, address()))
    answer.headers["Location"] = f"/v1/requests/{asked.case.key.id}"
    return answer


# --- requests -------------------------------------------------------------------------------------


@app.post("/v1/requests")
def file() -> Response[str]:
    """201 with the commitment's key, this once; 200 where it was filed before."""
    actor, taking = _actor(), intake()
    wish = schema.wish(http.raw_body(app.current_event), taking.clock())
    done = taking.file(actor, wish)
    if done.failure:
        logger.warning("not-started", tenant=actor.tenant, request=done.case.key.id, exc_info=done.failure)
    word = "request-repeated" if done.again else "request-filed"
    logger.info(word, tenant=actor.tenant, key_id=actor.key_id, request=done.case.key.id, kind=done.case.right)
    status = HTTPStatus.OK if done.again else HTTPStatus.CREATED
    answer = _signed(status, view.filed(done, address()), unless_away=True)
    answer.headers["Location"] = f"/v1/requests/{done.case.key.id}"
    return answer


@app.get("/v1/requests")
def list_() -> Response[str]:
    """Open ones, due first; or all."""
    tenant = http.caller(app.current_event, Scope.CASES).tenant
    query = http.query(app.current_event, schema.ListQuery)
    page = listing().page(tenant, everything=query.state == "all", limit=query.limit, cursor=query.cursor)
    logger.info("requests-listed", tenant=tenant, count=len(page.cases))
    shown = {"requests": view.requests(page.cases, address()), "next_cursor": page.next_cursor}
    return http.answer(HTTPStatus.OK, shown, _next(page.next_cursor))


@app.get("/v1/requests/<request_id>")
def show(request_id: str) -> Response[str]:
    """Where it stands."""
    tenant = http.caller(app.current_event, Scope.CASES).tenant
    case = desk().get(tenant, request_id)
    logger.info("request-shown", tenant=tenant, request=case.key.id)
    return _signed(HTTPStatus.OK, view.status(case, address()))


@app.delete("/v1/requests/<request_id>")
def cancel(request_id: str) -> Response[str]:
    """202: nothing will be done."""
    actor = _actor()
    case = desk().cancel(actor, request_id)
    logger.info("request-cancelled", tenant=actor.tenant, key_id=actor.key_id, request=case.key.id)
    return _signed(HTTPStatus.ACCEPTED, view.cancelled(case, address()))


@app.post("/v1/requests/<request_id>/extension")
def extend(request_id: str) -> Response[str]:
    """200 with the later date."""
    actor = _actor()
    case = desk().extend(actor, request_id, http.body(app.current_event, schema.ExtensionBody).reason)
    logger.info("request-extended", tenant=actor.tenant, key_id=actor.key_id, request=case.key.id)
    return _signed(HTTPStatus.OK, view.status(case, address()))


@app.post("/v1/requests/<request_id>/denial")
def deny(request_id: str) -> Response[str]:
    """200 with what the person may do about it."""
    actor = _actor()
    case = desk().deny(actor, request_id, http.body(app.current_event, schema.DenialBody).reason)
    logger.info("request-denied", tenant=actor.tenant, key_id=actor.key_id, request=case.key.id)
    return _signed(HTTPStatus.OK, view.status(case, address()))


@app.post("/v1/requests/<request_id>/code")
def give_code(request_id: str) -> Response[str]:
    """202: it goes on. The code is in no log, whether it was right or not."""
    actor = _actor()
    case = codes().give(actor, request_id, http.body(app.current_event, schema.CodeBody).digits())
    logger.info("code-given", tenant=actor.tenant, request=case.key.id)
    return _signed(HTTPStatus.ACCEPTED, view.status(case, address()))


@app.get("/v1/requests/<request_id>/certificate")
def certificate(request_id: str) -> Response[str]:
    """The newest one, and the keys that verify it."""
    tenant = http.caller(app.current_event, Scope.CASES).tenant
    case = desk().get(tenant, request_id)
    if not case.certificate:
        raise NotFoundError
    logger.info("certificate-shown", tenant=tenant, request=case.key.id)
    return http.answer(HTTPStatus.OK, {"certificate": case.certificate, "keys": [dict(key) for key in keys()]})


# --- archives -------------------------------------------------------------------------------------


@app.post("/v1/requests/<request_id>/links")
def make_link(request_id: str) -> Response[str]:
    """201 with a link that works once, within a day."""
    actor = _actor()
    case, token = links().make(actor, request_id)
    logger.info("link-made", tenant=actor.tenant, key_id=actor.key_id, request=case.key.id)
    return http.answer(HTTPStatus.CREATED, view.link(case, token, address()))


@app.get("/v1/archives/<token>")
def fetch(token: str) -> Response[str]:
    """Without an API key: the link is what a person has."""
    fetched = links().follow(token)
    logger.info("archive-fetched", tenant=fetched.case.tenant, request=fetched.case.key.id)
    return http.answer(HTTPStatus.OK, view.archive(fetched))


# --- persons --------------------------------------------------------------------------------------


@app.post("/v1/subjects/search")
def search() -> Response[str]:
    """A person's requests, by the number in the body."""
    who = http.caller(app.current_event, Scope.CASES)
    actor = Actor(who.tenant, who.key_id, live=who.live)
    found = desk().of_person(actor, http.body(app.current_event, schema.SearchBody).number())
    logger.info("searched", tenant=who.tenant, key_id=who.key_id)
    return http.answer(HTTPStatus.OK, {"requests": view.requests(found, address())})


def _next(cursor: str | None) -> dict[str, str]:
    """Where the next page is (RFC 8288), relative to this one."""
    if cursor is None:
        return {}
    asked = {**(app.current_event.query_string_parameters or {}), "cursor": cursor}
    return {"Link": f'<?{urlencode(asked)}>; rel="next"'}


@observe.entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
    """The entry point of the function of requests."""
    return app.resolve(event, context)
