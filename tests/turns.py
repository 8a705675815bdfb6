"""Somebody at work beside others: in a thread of its own, one call of a port at a time, each when it is let to."""

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Any


class Turns:
    """`step` makes the next call; `over` once there is none. What it raised is raised by `finish`."""

    def __init__(self) -> None:
        self.over = False
        self.started = False
        self.made = 0
        """Calls."""
        self._mine, self._theirs = Semaphore(0), Semaphore(0)
        self._raised: BaseException | None = None

    def of(self, port: Any) -> Any:
        """The same port, whose calls wait for their turn."""
        return _Waiting(port, self)

    def start(self, act: Callable[[], object]) -> None:
        """Go as far as the first call, and wait."""

        def run() -> None:
            try:
                act()
            except BaseException as error:  # noqa: BLE001  # the one who waits raises it
                self._raised = error
            self.over = True
            self._theirs.release()

        self.started = True
        Thread(target=run, daemon=True).start()
        self._theirs.acquire()

    def wait(self) -> None:
        """A call is about to be made."""
        self._theirs.release()
        self._mine.acquire()
        self.made += 1

    def step(self) -> None:
        """One call, and on to the next."""
        if self.started and not self.over:
            self._mine.release()
            self._theirs.acquire()

    def finish(self) -> None:
        """All that are left."""
        while self.started and not self.over:
            self.step()
        if self._raised:
            raise self._raised


class _Waiting:
    def __init__(self, port: Any, turns: Turns) -> None:
        self._port, self._turns = port, turns

    def __getattr__(self, name: str) -> Any:
        what = getattr(self._port, name)
        if not callable(what):
            return what

        def call(*args: Any, **more: Any) -> Any:
            self._turns.wait()
            return what(*args, **more)

        return call
