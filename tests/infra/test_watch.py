"""Somebody is woken, and by the right things."""

import ast
import importlib
import json
import re
from functools import cache

from fugace.edge import observe
from functions.purge import events, plan
from functions.send import dispatch
from infra.duties import DUTIES
from infra.parts.causes import OVERDUE
from infra.parts.complaints import COMPLAINTS
from infra.parts.dashboards import DELETED, DEPENDENCIES
from tests.infra.conftest import ROOT
from tests.infra.pages import drawn_metrics


def alarms(stacks):
    prefix = f"fugace-{stacks.environment}-"
    watched = stacks.templates["watch"]["Resources"].values()
    found = [each["Properties"] for each in watched if each["Type"] == "AWS::CloudWatch::Alarm"]
    return {each["AlarmName"].removeprefix(prefix): each for each in found}


def watched(alarm):
    """The metrics that an alarm looks at: one, or those of a sum."""
    return [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each] or [alarm]


def ask(metric):
    return metric["MetricName"], dimension(metric)["service"]


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
        if each.get("MetricName") == "ApproximateNumberOfMessagesVisible"
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
        dimension(each)["QueueName"] for each in found if each.get("MetricName") == "ApproximateAgeOfOldestMessage"
    } == live
    iterators = [each for each in found if each.get("MetricName") == "IteratorAge"]
    assert {dimension(each)["FunctionName"] for each in iterators} == {"fugace-example-relay", "fugace-example-tally"}
    for each in iterators:
        assert each["Threshold"] < 24 * 3600 * 1000


def test_every_function_is_watched_for_failures_it_sees_and_failures_it_does_not(example):
    """A bug is caught and counted by the function itself; a timeout only by Lambda."""
    found = alarms(example)
    for name in DUTIES:
        assert dimension(found[f"{name}-errors"]) == {"FunctionName": f"fugace-example-{name}"}
        assert dimension(found[f"{name}-bugs"]) == {"service": name}


METRIC = "([A-Z][a-z0-9]+)+"
DENIED = ("Throttled", "Unreached")
"""What is told of all functions together."""

EDGE = [f"layers/common/python/fugace/edge/{name}.py" for name in ("observe", "problem")]


@cache
def counted(name):
    """What a function may count: in its handler's module, and in what surrounds every handler."""
    if name == "all":
        return set(DENIED)
    module = DUTIES[name].handler.rpartition(".")[0]
    imported = vars(importlib.import_module(module))
    words = {word for path in (module.replace(".", "/") + ".py", *EDGE) for word in names((ROOT / path).read_text())}
    if module == "functions.send.events":
        words |= {dispatch.FAILED, dispatch.REFUSED}
    return words | set(imported.get("METRICS", {}).values())  # a use case's own list


COUNTERS = {"count": 0, "gauge": 0, "count_of": 1, "gauge_of": 1, "count_at": 1}
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
    asked = {
        ask(each) for alarm in alarms(example).values() for each in watched(alarm) if each["Namespace"] == "Fugace"
    }
    drawn = {ask(each) for each in drawn_metrics(example) if each["Namespace"] == "Fugace"}

    assert {(each.metric, each.function) for each in COMPLAINTS} <= asked & drawn
    assert {(metric, name) for metric, name in asked | drawn if metric not in counted(name)} == set()


def test_what_the_functions_count_is_drawn(example):
    """A count that nobody sees is paid for nothing."""
    drawn = {ask(each) for each in drawn_metrics(example) if each["Namespace"] == "Fugace"}
    told = {word for name in (*DUTIES, "all") for word in counted(name) if re.fullmatch(METRIC, word)} - {"Location"}

    assert {"Bug", "Deleted", "CarrierFailed", "Throttled", "RequestOverdue"} <= told
    assert told - {metric for metric, _ in drawn} == set()


def test_dimensions_are_bounded(example):
    """Each value of a dimension is a metric of its own, and is paid as one: no tenant, no id."""
    known = {
        "service": {*DUTIES, "all"},
        "kind": observe.KINDS,
        "carrier": {"simulator", "simulator-account"},
        "dependency": set(observe.DEPENDENCIES),
    }
    for each in drawn_metrics(example):
        if each["Namespace"] == "Fugace":
            assert all(value in known[name] for name, value in dimension(each).items()), each
    assert set(DEPENDENCIES) == set(observe.DEPENDENCIES)


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
    found = alarms(example)["plan-silent"]

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
    found = [each for each in alarms(example).values() if each.get("Namespace") == "AWS/States"]

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
    found = [each for each in alarms(example).values() if each.get("MetricName") == "PurgeLag"]

    assert {dimension(each)["kind"] for each in found} == set(OVERDUE)
    for each in found:
        assert each["AlarmName"] == f"fugace-example-purge-lag-{dimension(each)['kind']}"
        assert dimension(each)["service"] == "plan"
        assert (each["Statistic"], each["Threshold"], each["EvaluationPeriods"]) == ("Maximum", 3600, 1)
        assert each["TreatMissingData"] == "notBreaching"


def test_each_carrier_is_watched_for_the_share_that_it_does_not_take(example):
    """A busy carrier always fails some attempts: a number would ring every day. Of a handful, a share says nothing."""
    found = alarms(example)
    for carrier in ("simulator", "simulator-account"):
        alarm = found[f"carrier-{carrier}-errors"]
        failed, asked = sorted(watched(alarm), key=lambda each: each["MetricName"])
        assert (failed["MetricName"], dimension(failed)["carrier"]) == ("CarrierFailed", carrier)
        assert asked["MetricName"] == "NumberOfMessagesDeleted"
        assert dimension(asked) == {"QueueName": f"fugace-example-carrier-{carrier}"}
        (expression,) = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
        assert re.fullmatch(r"IF\(FILL\((\w+), 0\) > 10, 100 \* FILL\(\w+, 0\) / \1, 0\)", expression)
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (20, 3)


def test_alarms_ask_for_what_is_there(example):
    """A metric of a name that nothing has never rings."""
    names = {
        "QueueName": {each["QueueName"] for each in example.properties("SQS::Queue")},
        "FunctionName": {each["FunctionName"] for each in example.properties("Lambda::Function")},
        "ApiName": {each["Name"] for each in example.properties("ApiGateway::RestApi")},
        "service": {
            each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
            for each in example.properties("Lambda::Function")
        }
        | {"all"},
        "TableName": {each["TableName"] for each in example.properties("DynamoDB::Table")},
        "kind": set(OVERDUE),
        "carrier": {"simulator", "simulator-account"},
        "dependency": set(observe.DEPENDENCIES),
    }
    for alarm in alarms(example).values():
        for key, value in [pair for each in watched(alarm) for pair in dimension(each).items()]:
            if key == "StateMachineArn":  # by name, and the test above knows which
                continue
            assert value in names[key], alarm["AlarmName"]


def test_the_watch_holds_no_other_stack_back(example):
    """By name, not by reference: a carrier could never be taken away while the watch imports its queue."""
    imported = json.dumps(example.templates["watch"]).count("Fn::ImportValue")
    exported = example.templates["pipeline"].get("Outputs", {})

    assert imported == json.dumps(example.templates["watch"]).count("KeysServices")
    assert set(exported) == {"ApiUrl"}
