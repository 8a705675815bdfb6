"""What AWS's services did not do although the SDK had asked again: counted here, once, whoever asked."""

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any

from botocore.client import BaseClient

THROTTLED, UNREACHED = "Throttled", "Unreached"
_THROTTLES = {
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_KEYS = "kms"
"""Whatever it refuses, nothing that it protects can be read: a key that is disabled is as bad as one out of reach."""


class Denials:
    """By service (botocore's name for it) and kind. It costs no request, and threads may share it."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def listen(self, client: BaseClient) -> None:
        """Hear of each call of `client` when it is over, after its repeats."""
        client.meta.events.register("after-call", self._answered)
        client.meta.events.register("after-call-error", self._unanswered)

    def take(self) -> Mapping[tuple[str, str], int]:
        """What was counted since it was last asked."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken

    def _answered(self, event_name: str, http_response: Any, parsed: Mapping[str, Any], **_more: object) -> None:  # noqa: ANN401  # the SDK's own
        service, status = event_name.split(".")[1], int(http_response.status_code)
        if status < HTTPStatus.BAD_REQUEST:
            return
        if parsed.get("Error", {}).get("Code") in _THROTTLES:
            self._count(service, THROTTLED)
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or service == _KEYS:
            self._count(service, UNREACHED)

    def _unanswered(self, event_name: str, **_more: object) -> None:
        self._count(event_name.split(".")[1], UNREACHED)

    def _count(self, service: str, kind: str) -> None:
        with self._lock:
            self._counts[service, kind] += 1
