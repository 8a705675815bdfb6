"""The tables. Keys and index names here are those of the PynamoDB models: a test compares them."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Environment

_STRING, _NUMBER = dynamodb.AttributeType.STRING, dynamodb.AttributeType.NUMBER

BACKUP_DAYS = 7
"""How far back a table can be restored: long enough to notice a mistake, and the longest an erasure is outlived."""

LEDGER_BACKUP_DAYS = 35
"""The longest that DynamoDB offers."""


class Storage(Construct):
    """Tenants, messages, people's keys and requests, what the purge has to do, and the ledger of what it did.

    Keys have no back-up at all (invariant I10): a restored messages table must not find the key of a person who was
    erased since. Nor has the agenda of the purge: all of it can be made again, and it names people for a while. The
    ledger has no TTL, and the longest back-up: nobody is in it, and a restored table is set right by it.
    `Table`, not `TableV2`: the latter is a global table of one Region, and a second is one line away.
    """

    def __init__(self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self._environment, self._key = environment, key
        item = ("item", _STRING)
        self.tenants = self._table("tenants", partition="tenant", sort=item, expires=True, backup=BACKUP_DAYS)
        self.subject_keys = self._table("subject-keys", partition="subject", expires=False)
        _index(self.subject_keys, "by-objection", "tenant", "objected")
        self.messages = self._table(
            "messages",
            partition="pk",
            expires=True,
            backup=BACKUP_DAYS,
            # The outbox (invariant I1). Both images, because what became of a message is the difference of the two.
            # Lambda reads a shard twice at once, and no more often: for the relay, and for the tally.
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )
        _index(self.messages, "by-subject", "subject", "at")
        _index(self.messages, "by-time", "shard", "at")
        _index(self.messages, "by-content", "brief", "text_until")
        self.purge = self._table("purge", partition="tenant", sort=item, expires=True)
        _index(self.purge, "by-due", "lot", "due_at")
        self.cases = self._table("cases", partition="tenant", sort=item, expires=True, backup=BACKUP_DAYS)
        _index(self.cases, "by-deadline", "tenant", "open_until")
        _index(self.cases, "by-person", "subject", "submitted")
        _index(self.cases, "by-look", "lot", "look_at")
        self.ledger = self._table(
            "ledger", partition="tenant", sort=("seq", _NUMBER), expires=False, backup=LEDGER_BACKUP_DAYS
        )
        _index(self.ledger, "by-day", "day", "at")

    @property
    def tables(self) -> dict[str, dynamodb.Table]:
        """By name, without that of the environment."""
        return {
            "tenants": self.tenants,
            "subject-keys": self.subject_keys,
            "messages": self.messages,
            "purge": self.purge,
            "ledger": self.ledger,
            "cases": self.cases,
        }

    def _table(
        self,
        name: str,
        *,
        partition: str,
        expires: bool,
        backup: int | None = None,
        sort: tuple[str, dynamodb.AttributeType] | None = None,
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.Table:
        keep = self._environment.retain
        return dynamodb.Table(
            self,
            name.title().replace("-", ""),
            table_name=self._environment.named(name),
            partition_key=dynamodb.Attribute(name=partition, type=_STRING),
            sort_key=dynamodb.Attribute(name=sort[0], type=sort[1]) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._key,
            time_to_live_attribute="expires_at" if expires else None,
            stream=stream,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=backup is not None, recovery_period_in_days=backup
            ),
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )


def _index(table: dynamodb.Table, name: str, partition: str, sort: str) -> None:
    """Keys only: a status that changes costs no write here, and nothing is copied but keys."""
    table.add_global_secondary_index(
        index_name=name,
        partition_key=dynamodb.Attribute(name=partition, type=_STRING),
        sort_key=dynamodb.Attribute(name=sort, type=_NUMBER),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
