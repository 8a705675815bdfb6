"""Starting and stopping what runs beside the stack: each process is known by its pid and by when it began."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import urllib3

from local import certs
from local.layer import digest
from local.place import EMULATOR, LOOPBACK, PYTHON, REGION, ROOT, TESTED, Place, Trouble, taken

PLACEHOLDERS = "AWS::CloudTrail::Trail AWS::Logs::QueryDefinition"
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
PATIENCE = 5  # seconds for the kernel to take a port back from a process that was just killed
CHECKPOINT = "5"  # seconds of work that a power cut may cost


def emulator_environment(place: Place) -> dict[str, str]:
    """All that the emulator, and so every function in it, gets to see of this machine.

    Functions inherit it: what a shell has in its environment is none of theirs. Docker is switched off by name:
    ministack would otherwise tidy up containers that it takes for its own.
    """
    run = place.folder / "run"
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(run),
        "TMPDIR": str(run),
        "LANG": "C.UTF-8",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(place.port),
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(place.folder / "server.pem"),
        "MINISTACK_SSL_KEY": str(place.folder / "server.key"),
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": f"unix://{run}/no-docker",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(place.folder / "state"),
        "S3_DATA_DIR": str(place.folder / "state/s3"),
        "FUGACE_TTL_SECONDS": "2",
        "FUGACE_WORKERS": str(max(2, os.cpu_count() or 2)),
        "FUGACE_CHECKPOINT_SECONDS": CHECKPOINT,
        "FUGACE_PLACEHOLDERS": PLACEHOLDERS,
        "FUGACE_RIGHTS": str(place.rights),
        "FUGACE_FAULTS": "1" if place in TESTED else "",
    }


def start_emulator(place: Place, **more: str) -> None:
    """Start the embedded AWS and wait until it answers."""
    certs.make(place.folder)
    (place.folder / "run").mkdir(parents=True, exist_ok=True)
    command = [str(EMULATOR / "bin/python"), "-m", "local.emulator"]
    start(place, "emulator", command, {**emulator_environment(place), **more})
    (place.folder / "emulator.repairs").write_text(_repairs())
    wait(place, "emulator", f"{place.endpoint}/_ministack/ready")


def repaired(place: Place) -> bool:
    """Whether the embedded AWS runs, with the repairs that there are now: what it drops, it drops for good."""
    made = place.folder / "emulator.repairs"
    return running(place, "emulator") is not None and made.exists() and made.read_text() == _repairs()


def _repairs() -> str:
    return digest([ROOT / "local/emulator"], [])


def start_beside(place: Place, secrets: Mapping[str, object]) -> None:
    """Start the carrier simulator and the webhook sink, where they do not run yet."""
    kept = place.folder / "carriers.json"
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(secrets))
    state = place.folder / "state"
    options = {
        "simulator": [
            "--secrets",
            str(kept),
            "--state",
            str(state / "simulator.jsonl"),
            "--callback-ca",
            str(place.ca),
        ],
        "sink": ["--state", str(state / "sink.jsonl")],
    }
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": f"{ROOT}:{ROOT}/layers/common/python"}
    for name, more in options.items():
        if not running(place, name):
            command = [str(PYTHON), "-m", f"local.{name}", "--port", str(place.ports[name]), *more]
            start(place, name, command, environment)
            wait(place, name, place.url(name))


def start(place: Place, name: str, command: list[str], environment: Mapping[str, str]) -> None:
    """Start a process in the background; its output goes to `<folder>/log/<name>.log`."""
    port = place.ports[name]
    deadline = time.monotonic() + PATIENCE
    while (busy := taken(port)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if busy:
        msg = f"Port {port} on {LOOPBACK} is taken, and the {name} needs it: stop what is there, or choose others: "
        raise Trouble(msg + f"{place.knob}={place.port + 1000} make …")
    log = place.folder / f"log/{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(  # it outlives this one
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    note = {"pid": process.pid, "began": _began(process.pid)}
    (place.folder / f"{name}.pid").write_text(json.dumps(note))


def wait(place: Place, name: str, url: str, *, seconds: float = 60) -> None:
    """Until it answers, or has died, or has taken too long."""
    pool = urllib3.PoolManager(ca_certs=str(place.ca), retries=False, timeout=5.0)
    deadline = time.monotonic() + seconds
    log = place.folder / f"log/{name}.log"
    while time.monotonic() < deadline:
        if not running(place, name):
            words = log.read_text(errors="replace").strip().splitlines()[-1:]
            msg = f"The {name} stopped at once. Its last words: {' '.join(words)} (all of them: {log})"
            raise Trouble(msg)
        try:
            if pool.request("GET", url).status < 500:  # noqa: PLR2004 - HTTP
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.1)
    msg = f"The {name} did not answer within {seconds:.0f} s; see {log}."
    raise Trouble(msg)


def running(place: Place, name: str) -> int | None:
    """The pid of what we started under this name, if it is still that process."""
    note = place.folder / f"{name}.pid"
    if not note.exists():
        return None
    known = json.loads(note.read_text())
    pid = int(known["pid"])
    return pid if _began(pid) is not None and _began(pid) == known["began"] else None


def stop(place: Place, name: str, *, how: int = signal.SIGTERM) -> bool:
    """Stop what we started, and only that; True if there was something to stop."""
    pid = running(place, name)
    if pid is None:
        (place.folder / f"{name}.pid").unlink(missing_ok=True)
        return False
    os.kill(pid, how)
    if not _gone(place, name, 20):
        os.killpg(pid, signal.SIGKILL)
        _gone(place, name, 5)
    (place.folder / f"{name}.pid").unlink(missing_ok=True)
    return True


def _gone(place: Place, name: str, seconds: float) -> bool:
    """Wait for its end."""
    deadline = time.monotonic() + seconds
    while running(place, name):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _began(pid: int) -> str | None:
    """When a process began, in the kernel's words: with it, a pid that was given again is not taken for ours."""
    if pid in _CHILDREN:
        _CHILDREN[pid].poll()  # lets go of one that has ended
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        asked = subprocess.run(
            ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return asked.stdout.strip() or None
    return None if fields[0] == "Z" else fields[19]
