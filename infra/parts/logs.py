"""Log groups: under our key, and never kept longer than was said."""

from collections.abc import Callable
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Environment

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


@dataclass(frozen=True, slots=True)
class LogClass:
    """Logs that are kept for the same time, for the same reason."""

    why: str
    days: Callable[[Environment], int]
    record: bool
    """Whether it is a record of something: it then outlives its stack where data are kept."""


CLASSES = {
    "work": LogClass("what functions did, for whoever looks for a fault", lambda each: each.log_days, record=False),
    "access": LogClass(
        "who called the API: a key, a tenant, and no person", lambda each: each.access_days, record=True
    ),
}
"""There is no third: execution logs of the API and of state machines hold whole bodies, and are off."""


def log_group(
    scope: Construct, construct: str, name: str, *, environment: Environment, key: kms.IKey, kind: str = "work"
) -> logs.LogGroup:
    """`/fugace/ENVIRONMENT/NAME`, of one of `CLASSES`."""
    its = CLASSES[kind]
    return logs.LogGroup(
        scope,
        construct,
        log_group_name=environment.log_group(name),
        retention=_RETENTION[its.days(environment)],
        encryption_key=key,
        removal_policy=RemovalPolicy.RETAIN if its.record and environment.retain else RemovalPolicy.DESTROY,
    )
