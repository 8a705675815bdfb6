"""Who may import whom, as a list for each room, and what breaks it. ARCHITECTURE.md has the same table for people."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYER = "layers/common/python/"
OWN = "<own folder>"
OURS = {"fugace", "functions", "infra", "local", "cli", "bench", "tests"}


@dataclass(frozen=True, slots=True)
class Room:
    """Files that share a list. Everything of ours that is not on it is forbidden; so is everybody else's package."""

    files: str
    may: frozenset[str]
    any_package: bool = False
    """Packages of others are not listed one by one: nothing of this room is deployed into a function."""


def _room(files: str, *may: str, any_package: bool = False) -> Room:
    return Room(files, frozenset(may), any_package)


_CORE = ("fugace.domain", "fugace.ports", "fugace.keeping", "fugace.rights", "fugace.restoring", "fugace.datamap")

_GUARD = ("infra.boundary.guard", "infra.boundary.regions", "infra.boundary.rules")

ROOMS = (  # the first that fits is a file's room
    _room(LAYER + "fugace/domain/*", "fugace.domain", "phonenumbers", "dateutil"),
    _room(LAYER + "fugace/ports.py", "fugace.domain"),
    _room(LAYER + "fugace/keeping.py", "fugace.domain", "fugace.ports"),
    _room(LAYER + "fugace/rights.py", "fugace.domain", "fugace.ports", "fugace.keeping"),
    _room(LAYER + "fugace/restoring.py", "fugace.domain", "fugace.ports", "fugace.keeping"),
    _room(LAYER + "fugace/datamap/*", "fugace.domain", "fugace.datamap"),
    _room(
        LAYER + "fugace/adapters/*",
        *(*_CORE, "fugace.adapters"),
        *("botocore", "pynamodb", "cryptography", "urllib3"),
    ),
    _room(LAYER + "fugace/edge/wiring.py", *_CORE, "fugace.edge", "fugace.adapters"),
    _room(LAYER + "fugace/edge/*", *_CORE, "fugace.edge", "aws_lambda_powertools", "msgspec"),
    _room(LAYER + "fugace/__init__.py"),
    _room("functions/*/handler.py", OWN, *_CORE, "fugace.edge", "aws_lambda_powertools"),
    _room("functions/*/events.py", OWN, *_CORE, "fugace.edge", "aws_lambda_powertools"),
    _room("functions/*/*_task.py", OWN, *_CORE, "fugace.edge", "aws_lambda_powertools"),
    _room("functions/*/authorizer.py", OWN, *_CORE, "fugace.edge", "aws_lambda_powertools"),
    _room("functions/*/schema.py", OWN, *_CORE, "fugace.edge.http", "msgspec"),
    _room("functions/*/*.py", OWN, *_CORE),
    _room("functions/__init__.py"),
    _room("infra/boundary/*", "infra.boundary", "aws_cdk", "jsii"),  # of use to any CDK app
    _room(
        "infra/*",
        "infra",
        "fugace.datamap",
        "fugace.domain.bounds",
        "fugace.domain.case",
        "fugace.domain.plans",
        "fugace.domain.retention",
        "aws_cdk",
        "constructs",
        "jsii",
    ),
    _room("local/*", "local", "fugace", "functions", "cli", any_package=True),
    _room("cli/*", "cli", "fugace", "functions.purge", *_GUARD, any_package=True),
    _room("bench/*", "bench", "local", "fugace", "functions", "cli", any_package=True),
    _room("tests/*", *OURS, any_package=True),
)


def sources() -> Iterator[Path]:
    """Every Python file of the product and its tests."""
    for folder in ("layers", "functions", "infra", "local", "cli", "bench", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"build", "node_modules", "cdk.out"} & set(path.relative_to(ROOT).parts):
                yield path.relative_to(ROOT)


def offences(path: str, source: str) -> list[str]:
    """What `source` imports although the room of `path` does not let it; `path` is relative to the root."""
    room = next((each for each in ROOMS if fnmatch(path, each.files)), None)
    if room is None:
        return [f"{path}: in no room"]
    return [f"{path}: {name}" for name in imported(ast.parse(source)) if not _allowed(room, path, name)]


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names, wherever in the file they are imported; a relative import begins with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from fugace.edge import wiring` may be a module or a name: the longer form is what the lists are held to.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _allowed(room: Room, path: str, name: str) -> bool:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or (room.any_package and top not in OURS and top):
        return True
    folders = path.rpartition("/")[0].split("/")
    own = ".".join(folders[:2] if folders[0] == "functions" else folders)  # the rooms of functions have rooms in them
    return any(_within(name, own if each == OWN else each) for each in room.may)


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")
