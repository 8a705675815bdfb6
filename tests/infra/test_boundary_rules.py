"""Each rule of the pack, on a template that breaks it and on its neighbour that does not."""

import re
from datetime import timedelta

import pytest

from infra.boundary.declared import Declared, Kept, Part
from infra.boundary.regions import UNION
from infra.boundary.rule import examine
from infra.boundary.rules import RULES
from infra.boundary.template import Resource, Stack
from tests.infra.cases.case import of
from tests.infra.cases.edges import EDGES
from tests.infra.cases.life import LIFE
from tests.infra.cases.locks import LOCKS
from tests.infra.cases.places import PLACES
from tests.infra.cases.quiet import QUIET

CASES = (*PLACES, *EDGES, *LIFE, *LOCKS, *QUIET)
KNOWN = {"Lambda", "SQS", "SNS", "DynamoDB", "S3", "Logs", "Events", "Kinesis"}


def kept(part: Part) -> Kept | None:
    """A small map: a month for everything of a few services, an index by its name, nothing in `bare`."""
    name = part.resource.properties.get("TableName") or part.resource.properties.get("QueueName")
    if part.type.partition(":")[0] not in KNOWN or part.name == "unknown":
        return None
    if name == "bare" and part.type != "DynamoDB::Table":
        return None
    lives = {"short": timedelta(days=1), "timeless": None}
    return Kept(lives.get(str(name), timedelta(days=30)), "nobody is in it" if name == "ledger" else "")


DECLARED = Declared(
    kept=kept,
    hosts={"declared.example", "ops@declared.example"},
    accounts={"999900001111"},
    custom={"Custom::Read"},
)


def stack(resources, region="eu-west-3", **more) -> Stack:
    return Stack("app", region, "111122223333", {"Resources": resources, **more})


def found(template: Stack, rule: str) -> list[Resource]:
    """The resources in which a rule finds something."""
    return [
        each.resource
        for resource in template.resources
        for each in examine(RULES, resource, DECLARED)
        if each.rule.id == rule
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.called)
def test_what_a_rule_forbids_is_found_where_it_is(case):
    """The finding names the resource that somebody has to change."""
    assert {each.logical_id for each in found(stack(case.bad), case.rule)} == {"Planted"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.called)
def test_what_a_rule_allows_is_let_be(case):
    """A rule that also finds what is right is switched off by whoever meets it."""
    assert found(stack(case.good), case.rule) == []


def test_where_a_resource_is_told_urls_can_be_declared():
    """A project that keeps addresses in a parameter says how to read it."""
    said = Declared(kept=kept, told=lambda resource: iter([("Tags", str(resource.properties.get("Tags")))]))
    (_, function) = stack(of("Lambda::Function", Tags="https://carrier.example")).resources

    assert [each.where for each in examine(RULES, function, said) if each.rule.id == "EU-19"] == ["Tags"]


def test_every_rule_is_broken_once():
    """EU-01 is about the stack, not about anything in it: it has tests of its own."""
    assert {case.rule for case in CASES} | {"EU-01"} == {rule.id for rule in RULES}


def test_every_rule_says_what_it_closes():
    """An id that is used twice would let one suppression hide two findings."""
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"(EU|GDPR)-\d\d", rule.id) and rule.title and rule.closes for rule in RULES)


@pytest.mark.parametrize("region", ["eu-west-2", "eu-central-2", "eu-isoe-west-1", "us-east-1", None])
def test_a_stack_belongs_into_the_union(region):
    """None: it would go wherever the credentials point."""
    assert [each.type for each in found(stack({}, region), "EU-01")] == ["Template"]


@pytest.mark.parametrize("region", UNION)
def test_a_stack_may_be_in_each_region_of_the_list(region):
    """The Sovereign Cloud's, too, which no pattern for `eu-` knows."""
    name = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"ours-{region}"}}
    other = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"ours-{UNION[UNION.index(region) - 1]}"}}

    assert found(stack({}, region), "EU-01") == []
    assert found(stack({"Own": name}, region), "EU-03") == []
    assert [each.logical_id for each in found(stack({"Other": other}, region), "EU-03")] == ["Other"]


@pytest.mark.parametrize("part", ["Outputs", "Mappings", "Parameters", "Conditions"])
def test_what_is_no_resource_is_read_too(part):
    """A Region, or a secret, may come in by a parameter's default."""
    hidden = {part: {"Any": {"Default": "arn:aws:sqs:us-east-1:111122223333:q"}}}

    assert [each.type for each in found(stack({}, **hidden), "EU-02")] == ["Template"]


def test_a_template_that_is_not_final_is_not_believed():
    """A macro may put anything there after everybody has looked."""
    assert [each.type for each in found(stack({}, Transform=["Theirs"]), "EU-12")] == ["Template"]


@pytest.mark.parametrize(
    "named",
    ["us-gov-west-1", "ap-southeast-2", "cn-north-1", "il-central-1", "eu-west-3a", "x-us-east-1-y", "eusc-de-east-1"],
)
def test_a_region_is_recognized_wherever_it_is_named(named):
    """Within a longer name, and with the letter of an availability zone."""
    home = "eu-west-3" if "eu-west-3" not in named else "eu-west-1"
    planted = {"Planted": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": named}}}

    assert found(stack(planted, home), "EU-02") + found(stack(planted, home), "EU-03")


@pytest.mark.parametrize("word", ["status-west-1", "menu-central-1", "eu-western-1", "eu-west", "seu-west-2"])
def test_a_word_that_only_looks_like_a_region_is_let_be(word):
    """Names of things are made of such words."""
    planted = {"Planted": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": word}}}

    assert found(stack(planted), "EU-02") == []
