"""The three tables. Keys and index names here are those of the PynamoDB models: a test compares them."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Environment

_STRING, _NUMBER = dynamodb.AttributeType.STRING, dynamodb.AttributeType.NUMBER

BACKUP_DAYS = 7
"""How far back a table can be restored: long enough to notice a mistake, and the longest an erasure is outlived."""


class Storage(Construct):
    """Tenants, messages, and the keys of the people written to.

    The last has no back-up at all (invariant I10): a restored messages table must not find the key of a person who was
    erased since. `Table`, not `TableV2`: the latter is a global table of one Region, and a second is one line away.
    """

    def __init__(self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self._environment, self._key = environment, key
        self.tenants = self._table("tenants", partition="tenant", sort="item", expires=True, backup=True)
        self.subject_keys = self._table("subject-keys", partition="subject", expires=False, backup=False)
        self.messages = self._table(
            "messages",
            partition="pk",
            expires=True,
            backup=True,
            # The outbox (invariant I1). Both images, because what became of a message is the difference of the two.
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )
        self._index("by-subject", "subject")
        self._index("by-time", "shard")

    def _table(
        self,
        name: str,
        *,
        partition: str,
        expires: bool,
        backup: bool,
        sort: str = "",
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.Table:
        keep = self._environment.retain
        return dynamodb.Table(
            self,
            name.title().replace("-", ""),
            table_name=self._environment.named(name),
            partition_key=dynamodb.Attribute(name=partition, type=_STRING),
            sort_key=dynamodb.Attribute(name=sort, type=_STRING) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._key,
            time_to_live_attribute="expires_at" if expires else None,
            stream=stream,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=backup, recovery_period_in_days=BACKUP_DAYS if backup else None
            ),
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )

    def _index(self, name: str, partition: str) -> None:
        """Keys only: a status that changes costs no write here, and nothing is copied but keys."""
        self.messages.add_global_secondary_index(
            index_name=name,
            partition_key=dynamodb.Attribute(name=partition, type=_STRING),
            sort_key=dynamodb.Attribute(name="at", type=_NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
