"""Who is woken: one composite alarm for each cause, on one topic."""

from collections.abc import Iterable

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import Environment
from infra.parts.alarms import Alarms
from infra.parts.causes import ACUTE, DEAD_LETTERS, TO_PUT_BACK, Cause, acute, causes

PATIENCE = 300
"""Seconds that a consequence waits for its cause to be seen."""
AFTERWARDS = 900
"""Seconds that a consequence has to end after its cause did."""


class Paging(Construct):
    """A topic under our key, and the causes that speak on it: when they begin, and when they are over."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, alarms: Alarms) -> None:
        super().__init__(scope, name)
        self._environment, self._alarms = environment, alarms
        self.topic = self._topic(key)
        self.made: dict[str, cloudwatch.CfnCompositeAlarm] = {}
        known = causes(environment)
        for cause in known:
            if cause.name != DEAD_LETTERS:
                self._page(cause)
        self._quiet(ACUTE, acute(environment))
        self._page(next(cause for cause in known if cause.name == DEAD_LETTERS))

    def _topic(self, key: kms.IKey) -> sns.Topic:
        named = self._environment.named("alarms")
        topic = sns.Topic(self, "Topic", topic_name=named, master_key=key, enforce_ssl=True)
        # A topic with a policy of its own loses the one that lets the account's alarms in.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        return topic

    def _page(self, cause: Cause) -> None:
        dead = cause.name == DEAD_LETTERS
        says = f"{cause.says} {self._environment.runbook(cause.section)}"
        made = self._composite(cause.name, rule(self._environment, cause), says, actions=[self.topic.topic_arn])
        if cause.silenced_by:
            made.actions_suppressor = self._environment.named(cause.silenced_by)
            made.actions_suppressor_wait_period = PATIENCE
            made.actions_suppressor_extension_period = TO_PUT_BACK if dead else AFTERWARDS
            made.add_resource_dependency(self.made[cause.silenced_by])
        self._behind(made, (*cause.leaves, *cause.unless, *cause.after))

    def _quiet(self, name: str, of: tuple[str, ...]) -> None:
        says = f"One of the causes is in alarm. It wakes nobody. {self._environment.runbook(DEAD_LETTERS)}"
        self._behind(self._composite(name, any_of(self._environment, of), says), of)

    def _composite(
        self, name: str, rule: str, says: str, *, actions: list[str] | None = None
    ) -> cloudwatch.CfnCompositeAlarm:
        self.made[name] = cloudwatch.CfnCompositeAlarm(
            self,
            name,
            alarm_name=self._environment.named(name),
            alarm_description=says,
            alarm_rule=rule,
            alarm_actions=actions,
            ok_actions=actions,
        )
        return self.made[name]

    def _behind(self, made: cloudwatch.CfnCompositeAlarm, names: Iterable[str]) -> None:
        """Its rule names them, and so cannot be written before they are there."""
        for name in names:
            made.node.add_dependency(self._alarms.made.get(name) or self.made[name])


def rule(environment: Environment, cause: Cause) -> str:
    """When a cause is in alarm, as CloudWatch reads it.

    Source: Amazon CloudWatch User Guide, "Combining alarms" (rule expressions).
    """
    said = any_of(environment, cause.alarms)
    for names in cause.together:
        both = " AND ".join(any_of(environment, (name,)) for name in names)
        said = f"{said} OR ({both})"
    other = (*cause.unless, *cause.after)
    return f"({said}) AND NOT ({any_of(environment, other)})" if other else said


def any_of(environment: Environment, names: tuple[str, ...]) -> str:
    """One of these alarms is in alarm."""
    return " OR ".join(f"ALARM({environment.named(name)})" for name in names)
