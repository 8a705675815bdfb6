"""docs/limits.md says what is deployed: an operator decides by it what to raise."""

import re

import pytest

from cli.estimate import ALARMS, COMPOSITES, DASHBOARDS, KEYS, SECRETS
from infra.config import ROOT
from infra.parts import queues, rest_api
from infra.stacks.pipeline import AT_ONCE

PAGE = (ROOT / "docs/limits.md").read_text()


def row(begins):
    """The cells of the one row that begins so."""
    (found,) = re.findall(rf"^\| {re.escape(begins)}[^|]* \|(.*)\|$", PAGE, re.MULTILINE)
    return found


def test_our_own_limits_are_those_of_the_code():
    """The roof is far below the account's, and the first that a client meets."""
    assert f"{rest_api.RATE} requests a second, {rest_api.BURST:,} at once" in row("our own roof for the API")
    assert ", ".join(map(str, AT_ONCE.values())) in row("functions at once for webhooks, receipts, purges, callbacks")
    assert row("tries of a body").strip() == str(queues.RECEIVES)
    assert (
        row("a body on a queue, a dead letter").strip() == f"{queues.KEPT.to_days()} days, {queues.DEAD.to_days()} days"
    )


@pytest.mark.parametrize(
    ("begins", "found"),
    [
        ("resources of a stack", lambda stacks: len(stacks.templates["pipeline"]["Resources"])),
        ("CloudWatch", lambda stacks: len(stacks.properties("CloudWatch::Alarm"))),
    ],
)
def test_how_far_an_environment_is_from_a_limit_is_about_right(example, begins, found):
    """Within a fifth: enough to know whether it is near."""
    (said,) = re.findall(r"has about (\d+)", row(begins))

    assert found(example) == pytest.approx(int(said), rel=0.2)


def test_the_price_of_alarms_is_that_of_those_there_are(example):
    """CloudWatch asks for each metric that an alarm looks at. A fifth is a few dollars."""
    looked_at = [
        max(1, sum("MetricStat" in metric for metric in each.get("Metrics", ())))
        for each in example.properties("CloudWatch::Alarm")
    ]

    assert sum(looked_at) == pytest.approx(ALARMS, rel=0.2)
    assert len(example.properties("CloudWatch::CompositeAlarm")) == pytest.approx(COMPOSITES, rel=0.2)
    assert len(example.properties("CloudWatch::Dashboard")) == DASHBOARDS
    assert len(example.properties("KMS::Key")) == KEYS
    assert len(example.properties("SecretsManager::Secret")) == SECRETS
