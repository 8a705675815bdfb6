"""Everything that the stack keeps, as raw bytes by place; and the forms in which a number or a text may hide in it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError


def forms(value: str) -> set[bytes]:
    """How `value` could be found: as it is, without its plus, encoded, or as an unkeyed hash that a script reverses."""
    plain = {value, value.lstrip("+"), "00" + value.lstrip("+")} if value.startswith("+") else {value}
    if value.startswith("+33"):
        plain |= {"0" + value[3:], value[3:]}
    found = set()
    for text in plain:
        raw = text.encode()
        found |= {raw, text.encode("utf-16-be"), raw.hex().encode(), json.dumps(text)[1:-1].encode()}
        # Base64 of a text inside another one starts at any of three offsets; what is common to all is its middle.
        for offset in range(3):
            middle = base64.b64encode(b"\0" * offset + raw)[4 if offset else 0 : -4]
            found |= {middle} if len(middle) >= 8 else set()
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, raw, usedforsecurity=False).digest()
            found |= {digest, digest.hex().encode(), base64.b64encode(digest), base64.urlsafe_b64encode(digest)}
    return found


def hits(values: list[str], environment: str) -> list[str]:
    """The places (and which of `values`, by its position) where one of them is found in any form."""
    wanted = [(index, form) for index, value in enumerate(values) for form in forms(value)]
    found = set()
    for place, raw in everything(environment):
        found |= {f"{place}: value {index}" for index, form in wanted if form in raw}
    return sorted(found)


def everything(environment: str) -> Iterator[tuple[str, bytes]]:
    """All that is kept for `environment`: tables, streams, queues, logs, objects, schedules, functions, stacks."""
    prefix = f"fugace-{environment}-"
    for name in _tables(prefix):
        yield from _table(name)
        yield from _stream(name)
    yield from _queues(prefix)
    yield from _logs(f"/fugace/{environment}/")
    yield from _objects(prefix)
    yield from _schedules(f"fugace-{environment}")
    yield from _configuration(prefix)


def raw(value: Any) -> bytes:
    """Any answer as bytes in which a number can be searched: binaries as they are, not as base64."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"\n".join(str(key).encode() + b"=" + raw(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return b"\n".join(raw(item) for item in value)
    return str(value).encode()


def _tables(prefix: str) -> list[str]:
    return [name for name in boto3.client("dynamodb").list_tables()["TableNames"] if name.startswith(prefix)]


def _table(name: str) -> Iterator[tuple[str, bytes]]:
    for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=name):
        for item in page["Items"]:
            yield f"table {name}", raw(item)


def _stream(name: str) -> Iterator[tuple[str, bytes]]:
    streams = boto3.client("dynamodbstreams")
    for stream in streams.list_streams(TableName=name)["Streams"]:
        arn = stream["StreamArn"]
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            answer = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            iterator: str | None = answer["ShardIterator"]
            while iterator:
                page = streams.get_records(ShardIterator=iterator)
                yield from ((f"stream {name}", raw(record["dynamodb"])) for record in page["Records"])
                iterator = page.get("NextShardIterator") if page["Records"] else None


def _queues(prefix: str) -> Iterator[tuple[str, bytes]]:
    sqs = boto3.client("sqs")
    for url in sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", []):
        for _ in range(20):
            page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages", [])
            yield from ((f"queue {url.rsplit('/', 1)[1]}", raw(message)) for message in page)
            if not page:
                break


def _logs(prefix: str) -> Iterator[tuple[str, bytes]]:
    logs = boto3.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield from ((f"log {group['logGroupName']}", raw(event["message"])) for event in events["events"])


def _objects(prefix: str) -> Iterator[tuple[str, bytes]]:
    """Every version of every object, with its key."""
    s3 = boto3.client("s3")
    for name in (each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith(prefix)):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for each in page.get("Versions", []):
                found = s3.get_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
                yield f"bucket {name}", each["Key"].encode() + b"\n" + found["Body"].read()


def _schedules(group: str) -> Iterator[tuple[str, bytes]]:
    scheduler = boto3.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate(GroupName=group):
        for schedule in page["Schedules"]:
            try:
                whole = scheduler.get_schedule(GroupName=group, Name=schedule["Name"])
            except ClientError:  # it fired and deleted itself in between
                continue
            yield "schedule", raw(whole)


def _configuration(prefix: str) -> Iterator[tuple[str, bytes]]:
    for page in boto3.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            if function["FunctionName"].startswith(prefix):
                yield f"function {function['FunctionName']}", raw(function)
    for page in boto3.client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            yield f"stack {stack['StackName']}", raw(stack)
