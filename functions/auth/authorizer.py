"""The Lambda authorizer: who is it, for which tenant, allowed what.

API Gateway keeps an answer for 45 seconds, so a revoked key stops within 60. A refusal is the one word that API Gateway
turns into 401. What we could not find out (the table does not answer) is not a refusal: it becomes a 500, which
clients repeat, where a 401 would have them throw their key away.
"""

import hmac
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from fugace.domain import apikey
from fugace.domain.plans import Plan, Plans, counted_under
from fugace.domain.tenant import ApiKey
from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from fugace.keeping import Agenda
from fugace.ports import Clock, Tenants
from functions.auth.outlook import look_after

REMEMBERED = timedelta(seconds=45)
"""How long API Gateway does not ask again."""

_NOBODY = bytes(32)
_MOST_REMEMBERED = 50_000


class UnauthorizedError(observe.RefusalError):
    """API Gateway answers 401 where the message is this very word, 500 for every other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Door:
    """Tells keys apart, and notes once a day that one was used."""

    def __init__(self, tenants: Tenants, agenda: Agenda, clock: Clock) -> None:
        self._tenants = tenants
        self._agenda = agenda
        self._clock = clock
        self._noted: set[tuple[str, str, date]] = set()

    def open(self, header: str) -> ApiKey | str:
        """The key in an `Authorization` header; a word for the log where it is not let in."""
        scheme, _, presented = header.partition(" ")
        claim = apikey.parse(presented.strip()) if scheme.lower() == "bearer" else None
        if claim is None:
            return "malformed"
        key = self._tenants.api_key(claim.tenant, claim.key_id)
        # Compared where there is no such key, too: the time it takes does not tell which ids exist.
        if not hmac.compare_digest(apikey.digest(presented.strip()), key.digest if key else _NOBODY) or key is None:
            return "unknown"
        now = self._clock()
        if not key.usable(now) or key.live is not claim.live:
            return "revoked" if key.revoked else "expired"
        # An answer outlives midnight by what API Gateway remembers it; so does the day's register of active tenants.
        for day in sorted({now.date(), (now + REMEMBERED).date()}):
            self._note(key, day, now)
        return key

    def _note(self, key: ApiKey, day: date, now: datetime) -> None:
        """Write down that it was used, in an order that survives a crash.

        First the day's register, for a purge that is about to forget the tenant; then what is to be looked at because
        of what will be collected; last the key itself, whose date says that all of it is done.
        """
        use = (key.tenant, key.id, day)
        if use not in self._noted:
            if key.last_used is None or key.last_used < day:
                self._tenants.enter(key.tenant, day)
                look_after(self._agenda, self._tenants.get(key.tenant), now)
                self._tenants.seen(*use)
            if len(self._noted) >= _MOST_REMEMBERED:
                self._noted.clear()
            self._noted.add(use)


@cache
def door() -> Door:
    """Wired on the first request, not on import, so that tests need no AWS."""
    settings = Settings.read()
    return Door(wiring.tenants(settings), wiring.agenda(settings), wiring.clock())


@cache
def plans() -> Plans:
    """How many requests tenants may make, as the deployment says."""
    return Settings.read().plans


@observe.entry
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The entry point of the authorizer, of either kind: TOKEN or REQUEST."""
    key = door().open(_authorization(event))
    if isinstance(key, str):
        logger.info("refused", reason=key)
        raise UnauthorizedError
    plan, counted = _counted(key)
    logger.info("admitted", tenant=key.tenant, key_id=key.id)
    return {
        "principalId": key.id,
        "usageIdentifierKey": counted,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": _stage(event["methodArn"])}],
        },
        "context": {
            "tenant": key.tenant,
            "key_id": key.id,
            "scopes": " ".join(sorted(key.role.scopes)),
            "live": "true" if key.live else "false",
            "limits": plan.limits,
        },
    }


def _counted(key: ApiKey) -> tuple[Plan, str]:
    """The tenant's plan, and what API Gateway counts the request under (`usageIdentifierKey`).

    Who was put on no plan, or on one that is not there any more, is on the usual one, together with all like it: to
    be slow is better than to be locked out.
    """
    plan = plans().named(key.plan)
    if plan:
        return plan, counted_under(plans().environment, plan.name, key.tenant)
    if key.plan:
        logger.warning("plan-unknown", tenant=key.tenant)
    return plans().usual, plans().shared


def _authorization(event: dict[str, Any]) -> str:
    if event.get("type") == "TOKEN":
        return str(event.get("authorizationToken") or "")
    headers = event.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == "authorization"), "")


def _stage(method_arn: str) -> str:
    """Every method of the stage: the answer is remembered for the key, whichever method it was asked for first."""
    api, stage, *_ = method_arn.split("/")
    return f"{api}/{stage}/*"
