"""From a function's row in `infra.duties` to the statements of its role: named actions on named things."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

from infra.config import Environment
from infra.duties import INDEXES, Duty, spread
from infra.parts.certificates import Certificates
from infra.parts.checkpoints import Checkpoints
from infra.parts.exports import Exports
from infra.parts.keys import Keys, root_context, through
from infra.parts.storage import Storage
from infra.parts.timer import Timer

CASE_KEYS = "case/"
"""What rows of the keys of requests begin with, in the table that they share with persons' keys."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the functions of an environment find around them."""

    environment: Environment
    keys: Keys
    storage: Storage
    checkpoints: Checkpoints
    certificates: Certificates
    exports: Exports
    queues: Mapping[str, sqs.IQueue]
    secrets: Sequence[str]
    """ARNs of the carriers' credentials."""
    timer: Timer
    machine: str
    """ARN of the state machine that answers persons' requests."""

    def arns(self, name: str) -> list[str]:
        """The queues behind a name of `Duty.sends` or `Duty.consumes`."""
        return [self.queues[key].queue_arn for key in spread(name, self.environment)]


def statements(duty: Duty, around: Surroundings, log_group: logs.ILogGroup) -> dict[str, list[iam.PolicyStatement]]:
    """The inline policies of a function's role, by name."""
    policies = {
        "log": [_allow("logs", "CreateLogStream PutLogEvents", [log_group.log_group_arn])],  # ends in `:*`, its streams
        "tables": [*_tables(duty, around.storage)],
        "queues": [*_queues(duty, around)],
        "keys": [*_keys(duty, around)],
        "carriers": [*_credentials(duty, around)],
        "checkpoints": [*_checkpoints(duty, around)],
        "exports": [*_exports(duty, around)],
        "timer": [*_timer(duty, around.timer)],
        "restore": [*_restore(duty, around)],
        "requests": [*_requests(duty, around)],
    }
    return {name: granted for name, granted in policies.items() if granted}


def _allow(service: str, actions: str, resources: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[f"{service}:{action}" for action in actions.split()], resources=list(resources))


