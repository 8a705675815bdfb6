"""Schemathesis over docs/openapi.yaml against the deployed stack: cases that nobody thought of, each answer checked."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.place import ROOT
from tests.journeys.conftest import Stack

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
LANES: Sequence[Sequence[str]] = (
    ("messages", "reports", "archives"),
    ("requests",),
    ("webhooks",),
    ("keys", "retention"),
)
"""Tags that one process looks at. Threads would not do: CPython 3.11's parser, which Hypothesis uses, fails in them."""

LARGEST = 10_240
"""Bytes of request line and headers that API Gateway reads; what is larger never comes to us, and gets no problem.

Source: Amazon API Gateway Developer Guide, "Quotas for configuring and running a REST API".
"""
_TOO_LARGE = 431


@dataclass
class Found:
    """What became of the cases."""

    seed: int
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    answered: dict[str, set[int]] = field(default_factory=dict)
    """By operation, the statuses that were seen."""
    seconds: float = 0

    @property
    def shares(self) -> dict[str, int]:
        """How many of each class of answers."""
        classes = Counter(f"{status // 100}xx" for status in self.statuses.elements())
        return dict(sorted(classes.items()))


def run(
    stack: Stack,
    keys: Sequence[str],
    folder: Path,
    *,
    phases: str,
    examples: int,
    seed: int,
    lanes: Sequence[Sequence[str]] = LANES,
) -> Found:
    """Each lane with each key, two processes at a time; `examples` is how many an operation gets of what is random."""
    found, began = Found(seed), time.monotonic()
    jobs = [(key, lane, folder / f"{number}.ndjson") for number, key in enumerate(keys) for lane in lanes]
    jobs = [(key, lane, path.with_stem(f"{path.stem}-{lane[0]}")) for key, lane, path in jobs]
    with ThreadPoolExecutor(int(os.environ.get("FUGACE_PROOF_LANES", "3"))) as pool:
        said = list(
            pool.map(lambda job: _lane(stack, *job, f"--phases={phases}", f"-n{examples}", f"--seed={seed}"), jobs)
        )
    for (_, _, report), words in zip(jobs, said, strict=True):
        before = found.cases
        _read(report, found)
        if found.cases == before:  # it has not even begun
            found.failures.append(words[-2_000:])
    found.seconds = time.monotonic() - began
    return found


def _lane(stack: Stack, key: str, tags: Sequence[str], report: Path, *more: str) -> str:
    command = [str(Path(sys.executable).parent / "st"), "run", str(ROOT / "docs/openapi.yaml"), "-w1", *more]
    command += [
        f"--url={stack.local['api_url']}",
        f"--tls-verify={Path(stack.ca).resolve()}",
        f"-HAuthorization: Bearer {key}",
    ]
    command += [f"--checks={','.join(CHECKS)}", "--report=ndjson", f"--report-ndjson-path={report}", "--no-shrink"]
    command += ["--continue-on-failure", "--no-color", "--generation-database=none", "--request-timeout=30"]
    command += [f"--include-tag={tag}" for tag in tags]
    done = subprocess.run(command, cwd=report.parent, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _read(report: Path, found: Found) -> None:
    for event in _events(report):
        kind, content = next(iter(event.items()))
        if kind == "NonFatalError":
            found.failures.append(json.dumps(content)[:2_000])
        recorder = content.get("recorder", {}) if isinstance(content, dict) else {}
        for name, exchange in recorder.get("interactions", {}).items():
            _count(recorder, name, exchange, found)


def _events(report: Path) -> Iterator[dict[str, Any]]:
    if report.exists():
        yield from map(json.loads, report.read_text().splitlines())


def _count(recorder: dict[str, Any], name: str, exchange: dict[str, Any], found: Found) -> None:
    case = recorder["cases"][name]["value"]
    status = (exchange.get("response") or {}).get("status_code", 0)
    found.cases += 1
    found.statuses[status] += 1
    found.answered.setdefault(f"{case['method']} {case['path']}", set()).add(status)
    beyond = status == _TOO_LARGE and len(exchange["request"]["uri"]) > LARGEST
    for check in recorder["checks"].get(name, ()):
        if check["status"] != "success" and not beyond:
            found.failures.append(f"{case['method']} {case['path']} {status}: {json.dumps(check)[:1_500]}")
