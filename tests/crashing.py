"""Calls of ports, counted as requests, and a process that dies at any of them."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

BATCHES = {"delete": 25, "redact": 25, "redact_briefs": 25, "records": 100}
"""How many of what is given to it a call asks for at once; of all others, one call is one request."""

W = TypeVar("W")


class CrashError(Exception):
    """The process is gone."""


class Calls:
    """Wraps ports; the call with number `crash_at`, from 0, is the last thing that happens, or does not."""

    def __init__(self) -> None:
        self.names = Counter[str]()
        self.requests = 0
        self.crash_at: int | None = None
        self.before = True
        """It does not."""
        self._number = 0

    def of(self, port: Any) -> Any:
        """The same port, watched."""
        return _Watched(port, self)

    def made(self, name: str, args: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        self.names[name] += 1
        self.requests += -(-len(args[0]) // BATCHES[name]) if name in BATCHES else 1
        last, self._number = self._number == self.crash_at, self._number + 1
        if last and self.before:
            raise CrashError
        answer = call()
        if last:
            raise CrashError
        return answer


class _Watched:
    def __init__(self, port: Any, calls: Calls) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> Any:
        what = getattr(self._port, name)
        return lambda *args, **more: self._calls.made(name, args, lambda: what(*args, **more))


def crashes(make: Callable[[], W], run: Callable[[W], object], calls: Callable[[W], Calls]) -> list[W]:
    """A world for each call that a run makes, and died before or after; each is then run once more, to its end."""
    worlds = []
    for before in (True, False):
        number, died = 0, True
        while died:
            world = make()
            its = calls(world)
            its.crash_at, its.before = number, before
            try:
                run(world)
                died = False
            except CrashError:
                number += 1
                its.crash_at = None
                run(world)
                worlds.append(world)
    return worlds
