"""What is measured, as it runs in a fresh interpreter: `python -c "from bench.work import accept; accept(25)"`."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace
from typing import Any

from bench.desk import Desk

PROSE = (
    "Dear customer, the parts for your bicycle reached our workshop in Lyon this morning. Please call before noon on "
    "Friday, or answer with a time that suits you better. Our mechanic expects the repair to take about forty minutes; "
    "a coffee is on the house meanwhile. If you cannot come, a friend may collect it: name them when you call, and ask "
    "them to bring the receipt that we gave you in May. Brakes and gears were adjusted, one spoke had to be replaced, "
    "and the rear light now works again. The invoice lists every item with its price. Thank you for your patience, we "
    "know that the wait was longer than promised, and hope to see you soon."
    " Workshop Mercier, quai Jules-Courmont 12, second yard."
)
"""Prose, since what repeats itself would shrink when it is sealed."""
TEXT = PROSE[:160]
ENVIRONMENT = {
    "FUGACE_ENVIRONMENT": "bench",
    "TENANTS_TABLE": "fugace-bench-tenants",
    "MESSAGES_TABLE": "fugace-bench-messages",
    "SUBJECT_KEYS_TABLE": "fugace-bench-subject-keys",
    "CARRIERS": json.dumps(
        [{"name": "simulator", "adapter": "simulator", "url": "http://127.0.0.1:9", "queue": "q", "secret": "s"}]
    ),
    "POWERTOOLS_SERVICE_NAME": "send",
    "POWERTOOLS_METRICS_NAMESPACE": "Fugace",
    "AWS_REGION": "eu-west-3",
    "AWS_DEFAULT_REGION": "eu-west-3",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
}
CONTEXT = SimpleNamespace(aws_request_id="00000000-0000-4000-8000-000000000000", function_name="send")


def event(tenant: str, number: int, text: str = TEXT, *, live: bool = False) -> dict[str, Any]:
    """What API Gateway hands over for `POST /v1/messages`, to one of a thousand fictional people."""
    return {
        "resource": "/v1/messages",
        "path": "/v1/messages",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": CONTEXT.aws_request_id,
            "path": "/live/v1/messages",
            "authorizer": {
                "tenant": tenant,
                "key_id": "key_bench000",
                "scopes": "messages:send",
                "live": str(live).lower(),
            },
        },
        "body": json.dumps({"to": f"+33639980{number % 1000:03d}", "text": text, "category": "transactional"}),
    }


def tenants(count: int, carrier: str = "simulator") -> list[str]:
    """Make the root key and `count` tenants, as the operator's command line does."""
    from fugace.adapters.dynamo.tenants import DynamoTenants  # noqa: PLC0415 - after the environment is set
    from fugace.adapters.keyring import Keyring  # noqa: PLC0415
    from fugace.adapters.session import shared  # noqa: PLC0415
    from fugace.domain.bounds import defaults  # noqa: PLC0415
    from fugace.domain.ids import new_tenant  # noqa: PLC0415
    from fugace.domain.retention import Retention  # noqa: PLC0415
    from fugace.domain.tenant import Tenant  # noqa: PLC0415
    from fugace.edge import wiring  # noqa: PLC0415

    def now() -> datetime:
        return datetime.now(UTC)

    keyring = Keyring(shared(), ENVIRONMENT["TENANTS_TABLE"], "bench", now)
    keyring.make_root("alias/bench")
    retention = Retention.of(defaults(wiring.bounds()))
    made = [Tenant(new_tenant(), "Bench", carrier, now(), retention) for _ in range(count)]
    store = DynamoTenants(shared(), ENVIRONMENT["TENANTS_TABLE"], now)
    for tenant in made:
        store.add(tenant, keyring.new_tenant_key())
    return [tenant.id for tenant in made]


def ready() -> Desk:
    """A desk behind the process's own session."""
    os.environ.update(ENVIRONMENT)
    from fugace.adapters.session import shared  # noqa: PLC0415 - after the environment is set

    desk = Desk()
    desk.attach(shared()._session)  # noqa: SLF001 - only a measurement has to see what is sent
    return desk


@contextmanager
def quiet() -> Iterator[StringIO]:
    """Log lines go here: the logger keeps the stream it found on import."""
    log = StringIO()
    with redirect_stdout(log):
        yield log


