"""What we show to carriers, and check their calls with: from Secrets Manager, in memory for five minutes at most."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from fugace.adapters.faults import Asking
from fugace.adapters.session import Aws
from fugace.ports import Clock

KEPT = timedelta(minutes=5)
"""A changed secret is seen after this long, without a deployment."""


class UnreadableSecretError(Exception):
    """A secret is not a JSON object. Its content is not in the message."""


class Credentials:
    """Secrets by name. Each is asked for when it is first needed."""

    def __init__(self, aws: Aws, clock: Clock) -> None:
        self._aws = aws
        self._clock = clock
        self._kept: dict[str, tuple[datetime, Mapping[str, str]]] = {}

    def get(self, name: str) -> Mapping[str, str]:
        """The fields of a secret; the very same mapping while it is kept. Raises UnavailableError."""
        now = self._clock()
        kept = self._kept.get(name)
        if kept is None or now - kept[0] >= KEPT:
            kept = self._kept[name] = (now, self._ask(name))
        return kept[1]

    def _ask(self, name: str) -> Mapping[str, str]:
        with Asking():
            answer = self._aws.client("secretsmanager").get_secret_value(SecretId=name)
        try:
            return {str(field): str(value) for field, value in json.loads(answer["SecretString"]).items()}
        except (KeyError, ValueError, AttributeError):
            raise UnreadableSecretError(name) from None
