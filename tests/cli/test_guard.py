"""`fugace guard print`: policies for whoever runs the account. It asks nobody: neither AWS nor a deployment."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from infra.boundary.guard import SIZES, document
from infra.boundary.regions import UNION
from infra.boundary.rules import RULES


def guard(*words: str) -> Result:
    return CliRunner().invoke(app, ["guard", "print", *words])


def test_the_rules_of_the_pack_are_listed() -> None:
    """For whoever is told of a finding by its id."""
    result = CliRunner().invoke(app, ["guard", "rules", "--json"])

    listed = {each["rule"]: each["what"] for each in json.loads(result.stdout)}
    assert listed == {rule.id: rule.title for rule in RULES}


def policy(*words: str) -> Any:
    result = guard(*words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def regions(found: Any) -> list[str]:
    (outside,) = [each for each in found["Statement"] if each["Sid"] == "OutsideTheUnion"]
    return list(outside["Condition"]["StringNotEquals"]["aws:RequestedRegion"])


@pytest.mark.parametrize("kind", SIZES)
def test_the_document_is_printed_as_it_is_attached(kind: str) -> None:
    """One line: AWS counts every character."""
    assert policy("--kind", kind) == document(kind)  # type: ignore[arg-type]  # both are there
    assert len(guard("--kind", kind).stdout.strip()) < SIZES[kind]  # type: ignore[index]


def test_all_regions_of_the_union_are_left_where_none_is_named() -> None:
    """An organization may run several environments."""
    assert regions(policy()) == list(UNION)


def test_regions_can_be_named_or_come_from_an_environment() -> None:
    """As narrow as it is needed."""
    assert regions(policy("--region", "eu-west-1", "--region", "eu-west-3")) == ["eu-west-1", "eu-west-3"]
    assert regions(policy("--deployment", "example")) == ["eu-central-1"]


@pytest.mark.parametrize("region", ["eu-west-2", "eu-central-2", "us-east-1"])
def test_a_region_outside_the_union_is_refused(region: str) -> None:
    """A guard that lets London in would be believed."""
    result = guard("--region", region)

    assert result.exit_code == 1
    assert f"Not inside the European Union: {region}" in result.output
