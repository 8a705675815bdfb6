"""One cause wakes one person once: which of all alarms speak, alone and together."""

import json
from collections import Counter

import pytest

from infra.config import ROOT
from infra.parts.causes import ACUTE, causes
from infra.parts.metrics import dead_queues
from tests.infra.rules import Composites, named, true
from tests.infra.test_watch import alarms


def composites(stacks):
    prefix = f"fugace-{stacks.environment}-"
    return {each["AlarmName"].removeprefix(prefix): each for each in stacks.properties("CloudWatch::CompositeAlarm")}


def leaves(stacks):
    """The alarms that each cause's rule looks at, without other causes."""
    prefix, own = f"fugace-{stacks.environment}-", composites(stacks)
    return {
        name: [leaf.removeprefix(prefix) for leaf in named(each["AlarmRule"]) if leaf.removeprefix(prefix) not in own]
        for name, each in own.items()
    }


SCENARIOS = {
    "the store is throttled": (
        "foundations",
        (
            "dynamodb-throttled messages-writes-throttled accept-unavailable api-5xx send-slow dispatch-failing "
            "relay-failing relay-late receipts-late hand-over-in-doubt"
        ),
    ),
    "the store is gone for an hour": (
        "foundations",
        (
            "dynamodb-unreached api-5xx auth-bugs send-bugs dispatch-bugs relay-errors relay-late reconcile-bugs "
            "reconcile-silent plan-silent plan-bugs watch-silent settle-bugs notify-late carrier-simulator-late "
            "purge-lag-record carrier-simulator-dead-not-empty"
        ),
    ),
    "KMS does not open the root key": (
        "foundations",
        (
            "kms-unreached api-5xx accept-unavailable send-bugs dispatch-bugs dispatch-failing "
            "carrier-simulator-late notify-bugs export-bugs request-partial notify-dead-not-empty"
        ),
    ),
    "all functions that may run at once do": ("foundations", "throttled api-5xx relay-late notify-late"),
    "a carrier is down": (
        "carrier-simulator-failing",
        (
            "carrier-simulator-errors carrier-simulator-late carrier-simulator-dead-not-empty receive-quiet "
            "dispatch-busy no-receipts"
        ),
    ),
    "a carrier's adapter has a bug": (
        "not-leaving",
        (
            "dispatch-bugs hand-over-in-doubt carrier-simulator-errors carrier-simulator-late "
            "carrier-simulator-dead-not-empty"
        ),
    ),
    "the receiver of a webhook is down": ("tenants-untold", "notify-late notify-dead-not-empty"),
    "carriers' reports do not arrive": ("receipts-missing", "receive-quiet dispatch-busy"),
    "a carrier has changed its secret": ("receipts-missing", "receipts-refused no-receipts"),
    "accept has a bug": ("api-failing", "send-bugs api-5xx send-slow"),
    "accept is slow": ("api-slow", "send-slow"),
    "the relay has a bug": ("not-leaving", "relay-bugs relay-failing relay-late relay-failures-not-empty"),
    "more tenants are active than reconcile can look at": ("receipts-missing", "reconcile-behind"),
    "reconcile has a bug": ("receipts-missing", "reconcile-bugs reconcile-silent reconcile-dead-not-empty"),
    "schedules wake nobody": (
        "not-woken",
        "reconcile-silent plan-silent watch-silent checkpoint-silent plan-dead-not-empty",
    ),
    "the purge is not planned": ("purge-silent", "plan-silent plan-bugs purge-lag-record plan-dead-not-empty"),
    "the purge does not get on": ("purge-late", "sweep-errors sweep-late purge-lag-record purge-lag-content"),
    "the ledger is not signed": ("ledger-unsigned", "checkpoint-bugs checkpoint-silent checkpoint-dead-not-empty"),
    "the ledger was rewritten": ("data-tampered", "ledger-rewritten"),
    "a key has gone": ("data-tampered", "key-missing"),
    "a step of a request fails": ("requests-stuck", "export-bugs request-partial request-slow"),
    "a person's request is slow": ("requests-slow", "request-slow"),
    "a person's request is late": ("request-near-date", "request-overdue"),
    "a request's address is silent": ("tenants-untold", "callback-failed callbacks-dead-not-empty"),
    "a restore stops": ("restore-failed", "restore-stopped restore-bugs"),
    "one body is a dead letter": ("dead-letters", "notify-dead-not-empty"),
    "dead letters stay when their cause has ended": ("dead-letters", "carrier-simulator-dead-not-empty"),
}
"""What happens, who is called for it, and which alarms it sets off."""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_one_cause_wakes_one_person_once(example, scenario):
    """However many alarms it sets off."""
    wakes, set_off = SCENARIOS[scenario]

    assert Composites(example, *set_off.split()).pages == [wakes]


def test_conditions_that_are_no_fault_wake_nobody(example):
    """A quiet night, and a busy day."""
    assert Composites(example).pages == []
    assert Composites(example, "receive-quiet").pages == []
    assert Composites(example, "dispatch-busy").pages == []


def test_each_alarm_wakes_somebody(example):
    """By itself, each has a cause that speaks; the two conditions have one together."""
    for name in set(alarms(example)) - {"receive-quiet", "dispatch-busy"}:
        assert len(Composites(example, name).pages) == 1, name


