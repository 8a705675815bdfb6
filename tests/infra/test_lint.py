"""What CloudFormation would say of the templates: cfn-lint knows its schemas, and those of each Region."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.boundary.regions import UNION

IGNORED = ["W3005"]
"""A dependency that is stated although a reference implies it: CDK states the role of each function twice."""


def filled(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template with its state machines' blanks filled in as a deployment in partition `aws` would.

    With a blank where a number belongs a definition is no JSON, and cfn-lint says nothing of it at all.
    """
    copy: dict[str, Any] = json.loads(json.dumps(template))
    for resource in copy["Resources"].values():
        blanks = resource["Properties"].pop("DefinitionSubstitutions", None) if "Properties" in resource else None
        for blank, value in (blanks or {}).items():
            known = {"Partition": "aws", "DrainSeconds": value}
            text = known.get(blank, "arn:aws:lambda:eu-central-1:111122223333:function:called")
            definition = resource["Properties"]["DefinitionString"]
            resource["Properties"]["DefinitionString"] = definition.replace(f"${{{blank}}}", text)
    return copy


@pytest.mark.parametrize("word", ["data", "pipeline", "watch"])
def test_cfn_lint_finds_nothing(example, word):
    """A misspelt property, or a value that a service refuses, would fail in the middle of a deployment."""
    text = json.dumps(filled(example.templates[word]))

    found = lint(text, config=ManualArgs(regions=["eu-central-1"], ignore_checks=IGNORED))

    assert [f"{each.rule.id} {each.path}: {each.message}" for each in found] == []


def test_no_blank_is_left_in_a_definition(example):
    """Otherwise the test above does not read it."""
    machines = [
        each["Properties"]["DefinitionString"]
        for each in filled(example.templates["pipeline"])["Resources"].values()
        if each["Type"] == "AWS::StepFunctions::StateMachine"
    ]

    assert len(machines) == 2
    for each in machines:
        assert not re.search(r"\$\{", each)
        assert json.loads(each)["States"]


@pytest.mark.parametrize("region", [each for each in UNION if not each.startswith("eusc-")])
def test_every_type_of_resource_exists_in_every_region(synthesized, region):
    """Regions that have to be opted into have fewer. Of the Sovereign Cloud cfn-lint has no list of its own."""
    there = set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))

    assert {resource["Type"] for _, resource in synthesized[region].resources()} <= there
