"""Options that every command has, and the environment they lead to."""

from collections.abc import Mapping
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from cli.faults import CliError
from fugace.adapters.session import shared
from fugace.domain.ids import TenantId
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from fugace.edge.settings import Settings

Environment = Annotated[
    str, typer.Option("--environment", "-e", envvar="FUGACE_ENVIRONMENT", help="Which deployment: laptop, or its name.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
CarrierArgument = Annotated[str, typer.Argument(metavar="CARRIER", help="A configured carrier's name.")]
TenantArgument = Annotated[str, typer.Argument(metavar="TENANT", help="A tenant's id (ten_…).")]


def settings(environment: str, more: Mapping[str, str] | None = None) -> Settings:
    """What a function would find in its environment, by the names that the deployment gives to things."""
    return Settings(
        {
            **(more or {}),
            "FUGACE_ENVIRONMENT": environment,
            "TENANTS_TABLE": f"fugace-{environment}-tenants",
            "MESSAGES_TABLE": f"fugace-{environment}-messages",
            "SUBJECT_KEYS_TABLE": f"fugace-{environment}-subject-keys",
            "PURGE_TABLE": f"fugace-{environment}-purge",
            "LEDGER_TABLE": f"fugace-{environment}-ledger",
            "CASES_TABLE": f"fugace-{environment}-cases",
            "LEDGER_KEY": f"alias/fugace-{environment}-ledger",
        }
    )


def ledger_settings(environment: str, bucket: str) -> Settings:
    """The same, with the bucket of the checkpoints: its name has the account's number, which AWS is asked for."""
    aws = shared()
    if not bucket:
        account = aws.client("sts").get_caller_identity()["Account"]
        bucket = f"fugace-{environment}-ledger-{account}-{aws.region}"
    return settings(environment, {"LEDGER_BUCKET": bucket})


def known(settings: Settings, tenant: str) -> Tenant:
    """The tenant of that id."""
    found = wiring.tenants(settings).get(TenantId(tenant))
    if found is None:
        raise CliError(f"There is no tenant {tenant} in the environment {settings.environment}.")
    return found


def check_carrier(environment: str, carrier: str) -> None:
    """A carrier is configured where it has a queue. A tenant of a mistyped one could send nothing."""
    try:
        shared().client("sqs").get_queue_url(QueueName=f"fugace-{environment}-carrier-{carrier}")
    except ClientError as error:
        if "NonExistentQueue" in error.response["Error"]["Code"]:
            raise CliError(f"The environment {environment} has no carrier {carrier}.") from None
        raise
