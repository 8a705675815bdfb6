"""The state machines: `infra/workflows/*.asl.json`, as they are there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.config import ROOT, Environment
from infra.parts.function import Function

REUSE = 900
"""Seconds that one data key serves for: the longest there is, as a history holds ids alone."""
_OTHERS = {"Partition", "DrainSeconds"}


@dataclass(frozen=True, slots=True)
class Workflow:
    """A definition: a blank of it that begins with a capital and is a function's name stands for that function."""

    file: str

    @property
    def text(self) -> str:
        """Not yet JSON: a number may be a blank, too."""
        return (ROOT / "infra/workflows" / self.file).read_text(encoding="utf-8")

    @property
    def blanks(self) -> set[str]:
        """What has to be filled in."""
        return set(re.findall(r"\$\{(\w+)\}", self.text))

    @property
    def steps(self) -> tuple[str, ...]:
        """The functions that it calls."""
        return tuple(sorted(blank.lower() for blank in self.blanks - _OTHERS))


WORKFLOWS = {"requests": Workflow("request.asl.json"), "restore": Workflow("restore.asl.json")}
"""By the name of the machine: persons' requests, and a table as it was."""


class Machine(Construct):
    """Standard: a run may wait for days, and each step of it happens once as far as the machine can see to it.

    Its history stays for 90 days and nobody can delete it, so nothing enters but ids, and words (I2). For the same
    reason it logs nothing and is not traced: either would be a second copy of the history.
    """

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, functions: Mapping[str, Function]
    ) -> None:
        """`name`: of `WORKFLOWS`."""
        super().__init__(scope, f"{name.title()}Machine")
        workflow, arn = WORKFLOWS[name], machine_arn(self, environment, name)
        called = {step: functions[step].live.function_arn for step in workflow.steps}
        self.role = iam.Role(
            self,
            "Role",
            role_name=environment.named(f"{name}-machine"),
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID, "aws:SourceArn": arn}},
            ),
            inline_policies={
                "call": iam.PolicyDocument(
                    statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=list(called.values()))]
                ),
                "history": iam.PolicyDocument(statements=[_encrypts(key, arn)]),
            },
        )
        others = {"Partition": Aws.PARTITION, "DrainSeconds": str(environment.drain_seconds)}
        stepfunctions.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=environment.named(name),
            state_machine_type="STANDARD",
            role_arn=self.role.role_arn,
            definition_string=workflow.text,
            definition_substitutions={
                **{step.title(): function for step, function in called.items()},
                **{blank: value for blank, value in others.items() if blank in workflow.blanks},
            },
            encryption_configuration=stepfunctions.CfnStateMachine.EncryptionConfigurationProperty(
                type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key.key_arn, kms_data_key_reuse_period_seconds=REUSE
            ),
        )


def machine_arn(scope: Construct, environment: Environment, name: str = "requests") -> str:
    """By name: whoever starts it is called by it, too, so neither can be made from the other."""
    return Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=environment.named(name),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _encrypts(key: kms.IKey, arn: str) -> iam.PolicyStatement:
    """The use of `key` for the history of this machine alone: Step Functions names it in the encryption context."""
    return iam.PolicyStatement(
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": arn}},
    )
