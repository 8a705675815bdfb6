"""A function: its code, its role, its log group, its variables, all from one row of `infra.duties`."""

from collections.abc import Mapping

from aws_cdk import Duration, IgnoreMode, RemovalPolicy, aws_lambda
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Environment
from infra.duties import Duty
from infra.parts.access import Surroundings, statements
from infra.parts.logs import log_group

LIVE = "live"
"""The alias that everything calls. What it stands for is a published version, so that it can be set back."""


class Function(Construct):
    """Runs one handler with what its row grants. No SnapStart: a snapshot must hold no key and no nonce. No tracing."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        duty: Duty,
        around: Surroundings,
        layer: aws_lambda.ILayerVersion,
        told: Mapping[str, str],
    ) -> None:
        """`told` is every variable that there is; the function gets those of its row."""
        super().__init__(scope, name)
        environment = around.environment
        self.log_group = log_group(self, "Log", name, environment=environment, key=around.keys.services)
        self.role = iam.Role(
            self,
            "Role",
            role_name=environment.named(name),
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                policy: iam.PolicyDocument(statements=granted)
                for policy, granted in statements(duty, around, self.log_group).items()
            },
        )
        self.fn = aws_lambda.Function(
            self,
            "Function",
            function_name=environment.named(name),
            description=f"Fugace: {duty.handler}",
            runtime=aws_lambda.Runtime.PYTHON_3_13,
            architecture=aws_lambda.Architecture.ARM_64,
            handler=duty.handler,
            code=_room(duty.room, environment),
            layers=[layer],
            memory_size=duty.megabytes,
            timeout=Duration.seconds(duty.seconds),
            # What the library would grant along the way (the use of a key without condition, say) is not added.
            role=self.role.without_policy_updates(),
            environment={key: value for key, value in told.items() if key in variables(duty)}
            | {"POWERTOOLS_SERVICE_NAME": name},
            log_group=self.log_group,
            # The functions print JSON themselves. This leaves out the three lines that Lambda adds to each invocation.
            logging_format=aws_lambda.LoggingFormat.JSON,
            application_log_level_v2=aws_lambda.ApplicationLogLevel.INFO,
            system_log_level_v2=aws_lambda.SystemLogLevel.WARN,
            recursive_loop=aws_lambda.RecursiveLoop.ALLOW if duty.repeats else aws_lambda.RecursiveLoop.TERMINATE,
            # Where data are kept, so are versions: an operator can go back to any that has ever been live.
            current_version_options=aws_lambda.VersionOptions(
                removal_policy=RemovalPolicy.RETAIN if environment.retain else RemovalPolicy.DESTROY
            ),
        )
        self.live = aws_lambda.Alias(self, "Live", alias_name=LIVE, version=self.fn.current_version)


def variables(duty: Duty) -> set[str]:
    """The environment variables that a row asks for.

    Some come with a tool rather than a right: the vault is made with the table of subject keys, the tallies with that
    of tenants, the timer with every queue that it could be asked for.
    """
    conditional = {
        "TENANTS_TABLE": bool(duty.tenants or duty.purge),
        "MESSAGES_TABLE": bool(duty.messages),
        "SUBJECT_KEYS_TABLE": duty.root_key or bool(duty.subject_keys or duty.case_keys),
        "CARRIERS": duty.carriers or bool(duty.timer),
        "NOTIFY_QUEUE": "notify" in duty.sends or bool(duty.timer),
        "RECEIPTS_QUEUE": "receipts" in duty.sends,
        "PURGE_TABLE": bool(duty.purge),
        "LEDGER_TABLE": bool(duty.ledger),
        "CASES_TABLE": bool(duty.cases),
        "EXPORTS_BUCKET": bool(duty.exports),
        "LEDGER_BUCKET": bool(duty.checkpoints),
        "LEDGER_KEY": duty.signs,
        "CERTIFICATE_KEY": bool(duty.certifies),
        "REQUEST_MACHINE": bool(duty.machine),
        "SWEEP_QUEUE": "sweep" in duty.sends,
        "CALLBACK_QUEUE": "callbacks" in duty.sends,
        "SCHEDULE_GROUP": bool(duty.timer),
        "SCHEDULE_ROLE": bool(duty.timer),
    }
    always = {"FUGACE_ENVIRONMENT", "AWS_CA_BUNDLE", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
    return always | {key for key, asked in conditional.items() if asked} | set(duty.settings)


def _room(room: str, environment: Environment) -> aws_lambda.Code:
    """One room of the built copy of functions/, under the path that it has in the repository.

    The copy carries bytecode that does not look at file times: CDK's zip dates every file 1980, and ordinary bytecode
    would be compiled again at every cold start.
    """
    kept = [f"!/functions/{name}" for name in ("__init__.py", "__pycache__", room)]
    return aws_lambda.Code.from_asset(
        str(environment.code),
        exclude=["/*", "!/functions", "/functions/*", *kept],
        ignore_mode=IgnoreMode.GIT,
    )
