"""AWS, answered in this process: it keeps rows, unwraps keys, counts requests, and checks nothing.

It stands behind botocore's `before-send` hook, where signed requests can be seen and answered without a socket, or
behind a TLS stub (`bench.stub`). Conditions are not evaluated: what is measured with it never writes a row twice.
"""

import base64
import json
import os
from collections import Counter
from typing import Any

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.session import Session

_KEYS = {"tenants": ("tenant", "item"), "messages": ("pk",), "subject-keys": ("subject",)}


class Desk:
    """Answers DynamoDB and KMS. `counts` has the requests by operation."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._rows: dict[tuple[str, ...], dict[str, Any]] = {}

    def attach(self, session: Session) -> None:
        """Answer everything that `session`'s clients ask from now on."""
        session.get_component("event_emitter").register_first("before-send", self._answer)

    def _answer(self, request: AWSRequest, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        body = self.say(target.decode() if isinstance(target, bytes) else target, request.body)
        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, _Raw(body))

    def say(self, target: str, body: bytes | str) -> bytes:
        """The answer's body to a request of the JSON protocols."""
        operation = target.rpartition(".")[2]
        self.counts[operation] += 1
        return json.dumps(getattr(self, f"_{operation.lower()}")(json.loads(body))).encode()

    def _key(self, table: str, row: dict[str, Any]) -> tuple[str, ...]:
        names = next(keys for ending, keys in _KEYS.items() if table.endswith(ending))
        return table, *(row[name]["S"] for name in names)

    def _putitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._rows[self._key(asked["TableName"], asked["Item"])] = asked["Item"]
        return {}

    def _getitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self._rows.get(self._key(asked["TableName"], asked["Key"]))
        return {"Item": found} if found else {}

    def _batchgetitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = {}
        for table, wish in asked["RequestItems"].items():
            found = (self._rows.get(self._key(table, key)) for key in wish["Keys"])
            answer[table] = [row for row in found if row]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def _generatedatakeywithoutplaintext(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"CiphertextBlob": base64.b64encode(os.urandom(32)).decode(), "KeyId": "bench"}

    def _decrypt(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Plaintext": asked["CiphertextBlob"], "KeyId": "bench"}


class _Raw:
    """What botocore reads an answer's body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Any:  # noqa: ANN401 - an iterator, typed by nobody
        yield self._body