def _tables(duty: Duty, storage: Storage) -> Iterator[iam.PolicyStatement]:
    granted = {
        "tenants": duty.tenants,
        "messages": duty.messages,
        "subject-keys": duty.subject_keys,
        "purge": duty.purge,
        "ledger": duty.ledger,
        "cases": duty.cases,
    }
    for name, actions in granted.items():
        if actions:
            yield _allow("dynamodb", actions, [storage.tables[name].table_arn])
    if duty.case_keys:
        yield iam.PolicyStatement(
            actions=[f"dynamodb:{action}" for action in duty.case_keys.split()],
            resources=[storage.subject_keys.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{CASE_KEYS}*"]}},
        )
    for index in duty.indexes:
        yield _allow("dynamodb", "Query", [f"{storage.tables[INDEXES[index]].table_arn}/index/{index}"])
    if duty.stream:
        stream = storage.messages.table_stream_arn
        yield _allow("dynamodb", "DescribeStream GetRecords GetShardIterator", [str(stream)])
        # Lambda refuses a mapping whose role cannot list the table's streams.
        yield _allow("dynamodb", "ListStreams", [f"{storage.messages.table_arn}/stream/*"])


def _queues(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    for name in duty.sends:
        yield _allow("sqs", "SendMessage", around.arns(name))
    if duty.consumes:
        yield _allow("sqs", "DeleteMessage GetQueueAttributes ReceiveMessage", around.arns(duty.consumes))


def _keys(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    archived = set(duty.exports.split())
    services = {
        "dynamodb": bool(
            duty.tenants
            or duty.messages
            or duty.subject_keys
            or duty.case_keys
            or duty.purge
            or duty.ledger
            or duty.cases
            or duty.indexes
            or duty.stream
        ),
        "s3": bool(duty.checkpoints) or bool(archived & {"GetObject", "PutObject"}),
        "secretsmanager": duty.credentials,
        "sqs": bool(duty.sends or duty.consumes),
        "states": bool(duty.machine),
    }
    yield through(around.keys.services, [name for name, used in services.items() if used], "Decrypt")
    if duty.sends:
        yield through(around.keys.services, ("sqs",), "GenerateDataKey")
    if duty.machine:
        yield through(around.keys.services, ("states",), "GenerateDataKey")
    if "PutObject" in {*duty.checkpoints.split(), *archived}:
        yield through(around.keys.services, ("s3",), "GenerateDataKey")
    if duty.root_key:
        yield iam.PolicyStatement(
            actions=["kms:Decrypt"],
            resources=[around.keys.root.key_arn],
            conditions={
                "StringEquals": {
                    f"kms:EncryptionContext:{name}": value for name, value in root_context(around.environment).items()
                }
            },
        )


def _credentials(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    if duty.credentials:
        yield _allow("secretsmanager", "GetSecretValue", around.secrets)


def _checkpoints(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    bucket, actions = around.checkpoints.bucket.bucket_arn, set(duty.checkpoints.split())
    if listing := actions & {"ListBucket"}:  # of the bucket itself; without it, one that is not there is forbidden
        yield _allow("s3", " ".join(listing), [bucket])
    if objects := sorted(actions - listing):
        yield _allow("s3", " ".join(objects), [f"{bucket}/checkpoints/*"])
    if duty.signs:
        yield _allow("kms", "GetPublicKey Sign", [around.checkpoints.key.key_arn])


def _exports(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    """Lists are of the bucket itself; objects are those of tenants. To delete takes no right to the key."""
    bucket, actions = around.exports.bucket.bucket_arn, duty.exports.split()
    if lists := [action for action in actions if action.startswith("List")]:
        yield _allow("s3", " ".join(lists), [bucket])
    if objects := [action for action in actions if not action.startswith("List")]:
        yield _allow("s3", " ".join(objects), [f"{bucket}/ten_*"])


_FITS = "DescribeContinuousBackups DescribeTable DescribeTimeToLive ListTagsOfResource UpdateContinuousBackups"
_TABLE = "DeleteTable DescribeTable DescribeTimeToLive TagResource UpdateTimeToLive"
_ROWS = "BatchWriteItem DeleteItem GetItem PutItem Query Scan UpdateItem"
"""What DynamoDB itself asks for of whoever has a table restored; of these, the function writes none without a
condition."""
_ENCRYPTS = "CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom"


def _restore(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    """Tables named after the live one. Under the same key: DynamoDB is granted its use by whoever makes a table."""
    if not duty.restores:
        return
    live = [around.storage.tables[name].table_arn for name in duty.restores]
    yield _allow("dynamodb", f"RestoreTableToPointInTime UpdateTimeToLive {_FITS}", live)
    beside = [_beside(around, name) for name in duty.restores]
    yield _allow("dynamodb", f"{_TABLE} {_ROWS}", beside)
    yield through(around.keys.services, ("dynamodb",), *_ENCRYPTS.split(), "ReEncryptTo")


def _beside(around: Surroundings, name: str) -> str:
    """By name, not made of the live one's ARN: that is a reference, and nothing can be put behind one."""
    named = around.environment.named(f"{name}-restore-*")
    return Stack.of(around.storage).format_arn(service="dynamodb", resource="table", resource_name=named)


def _requests(duty: Duty, around: Surroundings) -> Iterator[iam.PolicyStatement]:
    """A token belongs to the machine that gave it; there is no narrower name for it. Runs have names of their own."""
    words = duty.machine.split()
    if of_machine := [word for word in words if word != "DescribeExecution"]:
        yield _allow("states", " ".join(of_machine), [around.machine])
    if "DescribeExecution" in words:
        runs = around.machine.replace(":stateMachine:", ":execution:")
        yield _allow("states", "DescribeExecution", [f"{runs}:*"])
    if duty.certifies:
        yield _allow("kms", duty.certifies, [around.certificates.key.key_arn])


def _timer(duty: Duty, timer: Timer) -> Iterator[iam.PolicyStatement]:
    if not duty.timer:
        return
    yield _allow("scheduler", duty.timer, [timer.schedules])
    if "CreateSchedule" in duty.timer:
        yield iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[timer.role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        )
