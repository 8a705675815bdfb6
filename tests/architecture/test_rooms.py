"""The rooms keep apart what changes for different reasons: see ARCHITECTURE.md."""

import ast
import subprocess
import sys

import pytest

from tests.architecture.rooms import LAYER, ROOT, offences, sources

DOMAIN = LAYER + "fugace/domain/new.py"
EDGE = LAYER + "fugace/edge/new.py"
ADAPTER = LAYER + "fugace/adapters/new.py"
USE_CASE = "functions/send/new.py"
HANDLER = "functions/send/handler.py"


def test_every_import_is_on_its_rooms_list() -> None:
    """A new package, or a new path between rooms, is let in on purpose: by a line in rooms.py."""
    found = [offence for path in sources() for offence in offences(str(path), (ROOT / path).read_text())]

    assert found == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (DOMAIN, "import botocore"),
        (DOMAIN, "from fugace.ports import Clock"),
        (DOMAIN, "from fugace.edge import http"),
        (DOMAIN, "def late():\n    import urllib3"),
        (LAYER + "fugace/ports.py", "from fugace.adapters import vault"),
        (ADAPTER, "import boto3"),
        (ADAPTER, "from fugace.edge.settings import Settings"),
        (ADAPTER, "from functions.send import accept"),
        (EDGE, "from fugace.adapters import vault"),
        (EDGE, "import pydantic"),
        (EDGE, "from functions.auth import keys"),
        (LAYER + "fugace/edge/wiring.py", "import botocore.session"),
        (USE_CASE, "from fugace.edge.observe import logger"),
        (USE_CASE, "from fugace.adapters import vault"),
        (USE_CASE, "from functions.dlr import record"),
        (USE_CASE, "import aws_lambda_powertools"),
        (USE_CASE, "import msgspec"),
        (USE_CASE, "from . import accept"),
        ("functions/send/schema.py", "from fugace.edge import wiring"),
        (HANDLER, "from fugace.adapters import vault"),
        (HANDLER, "from functions.auth import keys"),
        (HANDLER, "import requests"),
        ("infra/parts/new.py", "from fugace.domain import ids"),
        ("local/new.py", "from infra import app"),
        ("cli/new.py", "from local import up"),
        ("cli/new.py", "from functions.auth import keys"),
        ("bench/new.py", "from tests import fakes"),
        ("cli/new.py", "from tests import fakes"),
        ("helpers/new.py", ""),
    ],
)
def test_what_is_not_on_the_list_is_noticed(path: str, line: str) -> None:
    """The rule sees what it is there for."""
    assert offences(path, line)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (DOMAIN, "import os\nfrom fugace.domain.ids import TenantId"),
        (EDGE, "import msgspec"),
        (USE_CASE, "from functions.send.accept import Accept\nfrom fugace.ports import Clock"),
        ("functions/send/schema.py", "import msgspec\nfrom fugace.edge.http import Body"),
        (HANDLER, "from fugace.edge import http, wiring"),
        ("cli/new.py", "import boto3, typer\nfrom fugace.adapters import vault"),
    ],
)
def test_what_is_on_the_list_passes(path: str, line: str) -> None:
    """A rule that refuses everything would be switched off."""
    assert not offences(path, line)


def attributes(tree: ast.AST) -> set[str]:
    return {f"{ast.unparse(node.value)}.{node.attr}" for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "os.environ", "os.getenv"}


def test_the_domain_is_told_the_time_and_the_environment() -> None:
    """What it decides follows from what it is given: tests set the clock."""
    assert attributes(ast.parse("x = datetime.now(UTC)")) & CLOCKS  # the rule sees

    found = [
        (str(path), name)
        for path in sources()
        if str(path).startswith((LAYER + "fugace/domain/", LAYER + "fugace/ports.py"))
        for name in attributes(ast.parse((ROOT / path).read_text())) & CLOCKS
    ]
    assert found == []


def test_the_environment_is_read_in_one_file() -> None:
    """settings.py: typed, at once, without defaults."""
    reads = {"os.environ", "os.getenv"}
    found = {
        str(path)
        for path in sources()
        if str(path).startswith((LAYER, "functions/")) and attributes(ast.parse((ROOT / path).read_text())) & reads
    }
    assert found == {LAYER + "fugace/edge/settings.py"}


WATCHED = """
import importlib, sys
def watch(event, args):
    if event == "socket.connect" or (event == "open" and args[1] and set(args[1]) & set("wax+")):
        print(event, args[0])
sys.addaudithook(watch)
sys.dont_write_bytecode = True
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def imports(*names: str) -> str:
    """What modules do, besides, when they are imported without an environment."""
    path = f"{ROOT}:{ROOT / LAYER}"
    run = [sys.executable, "-c", WATCHED, *names]
    ran = subprocess.run(run, capture_output=True, text=True, check=False, env={"PYTHONPATH": path})
    return ran.stdout + ran.stderr


def test_importing_a_function_does_nothing() -> None:
    """No environment read, no connection, no file written: a cold start is paid by a user, and tests need no AWS."""
    assert "socket.connect" in imports("tests.architecture.eager")  # the watch sees

    names = [
        str(path.with_suffix("")).removeprefix(LAYER).replace("/", ".").removesuffix(".__init__")
        for path in sources()
        if str(path).startswith((LAYER, "functions/"))
    ]
    assert imports(*names) == ""
