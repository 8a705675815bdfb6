"""Carriers' secrets, as Secrets Manager gives them."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from fugace.adapters.credentials import KEPT, Credentials, UnreadableSecretError
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError
from tests.fakes import FakeClock

NAME = "fugace/test/carrier/simulator"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with mock_aws():
        aws = Aws()
        aws.client("secretsmanager").create_secret(Name=NAME, SecretString='{"token": "t", "signing": "s"}')
        yield aws


def test_a_secret_is_read_by_name(aws: Aws) -> None:
    """Its fields are texts."""
    assert Credentials(aws, FakeClock()).get(NAME) == {"token": "t", "signing": "s"}


def test_a_secret_is_asked_for_every_five_minutes(aws: Aws) -> None:
    """Not for every message; and a rotated one is seen soon."""
    clock, asked = FakeClock(), []
    aws.client("secretsmanager").meta.events.register("request-created.secretsmanager", lambda **_: asked.append(1))
    credentials = Credentials(aws, clock)

    first = credentials.get(NAME)
    clock.now += KEPT - timedelta(seconds=1)
    assert credentials.get(NAME) is first
    assert len(asked) == 1
    clock.tick(seconds=1)
    assert credentials.get(NAME) is not first
    assert len(asked) == 2


@pytest.mark.parametrize("content", ["hunter2", '"hunter2"', "[]"])
def test_what_is_in_an_unreadable_secret_stays_in_it(aws: Aws, content: str) -> None:
    """The error names the secret alone."""
    name = f"{NAME}-{hash(content)}"
    aws.client("secretsmanager").create_secret(Name=name, SecretString=content)

    with pytest.raises(UnreadableSecretError, match=f"^{name}$") as raised:
        Credentials(aws, FakeClock()).get(name)
    assert raised.value.__suppress_context__


def test_a_service_that_does_not_answer_is_waited_for() -> None:
    """Whoever asked puts the work back."""

    def down(request: AWSPreparedRequest, **_: object) -> None:
        raise EndpointConnectionError(endpoint_url=request.url)

    aws = Aws()
    aws.client("secretsmanager").meta.events.register_first("before-send.secretsmanager", down)

    with pytest.raises(UnavailableError):
        Credentials(aws, FakeClock()).get(json.dumps(NAME))
