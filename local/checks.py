"""What `make check` and `make test` run, two things at a time: `python -m local.checks fast`, `slow` or `journeys`.

Each job's output is printed whole when it ends, so that two of them do not talk at once. A job
ends with its first failure.
"""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.place import BESIDE, ROOT, TEST

RUN = sys.executable
TESTS = ROOT / "tests"
SLOW = {"infra", "emulator", "journeys", "rights", "browser", "proof"}
"""Folders that need what is built or deployed."""
SECOND = {"test_leaks.py", "test_leaving.py", "test_outcomes.py", "test_requests.py", "test_requests_that_fail.py"}
SECOND |= {"test_restoring.py", "test_seldom.py", "test_sending.py"}
"""Journeys that take, on a second stack, about as long as all the others on the first."""
WITH_TYPES = {"architecture", "cli", "contract"}
"""Folders that take, after style and types, about as long as all other fast ones."""

Commands = list[list[str]]


def main(which: str) -> int:
    """Run the jobs; 0 if all of them passed."""
    lanes = {"fast": fast, "slow": slow, "journeys": journeys}[which]()
    failed = threading.Event()
    with ThreadPoolExecutor(len(lanes)) as pool:
        list(pool.map(lambda lane: run(lane[0], lane[1], failed), lanes.items()))
    return int(failed.is_set())


def fast() -> dict[str, Commands]:
    """Style, types and every test that needs nothing but this process."""
    folders = {path.name for path in TESTS.iterdir() if path.is_dir()} - SLOW - {"__pycache__"}
    style = [
        [RUN, "-m", "ruff", "check", "--quiet", "."],
        [RUN, "-m", "ruff", "format", "--quiet", "--check", "."],
        [RUN, "-m", "mypy", "--no-error-summary"],
    ]
    return {
        "style, types, contracts": [*style, pytest(*sorted(WITH_TYPES & folders))],
        "units": [pytest(*sorted(folders - WITH_TYPES))],
    }


def slow() -> dict[str, Commands]:
    """The template, the emulator, pages; and meanwhile two stacks are deployed for the journeys."""
    return {
        "template, pages, a stack": [
            [RUN, "-m", "local.diff"],
            pytest("infra", "browser"),
            [RUN, "-m", "local.up", "beside"],
        ],
        "emulator, a stack": [pytest("emulator"), [RUN, "-m", "local.up", "test"]],
    }


def journeys() -> dict[str, Commands]:
    """What the deployed stack does, on two of them; and then, what of its rights was used."""
    files = {path.name for path in (TESTS / "journeys").glob("test_*.py")}
    halves = {"journeys, one half": (files - SECOND, TEST), "journeys, the other half": (SECOND, BESIDE)}
    return {
        title: [pytest(*(f"journeys/{name}" for name in sorted(half)), stack=place.folder)]
        for title, (half, place) in halves.items()
    }


def pytest(*paths: str, stack: Path | None = None) -> list[str]:
    """A run over these folders of tests, or files; of the journeys on that stack."""
    where = ["--stack", str(stack)] if stack else []
    return [RUN, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *where, *(f"tests/{name}" for name in paths)]


def run(name: str, commands: Commands, failed: threading.Event) -> None:
    """One after the other, until one fails."""
    began = time.monotonic()
    for command in commands:
        out = subprocess.PIPE
        done = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, text=True, check=False)
        shown = done.stdout.rstrip()
        if shown:
            print(shown, flush=True)
        if done.returncode:
            print(f"✗ {name}: {' '.join(map(str, command[2:]))}", flush=True)
            failed.set()
            return
    print(f"✓ {name} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
