"""The pack as a plug-in: it makes a synthesis fail, says where, and can be suppressed for one thing and a while."""

import json
import os
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra.boundary.declared import Declared, Kept, Suppression
from infra.boundary.pack import SUPPRESSIONS, Boundary
from infra.boundary.rule import Rule
from infra.boundary.template import Stack

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2030, 6, 15)
REASON = "The supplier moves this key into one Region by the end of the quarter."


def boundary(*suppressions: Suppression, rules: tuple[Rule, ...] | None = None) -> Boundary:
    declared = Declared(kept=lambda _: Kept(timedelta(days=30), "of no importance"), suppressions=suppressions)
    return Boundary(declared, today=TODAY, **({"rules": rules} if rules else {}))


@pytest.fixture(scope="module")
def synthesis(tmp_path_factory):
    """What CDK says of an app of two keys that can be replicated; one is acknowledged in CDK's own way."""
    from aws_cdk import Acknowledgment, App, Environment, Stack, Validations, aws_kms  # noqa: PLC0415  # after PATH

    app = App(outdir=str(tmp_path_factory.mktemp("cdk")), analytics_reporting=False)
    stack = Stack(app, "shop", env=Environment(region="eu-west-3"))
    aws_kms.Key(stack, "Plain")
    for name in ("Overridden", "Acknowledged"):
        key = aws_kms.Key(stack, name)
        key.node.default_child.add_property_override("MultiRegion", True)
    Validations.of(key).acknowledge(Acknowledgment(id="eu-boundary::EU-07", reason="because"))
    Validations.of(app).add_plugins(boundary())
    with pytest.raises(RuntimeError) as refused:
        app.synth()
    return str(refused.value)


def test_a_finding_makes_the_synthesis_raise_and_names_rule_and_construct(synthesis):
    """Also where the property came in past the constructs: the final template is what is read."""
    assert "ValidationFailed" in synthesis
    assert "EU-07" in synthesis
    assert "shop/Overridden/Resource" in synthesis


def test_what_breaks_no_rule_is_not_named(synthesis):
    """Whoever reads the report has to find the one thing that is wrong."""
    assert "shop/Plain" not in synthesis


def test_cdks_own_acknowledgment_silences_nothing(synthesis):
    """It asks for no end date, and one of them would make a report of lesser findings succeed."""
    assert "shop/Acknowledged/Resource" in synthesis


def keys(*names: str, stack: str = "shop") -> Stack:
    """A template of multi-Region keys, with the paths of their constructs."""
    resources = {name: {"Type": "AWS::KMS::Key", "Properties": {"MultiRegion": True}} for name in names}
    paths = {name: f"{stack}/{name}/Resource" for name in names}
    return Stack(stack, "eu-west-3", None, {"Resources": resources}, paths=paths)


def suppression(**changed) -> Suppression:
    said = {"rule": "EU-07", "resource": "shop/One/Resource", "reason": REASON, "until": TODAY}
    return Suppression(**(said | changed))


def said(*suppressions: Suppression, stacks: tuple[Stack, ...] = (keys("One"),)) -> list[tuple[str, list[str]]]:
    """Rule and resources of what makes the synthesis fail."""
    return [
        (each.rule_name, [one.construct_path for one in each.violating_resources])
        for each in boundary(*suppressions).violations(stacks)
    ]


def test_a_suppression_holds_until_its_last_day():
    """One rule, one construct."""
    assert said() == [("EU-07", ["shop/One/Resource"])]
    assert said(suppression()) == []


def test_a_suppression_holds_for_one_construct_and_one_rule():
    """What is beside it, and what else is wrong with it, is found."""
    assert said(suppression(), stacks=(keys("One", "Two"),)) == [("EU-07", ["shop/Two/Resource"])]
    assert ("EU-07", ["shop/One/Resource"]) in said(suppression(rule="EU-04"))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        pytest.param({"until": TODAY - timedelta(days=1)}, "it ended on 2030-06-14", id="over"),
        pytest.param({"until": TODAY + timedelta(days=367)}, "more than 366 days", id="too long"),
        pytest.param({"resource": "shop/*"}, "name one resource", id="a pattern"),
        pytest.param({"resource": ""}, "name one resource", id="nothing"),
        pytest.param({"reason": "accepted risk"}, "no sentence", id="no reason"),
        pytest.param({"rule": "EU-99"}, "there is no rule EU-99", id="no rule"),
    ],
)
def test_a_suppression_that_does_not_hold_is_a_finding_of_its_own(changed, fault):
    """And what it was to hide is found again."""
    found = boundary(suppression(**changed)).violations([keys("One")])

    assert {each.rule_name for each in found} == {"EU-07", SUPPRESSIONS}
    assert fault in next(each.description for each in found if each.rule_name == SUPPRESSIONS)


def test_a_suppression_that_hides_nothing_is_a_finding():
    """A list that is never shortened is not read."""
    found = boundary(suppression(resource="shop/Gone/Resource")).violations([keys("One")])

    assert [each.rule_name for each in found] == ["EU-07", SUPPRESSIONS]
    assert "nothing is found there any more" in found[1].description


def test_every_finding_is_fatal():
    """CDK lets anything less be acknowledged."""
    found = boundary(suppression(rule="EU-99")).violations([keys("One")])

    assert {each.severity for each in found} == {"fatal"}


def test_an_app_of_several_deployments_is_held_to_what_each_declares():
    """A suppression of one is none of the other's; a stack that nobody declared is not read at all: it fails."""
    ours = Declared(kept=lambda _: Kept(), suppressions=[suppression()])
    theirs = Declared(kept=lambda _: Kept())
    pack = Boundary({"shop": ours, "bakery": theirs}.__getitem__, today=TODAY)

    (found,) = pack.violations([keys("One"), keys("One", stack="bakery")])

    assert [each.construct_path for each in found.violating_resources] == ["bakery/One/Resource"]
    with pytest.raises(KeyError):
        pack.violations([keys(stack="unknown")])


def test_a_resource_without_construct_goes_by_stack_and_logical_id():
    """Templates that were not made by constructs, too, can be suppressed in."""
    bare = Stack("shop", "eu-west-3", None, keys("One").template)

    assert said(stacks=(bare,)) == [("EU-07", ["shop/One"])]


def test_the_program_is_refused_with_the_finding(built, tmp_path):
    """`cdk synth`, `make up`: each begins with this program. A carrier whose host nobody declared."""
    given = json.loads((ROOT / "cdk.json").read_text())["context"]
    given |= {"env": "example", "layer": str(built / "layer"), "code": str(built / "code")}
    given["environments"]["example"].pop("hosts")

    done = subprocess.run(
        ["/bin/sh", "-c", json.loads((ROOT / "cdk.json").read_text())["app"]],
        cwd=ROOT,
        env={
            "PATH": f"{ROOT / '.fugace/tools/bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "CDK_CONTEXT_JSON": json.dumps(given),
            "CDK_OUTDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "simulator.example is not declared" in done.stderr
    assert "fugace-example-pipeline/dispatch/Function/Resource" in done.stderr
    assert "Traceback" not in done.stderr
