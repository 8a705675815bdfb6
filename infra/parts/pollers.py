"""What wakes the functions that no request wakes: the stream, and the queues."""

from aws_cdk import Duration, aws_lambda
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.function import Function

OUTBOX_AGE = Duration.hours(12)
"""The stream forgets after 24 hours. What fails this long is put on the failure queue, and reconcile repeats it."""


def poll_outbox(scope: Construct, *, table: dynamodb.ITable, relay: Function, failures: sqs.IQueue) -> None:
    """Wake the relay with what is written to the messages table; what TTL and sweeps delete is not its business."""
    aws_lambda.EventSourceMapping(
        scope,
        "Outbox",
        target=relay.fn,
        event_source_arn=table.table_stream_arn,
        starting_position=aws_lambda.StartingPosition.TRIM_HORIZON,
        batch_size=100,
        # Changes of one message stay in order whatever the number is; four batches of a shard at once.
        parallelization_factor=4,
        report_batch_item_failures=True,
        bisect_batch_on_error=True,
        retry_attempts=100,
        max_record_age=OUTBOX_AGE,
        on_failure=sources.SqsDlq(failures),
        filters=[aws_lambda.FilterCriteria.filter({"eventName": aws_lambda.FilterRule.or_("INSERT", "MODIFY")})],
    )


def poll_queue(
    scope: Construct, name: str, *, queue: sqs.IQueue, function: Function, concurrency: int | None = None
) -> None:
    """Wake `function` with what is on the queue, ten at most, each failing alone. A full batch is not waited for."""
    aws_lambda.EventSourceMapping(
        scope,
        name,
        target=function.fn,
        event_source_arn=queue.queue_arn,
        batch_size=10,
        report_batch_item_failures=True,
        max_concurrency=concurrency,
    )
