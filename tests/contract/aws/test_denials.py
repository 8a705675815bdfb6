"""What AWS denies is counted once, where it is asked: by service and kind, after the SDK's own repeats."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from fugace.adapters.session import Aws


def answering(aws: Aws, service: str, status: int, code: str) -> Any:
    """A client whose service always says this: the answer stands in before anything is sent, its handling is real."""
    client = aws.client(service)
    parsed = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    client.meta.events.register("before-call", lambda **_: (SimpleNamespace(status_code=status), parsed))
    return client


def denied(ask: Any, **what: Any) -> None:
    with pytest.raises(ClientError):
        ask(**what)


KEY = {"KeyId": "alias/any"}
TABLE = {"TableName": "any"}


@pytest.mark.parametrize(
    ("service", "ask", "status", "code", "counted"),
    [
        ("kms", ("describe_key", KEY), 400, "ThrottlingException", {("kms", "Throttled"): 1}),
        ("kms", ("describe_key", KEY), 500, "KMSInternalException", {("kms", "Unreached"): 1}),
        ("kms", ("describe_key", KEY), 400, "DisabledException", {("kms", "Unreached"): 1}),
        (
            "dynamodb",
            ("describe_table", TABLE),
            400,
            "ProvisionedThroughputExceededException",
            {("dynamodb", "Throttled"): 1},
        ),
        ("dynamodb", ("describe_table", TABLE), 500, "InternalServerError", {("dynamodb", "Unreached"): 1}),
        ("dynamodb", ("describe_table", TABLE), 400, "ConditionalCheckFailedException", {}),
        ("dynamodb", ("describe_table", TABLE), 400, "TransactionCanceledException", {}),
    ],
)
def test_what_was_denied_is_counted(
    service: str, ask: tuple[str, Mapping[str, str]], status: int, code: str, counted: Mapping[tuple[str, str], int]
) -> None:
    """A condition that does not hold is an answer like any other; a key that is disabled closes everything."""
    aws = Aws()

    denied(getattr(answering(aws, service, status, code), ask[0]), **ask[1])

    assert dict(aws.denials.take()) == counted


def test_a_service_out_of_reach_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the SDK tried; and what was taken is not told again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    aws = Aws()

    with pytest.raises(EndpointConnectionError):
        aws.client("sqs").list_queues()

    assert dict(aws.denials.take()) == {("sqs", "Unreached"): 1}
    assert dict(aws.denials.take()) == {}


@pytest.fixture
def well() -> Iterator[Aws]:
    with mock_aws():
        yield Aws()


def test_what_was_done_is_no_denial(well: Aws) -> None:
    """Nothing is counted on a good day."""
    well.client("sqs").list_queues()

    assert dict(well.denials.take()) == {}
