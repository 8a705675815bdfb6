"""Later: a queue's own delay where that reaches, EventBridge Scheduler beyond."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from fugace.adapters.faults import Asking, code_of
from fugace.adapters.queues import LONGEST_DELAY, SqsQueue
from fugace.adapters.session import Aws
from fugace.ports import Clock

_SECOND = timedelta(seconds=1)


class ScheduleTimer:
    """A `fugace.ports.Timer`. Within 15 minutes a repeated call is a second message: consumers bear repeats."""

    def __init__(self, aws: Aws, *, queues: Mapping[str, str], group: str, role: str, clock: Clock) -> None:
        """`queues`: urls by `carrier/NAME` and `notify`. `role`: the ARN of the role that schedules take."""
        self._aws = aws
        self._queues = queues
        self._group = group
        self._role = role
        self._clock = clock

    def at(self, when: datetime, queue: str, body: Mapping[str, str | int], *, name: str) -> None:
        """One request to SQS or to the Scheduler."""
        delay = max(when - self._clock(), timedelta(0))
        if delay <= LONGEST_DELAY:
            SqsQueue(self._aws, self._queues[queue]).send([body], delay=delay)
            return
        try:
            self._schedule(when, self._arn(self._queues[queue]), body, name)
        except ClientError as error:
            if code_of(error) != "ConflictException":  # it is there already
                raise

    def cancel(self, name: str) -> None:
        """One request."""
        try:
            with Asking():
                self._aws.client("scheduler").delete_schedule(Name=name, GroupName=self._group)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":  # it has run, or never was
                raise

    def _schedule(self, when: datetime, target: str, body: Mapping[str, str | int], name: str) -> None:
        second = when.astimezone(UTC).replace(microsecond=0)
        second += _SECOND if second < when else timedelta(0)  # never early
        with Asking():
            self._aws.client("scheduler").create_schedule(
                Name=name,
                GroupName=self._group,
                ScheduleExpression=f"at({second:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={"Arn": target, "RoleArn": self._role, "Input": json.dumps(body, separators=(",", ":"))},
            )

    def _arn(self, url: str) -> str:
        """A queue's ARN: account and name are in its URL, the partition in the role's ARN."""
        account, name = urlsplit(url).path.strip("/").split("/")[-2:]
        return f"arn:{self._role.split(':')[1]}:sqs:{self._aws.region}:{account}:{name}"
