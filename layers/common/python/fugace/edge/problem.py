"""The one place where an error of ours becomes an HTTP answer (RFC 9457). docs/problems.md has a section per code."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from fugace.domain.errors import Code, FugaceError, NotFoundError
from fugace.edge.observe import count, logger

STATUS = {
    Code.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Code.BAD_IDEMPOTENCY_KEY: HTTPStatus.BAD_REQUEST,
    Code.BAD_CURSOR: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Code.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Code.RECEIPT_REFUSED: HTTPStatus.FORBIDDEN,
    Code.SAME_KEY: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.TOO_LATE: HTTPStatus.CONFLICT,
    Code.BLOCKED: HTTPStatus.CONFLICT,
    Code.LIMIT_REACHED: HTTPStatus.CONFLICT,
    Code.LAST_ADMIN_KEY: HTTPStatus.CONFLICT,
    Code.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.INVALID_NUMBER: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.TOO_LONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.OUT_OF_BOUNDS: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.IDEMPOTENCY_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.WEBHOOK_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.IDENTITY_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.REQUEST_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.REQUEST_OPEN: HTTPStatus.CONFLICT,
    Code.LEGAL_HOLD: HTTPStatus.CONFLICT,
    Code.REQUEST_CLOSED: HTTPStatus.CONFLICT,
    Code.CODE_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY_AFTER = "5"  # seconds
_BUG = "bug"


def answer(error: FugaceError) -> Response[str]:
    """Render an error that we raised on purpose."""
    status = STATUS[error.code]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        logger.warning("refused", code=error.code.value, http=status.value, exc_info=error)
        count("Unavailable")
    else:
        logger.info("refused", code=error.code.value, http=status.value)
    return _problem(describe(error), _headers(error, status))


def bug(_error: Exception) -> Response[str]:
    """Render what we did not foresee, and say nothing about it outside.

    Left to Lambda, an exception is printed by the runtime, past our redaction.
    """
    logger.exception("bug")
    count("Bug")
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _problem(
        {"type": f"/problems/{_BUG}", "title": "Something went wrong on our side", "status": status.value}, {}
    )


def missing(_error: Exception) -> Response[str]:
    """Render that there is no such route: the same answer as for a thing that is not there."""
    return answer(NotFoundError())


def describe(error: FugaceError) -> dict[str, Any]:
    """The body of a problem: also what one item of a batch is answered with. Facts cannot overwrite the rest."""
    body: dict[str, Any] = {
        **error.facts,
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": STATUS[error.code].value,
    }
    if error.errors:
        body["errors"] = [{"pointer": each.pointer, "reason": each.reason} for each in error.errors]
    return body


def _headers(error: FugaceError, status: HTTPStatus) -> dict[str, str | list[str]]:
    headers: dict[str, str | list[str]] = {}
    if error.retryable:
        headers["Retry-After"] = _RETRY_AFTER
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 11.6.1
    return headers


def _problem(body: dict[str, Any], headers: dict[str, str | list[str]]) -> Response[str]:
    kind = "application/problem+json"
    return Response(body["status"], kind, json.dumps(body), {"Cache-Control": "no-store", **headers})
