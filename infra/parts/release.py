"""How a new version of a function takes over: a tenth of the calls first, then all of them, and back by itself."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Environment
from infra.parts.function import LIVE, Function

MINUTE = Duration.minutes(1)
"""The alarms that wake somebody look at five: by then all calls would be on the new version."""

MISSING = cloudwatch.TreatMissingData.NOT_BREACHING


class Release(Construct):
    """CodeDeploy moves each alias, and moves it back when an alarm speaks within the first five minutes.

    The alarms are here and not with those that wake somebody: a deployment stops when it is to look at an alarm that is
    not there, and the stack that watches comes after this one. They are made before an alias moves. The first
    deployment of a function makes its alias, and moves nothing.

    Source: AWS Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias"; AWS CodeDeploy API
    Reference, "AlarmConfiguration".
    """

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, functions: Mapping[str, Function]
    ) -> None:
        super().__init__(scope, name)
        self._environment = environment
        application = codedeploy.LambdaApplication(self, "Application", application_name=environment.named())
        role = self._role(functions)
        fails = self._clients_see_errors()
        for of, function in functions.items():
            group = codedeploy.LambdaDeploymentGroup(
                self,
                of,
                deployment_group_name=environment.named(of),
                application=application,
                alias=function.live,
                deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
                role=role.without_policy_updates(),
                alarms=[self._breaks(of, function), fails],
                auto_rollback=codedeploy.AutoRollbackConfig(
                    failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
                ),
            )
            function.live.node.add_dependency(group)

    def _role(self, functions: Mapping[str, Function]) -> iam.Role:
        """It may move these aliases, and look at alarms. The managed policy would let it move every alias there is."""
        of_functions = [function.fn.function_arn for function in functions.values()]
        of_aliases = [f"{arn}:{LIVE}" for arn in of_functions]
        return iam.Role(
            self,
            "Role",
            role_name=self._environment.named("release"),
            assumed_by=iam.ServicePrincipal(
                "codedeploy.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            inline_policies={
                "move": iam.PolicyDocument(
                    statements=[
                        _allow(("lambda:GetAlias", "lambda:UpdateAlias"), of_functions),
                        _allow(("lambda:GetProvisionedConcurrencyConfig",), of_aliases),
                    ]
                ),
                "look": iam.PolicyDocument(statements=[_allow(("cloudwatch:DescribeAlarms",), self._alarms())]),
            },
        )

    def _alarms(self) -> list[str]:
        """Those of this environment, by name."""
        alarms = f"alarm:{self._environment.named('*')}"
        return [f"arn:{Aws.PARTITION}:cloudwatch:{self._environment.region}:{Aws.ACCOUNT_ID}:{alarms}"]

    def _breaks(self, of: str, function: Function) -> cloudwatch.Alarm:
        """What the new version does wrong: it ends, or it raises what nobody foresaw.

        The first is asked of the version that is being tried, so that a release can mend one that fails already. The
        second the functions count themselves, by their name alone.
        """
        errors = _metric(
            "AWS/Lambda",
            "Errors",
            {
                "FunctionName": self._environment.named(of),
                "Resource": f"{self._environment.named(of)}:{LIVE}",
                "ExecutedVersion": function.fn.current_version.version,
            },
        )
        bugs = _metric("Fugace", "Bug", {"service": of})
        both = cloudwatch.MathExpression(
            expression="FILL(errors, 0) + FILL(bugs, 0)", using_metrics={"errors": errors, "bugs": bugs}, period=MINUTE
        )
        return self._alarm(f"{of}-release", both, threshold=1, says=f"The new version of {of} fails: it is taken back.")

    def _clients_see_errors(self) -> cloudwatch.Alarm:
        return self._alarm(
            "api-release",
            _metric("AWS/ApiGateway", "5XXError", {"ApiName": self._environment.named()}, statistic="Average"),
            threshold=0.01,
            says="More than one call in a hundred fails for our reasons: whatever is being released is taken back.",
        )

    def _alarm(self, name: str, metric: cloudwatch.IMetric, *, threshold: float, says: str) -> cloudwatch.Alarm:
        """It tells CodeDeploy alone: whoever has to be woken is, by the alarms that watch."""
        return cloudwatch.Alarm(
            self,
            f"{name}-alarm",
            alarm_name=self._environment.named(name),
            alarm_description=says,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=MISSING,
        )


def _allow(actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=list(resources))


def _metric(namespace: str, name: str, dimensions: Mapping[str, str], *, statistic: str = "Sum") -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=dict(dimensions), statistic=statistic, period=MINUTE
    )
