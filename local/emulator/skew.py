"""Clocks of functions that are wrong by so many seconds, as a host's may be."""

import threading
import time
from typing import Any

from ministack.core import lambda_runtime

_seconds: dict[str, float] = {}
_spawning = threading.local()

_WRONG = """
import ctypes, datetime as _datetime, gc, time as _time
_by = _datetime.timedelta(seconds={by!r})
_time_, _ns_, _now_, _utcnow_ = _time.time, _time.time_ns, _datetime.datetime.now, _datetime.datetime.utcnow
_time.time = lambda: _time_() + _by.total_seconds()
_time.time_ns = lambda: _ns_() + int(_by.total_seconds() * 1e9)
_slots = gc.get_referents(_datetime.datetime.__dict__)[0]
_slots["now"] = classmethod(lambda cls, tz=None: _now_(tz) + _by)
_slots["utcnow"] = classmethod(lambda cls: _utcnow_() + _by)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(_datetime.datetime))
"""
"""Runs in a worker before anything else. The type itself is changed: msgspec knows no other class than that one."""


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
