"""/v1/keys: an API event in, the key ring, an HTTP answer out."""

from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from fugace.domain.tenant import Scope
from fugace.edge import http, observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.auth.keys import KeyRing
from functions.auth.schema import KeyRequest, shown

app = http.resolver()


@cache
def ring() -> KeyRing:
    """Wired on the first request, not on import, so that tests need no AWS."""
    settings = Settings.read()
    return KeyRing(wiring.tenants(settings), wiring.agenda(settings), wiring.clock())


@app.post("/v1/keys")
def make() -> Response[str]:
    """201 with the key itself, which is never shown again."""
    who = http.caller(app.current_event, Scope.KEYS)
    wish = http.body(app.current_event, KeyRequest).wish()
    key, secret = ring().make(who.tenant, wish, live=who.live)
    logger.info("key-made", tenant=who.tenant, key_id=key.id, kind=key.role.value, live=key.live)
    return http.answer(HTTPStatus.CREATED, {**shown(key), "key": secret}, {"Location": f"/v1/keys/{key.id}"})


@app.get("/v1/keys")
def look() -> Response[str]:
    """All keys of the caller's tenant, revoked ones included."""
    who = http.caller(app.current_event, Scope.KEYS)
    keys = ring().all(who.tenant)
    logger.info("keys-listed", tenant=who.tenant, count=len(keys))
    return http.answer(HTTPStatus.OK, {"keys": [shown(key) for key in keys]})


@app.delete("/v1/keys/<key_id>")
def revoke(key_id: str) -> Response[str]:
    """204: it stops within a minute."""
    who = http.caller(app.current_event, Scope.KEYS)
    ring().revoke(who.tenant, key_id, live=who.live)
    logger.info("key-revoked", tenant=who.tenant, key_id=key_id)
    return http.empty()


@observe.entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
    """The entry point of the keys function."""
    return app.resolve(event, context)
