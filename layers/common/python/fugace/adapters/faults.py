"""What a request to AWS can meet, in our words."""

from types import TracebackType

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  # the SDK's name for it

from fugace.domain.errors import UnavailableError

_BUSY = {
    "ConditionalRequestConflict",
    "DependencyTimeoutException",
    "InternalServerError",
    "InternalServerException",
    "KMSInternalException",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceQuotaExceededException",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_SERVER_ERROR = 500


def answer_of(error: BaseException) -> ClientError | None:
    """The service's answer within `error`: PynamoDB wraps it, sometimes twice."""
    inner = getattr(error, "cause", None) or error
    if not isinstance(inner, ClientError):
        return None
    # PynamoDB's own ClientError has the code, but only the one it came from has the whole answer.
    return inner.__cause__ if isinstance(inner.__cause__, ClientError) else inner


def code_of(error: BaseException) -> str:
    """The service's word for what is wrong; '' where it did not speak."""
    answer = answer_of(error)
    return str(answer.response["Error"]["Code"]) if answer else ""


def passing(error: BaseException) -> bool:
    """Whether the service was unreachable, busy or broken: waiting helps, and nothing of ours is wrong."""
    if isinstance(getattr(error, "cause", None) or error, HTTPClientError | ConnectionError):
        return True
    answer = answer_of(error)
    if answer is None:
        return False
    status = int(answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return code_of(error) in _BUSY or status >= _SERVER_ERROR


class Asking:
    """`with Asking():` around requests makes an `UnavailableError` of what passes, which quotes nothing."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Look at what was raised."""
        if error is not None and passing(error):
            raise UnavailableError from None
