"""What certificates, and what controllers are told of a request, are signed with."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Environment


class Certificates(Construct):
    """A private key that never leaves KMS. The public one is in `GET /v1/discovery`.

    Not the key of the checkpoints: that one is nobody's who speaks with a client. KMS rotates no asymmetric key, and
    what was signed has to be verified for years: a new private key is a new entry beside the old ones, made by hand.
    """

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        super().__init__(scope, name)
        self.alias = f"alias/{environment.named('certificates')}"
        self.key = kms.Key(
            self,
            "Key",
            alias=self.alias,
            description=f"Fugace {environment.name}: signs certificates of erasure, and callbacks",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=Duration.days(30 if environment.retain else 7),
            removal_policy=RemovalPolicy.RETAIN if environment.retain else RemovalPolicy.DESTROY,
        )
