"""Alarms that ministack's CloudFormation does not make by itself: composite ones, and those of sums."""

from typing import Any

from tests.emulator.cloud import Aws, wait_for

LEAF = {
    "AlarmName": "leaf",
    "Namespace": "Fugace",
    "MetricName": "Bug",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def alarm(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**LEAF, **more}}


def cause(rule: str, **more: Any) -> dict[str, Any]:
    words = {"AlarmName": "cause", "AlarmRule": rule, **more}
    return {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": words, "DependsOn": ["Leaf"]}


def test_a_composite_alarm_follows_its_rule_until_it_goes_with_its_stack(aws: Aws) -> None:
    """What is deployed on a laptop is what is deployed on AWS; CloudFormation keeps what suppresses it, too."""
    asked = {
        "ActionsSuppressor": "leaf",
        "ActionsSuppressorWaitPeriod": 300,
        "ActionsSuppressorExtensionPeriod": 900,
        "Tags": [{"Key": "fugace", "Value": "test"}],
    }
    aws.deploy("composed", {"Leaf": alarm(), "Cause": cause("ALARM(leaf)", **asked)})
    cloudwatch = aws("cloudwatch")

    def state() -> list[str]:
        found = cloudwatch.describe_alarms(AlarmNames=["cause"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        assert all(each["ActionsSuppressorWaitPeriod"] == 300 for each in found)
        return [each["StateValue"] for each in found]

    assert state() == ["OK"]
    cloudwatch.put_metric_data(Namespace="Fugace", MetricData=[{"MetricName": "Bug", "Value": 2.0}])
    assert wait_for(lambda: state() == ["ALARM"])
    aws("cloudformation").delete_stack(StackName="composed")
    assert wait_for(lambda: state() == [])


def test_an_alarm_on_a_sum_is_shown_as_it_was_asked_for(aws: Aws) -> None:
    """It never rings here, as nothing is computed; but the stack deploys, and can be read back."""
    part = {"Namespace": "Fugace", "MetricName": "Bug", "Dimensions": [{"Name": "service", "Value": "send"}]}
    metrics = [
        {"Id": "sum", "Expression": "100 * one", "Label": "share"},
        {"Id": "one", "MetricStat": {"Metric": part, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
    ]
    plain = ("MetricName", "Namespace", "Statistic", "Period")
    words = {key: each for key, each in LEAF.items() if key not in plain} | {"AlarmName": "sum", "Metrics": metrics}
    aws.deploy("summed", {"Sum": {"Type": "AWS::CloudWatch::Alarm", "Properties": words}})

    (found,) = aws("cloudwatch").describe_alarms(AlarmNames=["sum"])["MetricAlarms"]

    assert found["Metrics"] == metrics
    assert found["StateValue"] == "INSUFFICIENT_DATA"
