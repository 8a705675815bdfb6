"""The operator's account as the bench sees it: moto's, in this process, and a carrier that takes everything."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

from moto.backends import get_backend

SIGNING = "bench-signing"
"""What the carrier signs its reports with."""
_QUEUES = ("carrier-simulator", "carrier-simulator-account", "notify", "receipts")
_ACCOUNT = "123456789012"


class _Carrier(BaseHTTPRequestHandler):
    """Takes everything: SMS and webhooks."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

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
def carrier() -> Iterator[str]:
    """Its address, on loopback, for as long as the block runs."""
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
        secret = json.dumps({"token": "bench", "signing": SIGNING})
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