def test_two_causes_are_two_calls(example):
    """Silence must not go further than what follows from the deeper one."""
    assert Composites(example, "carrier-simulator-errors", "plan-silent").pages == [
        "carrier-simulator-failing",
        "purge-silent",
    ]
    assert Composites(example, "kms-unreached", "ledger-rewritten").pages == ["data-tampered", "foundations"]
    assert Composites(example, "request-overdue", "dynamodb-throttled").pages == ["foundations", "request-near-date"]


def test_the_evaluation_itself_sees():
    """NOT before AND before OR, brackets first: were it lenient, the tests above would say nothing."""
    on = {"a", "b"}.__contains__

    assert true("ALARM(x) OR ALARM(a) AND ALARM(b)", on)
    assert not true("(ALARM(x) OR ALARM(a)) AND NOT ALARM(b)", on)
    assert not true("ALARM(a) AND ALARM(x)", on)
    with pytest.raises(AssertionError):
        true("ALARM(a) XOR ALARM(b)", on)


def test_every_alarm_belongs_to_one_cause(example):
    """One that belongs to none is never heard; one that belongs to two is heard twice."""
    configured = causes(example_environment(example))
    owned = Counter(leaf for cause in configured for leaf in cause.leaves)

    assert set(owned) == set(alarms(example))
    assert set(owned.values()) == {1}
    seen = leaves(example)
    for cause in configured:
        assert set(cause.leaves) <= set(seen[cause.name]), cause.name


def example_environment(stacks):
    from infra.config import read  # noqa: PLC0415  # as the fixtures do

    return read(json.loads((ROOT / "cdk.json").read_text())["context"] | {"env": stacks.environment})


def test_alarms_are_silent_and_causes_speak(example):
    """Begun and over, on one topic; what gathers the acute ones is for CloudWatch alone."""
    for name, each in alarms(example).items():
        assert not {"AlarmActions", "OKActions"} & set(each), name
    for name, each in composites(example).items():
        if name == ACUTE:
            assert "AlarmActions" not in each
        else:
            assert each["AlarmActions"] == each["OKActions"] == [{"Ref": each["AlarmActions"][0]["Ref"]}], name


def test_rules_are_as_long_as_they_may_be(example):
    """10,240 characters and 100 alarms; CDK does not count. Source: CloudWatch API Reference, "PutCompositeAlarm"."""
    for each in alarms(example).values():
        assert len(each["AlarmDescription"]) <= 1_024
    for each in composites(example).values():
        assert len(each["AlarmRule"]) <= 10_240
        assert len(set(named(each["AlarmRule"]))) <= 100
        assert len(each["AlarmDescription"]) <= 1_024


def test_few_causes_for_many_alarms(example):
    """Whoever is on call can know them all: sixteen, and one for each carrier."""
    speaking = [each for each in composites(example).values() if "AlarmActions" in each]

    assert len(speaking) == 16 + 2
    assert len(alarms(example)) > 100


def test_a_consequence_waits_for_its_cause(example):
    """What is deeper may be seen a little later, and dead letters get an hour to be put back."""
    for name, each in composites(example).items():
        if "ActionsSuppressor" in each:
            assert each["ActionsSuppressor"] in {"fugace-example-foundations", "fugace-example-acute"}
            assert each["ActionsSuppressorWaitPeriod"] == 300
            later = 3600 if name == "dead-letters" else 900
            assert each["ActionsSuppressorExtensionPeriod"] == later


def test_what_lies_deepest_is_seen_as_soon_as_what_follows(example):
    """A bug is told after five minutes, and waits for five more: by then it must be known that it is none."""
    found = alarms(example)
    for name in ("dynamodb-throttled", "dynamodb-unreached", "kms-throttled", "kms-unreached"):
        assert found[name]["Period"] * found[name]["EvaluationPeriods"] == 300
    assert found["send-bugs"]["Period"] * found["send-bugs"]["EvaluationPeriods"] == 300


def test_what_a_rule_names_is_made_before_it(example):
    """CloudWatch refuses a rule that names what is not there, and rules hold names, not references."""
    made = dict(example.resources("CloudWatch::Alarm", "CloudWatch::CompositeAlarm"))
    by_name = {each["Properties"]["AlarmName"]: logical for logical, each in made.items()}
    for each in made.values():
        if rule := each["Properties"].get("AlarmRule"):
            suppressor = each["Properties"].get("ActionsSuppressor")
            wanted = {by_name[name] for name in (*named(rule), *([suppressor] if suppressor else []))}
            assert wanted <= set(each["DependsOn"])


def test_every_dead_letter_is_spoken_of_under_one_name(example):
    """Whoever is woken looks at all of them at once."""
    expected = {f"{key}-not-empty" for key in dead_queues(example_environment(example))}

    assert set(leaves(example)["dead-letters"]) == expected


def test_the_topic_is_under_our_key_and_lets_alarms_in(example):
    """CloudWatch must be let in by name: a topic with a policy of its own has lost the default one."""
    topic = example.one("SNS::Topic")
    statements = example.one("SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]

    assert "KeysServices" in json.dumps(topic["KmsMasterKeyId"])
    assert [each["Principal"] for each in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert "aws:SourceAccount" in json.dumps(allowed[0]["Condition"])
    assert any(each["Effect"] == "Deny" and "SecureTransport" in json.dumps(each) for each in statements)
