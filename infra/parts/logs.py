"""Log groups: under our key, and never kept longer than was said."""

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


def log_group(
    scope: Construct, construct: str, name: str, *, environment: Environment, key: kms.IKey, days: int | None = None
) -> logs.LogGroup:
    """`/fugace/ENVIRONMENT/NAME`. `days` where they are not those of the environment.

    It goes with its stack: logs of functions are no record of anything. A log that is kept for longer stays behind.
    """
    return logs.LogGroup(
        scope,
        construct,
        log_group_name=environment.log_group(name),
        retention=_RETENTION[days or environment.log_days],
        encryption_key=key,
        removal_policy=RemovalPolicy.RETAIN if days and environment.retain else RemovalPolicy.DESTROY,
    )
