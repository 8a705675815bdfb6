"""What can go wrong between an operator and AWS, in one sentence each."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import typer
from botocore import exceptions as sdk

from fugace.domain.errors import FugaceError
from fugace.edge.settings import MissingSettingError

F = TypeVar("F", bound=Callable[..., Any])


class CliError(Exception):
    """A sentence for the operator."""


_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (sdk.NoCredentialsError, "No AWS credentials were found: set AWS_PROFILE, or source .fugace/env for the laptop."),
    (sdk.PartialCredentialsError, "The AWS credentials are incomplete."),
    (sdk.ProfileNotFound, "The profile that AWS_PROFILE names does not exist."),
    (sdk.NoRegionError, "No Region is set: set AWS_REGION, or source .fugace/env for the laptop."),
    (sdk.SSLError, "The AWS endpoint's certificate is not trusted: check AWS_CA_BUNDLE."),
    (sdk.ConnectTimeoutError, "The AWS endpoint cannot be reached: check AWS_ENDPOINT_URL and the network."),
    (sdk.ReadTimeoutError, "The AWS endpoint does not answer: try again in a moment."),
    (sdk.EndpointConnectionError, "The AWS endpoint cannot be reached: is it up, and AWS_ENDPOINT_URL right?"),
    (sdk.TokenRetrievalError, "The AWS session has expired: log in again."),
    (sdk.SSOError, "The AWS session has expired: log in again."),
)
_CODES = {
    "AccessDeniedException": "These AWS credentials may not do that.",
    "AccessDenied": "These AWS credentials may not do that.",
    "ExpiredTokenException": "The AWS session has expired: log in again.",
    "ExpiredToken": "The AWS session has expired: log in again.",
    "UnrecognizedClientException": "AWS does not know these credentials.",
    "InvalidClientTokenId": "AWS does not know these credentials.",
    "InvalidSignatureException": "AWS does not accept these credentials.",
    "ResourceNotFoundException": "There is no such environment in this account and Region: check --environment.",
    "NoSuchBucket": "There is no such environment in this account and Region: check --environment.",
    "NotFoundException": "The environment's KMS key was not found in this account and Region: check --environment.",
}


def told(command: F) -> F:
    """Have `command` end in a sentence and exit code 1, not in a traceback, where the cause is a known one."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # whatever the command takes and gives
        try:
            return command(*args, **kwargs)
        except Exception as error:
            why = sentence(error)
            if why is None:
                raise
            typer.echo(f"fugace: {why}", err=True)
            raise typer.Exit(1) from None

    return run  # type: ignore[return-value]  # functools.wraps keeps the signature that Typer reads


def sentence(error: Exception) -> str | None:
    """What an operator is told of it; None where the cause is not a known one."""
    causes = list(_causes(error))
    for cause in causes:
        code = getattr(cause, "response", {}).get("Error", {}).get("Code") if hasattr(cause, "response") else None
        if code in _CODES:
            return _CODES[code]
        for kind, words in _SENTENCES:
            if isinstance(cause, kind):
                return words
    if isinstance(error, CliError):
        return str(error)
    if isinstance(error, FugaceError):
        return f"{error.title}."
    if isinstance(error, MissingSettingError):
        return f"{error} is not set."
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all it came of: what adapters hide from a log is what an operator asks for."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "cause", None) or error.__cause__ or error.__context__
