"""A configured carrier: its queue and its credentials."""

import json

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra import config
from infra.parts.queues import Queue


class Carrier(Construct):
    """A queue of its own, so that one carrier's bad day is not another's; and a secret that an operator fills in.

    The secret starts with a random `signing` key and no `token`: until the operator puts the carrier's own there,
    nothing is handed over and no receipt is believed. It is never replicated to another Region.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        carrier: config.Carrier,
        environment: config.Environment,
        key: kms.IKey,
        consumer: Duration,
    ) -> None:
        super().__init__(scope, name)
        self._carrier, self._environment = carrier, environment
        self.key = f"carrier-{carrier.name}"
        self.queue = Queue(self, self.key, environment=environment, key=key, consumer=consumer)
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            name=environment.secret(carrier),
            description=f"Credentials of {carrier.name}: token, signing",
            kms_key_id=key.key_arn,
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                secret_string_template=json.dumps({"token": ""}),
                generate_string_key="signing",
                password_length=48,
                exclude_punctuation=True,
            ),
        )
        secret.apply_removal_policy(RemovalPolicy.RETAIN if environment.retain else RemovalPolicy.DESTROY)
        self.secret_arn = secret.attr_id

    def described(self) -> dict[str, str]:
        """What functions are told of it, in CARRIERS."""
        return {
            "name": self._carrier.name,
            "adapter": self._carrier.adapter,
            "url": self._carrier.url,
            "queue": self.queue.queue.queue_url,
            "secret": self._environment.secret(self._carrier),
        }
