"""One synthesis for all tests: `laptop`, `example`, and `example` once more in each Region of the Union.

What is packed are folders of a few bytes that stand in for what `make layer` builds.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
TODAY = datetime.now(UTC).date()
MORE = {"eusc-de-east-1": {"permissions_boundary": "inside-the-union"}}
"""What only one of the Regions' environments has: a synthesis of its own would cost seconds."""
ROOMS = ("auth", "dlr", "dsar", "purge", "send")

os.environ["PATH"] = f"{ROOT / '.fugace/tools/bin'}{os.pathsep}{os.environ['PATH']}"  # jsii looks for node there

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stacks:
    """The templates of an environment, and what was packed for it."""

    environment: str
    templates: Mapping[str, Mapping[str, Any]]
    """By the last word of the stack's name: data, pipeline, watch."""
    folder: Path
    """The assembly, with the stacks of all environments."""

    def resources(self, *kinds: str) -> list[tuple[str, Resource]]:
        """Logical id and resource, of all stacks, of these types (`SQS::Queue`); all where none is named."""
        wanted = {f"AWS::{kind}" for kind in kinds}
        return [
            (name, resource)
            for template in self.templates.values()
            for name, resource in template["Resources"].items()
            if not kinds or resource["Type"] in wanted
        ]

    def properties(self, *kinds: str) -> list[Resource]:
        """The properties of all resources of these types."""
        return [resource["Properties"] for _, resource in self.resources(*kinds)]

    def one(self, kind: str, **expected: object) -> Resource:
        """The properties of the one resource of a type that has these."""
        found = [each for each in self.properties(kind) if expected.items() <= each.items()]
        assert len(found) == 1, (kind, expected, len(found))
        return found[0]

    def function(self, name: str) -> Resource:
        """A function's properties, by its short name."""
        return self.one("Lambda::Function", FunctionName=f"fugace-{self.environment}-{name}")

    def called(self, reference: object) -> str:
        """The short name of the function whose alias something refers to: nothing calls a function past it."""
        aliases = {name: each["Properties"] for name, each in self.resources("Lambda::Alias")}
        (logical,) = {each for each in re.findall(r'"Ref": "(\w+)"', json.dumps(reference)) if each in aliases}
        functions = {name: each["Properties"]["FunctionName"] for name, each in self.resources("Lambda::Function")}
        return str(functions[aliases[logical]["FunctionName"]["Ref"]]).removeprefix(f"fugace-{self.environment}-")

    def role(self, name: str) -> Resource:
        """A role's properties, by its short name."""
        return self.one("IAM::Role", RoleName=f"fugace-{self.environment}-{name}")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer and functions of a few bytes, in the shape of the real ones."""
    root = tmp_path_factory.mktemp("build")
    for path in ("layer/python/fugace/__init__.py", "layer/amazon-roots.pem", "code/functions/__init__.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    for room in ROOMS:
        for path in (f"{room}/handler.py", f"{room}/__pycache__/handler.cpython-313.pyc"):
            (root / "code/functions" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "code/functions" / path).write_text(room)
    return root


@pytest.fixture(scope="session")
def environment_of(built: Path) -> Callable[[str], Any]:
    """An environment of cdk.json, by its name, with the small builds."""
    from infra.config import read  # noqa: PLC0415  # after PATH has node

    given = CONTEXT | {"layer": str(built / "layer"), "code": str(built / "code")}
    bundles = {"laptop": "/ca.pem"}  # it has none of its own
    return lambda name: read(given | {"env": name, "ca_bundle": bundles.get(name)})


@pytest.fixture(scope="session")
def synthesized(environment_of: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Stacks]:
    """Every environment that a test asks for, by name; those of the Regions are named after them."""
    from aws_cdk import App  # noqa: PLC0415  # after PATH has node

    from infra import residency  # noqa: PLC0415  # after PATH has node
    from infra.app import build  # noqa: PLC0415  # after PATH has node
    from infra.config import UNION  # noqa: PLC0415  # after PATH has node

    folder = tmp_path_factory.mktemp("cdk")
    example = environment_of("example")
    environments = [example, environment_of("laptop")]
    environments += [replace(example, name=region, region=region, **MORE.get(region, {})) for region in UNION]
    environments.append(guarded_like(example))
    app = App(context=CONTEXT, outdir=str(folder), analytics_reporting=False)
    for environment in environments:
        build(app, environment)
    residency.bind(app, environments, today=TODAY)
    assembly = app.synth()
    return {
        each.name: Stacks(
            each.name,
            {word: assembly.get_stack_by_name(each.named(word)).template for word in ("data", "pipeline", "watch")},
            folder,
        )
        for each in environments
    }


def guarded_like(example: Any) -> Any:
    """The same with every option: a name of its own, client certificates, a firewall, addresses of a carrier."""
    from infra.exposure import Domain, Firewall  # noqa: PLC0415  # as the others

    arn = f"arn:aws:acm:{example.region}:111122223333:certificate/3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    walled, open_ = example.carriers
    return replace(
        example,
        name="guarded",
        account="111122223333",
        domain=Domain("sms.example.com", arn, "s3://example-truststore/clients.pem", "1"),
        firewall=Firewall(),
        carriers=(replace(walled, addresses=("91.198.174.0/24", "2a02:ec80::/32")), open_),
    )


@pytest.fixture(scope="session")
def guarded(synthesized: Mapping[str, Stacks]) -> Stacks:
    """With everything that is an option."""
    return synthesized["guarded"]


@pytest.fixture(scope="session")
def example(synthesized: Mapping[str, Stacks]) -> Stacks:
    """The shape that production has."""
    return synthesized["example"]


@pytest.fixture(scope="session")
def laptop(synthesized: Mapping[str, Stacks]) -> Stacks:
    """The one that `make up` deploys."""
    return synthesized["laptop"]
