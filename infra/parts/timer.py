"""Later: the group that one-off schedules live in, and the role under which they put a body on a queue."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Aws, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Environment
from infra.parts.keys import through


class Timer(Construct):
    """Schedules carry ids alone and go once they have fired; their role can do nothing but send to these queues."""

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, queues: Sequence[sqs.IQueue]
    ) -> None:
        super().__init__(scope, name)
        self.group = scheduler.ScheduleGroup(
            self, "Group", schedule_group_name=environment.named(), removal_policy=RemovalPolicy.DESTROY
        )
        stack = Stack.of(self)
        self.schedules = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{environment.named()}/*"
        )
        self.role = scheduler_role(self, "Role", environment=environment, name="schedules")
        self.role.attach_inline_policy(
            iam.Policy(
                self,
                "Send",
                policy_name="send",
                statements=[
                    iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn for queue in queues]),
                    through(key, ("sqs",), "Decrypt", "GenerateDataKey"),
                ],
            )
        )


def scheduler_role(scope: Construct, construct: str, *, environment: Environment, name: str) -> iam.Role:
    """A role that EventBridge Scheduler takes on for this environment's group, and for nobody else's schedules."""
    group = Stack.of(scope).format_arn(
        service="scheduler",
        resource="schedule-group",
        resource_name=environment.named(),
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    return iam.Role(
        scope,
        construct,
        role_name=environment.named(name),
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID, "aws:SourceArn": group}},
        ),
    )
