"""Somebody is woken, and by the right things."""

import ast
import importlib
import json
from functools import cache

from fugace.edge import observe
from functions.purge import events, plan
from infra.duties import DUTIES
from infra.parts.alarms import OVERDUE
from infra.parts.complaints import COMPLAINTS
from infra.parts.dashboard import DELETED
from tests.infra.conftest import ROOT


def alarms(stacks):
    prefix = f"fugace-{stacks.environment}-"
    watched = stacks.templates["watch"]["Resources"].values()
    found = [each["Properties"] for each in watched if each["Type"] == "AWS::CloudWatch::Alarm"]
    return {each["AlarmName"].removeprefix(prefix): each for each in found}


def dimension(alarm):
    return {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}


def test_every_queue_that_should_be_empty_is_watched(example):
    """A dead-letter queue that nobody looks at is a slow way to lose messages."""
    dead = {
        each["QueueName"]
        for each in example.properties("SQS::Queue")
        if each["QueueName"].endswith(("-dead", "-failures"))
    }
    watched = {
        dimension(each)["QueueName"]: each
        for each in alarms(example).values()
        if each["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }

    assert set(watched) == dead
    assert len(dead) == 12
    for each in watched.values():
        assert (each["Threshold"], each["EvaluationPeriods"]) == (1, 1)


def test_waiting_is_watched_wherever_something_waits(example):
    """The stream, by the iterator of each who reads it; each live queue, by its oldest body."""
    live = {each["QueueName"] for each in example.properties("SQS::Queue") if "RedrivePolicy" in each}
    found = alarms(example).values()

    assert {
        dimension(each)["QueueName"] for each in found if each["MetricName"] == "ApproximateAgeOfOldestMessage"
    } == live
    iterators = [each for each in found if each["MetricName"] == "IteratorAge"]
    assert {dimension(each)["FunctionName"] for each in iterators} == {"fugace-example-relay", "fugace-example-tally"}
    for each in iterators:
        assert each["Threshold"] < 24 * 3600 * 1000


def test_every_function_is_watched_for_failures_it_sees_and_failures_it_does_not(example):
    """A bug is caught and counted by the function itself; a timeout only by Lambda."""
    found = alarms(example)
    for name in DUTIES:
        assert dimension(found[f"{name}-errors"]) == {"FunctionName": f"fugace-example-{name}"}
        assert dimension(found[f"{name}-bugs"]) == {"service": name}


EDGE = [f"layers/common/python/fugace/edge/{name}.py" for name in ("observe", "problem")]


@cache
def counted(name):
    """What a function counts: in its handler's module, and in what surrounds every handler."""
    module = DUTIES[name].handler.rpartition(".")[0]
    imported = vars(importlib.import_module(module)).get("METRICS", {})  # a use case's own list
    words = {word for path in (module.replace(".", "/") + ".py", *EDGE) for word in names((ROOT / path).read_text())}
    return words | set(imported.values())


COUNTERS = {"count": 0, "gauge": 0, "count_of": 1, "gauge_of": 1}
"""What counts, and which of its arguments is the metric's name."""


def names(source):
    """The names that a module gives to what counts; where one is computed, any word of a dictionary may be meant."""
    tree = list(ast.walk(ast.parse(source)))
    given = [
        each.args[COUNTERS[name]]
        for each in tree
        if isinstance(each, ast.Call) and (name := ast.unparse(each.func).removeprefix("observe.")) in COUNTERS
    ]
    if any(not isinstance(each, ast.Constant) for each in given):
        given += [word for each in tree if isinstance(each, ast.Dict) for word in (*each.keys, *each.values)]
    return {each.value for each in given if isinstance(each, ast.Constant)}


def test_what_is_asked_of_the_functions_is_what_they_count(example):
    """A metric that nobody sends is an alarm that never rings, and a graph that is always well."""
    ours = [each for each in alarms(example).values() if each["Namespace"] == "Fugace"]
    asked = {(each["MetricName"], dimension(each)["service"]) for each in ours}
    parts = example.one("CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    page = json.loads("".join(each if isinstance(each, str) else "x" for each in parts))
    lines = [line for widget in page["widgets"] for line in widget["properties"]["metrics"]]
    drawn = {(line[1], line[line.index("service") + 1]) for line in lines if line[0] == "Fugace"}

    assert {(each.metric, each.function) for each in COMPLAINTS} <= asked & drawn
    assert {(metric, name) for metric, name in asked | drawn if metric not in counted(name)} == set()


def test_kinds_are_those_that_the_functions_tell():
    """A dimension that nobody sends is an alarm that never rings; one that nobody asks for is a graph that nobody has.

    What is deleted is told by the words that the sweep uses; lag by those of the plan.
    """
    assert set(OVERDUE) == set(plan.KINDS)
    assert set(DELETED) == set(events._METRIC.values())
    assert set(OVERDUE) | set(DELETED) == observe.KINDS


def test_what_is_wrong_in_itself_wakes_somebody_the_first_time(example):
    """Where repeats cure it, twice in a quarter of an hour; the rest is not waited for."""
    found = alarms(example)
    at_once = {each.alarm for each in COMPLAINTS if not each.lasting}

    assert at_once == {
        *("hand-over-in-doubt", "key-missing", "never-sent", "ledger-rewritten", "uncounted", "callback-failed"),
        *("request-partial", "request-due-in-7-days", "request-due-in-2-days", "request-overdue"),
    }
    for each in COMPLAINTS:
        alarm = found[each.alarm]
        wanted = (1, 1) if each.alarm in at_once else (3, 2)
        assert alarm["Threshold"] == 1
        assert alarm["Statistic"] == "Sum"
        assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == wanted
        assert alarm["TreatMissingData"] == "notBreaching"


def test_silence_is_an_alarm(example):
    """A pass that no longer ends well reports no error: missing data is the error, and being woken is no proof."""
    found = alarms(example)["reconcile-silent"]

    assert (found["MetricName"], dimension(found)) == ("Reconciled", {"service": "reconcile"})
    assert found["TreatMissingData"] == "breaching"
    assert found["ComparisonOperator"] == "LessThanThreshold"
    assert found["Period"] * found["EvaluationPeriods"] <= 20 * 60


def test_a_purge_that_nobody_plans_is_an_alarm(example):
    """Three runs that were not: what is over is hidden all the same, and still stored."""
    found = alarms(example)["purge-silent"]

    assert (found["MetricName"], dimension(found)) == ("Planned", {"service": "plan"})
    assert found["TreatMissingData"] == "breaching"
    assert found["ComparisonOperator"] == "LessThanThreshold"
    assert found["Period"] * found["EvaluationPeriods"] == 45 * 60


def test_a_ledger_that_nobody_signs_is_an_alarm(example):
    """A day and two hours. CloudWatch looks back for more than a day in periods of an hour and more only."""
    found = alarms(example)["checkpoint-silent"]

    assert (found["MetricName"], dimension(found)) == ("Checkpointed", {"service": "checkpoint"})
    assert found["TreatMissingData"] == "breaching"
    assert (found["Period"], found["EvaluationPeriods"]) == (3600, 26)


def test_a_request_that_takes_longer_than_we_mean_to_is_an_alarm(example):
    """The controller's month must not be spent here."""
    found = alarms(example)["request-slow"]

    assert (found["MetricName"], dimension(found)) == ("RequestAge", {"service": "watch"})
    assert (found["Statistic"], found["Threshold"]) == ("Maximum", 72 * 3600)


def test_requests_that_nobody_looks_at_are_an_alarm(example):
    """Nothing else takes up what failed, and nothing else knows of a deadline."""
    found = alarms(example)["watch-silent"]

    assert (found["MetricName"], dimension(found)) == ("Watched", {"service": "watch"})
    assert found["TreatMissingData"] == "breaching"
    assert found["ComparisonOperator"] == "LessThanThreshold"
    assert found["Period"] * found["EvaluationPeriods"] == 45 * 60


def test_a_run_of_the_machine_that_did_not_end_well_is_an_alarm(example):
    """Its functions may all be well: a definition can fail by itself, and so can a right that it lacks."""
    found = [each for each in alarms(example).values() if each["Namespace"] == "AWS/States"]

    watched = {(each["MetricName"], dimension(each)["StateMachineArn"]["Fn::Join"][1][-1]) for each in found}
    assert watched == {
        *((metric, ":stateMachine:fugace-example-requests") for metric in ("ExecutionsFailed", "ExecutionsTimedOut")),
        ("ExecutionThrottled", ":stateMachine:fugace-example-requests"),
        ("ExecutionsFailed", ":stateMachine:fugace-example-restore"),
    }
    for each in found:
        assert (each["Threshold"], each["Statistic"]) == (1, "Sum")


def test_what_is_overdue_for_an_hour_is_an_alarm_for_every_kind(example):
    """The promise, kind by kind: the worst of five minutes, and the first time."""
    found = [each for each in alarms(example).values() if each["MetricName"] == "PurgeLag"]

    assert {dimension(each)["kind"] for each in found} == set(OVERDUE)
    for each in found:
        assert each["AlarmName"] == f"fugace-example-purge-lag-{dimension(each)['kind']}"
        assert dimension(each)["service"] == "plan"
        assert (each["Statistic"], each["Threshold"], each["EvaluationPeriods"]) == ("Maximum", 3600, 1)
        assert each["TreatMissingData"] == "notBreaching"


def test_alarms_ask_for_what_is_there(example):
    """A metric of a name that nothing has never rings."""
    names = {
        "QueueName": {each["QueueName"] for each in example.properties("SQS::Queue")},
        "FunctionName": {each["FunctionName"] for each in example.properties("Lambda::Function")},
        "ApiName": {each["Name"] for each in example.properties("ApiGateway::RestApi")},
        "service": {
            each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
            for each in example.properties("Lambda::Function")
        },
        "kind": set(OVERDUE),
    }
    for alarm in alarms(example).values():
        for key, value in dimension(alarm).items():
            if key == "StateMachineArn":  # by name, and the test above knows which
                continue
            assert value in names[key], alarm["AlarmName"]


def test_alarms_are_said_and_unsaid_on_a_topic_under_our_key(example):
    """CloudWatch must be let in by name: a topic with a policy of its own has lost the default one."""
    topic = example.one("SNS::Topic")
    statements = example.one("SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]

    assert "KeysServices" in json.dumps(topic["KmsMasterKeyId"])
    assert [each["Principal"] for each in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert "aws:SourceAccount" in json.dumps(allowed[0]["Condition"])
    assert any(each["Effect"] == "Deny" and "SecureTransport" in json.dumps(each) for each in statements)
    for each in alarms(example).values():
        assert each["AlarmActions"] == each["OKActions"] == [{"Ref": each["AlarmActions"][0]["Ref"]}]
        assert each["AlarmDescription"]


def test_the_watch_holds_no_other_stack_back(example):
    """By name, not by reference: a carrier could never be taken away while the watch imports its queue."""
    imported = json.dumps(example.templates["watch"]).count("Fn::ImportValue")
    exported = example.templates["pipeline"].get("Outputs", {})

    assert imported == json.dumps(example.templates["watch"]).count("KeysServices")
    assert set(exported) == {"ApiUrl"}


def test_there_is_one_page_and_it_names_no_tenant(example):
    """Dimensions are bounded: queues, functions, the API."""
    found = example.one("CloudWatch::Dashboard")

    assert found["DashboardName"] == "fugace-example"
    assert "ten_" not in json.dumps(found)
