"""What the ledger's checkpoints are signed with, and where nobody can take them back."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Environment

LOCKED, LOCKED_BRIEFLY = Duration.days(6 * 365 + 2), Duration.days(1)
"""Six years, whichever they are: the longest that a finished case is kept. Without data that are kept: a day."""
LONGER = 30
"""Days after its lock when a checkpoint goes: nothing stays for ever only because nobody asked for its end."""


class Checkpoints(Construct):
    """A private key that never leaves KMS, and a bucket in which what is written stays as it is until its time.

    Where data are retained the lock is COMPLIANCE: neither this account's root nor AWS shortens it, and the bucket
    cannot be deleted before the last of it has ended. On a laptop it is GOVERNANCE, for a day.

    KMS rotates no asymmetric key. Whoever verifies holds the public key, so a new private key is a new entry beside the
    old ones, made by hand; what the old one signed stays signed by it.
    """

    def __init__(self, scope: Construct, name: str, *, environment: Environment, services: kms.IKey) -> None:
        super().__init__(scope, name)
        removal = RemovalPolicy.RETAIN if environment.retain else RemovalPolicy.DESTROY
        self.alias = f"alias/{environment.named('ledger')}"
        self.key = kms.Key(
            self,
            "Key",
            alias=self.alias,
            description=f"Fugace {environment.name}: signs the ledger's checkpoints",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=Duration.days(30 if environment.retain else 7),
            removal_policy=removal,
        )
        locked = LOCKED if environment.retain else LOCKED_BRIEFLY
        lock = s3.ObjectLockRetention.compliance if environment.retain else s3.ObjectLockRetention.governance
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=environment.named("ledger", environment.account or Aws.ACCOUNT_ID, environment.region),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=services,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=lock(locked),
            lifecycle_rules=_ends(int(locked.to_days())),
            removal_policy=removal,
        )


def _ends(locked: int) -> list[s3.LifecycleRule]:
    """When a checkpoint goes, the mark of its deletion, and what was begun and never finished."""
    return [
        s3.LifecycleRule(
            id="checkpoints",
            expiration=Duration.days(locked + LONGER),
            # What was overwritten or deleted before its time stays until its lock ends: S3 sees to that.
            noncurrent_version_expiration=Duration.days(1),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        ),
        s3.LifecycleRule(id="marks", expired_object_delete_marker=True),
    ]
