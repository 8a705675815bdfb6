"""The sink's HTTP API: a few paths of its own; everything else is a webhook."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from local.loopback import Asked, Refusal, Said
from local.sink import view
from local.sink.inbox import Behaviour, Inbox

LONGEST_DELAY = 120  # seconds


class Api:
    """Answers every request to the sink."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._routes: dict[tuple[str, str], Callable[[Asked], Said]] = {
            ("GET", "/"): lambda _: view.page(inbox),
            ("GET", "/live"): lambda _: view.live(inbox),
            ("GET", "/received"): self._received,
            ("DELETE", "/received"): self._clear,
            ("PUT", "/secrets"): self._secrets,
            ("POST", "/behave"): self._behave,
            ("GET", "/health"): lambda _: Said.json(200, {"ok": True}),
        }

    def __call__(self, asked: Asked) -> Said:
        """Answer one."""
        route = self._routes.get((asked.method, asked.path))
        if route:
            return route(asked)
        if any(path == asked.path for _, path in self._routes):
            raise Refusal(405, "method_not_allowed")
        behaviour = self._inbox.take(asked)
        time.sleep(behaviour.delay)
        headers = {"Retry-After": behaviour.retry_after, "Location": behaviour.location}
        return Said(behaviour.status, headers={name: value for name, value in headers.items() if value})

    def _received(self, asked: Asked) -> Said:
        path = parse_qs(asked.query).get("path", [""])[0]
        return Said.json(200, {"received": [asdict(each) for each in self._inbox.received(path)]})

    def _clear(self, _: Asked) -> Said:
        self._inbox.clear()
        return Said(204)

    def _secrets(self, asked: Asked) -> Said:
        wish = asked.object()
        secrets = wish.get("secrets", [wish.get("secret")])
        if not isinstance(secrets, list) or not all(isinstance(each, str) for each in secrets):
            raise Refusal(422, "secret_expected")
        try:
            self._inbox.tell(_path(wish), secrets)
        except ValueError:
            raise Refusal(422, "secret_expected") from None
        return Said(204)

    def _behave(self, asked: Asked) -> Said:
        wish = asked.object()
        status, times, delay = wish.get("status", 204), wish.get("times"), wish.get("delay", 0)
        if type(status) is not int or status not in {0, *range(200, 600)}:
            raise Refusal(422, "status_expected")
        if times is not None and (type(times) is not int or times < 1):
            raise Refusal(422, "times_expected")
        if not isinstance(delay, int | float) or not 0 <= delay <= LONGEST_DELAY:
            raise Refusal(422, "delay_expected")
        retry_after, location = (_line(wish.get(name, "")) for name in ("retry_after", "location"))
        self._inbox.behave(_path(wish), Behaviour(status, times, retry_after, location, delay))
        return Said(204)


def _path(wish: dict[str, Any]) -> str:
    path = wish.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise Refusal(422, "path_expected")
    return path


def _line(value: object) -> str:
    """A header's value: anything that stays on its line."""
    if not isinstance(value, str | int) or not str(value).isascii() or not (str(value) or " ").isprintable():
        raise Refusal(422, "header_expected")
    return str(value)
