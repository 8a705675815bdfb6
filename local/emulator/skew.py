"""Clocks of functions that are wrong by so many seconds, as a host's may be."""

import threading
import time
from typing import Any

from ministack.core import lambda_runtime

_seconds: dict[str, float] = {}
_spawning = threading.local()

_WRONG = """
import datetime as _datetime, time as _time
_by = {by!r}
_time_, _ns_, _real = _time.time, _time.time_ns, _datetime.datetime
_time.time, _time.time_ns = (lambda: _time_() + _by), (lambda: _ns_() + int(_by * 1e9))
class _Kind(type(_real)):
    def __instancecheck__(cls, each):
        return isinstance(each, _real)
class datetime(_real, metaclass=_Kind):
    @classmethod
    def now(cls, tz=None):
        return _real.now(tz) + _datetime.timedelta(seconds=_by)
    @classmethod
    def utcnow(cls):
        return _real.now(_datetime.UTC).replace(tzinfo=None) + _datetime.timedelta(seconds=_by)
_datetime.datetime = datetime
"""
"""Runs in a worker before anything else: the one clock of Python's three that it leaves alone counts durations."""


def clocks_can_be_wrong() -> None:
    """A function's processes begin with the clock that `put` chose for them."""
    spawn, detect = lambda_runtime.Worker._spawn, lambda_runtime._detect_runtime_binary

    def spawned(worker: Any) -> None:
        _spawning.by = _seconds.get(worker.func_name, 0)
        try:
            spawn(worker)
        finally:
            _spawning.by = 0

    def detected(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        by = getattr(_spawning, "by", 0)
        return binary, _WRONG.format(by=by) + script if by and runtime.startswith("python") else script

    lambda_runtime.Worker._spawn, lambda_runtime._detect_runtime_binary = spawned, detected


def put(function: str, seconds: float) -> None:
    """From its next call on, `function` is so many seconds ahead (or behind); 0: it is right again."""
    _seconds[function] = float(seconds)
    with lambda_runtime._lock:
        names = [name for name in lambda_runtime._workers if name.split(":")[2] == function]
        old = [each for name in names for each in lambda_runtime._workers.pop(name)]
    threading.Thread(target=_let_go, args=(old,), daemon=True).start()


def _let_go(workers: list[Any]) -> None:
    """Who is at work finishes it first."""
    while any(each.in_use for each in workers):
        time.sleep(0.1)
    lambda_runtime.kill_workers(workers)
