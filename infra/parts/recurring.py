"""What wakes a function again and again: a schedule, and a queue on which a missed run is seen."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.config import PLAN_MINUTES, WATCH_MINUTES, Environment
from infra.parts.function import Function
from infra.parts.keys import through
from infra.parts.queues import Queue
from infra.parts.timer import Timer, scheduler_role


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a function is woken, and for how long a run that could not be begun or failed is tried again."""

    expression: str
    """EventBridge Scheduler's, in UTC."""
    says: str
    patience: Duration
    """Shorter than the pause between two runs: a late one must not meet the next."""
    retries: int = 0
    """Of a run that failed. None where the next one is near, and takes up what this one left."""


def _every(minutes: int) -> str:
    return f"rate({minutes} minute{'s' if minutes > 1 else ''})"


RECONCILE_MINUTES, CHECKPOINT_HOURS = 5, 24

RHYTHMS = {
    "reconcile": Rhythm(
        _every(RECONCILE_MINUTES),
        "look at messages that should be over",
        Duration.minutes(RECONCILE_MINUTES),
    ),
    "plan": Rhythm(_every(PLAN_MINUTES), "find what is due to be purged", Duration.minutes(PLAN_MINUTES)),
    "watch": Rhythm(
        _every(WATCH_MINUTES), "look at persons' requests that have to be looked at", Duration.minutes(WATCH_MINUTES)
    ),
    "checkpoint": Rhythm(
        "cron(20 0 * * ? *)", "sign the ends of the ledger's chains of the day before", Duration.hours(3), retries=2
    ),
}


class Recurring(Construct):
    """Wakes a function in its rhythm."""

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, function: Function, timer: Timer
    ) -> None:
        """`name` is the function's, of `RHYTHMS`."""
        super().__init__(scope, name.title())
        rhythm, own = RHYTHMS[name], {"plan": environment.plan_minutes, "watch": environment.watch_minutes}
        function.live.configure_async_invoke(retry_attempts=rhythm.retries, max_event_age=rhythm.patience)
        missed = Queue(self, f"{name}-dead", environment=environment, key=key, consumer=None).queue
        role = scheduler_role(self, "Role", environment=environment, name=f"{name}-schedule")
        wake = iam.Policy(
            self,
            "Wake",
            policy_name="wake",
            statements=[
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.live.function_arn]),
                iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[missed.queue_arn]),
                through(key, ("sqs",), "Decrypt", "GenerateDataKey"),
            ],
        )
        role.attach_inline_policy(wake)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            name=name,
            group_name=timer.group.schedule_group_name,
            description=f"Fugace: {rhythm.says}",
            schedule_expression=_every(own[name]) if name in own else rhythm.expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.live.function_arn,
                role_arn=role.role_arn,
                input="{}",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=missed.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=rhythm.patience.to_seconds(), maximum_retry_attempts=3
                ),
            ),
        )
        schedule.node.add_dependency(wake)
