"""What a fresh interpreter spends: instructions where valgrind is installed, else CPU time in pairs.

Instruction counts repeat to 0.1 % whatever the machine does. CPU time drifts with it, so both commands run in turn and
the median of the ratios is taken; budgets are widened by 15 % then.
"""

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

EXACT = shutil.which("valgrind") is not None
PAIRS = 11
SLACK = 1.0 if EXACT else 1.15
METHOD = "instructions" if EXACT else "CPU time, median of 11 pairs; no valgrind here, budgets 15 % wider"


def ratio(ours: str, theirs: str, our_env: Mapping[str, str], their_env: Mapping[str, str]) -> float:
    """What `ours` spends, divided by what `theirs` does. Both are Python source, run in a fresh interpreter each."""
    output(ours, our_env), output(theirs, their_env)  # caches warm, bytecode written
    if EXACT:
        return _instructions(ours, our_env) / _instructions(theirs, their_env)
    return statistics.median(_cpu(ours, our_env) / _cpu(theirs, their_env) for _ in range(PAIRS))


def slope(few: str, many: str, more: int, env: Mapping[str, str]) -> float:
    """What one round costs: `many` does `more` rounds than `few`, and what both spend to start cancels out."""
    output(few, env)
    if EXACT:
        return (_instructions(many, env) - _instructions(few, env)) / more
    return statistics.median(_cpu(many, env) - _cpu(few, env) for _ in range(PAIRS)) / more


def output(source: str, env: Mapping[str, str]) -> str:
    """What `source` prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", source], env=_clean(env), check=True, capture_output=True, text=True)
    return done.stdout


def _clean(env: Mapping[str, str]) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**keep, "PYTHONHASHSEED": "0", **env}


def _cpu(source: str, env: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output(source, env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _instructions(source: str, env: Mapping[str, str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'out'}"]
        done = subprocess.run(
            [*command, sys.executable, "-c", source], env=_clean(env), check=True, capture_output=True, text=True
        )
        found = re.search(r"Collected : (\d+)", done.stderr)
    if not found:
        raise RuntimeError("valgrind printed no count")
    return int(found[1])
