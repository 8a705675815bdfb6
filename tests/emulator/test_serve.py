"""Starting and stopping: in one sentence where it cannot be, and never somebody else's process."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import serve
from local.place import ROOT, Place, Trouble
from tests.emulator.cloud import free_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return free_place(tmp_path)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else's."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_port_that_is_taken_is_named_with_the_way_out(place: Place) -> None:
    """Whoever reads it can act on it without looking anything up."""
    with socket.create_server(("127.0.0.1", place.port)), pytest.raises(Trouble) as trouble:
        serve.start(place, "emulator", ["false"], {})

    assert str(place.port) in str(trouble.value)
    assert "FUGACE_PORT=" in str(trouble.value)


def test_what_stops_at_once_is_reported_with_its_last_words(place: Place) -> None:
    """Not with a minute of waiting."""
    place.ca.write_text("")
    serve.start(place, "sink", [sys.executable, "-c", "raise SystemExit('no room')"], {})

    with pytest.raises(Trouble, match="no room"):
        serve.wait(place, "sink", place.url("sink"))


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(place: Place, sleeper: subprocess.Popen[bytes]) -> None:
    """After a restart of the machine, an old pid file may name anybody."""
    note = {"pid": sleeper.pid, "began": "another time"}
    (place.folder / "emulator.pid").write_text(json.dumps(note))

    assert serve.stop(place, "emulator") is False
    assert sleeper.poll() is None


def test_an_emulator_that_runs_with_other_repairs_is_known(place: Place, sleeper: subprocess.Popen[bytes]) -> None:
    """What it would drop of the next deployment, it drops for good: no later one asks for it again."""
    note = {"pid": sleeper.pid, "began": serve._began(sleeper.pid)}
    (place.folder / "emulator.pid").write_text(json.dumps(note))
    made = place.folder / "emulator.repairs"

    assert serve.running(place, "emulator") == sleeper.pid
    assert serve.repaired(place) is False
    made.write_text(serve._repairs())
    assert serve.repaired(place) is True
    made.write_text("others")
    assert serve.repaired(place) is False


def test_a_python_that_is_too_old_is_told_so_in_one_sentence(tmp_path: Path) -> None:
    """By make itself, before anything is installed."""
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for name in ("python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / name).symlink_to(old)
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    make = [shutil.which("make") or "make", "install"]
    done = subprocess.run(make, cwd=ROOT, env=path, capture_output=True, text=True, check=False)

    assert done.returncode
    assert done.stderr.startswith("Fugace needs Python 3.11 or newer")
