"""`fugace restore`: have a table put back as it was, without whom it must have forgotten since."""

import json
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cli import options, output
from cli.faults import CliError, told
from fugace.adapters.session import shared
from fugace.restoring import Source

app = typer.Typer(help="Put back what was lost, and nobody who was erased.", no_args_is_help=True)

_MINUTE = "%Y-%m-%dT%H:%M:%SZ"
_COUNTS = ("kept", "refused", "live")

Id = Annotated[str, typer.Argument(metavar="RESTORE", help="What `start` answered.")]


@app.command()
@told
def start(
    environment: options.Environment,
    table: Annotated[Source, typer.Option(help="Which table.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="As it was then (ISO 8601, with a zone).")],
    restore: Annotated[
        str, typer.Option("--id", metavar="UUID", help="The id of a quarantine that you have made yourself.")
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Begin. What is in the live table now stays; what may come back is put beside it, and is not sent again."""
    moment, name = _time(at), _uuid(restore) if restore else str(uuid.uuid4())
    asked = {"restore": name, "table": table.value, "at": moment.strftime(_MINUTE)}
    try:
        shared().client("stepfunctions").start_execution(
            stateMachineArn=_machine(environment), name=name, input=json.dumps(asked)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            raise CliError(f"The restore {name} was begun already: look at `fugace restore status {name}`.") from None
        raise
    output.one({**asked, "state": "running"}, as_json=as_json)


@app.command()
@told
def status(restore: Id, environment: options.Environment, as_json: options.Json = False) -> None:
    """How far one is. Ends with 1 where it has failed."""
    found = _execution(environment, restore)
    output.one(_shown(found, restore), as_json=as_json)
    if found["status"] not in {"RUNNING", "SUCCEEDED"}:
        raise CliError("It stopped; nothing is lost. Look at the function's log, then: fugace restore resume.")


@app.command()
@told
def resume(restore: Id, environment: options.Environment) -> None:
    """Go on where one has failed."""
    try:
        shared().client("stepfunctions").redrive_execution(executionArn=_arn(environment, restore))
    except ClientError as error:
        if error.response["Error"]["Code"] in {"ExecutionNotRedrivable", "ExecutionDoesNotExist"}:
            raise CliError(f"The restore {restore} has not failed, or is not known any more.") from None
        raise
    typer.echo("It goes on.", err=True)


def _execution(environment: str, restore: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = (
            shared().client("stepfunctions").describe_execution(executionArn=_arn(environment, restore))
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            raise CliError(f"There is no restore {restore} in the environment {environment}.") from None
        raise
    return found


def _shown(found: dict[str, Any], restore: str) -> dict[str, object]:
    asked = json.loads(found["input"])
    counts = json.loads(found.get("output") or "{}").get("it", {})
    return {
        "restore": restore,
        "table": asked["table"],
        "at": asked["at"],
        "state": found["status"].lower(),
        "begun": output.time(found["startDate"]),
        "ended": output.time(found.get("stopDate")),
        **{word: counts.get(word) for word in _COUNTS},
    }


def _machine(environment: str) -> str:
    """The identity's own ARN tells partition and account."""
    aws = shared()
    identity = aws.client("sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return f"arn:{partition}:states:{aws.region}:{identity['Account']}:stateMachine:fugace-{environment}-restore"


def _arn(environment: str, restore: str) -> str:
    return f"{_machine(environment).replace(':stateMachine:', ':execution:')}:{_uuid(restore)}"


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CliError("--at takes a time with its zone, such as 2026-11-22T20:15:00Z.")
    if moment > datetime.now(UTC):
        raise CliError("--at lies ahead.")
    return moment.astimezone(UTC)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise CliError("The id of a restore is a UUID.") from None