def accept(count: int, *, of: int = 1) -> dict[str, float]:
    """`count` messages to people who are known, from `of` tenants, through the handler; what it took."""
    desk = ready()
    with quiet():
        from functions.send import handler  # noqa: PLC0415 - what is measured includes its import

        callers = tenants(of)
        if of == 1:
            for number in range(20):  # everybody has a key already
                handler.handle(event(callers[0], number), CONTEXT)
        desk.counts.clear()
        began = time.process_time()
        for number in range(count):
            answer = handler.handle(event(callers[number % of], number % 20), CONTEXT)
            if answer["statusCode"] != 202:  # noqa: PLR2004 - accepted
                raise RuntimeError(answer["body"])
        spent = time.process_time() - began
    return {"seconds": spent, "kms": desk.counts["Decrypt"], "requests": sum(desk.counts.values())}


def bare(count: int) -> None:
    """The two calls that an accept must make, their arguments prebuilt, by boto3."""
    os.environ.update(ENVIRONMENT)
    import boto3  # noqa: PLC0415 - what is measured includes its import
    import botocore.session  # noqa: PLC0415

    core = botocore.session.Session()
    desk = Desk()
    desk.attach(core)
    client = boto3.Session(botocore_session=core).client("dynamodb")
    item = {
        "pk": {"S": "ten_aaaaaaaaaaaaaaaa/01890a5d-ac96-774b-bcce-b302099a8057"},
        "subject": {"S": "s" * 43},
        "to": {"B": b"x" * 41},
        "text": {"B": b"x" * 189},
        "shard": {"S": "ten_aaaaaaaaaaaaaaaa/0"},
        **{name: {"N": "1732290000000"} for name in ("at", "expires_at", "text_until", "epoch", "valid")},
        **{name: {"S": "transactional"} for name in ("status", "kind", "carrier")},
        "log": {"L": [{"S": "accepted 1732290000000"}]},
    }
    for _ in range(count):
        client.get_item(TableName="fugace-bench-subject-keys", Key={"subject": {"S": "s" * 43}}, ConsistentRead=True)
        client.put_item(TableName="fugace-bench-messages", Item=item, ConditionExpression="attribute_not_exists(pk)")


def alone(count: int) -> None:
    """Our own part of an accept: read, validate, count, look up by keyed hash, seal. No request is made."""
    ready()
    import hmac  # noqa: PLC0415

    from fugace.adapters.keyring import TenantKeys  # noqa: PLC0415 - what is measured includes its import
    from fugace.adapters.vault import PersonKey  # noqa: PLC0415
    from fugace.domain.encoding import split  # noqa: PLC0415
    from fugace.domain.ids import SubjectId, TenantId, uuid7  # noqa: PLC0415
    from functions.send import schema  # noqa: PLC0415

    now, keys = datetime.now(UTC), TenantKeys.under(os.urandom(32))
    raw = event("ten_aaaaaaaaaaaaaaaa", 1)["body"].encode()
    for _ in range(count):
        wish = schema.wishes(raw, now)
        if not isinstance(wish, schema.Wish):
            raise TypeError("not one message")
        split(wish.text)
        subject = SubjectId(hmac.digest(keys.index, wish.to.reveal().encode(), "sha256").hex())
        key = PersonKey(TenantId("ten_aaaaaaaaaaaaaaaa"), subject, 1, os.urandom(32))
        message = uuid7(now)
        key.seal(message, "to", wish.to.reveal())
        key.seal(message, "text", wish.text)


def sessions(count: int = 3) -> int:
    """How many SDK sessions a process makes that accepts `count` messages."""
    from botocore.session import Session  # noqa: PLC0415 - counted from here on

    made, begin = [], Session.__init__

    def counted(self: Session, *args: Any, **named: Any) -> None:  # noqa: ANN401 - whatever the SDK takes
        made.append(self)
        begin(self, *args, **named)

    Session.__init__ = counted  # this is how it is counted
    accept(count)
    return len(made)


def modules(forbidden: list[str]) -> dict[str, Any]:
    """How many modules a process has loaded that has accepted one message, and which it should not have."""
    accept(1)
    loaded = set(sys.modules) - {name for name in sys.modules if name.startswith("bench")}
    return {"count": len(loaded), "forbidden": sorted({name.partition(".")[0] for name in loaded} & set(forbidden))}
