"""Where archives that are made for persons' requests wait to be fetched."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Environment

NET = Duration.days(31)
"""A day more than the operator's longest: the purge is what removes an archive in time, and S3 is the net behind it."""


class Exports(Construct):
    """A bucket of which nobody but the purge has a right to anything.

    Names in it are `<tenant>/<request>/…`, opaque ids. Versions, so that the purge removes what it has seen and nothing
    that was written since; each of them goes, a day after it was replaced or deleted at the latest.
    """

    def __init__(self, scope: Construct, name: str, *, environment: Environment, services: kms.IKey) -> None:
        super().__init__(scope, name)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=environment.named("exports", environment.account or Aws.ACCOUNT_ID, environment.region),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=services,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="exports",
                    expiration=NET,
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                s3.LifecycleRule(id="marks", expired_object_delete_marker=True),
            ],
            removal_policy=RemovalPolicy.RETAIN if environment.retain else RemovalPolicy.DESTROY,
        )
