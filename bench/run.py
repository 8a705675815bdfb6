"""A hundred messages through every function, AWS in this process by moto: what they ask for, and what they print.

Run in a fresh interpreter: what the functions log goes to stdout, and is counted there by whoever started it; what is
counted here goes into the file that `whole` is given.
"""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from moto.backends import get_backend

from bench.work import CONTEXT, ENVIRONMENT, event, tenants

BATCH = 10
_QUEUES = ("carrier-simulator", "carrier-simulator-account", "notify", "receipts")
_ACCOUNT = "123456789012"
_SIGNING = "bench-signing"


class _Carrier(BaseHTTPRequestHandler):
    """Takes everything: SMS and webhooks."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hooks: list[dict[str, Any]]

    def do_POST(self) -> None:
        """202 with an id."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"id": uuid4().hex}).encode()
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _loopback() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Carrier)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Account:
    """The operator's account, seen through a session of its own that nobody counts."""

    def __init__(self, url: str) -> None:
        import boto3  # noqa: PLC0415 - after moto has begun

        self.dynamo, self.sqs = boto3.client("dynamodb"), boto3.client("sqs")
        self._seen = 0
        self.urls = {name: self.sqs.create_queue(QueueName=f"fugace-bench-{name}")["QueueUrl"] for name in _QUEUES}
        self._table("tenants", "tenant", "item")
        self._table("subject-keys", "subject")
        self._messages()
        secret = json.dumps({"token": "bench", "signing": _SIGNING})
        names = ("simulator", "simulator-account")
        for name in names:
            boto3.client("secretsmanager").create_secret(Name=f"fugace/bench/carrier/{name}", SecretString=secret)
        carriers = [
            {
                "name": n,
                "adapter": n,
                "url": url,
                "queue": self.urls[f"carrier-{n}"],
                "secret": f"fugace/bench/carrier/{n}",
            }
            for n in names
        ]
        os.environ.update(
            CARRIERS=json.dumps(carriers),
            NOTIFY_QUEUE=self.urls["notify"],
            RECEIPTS_QUEUE=self.urls["receipts"],
            PUBLIC_URL="https://api.example/live",
            SCHEDULE_GROUP="bench",
            SCHEDULE_ROLE="arn:aws:iam::123456789012:role/bench",
            WEBHOOK_EXCEPTIONS=url,
        )
        key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        boto3.client("kms").create_alias(AliasName="alias/bench", TargetKeyId=key)

    def _table(self, name: str, hash_key: str, range_key: str = "") -> None:
        keys = [(hash_key, "HASH"), *([(range_key, "RANGE")] if range_key else [])]
        self.dynamo.create_table(
            TableName=f"fugace-bench-{name}",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def _messages(self) -> None:
        def index(name: str, key: str) -> dict[str, Any]:
            schema = [{"AttributeName": key, "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
            return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "KEYS_ONLY"}}

        kinds = {"pk": "S", "subject": "S", "shard": "S", "at": "N"}
        self.dynamo.create_table(
            TableName="fugace-bench-messages",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in kinds.items()],
            GlobalSecondaryIndexes=[index("by-subject", "subject"), index("by-time", "shard")],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def changes(self) -> list[dict[str, Any]]:
        """What the stream has had since the last time, as Lambda hands it over: binaries in base64.

        Read out of moto itself, which does not answer DescribeStream.
        """
        backend: Any = get_backend("dynamodb")[_ACCOUNT]["eu-west-3"]
        shard = backend.tables["fugace-bench-messages"].stream_shard
        fresh, self._seen = shard.items[self._seen :], len(shard.items)
        found: list[dict[str, Any]] = json.loads(json.dumps([item.to_json() for item in fresh], default=_plain))
        return found

    def taken(self, queue: str) -> list[dict[str, Any]]:
        """What is on a queue, as Lambda hands it over; it is gone from there."""
        rows = []
        while page := self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages"):
            for row in page:
                self.sqs.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=row["ReceiptHandle"])
                arn = f"arn:aws:sqs:eu-west-3:123456789012:fugace-bench-{queue}"
                attributes = {"ApproximateReceiveCount": "1"}
                rows.append(
                    {
                        "messageId": row["MessageId"],
                        "body": row["Body"],
                        "attributes": attributes,
                        "eventSourceARN": arn,
                    }
                )
        return rows


def _plain(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def whole(count: int, carrier: str, out: str, text: str) -> None:
    """`count` messages from accept to the last webhook, at `carrier`; the counts are written to the file `out`."""
    os.environ.update(ENVIRONMENT)
    from moto import mock_aws  # noqa: PLC0415 - it patches what is imported after it

    with mock_aws(), _loopback() as url:
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
    headers = {"X-Simulator-Signature": sign(_SIGNING, body.encode(), int(now.timestamp()))}
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
