"""Which alarms would ring: each alarm of the stack, held against what has been measured since a moment.

The emulator takes no metrics out of log lines and evaluates few alarms; so this reads the same lines and counters.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import boto3

Series = tuple[str, frozenset[tuple[str, str]]]
"""A metric is its name and all of its dimensions: with others it is another one."""


def alarms(environment: str, since: datetime) -> set[str]:
    """The names of those, without prefix, whose metric has passed its threshold at least once."""
    counted, prefix = _counted(environment, since), f"fugace-{environment}-"
    pages = boto3.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    return {
        alarm["AlarmName"].removeprefix(prefix)
        for alarm in found
        if alarm["ComparisonOperator"].startswith("Greater") and _value(alarm, counted, since) >= alarm["Threshold"]
    }


def _value(alarm: dict[str, Any], counted: Counter[Series], since: datetime) -> float:
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    if alarm.get("Namespace") == "Fugace":
        return counted[alarm["MetricName"], frozenset(dimensions.items())]
    if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible":
        return _waiting(dimensions["QueueName"])
    if alarm.get("Namespace") == "AWS/Lambda" and alarm["MetricName"] == "Errors":
        return _errors(dimensions, since)
    return -1.0


def _counted(environment: str, since: datetime) -> Counter[Series]:
    """What was written as embedded metrics."""
    totals = Counter[Series]()
    for line in _lines(environment, since):
        if "_aws" not in line:
            continue
        for kind in line["_aws"]["CloudWatchMetrics"]:
            series = [frozenset((name, str(line[name])) for name in names) for names in kind["Dimensions"]]
            for metric, dimensions in product(kind["Metrics"], series):
                value = line.get(metric["Name"], 0)
                totals[metric["Name"], dimensions] += sum(value) if isinstance(value, list) else value
    return totals


def _lines(environment: str, since: datetime) -> Iterator[dict[str, Any]]:
    logs, start = boto3.client("logs"), int(since.timestamp() * 1000)
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/fugace/{environment}/"):
        for group in page["logGroups"]:
            asked = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"], startTime=start
            )
            events = (event["message"] for events in asked for event in events["events"])
            yield from (json.loads(each) for each in events if each.startswith("{"))


def _waiting(queue: str) -> float:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return float(found["Attributes"]["ApproximateNumberOfMessages"])


def _errors(dimensions: dict[str, str], since: datetime) -> float:
    asked = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=since,
        EndTime=datetime.now(UTC),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(each["Sum"] for each in asked["Datapoints"]))
