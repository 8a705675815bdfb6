"""The queues, each with its dead-letter queue."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Environment

RECEIVES = 5
"""How often a body is tried before it is dead. What a carrier refuses for now does not count: it is put back anew."""

KEPT, DEAD = Duration.days(4), Duration.days(14)
"""A dead letter's age counts from its first day in the live queue, so the dead-letter queue must keep it longer."""


class Queue(Construct):
    """A queue that only ids travel on (invariant I2), under our key, over TLS, with a place for what cannot be done."""

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey, consumer: Duration | None
    ) -> None:
        """`consumer` is the timeout of the function it wakes; None where an operator is the only reader."""
        super().__init__(scope, f"Queue-{name}")
        self._environment, self._key = environment, key
        if consumer is None:
            self.queue = self._queue("Queue", name, kept=DEAD)
            return
        self.dead = self._queue("Dead", f"{name}-dead", kept=DEAD)
        self.queue = self._queue(
            "Queue",
            name,
            kept=KEPT,
            # Six times the function's timeout, as Lambda asks: room for its own retries while it is throttled.
            visible_after=Duration.seconds(6 * int(consumer.to_seconds())),
            dead=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=RECEIVES),
        )

    def _queue(
        self,
        construct: str,
        name: str,
        *,
        kept: Duration,
        visible_after: Duration | None = None,
        dead: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct,
            queue_name=self._environment.named(name),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            # KMS is asked for a data key once an hour instead of every five minutes, per queue and sender.
            data_key_reuse=Duration.hours(1),
            enforce_ssl=True,
            retention_period=kept,
            visibility_timeout=visible_after,
            dead_letter_queue=dead,
            removal_policy=RemovalPolicy.DESTROY,
        )
