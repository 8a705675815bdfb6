"""Queues, by SQS."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from fugace.adapters.faults import Asking
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError

LONGEST_DELAY = timedelta(minutes=15)

_BATCH = 10
_ATTEMPTS = 2


class SqsQueue:
    """A `fugace.ports.Queue`."""

    def __init__(self, aws: Aws, url: str) -> None:
        self._aws = aws
        self._url = url

    def send(self, bodies: Sequence[Mapping[str, str | int]], *, delay: timedelta = timedelta(0)) -> None:
        """One SendMessageBatch for ten; those that SQS would not take are sent once more."""
        if not timedelta(0) <= delay <= LONGEST_DELAY:
            raise ValueError("a queue delays by 15 minutes at most")
        seconds = -(-delay // timedelta(seconds=1))  # rounded up: never early
        entries = [
            {"Id": str(number), "MessageBody": json.dumps(body, separators=(",", ":")), "DelaySeconds": seconds}
            for number, body in enumerate(bodies)
        ]
        for start in range(0, len(entries), _BATCH):
            self._insist(entries[start : start + _BATCH])

    def _insist(self, entries: list[dict[str, Any]]) -> None:
        for _ in range(_ATTEMPTS):
            with Asking():
                answer = self._aws.client("sqs").send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = {failure["Id"] for failure in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
        raise UnavailableError
