"""The state machine that answers persons' requests: `infra/workflows/request.asl.json`, as it is there."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.config import ROOT, Environment
from infra.parts.function import Function

DEFINITION: Path = ROOT / "infra/workflows/request.asl.json"

STEPS = ("settle", "verify", "export", "erase", "recall", "amend", "certify")
"""The functions that it calls; in the definition they begin with a capital: `${Settle}`."""

REUSE = 900
"""Seconds that one data key serves for: the longest there is, as a history holds ids alone."""


class RequestMachine(Construct):
    """Standard: a run may wait for days, and each step of it happens once as far as the machine can see to it.

    Its history stays for 90 days and nobody can delete it, so nothing enters but the id of a request, and words (I2).
    For the same reason it logs nothing and is not traced: either would be a second copy of the history.
    """

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, functions: Mapping[str, Function]
    ) -> None:
        super().__init__(scope, name)
        arn = machine_arn(self, environment)
        called = [functions[step].fn.function_arn for step in STEPS]
        self.role = iam.Role(
            self,
            "Role",
            role_name=environment.named("requests-machine"),
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID, "aws:SourceArn": arn}},
            ),
            inline_policies={
                "call": iam.PolicyDocument(
                    statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=called)]
                ),
                "history": iam.PolicyDocument(statements=[_encrypts(key, arn)]),
            },
        )
        stepfunctions.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=environment.named("requests"),
            state_machine_type="STANDARD",
            role_arn=self.role.role_arn,
            definition_string=DEFINITION.read_text(encoding="utf-8"),
            definition_substitutions={
                **{step.title(): functions[step].fn.function_arn for step in STEPS},
                "Partition": Aws.PARTITION,
                "DrainSeconds": str(environment.drain_seconds),
            },
            encryption_configuration=stepfunctions.CfnStateMachine.EncryptionConfigurationProperty(
                type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key.key_arn, kms_data_key_reuse_period_seconds=REUSE
            ),
        )


def machine_arn(scope: Construct, environment: Environment) -> str:
    """By name: whoever starts it is called by it, too, so neither can be made from the other."""
    return Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=environment.named("requests"),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _encrypts(key: kms.IKey, arn: str) -> iam.PolicyStatement:
    """The use of `key` for the history of this machine alone: Step Functions names it in the encryption context."""
    return iam.PolicyStatement(
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": arn}},
    )
