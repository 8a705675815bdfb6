"""The two keys of an environment: one unwraps, one locks what AWS keeps for us."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Environment

_COLON = ArnFormat.COLON_RESOURCE_NAME


class Keys(Construct):
    """`root` unwraps the root key, from which every key of every tenant hangs; `services` encrypts what AWS keeps.

    Two, because the second must let services of AWS in (logs, alarms) and serves whoever may read a queue. On the first
    stands nobody but this account's own roles, and they may decrypt only under an encryption context that names
    environment and purpose. Disabling `root` makes every personal field unreadable, and stops no queue or table.
    Both stay in one Region: a multi-Region key can be replicated out of the Union.
    """

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        super().__init__(scope, name)
        self.root = self._key("Root", environment.named(), "unwraps the root key of personal data", environment)
        self.services = self._key(
            "Services", environment.named("services"), "encrypts tables, queues, secrets, logs and alarms", environment
        )
        self._bind_root(environment)
        self._admit_logs(environment)
        self._admit_alarms(environment)

    def _key(self, name: str, alias: str, use: str, environment: Environment) -> kms.Key:
        return kms.Key(
            self,
            name,
            alias=f"alias/{alias}",
            description=f"Fugace {environment.name}: {use}",
            enable_key_rotation=True,
            rotation_period=Duration.days(365),
            # The longest there is: a key that was scheduled for deletion by mistake can be rescued for a month.
            pending_window=Duration.days(30 if environment.retain else 7),
            removal_policy=RemovalPolicy.RETAIN if environment.retain else RemovalPolicy.DESTROY,
        )

    def _bind_root(self, environment: Environment) -> None:
        """Whoever it is, whatever else is granted: not without the context, not without either half of it."""
        for name, value in root_context(environment).items():
            self.root.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"OnlyWithContext{name.title()}",
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                    resources=["*"],  # in a key policy: this key
                    conditions={"StringNotEquals": {f"kms:EncryptionContext:{name}": value}},
                )
            )

    def _admit_logs(self, environment: Environment) -> None:
        groups = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name=environment.log_group("*"), arn_format=_COLON
        )
        self.services.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogGroupsOfThisEnvironment",
                principals=[iam.ServicePrincipal("logs.amazonaws.com")],
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                resources=["*"],  # in a key policy: this key
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )

    def _admit_alarms(self, environment: Environment) -> None:
        alarms = Stack.of(self).format_arn(
            service="cloudwatch", resource="alarm", resource_name=environment.named("*"), arn_format=_COLON
        )
        self.services.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisEnvironment",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key policy: this key
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )


def root_context(environment: Environment) -> dict[str, str]:
    """The encryption context of the root key: a copy of its ciphertext is of no use in another environment."""
    return {"environment": environment.name, "purpose": "root"}


def through(key: kms.IKey, services: Sequence[str], *actions: str) -> iam.PolicyStatement:
    """The use of `key` by way of `services` alone, never directly.

    A table, queue or secret under a customer's key is read with the caller's own right to the key, on condition that
    the request reaches KMS by way of that service. The pattern leaves the end of the service's name open: it is another
    one in the Sovereign Cloud.
    """
    region = Stack.of(key).region
    return iam.PolicyStatement(
        actions=[f"kms:{action}" for action in actions],
        resources=[key.key_arn],
        conditions={"StringLike": {"kms:ViaService": [f"{service}.{region}.*" for service in services]}},
    )
