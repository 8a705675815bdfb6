"""CloudWatch's and Logs' types that ministack's CloudFormation refuses: composite alarms, alarms of sums."""

import functools
from http import HTTPStatus
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator.cloudformation import Properties

_MATH = "fugace:Metrics"
_SUPPRESSION = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def composite_alarms_are_made() -> None:
    """Ministack has the alarms, with their rules, but no resource of a template for them.

    Of what suppresses their actions it remembers the words alone: here, a consequence speaks too.
    """

    def put(name: str, new: Properties) -> tuple[str, Properties]:
        answer = cloudwatch._put_composite_alarm({}, new, is_cbor=False, is_json=True)
        if answer[0] >= HTTPStatus.BAD_REQUEST:
            msg = f"local/emulator/watching.py: {answer[2]!r}"
            raise ValueError(msg)
        made = cloudwatch._composite_alarms[name]
        made |= {key: new[key] for key in _SUPPRESSION if key in new}
        cloudwatch._resource_tags[made["AlarmArn"]] = {each["Key"]: each["Value"] for each in new.get("Tags", ())}
        return name, {"Arn": made["AlarmArn"]}

    def create(_logical: str, new: Properties, _stack: str) -> tuple[str, Properties]:
        return put(new["AlarmName"], new)

    def update(_name: str, _old: Properties, new: Properties, _stack: str) -> tuple[str, Properties]:
        return put(new["AlarmName"], new)

    def delete(name: str, _properties: Properties) -> None:
        cloudwatch._composite_alarms.pop(name, None)
        cloudwatch._composite_triggers.pop(name, None)

    handlers = {"create": create, "update": update, "delete": delete}
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = handlers


def alarms_of_sums_are_kept() -> None:
    """An alarm on an expression (`Metrics`) is shown as it was asked for, and never rings: nothing is computed here."""
    record = provisioners._cw_metric_alarm_record

    @functools.wraps(record)
    def recorded(name: str, props: Properties) -> Any:
        if not props.get("Metrics"):
            return record(name, props)
        plain = {key: each for key, each in props.items() if key != "Metrics"}
        alarm = record(name, {**plain, "MetricName": _MATH, "Namespace": _MATH})
        alarm |= {"Metrics": props["Metrics"]}
        for key in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
            del alarm[key]
        return alarm

    provisioners._cw_metric_alarm_record = recorded


REPAIRS = (composite_alarms_are_made, alarms_of_sums_are_kept)
