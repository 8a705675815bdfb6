"""cdk-nag's packs over `example`: what they find is acknowledged, resource by resource, and nothing else is.

They run in a synthesis of their own, of one environment: over all of them they would take a minute.
"""

import json
import re
from collections.abc import Iterator

import pytest

from infra.acknowledged import ACKNOWLEDGED, STORAGE_LIMITATION, findings

PACKS = {
    "AwsSolutionsChecks": "AwsSolutions",
    "NIST80053R5Checks": "NIST.800.53.R5",
    "HIPAASecurityChecks": "HIPAA.Security",
}
_FINE = re.compile(r"IAM5\[Resource::(?:arn:.*<AWS::AccountId>:|.*Arn[0-9A-F]{8}/)(?P<what>.*)\]")
"""A wildcard is found with the whole ARN: what comes after the account, or in a bucket, is what tells them apart."""


@pytest.fixture(scope="module")
def reports(environment_of, tmp_path_factory):
    """What each pack says of `example`."""
    import cdk_nag  # noqa: PLC0415  # after PATH has node
    from aws_cdk import App, Validations  # noqa: PLC0415  # after PATH has node

    from infra.app import build  # noqa: PLC0415  # after PATH has node

    folder = tmp_path_factory.mktemp("nag")
    app = App(outdir=str(folder), analytics_reporting=False)
    build(app, environment_of("example"))
    Validations.of(app).add_plugins(*(getattr(cdk_nag, pack)(app) for pack in PACKS))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    return {each["pluginName"]: each["violations"] for each in report["pluginReports"]}


def found(reports) -> Iterator[tuple[str, str]]:
    """Rule, without its pack's name, and construct."""
    for pack in PACKS.values():
        for violation in reports[pack]:
            rule = violation["ruleName"].removeprefix(f"{pack}-").replace("fugace-example", "fugace-E")
            rule = _FINE.sub(r"IAM5 \g<what>", rule)
            yield from ((rule, each["constructPath"]) for each in violation["violatingConstructs"])


def test_what_the_packs_find_is_acknowledged_and_nothing_else_is(reports, environment_of):
    """Missing: fix it, or say why not. Stale: somebody fixed it, and the list says otherwise."""
    seen = set(found(reports))
    known = {(rule, path) for rule, path, _ in findings(environment_of("example"))}

    assert len(seen) > 100
    assert {"missing": sorted(seen - known), "stale": sorted(known - seen)} == {"missing": [], "stale": []}


def test_each_pack_has_run(reports):
    """A pack that found nothing would not have looked."""
    assert all(reports[pack] for pack in PACKS.values())


def test_nothing_is_acknowledged_by_a_pattern_or_without_a_reason():
    """A reviewer checks one sentence against one resource."""
    for each in ACKNOWLEDGED:
        assert not [path for path in each.where if "*" in path]
        assert len(each.reason.split()) >= 12
        assert len(set(each.where)) == len(each.where)


def test_no_resource_is_acknowledged_twice_for_one_rule(environment_of):
    """Two reasons for one thing: one of them is wrong."""
    known = [(rule, path) for rule, path, _ in findings(environment_of("example"))]

    assert len(known) == len(set(known))


@pytest.mark.parametrize(
    "rule", ["S3BucketReplicationEnabled", "DynamoDBInBackupPlan", "DynamoDBPITREnabled", "S1", "SF1"]
)
def test_what_storage_limitation_forbids_is_refused_for_that_reason(rule):
    """Replicas, back-ups without end, logs of everything: the packs ask for them, the Regulation for the opposite."""
    assert rule in {each for one in STORAGE_LIMITATION for each in one.rules}
