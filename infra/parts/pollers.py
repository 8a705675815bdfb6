"""What wakes the functions that no request wakes: the stream, and the queues."""

from typing import Any

from aws_cdk import Duration, aws_lambda
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.function import Function

OUTBOX_AGE = Duration.hours(12)
"""The stream forgets after 24 hours. What fails this long is put on the failure queue, and reconcile repeats it."""

COUNTED_WITHIN = Duration.hours(20)
"""Nothing repeats a count that was missed, so the tally is tried for almost as long as the stream remembers."""


GONE: tuple[dict[str, Any], ...] = (
    {"eventName": ["REMOVE"]},
    {
        "eventName": ["MODIFY"],
        "dynamodb": {
            "OldImage": {"text": {"B": [{"exists": True}]}},
            "NewImage": {"text": {"B": [{"exists": False}]}},
        },
    },
)
"""What left the messages table: rows, whoever deleted them, and texts. (`exists` is asked of a value alone, so the
binary it is, and not of the attribute.) What comes in spite of it, the tally looks at and leaves."""


def poll_outbox(scope: Construct, *, table: dynamodb.ITable, relay: Function, failures: sqs.IQueue) -> None:
    """Wake the relay with what is written to the messages table; what TTL and sweeps delete is not its business."""
    aws_lambda.EventSourceMapping(
        scope,
        "Outbox",
        target=relay.live,
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


def poll_deletions(
    scope: Construct, *, table: dynamodb.ITable, tally: Function, failures: sqs.IQueue, window: Duration
) -> None:
    """Wake the tally with what left the messages table, a thousand at a time: an hour is counted in few rows."""
    aws_lambda.EventSourceMapping(
        scope,
        "Deletions",
        target=tally.live,
        event_source_arn=table.table_stream_arn,
        starting_position=aws_lambda.StartingPosition.TRIM_HORIZON,
        batch_size=1000,
        max_batching_window=window,
        report_batch_item_failures=True,
        bisect_batch_on_error=True,
        retry_attempts=1000,
        max_record_age=COUNTED_WITHIN,
        on_failure=sources.SqsDlq(failures),
        filters=[aws_lambda.FilterCriteria.filter(pattern) for pattern in GONE],
    )


def poll_queue(
    scope: Construct,
    name: str,
    *,
    queue: sqs.IQueue,
    function: Function,
    concurrency: int | None = None,
    batch: int = 10,
) -> None:
    """Wake `function` with what is on the queue, `batch` at most, each failing alone. A full one is not waited for."""
    aws_lambda.EventSourceMapping(
        scope,
        name,
        target=function.live,
        event_source_arn=queue.queue_arn,
        batch_size=batch,
        report_batch_item_failures=True,
        max_concurrency=concurrency,
    )
