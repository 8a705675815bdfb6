"""Things to do later: a clock thread that wakes workers."""

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WORKERS = 4


class Later:
    """Calls things after a while, each in a worker thread."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self._changed = threading.Condition()
        self._running = 0
        self._closed = False
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="later")
        self._clock = threading.Thread(target=self._watch, daemon=True)
        self._clock.start()

    @property
    def busy(self) -> bool:
        """Whether anything is being done, or still to be done."""
        with self._changed:
            return bool(self._due) or self._running > 0

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Do `call` then."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._turn), call))
            self._changed.notify()

    def close(self) -> None:
        """Nothing more is begun; what has begun is finished."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._clock.join()
        self._workers.shutdown(wait=True)

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._running += 1
                    self._workers.submit(self._do, heapq.heappop(self._due)[2])
                else:
                    self._changed.wait(wait)

    def _do(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - a bug here must be seen: a pool of workers would swallow it
            traceback.print_exc()
        finally:
            with self._changed:
                self._running -= 1
