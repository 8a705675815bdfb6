"""What finds the messages that nothing else will move, even if the stream or a carrier forgot them."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.config import Environment
from infra.parts.function import Function
from infra.parts.keys import through
from infra.parts.queues import Queue
from infra.parts.timer import Timer, scheduler_role

MINUTES = 5


class Reconcile(Construct):
    """Wakes the pass every five minutes. A run that fails is not repeated: the next one is never far."""

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, function: Function, timer: Timer
    ) -> None:
        super().__init__(scope, name)
        function.fn.configure_async_invoke(retry_attempts=0, max_event_age=Duration.minutes(MINUTES))
        missed = Queue(self, "reconcile-dead", environment=environment, key=key, consumer=None).queue
        role = scheduler_role(self, "Role", environment=environment, name="reconcile-schedule")
        wake = iam.Policy(
            self,
            "Wake",
            policy_name="wake",
            statements=[
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.fn.function_arn]),
                iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[missed.queue_arn]),
                through(key, ("sqs",), "Decrypt", "GenerateDataKey"),
            ],
        )
        role.attach_inline_policy(wake)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            name="reconcile",
            group_name=timer.group.schedule_group_name,
            description="Fugace: look at messages that should be over",
            schedule_expression=f"rate({MINUTES} minutes)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.fn.function_arn,
                role_arn=role.role_arn,
                input="{}",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=missed.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=60 * MINUTES, maximum_retry_attempts=3
                ),
            ),
        )
        schedule.node.add_dependency(wake)
