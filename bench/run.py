"""A hundred messages through every function, AWS in this process by moto: what they ask for, and what they print.

Run in a fresh interpreter: what the functions log goes to stdout, and is counted there by whoever started it; what is
counted here goes into the file that `whole` is given.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import account as operator
from bench.account import Account
from bench.work import CONTEXT, ENVIRONMENT, event, tenants

BATCH = 10


def whole(count: int, carrier: str, out: str, text: str) -> None:
    """`count` messages from accept to the last webhook, at `carrier`; the counts are written to the file `out`."""
    os.environ.update(ENVIRONMENT)
    from moto import mock_aws  # noqa: PLC0415 - it patches what is imported after it

    from fugace.adapters.dynamo import tenants as remembering  # noqa: PLC0415 - as above

    # How often a tenant is read again is a matter of the clock, not of messages: a slow machine must not count more.
    remembering.REMEMBERED = timedelta(hours=1)
    with mock_aws(), operator.carrier() as url:
        account = Account(url)
        from fugace.adapters.session import shared  # noqa: PLC0415

        asked: Counter[str] = Counter()
        shared()._session.get_component("event_emitter").register_first(  # noqa: SLF001 - as above
            "before-send", lambda event_name, **_: asked.update([event_name.removeprefix("before-send.")])
        )
        result = _journey(account, asked, count, carrier=carrier, url=url, text=text)
    Path(out).write_text(json.dumps(result))


def _journey(account: Account, asked: Counter[str], count: int, *, carrier: str, url: str, text: str) -> dict[str, Any]:
    from functions.dlr import handler as reports  # noqa: PLC0415 - after moto has begun

    tenant = tenants(1, carrier)[0]
    reports.webhooks(_webhook(tenant, f"{url}/hook"), CONTEXT)
    account.changes()
    _once(account, tenant, 20, carrier, text)  # everybody has a key by then, everything is warm
    print("--- from here on", flush=True)
    asked.clear()
    counted = _once(account, tenant, count, carrier, text)
    print("--- until here", flush=True)
    return {"asked": dict(asked), **counted}


def _once(account: Account, tenant: str, count: int, carrier: str, text: str) -> dict[str, Any]:
    """From accept to the last webhook, in batches of ten."""
    from functions.dlr import events as told  # noqa: PLC0415 - after moto has begun
    from functions.dlr import handler as reports  # noqa: PLC0415
    from functions.send import events as sent  # noqa: PLC0415
    from functions.send import handler  # noqa: PLC0415

    changes: list[dict[str, Any]] = []
    runs: Counter[str] = Counter()

    def relay() -> None:
        found = account.changes()
        changes.extend(found)
        for batch in _batches(found):
            runs["relay"] += 1
            _fine(sent.relay({"Records": batch}, CONTEXT))

    def drain(queue: str, function: Any, name: str) -> None:  # noqa: ANN401 - an entry point
        for batch in _batches(account.taken(queue)):
            runs[name] += 1
            _fine(function({"Records": batch}, CONTEXT))

    live = carrier != "simulator"
    answers = [handler.handle(event(tenant, number % 20, text, live=live), CONTEXT) for number in range(count)]
    ids = [json.loads(answer["body"])["id"] for answer in answers]
    relay()
    drain(f"carrier-{carrier}", sent.dispatch, "dispatch")
    relay()
    drain("notify", told.notify, "notify")
    for message in ids:
        reports.receive(_report(tenant, message, carrier), CONTEXT)
    relay()
    drain("notify", told.notify, "notify")
    return {
        "invocations": {"send": count, "receive": count, **runs},
        "changes": [_sizes(change["dynamodb"]) for change in changes],
        "last": sorted({change["dynamodb"]["NewImage"]["status"]["S"] for change in changes[-count:]}),
    }


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield from (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _fine(answer: dict[str, Any]) -> None:
    if answer["batchItemFailures"]:
        raise RuntimeError(answer)


def _webhook(tenant: str, url: str) -> dict[str, Any]:
    asked = event(tenant, 0)
    asked |= {"path": "/v1/webhooks", "resource": "/v1/webhooks", "body": json.dumps({"url": url})}
    asked["requestContext"]["authorizer"]["scopes"] = "webhooks:manage"
    return asked


def _report(tenant: str, message: str, carrier: str) -> dict[str, Any]:
    from fugace.domain import callbacks  # noqa: PLC0415 - after the environment is set
    from fugace.domain.ids import MessageId, MessageKey, TenantId  # noqa: PLC0415
    from functions.dlr import handler as reports  # noqa: PLC0415
    from local.simulator.post import sign  # noqa: PLC0415

    reference = MessageKey(TenantId(tenant), MessageId(message)).reference
    named = reference if carrier == "simulator" else callbacks.ACCOUNT
    token = callbacks.token(reports.receiver().vault.sign, carrier, named)
    now = datetime.now(UTC)
    body = json.dumps(
        {
            "id": "x1",
            "reference": reference,
            "status": "DELIVRD",
            "code": "000",
            "part": 0,
            "parts": 1,
            "at": now.isoformat(),
            "evidence": "handset",
        }
    )
    asked = event(tenant, 0)
    headers = {"X-Simulator-Signature": sign(operator.SIGNING, body.encode(), int(now.timestamp()))}
    asked |= {
        "path": f"/dlr/{carrier}/{token}",
        "resource": "/dlr/{carrier}/{token}",
        "pathParameters": {"carrier": carrier, "token": token},
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": body,
    }
    return asked


def _sizes(change: dict[str, Any]) -> dict[str, int]:
    return {name: _size(change[name]) if name in change else 0 for name in ("OldImage", "NewImage")}


def _size(item: dict[str, Any]) -> int:
    """DynamoDB's rule: names and values; a number is a byte for two digits and one more; a container 3, an entry 1."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(typed: dict[str, Any]) -> int:
    ((kind, value),) = typed.items()
    if kind == "N":
        return (len(value.lstrip("-").replace(".", "")) + 1) // 2 + 1
    if kind == "B":
        return len(value.rstrip("=")) * 3 // 4
    if kind == "L":
        return 3 + sum(1 + _value(item) for item in value)
    if kind == "M":
        return 3 + sum(1 + len(name) + _value(item) for name, item in value.items())
    return len(value.encode()) if kind == "S" else 1
