"""What the sink has received, and how it was told to behave; kept in a file of JSON lines if it is given one."""

import base64
import json
import os
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from local.loopback import Asked

MOST = 20_000


@dataclass(slots=True)
class Behaviour:
    """How the next calls of a path are answered."""

    status: int
    """0: the connection is closed without an answer."""
    times: int | None = None
    """None: until told otherwise."""
    retry_after: str = ""
    location: str = ""
    delay: float = 0


OBLIGING = Behaviour(204)


@dataclass(frozen=True, slots=True)
class Received:
    """One webhook, as it came."""

    id: str
    """Its webhook-id: the same for each attempt at one event."""
    path: str
    headers: dict[str, str]
    body: str
    base64: bool
    """The body is no UTF-8 text, and stands there in base64."""
    verified: bool | None
    """None: no secret is known for its path."""
    why: str
    answered: int
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))


class Inbox:
    """All of it."""

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._received: deque[Received] = deque(maxlen=MOST)
        self._secrets: dict[str, list[str]] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._file = file
        if file and file.exists():
            for line in file.read_text("utf-8").splitlines():
                self._read(json.loads(line))

    def take(self, asked: Asked) -> Behaviour:
        """Keep a webhook, and say how to answer it."""
        with self._lock:
            behaviour = self._behaviour(asked.path)
            verified, why = self._verified(asked)
            text, encoded = _text(asked.body)
            headers = dict(asked.headers)
            received = Received(
                headers.get("webhook-id", ""), asked.path, headers, text, encoded, verified, why, behaviour.status
            )
            self._received.append(received)
            self._append({"received": asdict(received)})
        return behaviour

    def tell(self, path: str, secrets: list[str]) -> None:
        """The secrets that sign for `path`: two while one is being changed. Raises ValueError for an empty one."""
        for secret in secrets:
            try:
                Webhook(secret)
            except EmptyWebhookSecretError:
                raise ValueError("empty") from None
        with self._lock:
            self._secrets[path] = secrets
            self._append({"secrets": secrets, "path": path})

    def behave(self, path: str, behaviour: Behaviour) -> None:
        """How to answer at `path` from now on."""
        with self._lock:
            self._behaviours[path] = behaviour

    def received(self, path: str = "") -> list[Received]:
        """What came, oldest first; at one path, or at all."""
        with self._lock:
            return [each for each in self._received if path in {"", each.path}]

    def clear(self) -> None:
        """Forget what came and how to behave; the secrets stay."""
        with self._lock:
            self._received.clear()
            self._behaviours.clear()
            if self._file:
                self._file.unlink(missing_ok=True)
            for path, secrets in self._secrets.items():
                self._append({"secrets": secrets, "path": path})

    def _behaviour(self, path: str) -> Behaviour:
        behaviour = self._behaviours.get(path, OBLIGING)
        if behaviour.times is not None:
            behaviour.times -= 1
            if behaviour.times <= 0:
                del self._behaviours[path]
        return behaviour

    def _verified(self, asked: Asked) -> tuple[bool | None, str]:
        secrets = self._secrets.get(asked.path)
        if not secrets:
            return None, "no secret is known for this path"
        why = ""
        for secret in secrets:
            try:
                Webhook(secret).verify(asked.body, dict(asked.headers), json_parse=False)
            except (WebhookVerificationError, ValueError) as error:
                why = str(error)
            else:
                return True, ""
        return False, why

    def _read(self, line: dict[str, Any]) -> None:
        if "received" in line:
            self._received.append(Received(**line["received"]))
        if "secrets" in line:
            self._secrets[line["path"]] = line["secrets"]

    def _append(self, line: dict[str, Any]) -> None:
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _text(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
