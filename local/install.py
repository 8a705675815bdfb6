"""Everything the build needs, from Python alone: `python3 local/install.py`. Nothing is done twice.

uv and Node come as wheels into `.fugace/tools`; the rest is installed with them, from locks with hashes.
Runs on the machine's own Python, so it uses the standard library alone.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".fugace"
TOOLS = HOME / "tools"
LOCKS = ROOT / "requirements"

# pip's settings, and what uv calls them: uv does not read pip's configuration, a machine's owner expects it to.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


class Failed(Exception):  # noqa: N818 - read by people
    """One sentence for whoever called."""


def main(wanted: str = "install") -> int:
    """Bring tools, environments and the CDK command line to what the locks say; "lock" resolves the locks again."""
    HOME.mkdir(exist_ok=True)
    try:
        step("tools", "uv and Node", [LOCKS / "tools.txt"], TOOLS / "bin/uv", tools)
        step(
            "dev",
            "development packages",
            [LOCKS / "dev.txt"],
            ROOT / ".venv/bin/pytest",
            lambda: synced(".venv", "dev.txt"),
        )
        emulator = HOME / "emulator"
        step(
            "emulator",
            "the embedded AWS",
            [LOCKS / "emulator.txt"],
            emulator / "bin/ministack",
            lambda: synced(str(emulator), "emulator.txt"),
        )
        cdk = ROOT / "node_modules/.bin/cdk"
        step("node", "the CDK command line", [ROOT / "package-lock.json"], cdk, node)
        if wanted == "lock":
            lock()
    except Failed as trouble:
        sys.stderr.write(f"\n{trouble}\n")
        return 1
    return 0


def step(name: str, title: str, locks: list[Path], made: Path, do: Callable[[], None]) -> None:
    """Do it, unless the stamp says that it was done for these very locks, by this Python."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for lock in locks:
        digest.update(lock.read_bytes())
    stamp = HOME / f"stamps/{name}"
    if stamp.exists() and stamp.read_text() == digest.hexdigest() and made.exists():
        return
    stamp.unlink(missing_ok=True)
    with Waiting(f"installing {title}"):
        do()
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest.hexdigest())


def tools() -> None:
    """A virtual environment with uv and Node, by pip."""
    if not (TOOLS / "bin/pip").exists():
        shutil.rmtree(TOOLS, ignore_errors=True)
        advice = "Python's venv module does not work here; on Debian and Ubuntu: apt install python3-venv."
        run([sys.executable, "-m", "venv", str(TOOLS)], "tools", advice)
    install = [str(TOOLS / "bin/python"), "-m", "pip", "install", "--require-hashes", "--disable-pip-version-check"]
    run([*install, "-r", str(LOCKS / "tools.txt")], "tools", "pip could not install uv and Node.")


def synced(venv: str, lock: str) -> None:
    """A virtual environment with exactly what `lock` lists."""
    environment = uv_environment()
    uv = str(TOOLS / "bin/uv")
    if not (ROOT / venv / "bin/python").exists():
        run([uv, "venv", "--clear", "--python", sys.executable, venv], lock, f"uv could not make {venv}.", environment)
    sync = [uv, "pip", "sync", "--require-hashes", "--python", f"{venv}/bin/python", str(LOCKS / lock)]
    run(sync, lock, f"uv could not install requirements/{lock}.", environment)


def node() -> None:
    """The CDK command line as package-lock.json says."""
    command = [str(TOOLS / "bin/npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    run(command, "node", "npm could not install the CDK command line.", node_environment())


def node_environment() -> dict[str, str]:
    """The environment in which Node is found, before any other of the machine."""
    return {**os.environ, "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def lock() -> None:
    """Resolve every requirements/*.in, and package.json, into locks that name versions and hashes but no registry."""
    for asked in sorted(LOCKS.glob("*.in")):
        locked = asked.with_suffix(".txt").relative_to(ROOT)
        command = [str(TOOLS / "bin/uv"), "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url"]
        command += ["--no-emit-find-links", "--universal", "--python-version", "3.11"]
        command += [str(asked.relative_to(ROOT)), "-o", str(locked)]
        with Waiting(f"resolving {asked.name}"):
            run(command, f"lock-{asked.stem}", f"uv could not resolve {asked.name}.", uv_environment())
    command = [str(TOOLS / "bin/npm"), "install", "--package-lock-only", "--omit-lockfile-registry-resolved"]
    with Waiting("resolving package.json"):
        run(command, "lock-node", "npm could not resolve package.json.", node_environment())


def uv_environment() -> dict[str, str]:
    """The environment for uv: what the machine's owner told pip holds for uv, where uv was told nothing."""
    listed = subprocess.run(
        [TOOLS / "bin/python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if name in UV_NAMES and section in {"global", "install", ":env:"}:
            separator = "," if name == "find-links" else " "
            found[UV_NAMES[name]] = separator.join(str(ast.literal_eval(value)).split())
    if "UV_INDEX" in found:  # as pip does: any index may serve a file, the hash decides
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {**found, **os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


def run(command: list[str], log: str, sentence: str, environment: dict[str, str] | None = None) -> None:
    """Run it quietly; where it fails, keep what it said and say one sentence."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        kept = HOME / f"install-{log}.log"
        kept.write_text(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        msg = f"{sentence} Its last words: {' '.join(last)} (all of them: {kept.relative_to(ROOT)})"
        raise Failed(msg)


class Waiting:
    """A line that says what is being done, and how long it has taken."""

    def __init__(self, title: str) -> None:
        self.title, self.start, self.over = title, time.monotonic(), threading.Event()

    def __enter__(self) -> None:
        if sys.stdout.isatty():
            self.thread = threading.Thread(target=self.tick, daemon=True)
            self.thread.start()
        else:
            print(f"  … {self.title}", flush=True)

    def tick(self) -> None:
        """Redraw the line until it is over."""
        while not self.over.wait(0.2):
            print(f"\r  … {self.title} {time.monotonic() - self.start:.0f} s", end="", flush=True)

    def __exit__(self, failed: object, *_: object) -> None:
        self.over.set()
        if sys.stdout.isatty():
            self.thread.join()
        start = "\r" if sys.stdout.isatty() else ""
        print(f"{start}  {'✗' if failed else '✓'} {self.title} {time.monotonic() - self.start:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
