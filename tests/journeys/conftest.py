"""The deployed stack, as a client of it sees it: HTTPS and JSON, nothing else."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3

FINAL = {"delivered", "undeliverable", "expired", "rejected", "blocked", "cancelled", "unknown"}


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Client:
    """Somebody with (or without) an API key."""

    url: str
    ca: str
    key: str | None = None
    pool: urllib3.PoolManager = field(init=False)

    def __post_init__(self) -> None:
        self.pool = urllib3.PoolManager(ca_certs=self.ca or None, timeout=30.0, retries=False, maxsize=16)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self.pool.request(method, self.url + path, body=raw, headers=sent)
        return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data.decode())

    def as_(self, key: str | None) -> "Client":
        return Client(self.url, self.ca, key)


@dataclass
class Stack:
    """What `make up` wrote down, and ways to ask it."""

    local: dict[str, Any]
    ca: str
    folder: Path

    @property
    def admin(self) -> Client:
        """The first tenant's admin, with a test key."""
        return Client(self.local["api_url"], self.ca, self.local["api_key"])

    @property
    def simulator(self) -> Client:
        return Client(self.local["simulator_url"], "")

    @property
    def sink(self) -> Client:
        return Client(self.local["sink_url"], "")

    def environment(self) -> dict[str, str]:
        """The AWS environment of the stack, as `.fugace/env` exports it."""
        lines = (self.folder / "env").read_text().splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        return {**os.environ, **{name: value.strip("'\"") for name, value in pairs}}


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A deployed stack, such as `make test` starts two of."""
    folder = Path(request.config.getoption("--stack"))
    local = json.loads((folder / "local.json").read_text())
    return Stack(local, str(folder / "ca.pem"), folder)


@pytest.fixture(scope="module")
def environment(stack: Stack) -> Iterator[str]:
    """boto3 reads the stack's endpoint and credentials from the environment, as an operator's shell would have them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment().items():
            if name.startswith(("AWS_", "FUGACE_")):
                patch.setenv(name, value)
        yield stack.environment()["FUGACE_ENVIRONMENT"]


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Ask until the answer is true, and give it; the last answer is in the failure."""
    return wait_for


def wait_for(ask: Callable[[], Any], *, seconds: float = 30, every: float = 0.25) -> Any:
    """What `ask` gives, once it is true."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            pytest.fail(f"did not happen within {seconds} s; last answer: {answer!r}")
        time.sleep(every)
    return answer


def fugace(stack: Stack, *words: str) -> Any:
    """What the operator's command line answers, as JSON."""
    command = ["./fugace", *words, "--json"]
    done = subprocess.run(command, env=stack.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass
class Tenant:
    """A tenant of a test's own, and its admin key."""

    id: str
    client: Client


@pytest.fixture(scope="session")
def tenant_of(stack: Stack) -> Callable[..., Tenant]:
    """Make a tenant with an admin key: `mode` live or test, other words as `fugace tenants create` takes them."""

    def make(name: str, *words: str, mode: str = "test") -> Tenant:
        made = fugace(stack, "tenants", "create", name, "--key", mode, *words)
        return Tenant(made["tenant"]["id"], stack.admin.as_(made["key"]["key"]))

    return make
