"""What API Gateway answers by itself, in the same shape as the functions' own refusals (RFC 9457)."""

import json

from aws_cdk import aws_apigateway as apigateway

# Gateway's word: status (None: each keeps its own), code (a section of docs/problems.md), title, further headers.
ANSWERS: dict[str, tuple[int | None, str, str, dict[str, str]]] = {
    "UNAUTHORIZED": (401, "unauthorized", "A valid API key is needed", {"WWW-Authenticate": "Bearer"}),
    "ACCESS_DENIED": (403, "forbidden", "This API key may not do that", {}),
    # Its name notwithstanding, this is the answer to a path or method that does not exist.
    "MISSING_AUTHENTICATION_TOKEN": (404, "not-found", "There is nothing at this address", {}),
    # Whom the authorizer let in, and the gateway has nothing to count by: our mistake or its delay, not the client's.
    "INVALID_API_KEY": (503, "unavailable", "Please try again in a moment", {"Retry-After": "5"}),
    "WAF_FILTERED": (403, "forbidden", "This API key may not do that", {}),
    "REQUEST_TOO_LARGE": (413, "too-large", "The request is too large", {}),
    "THROTTLED": (
        429,
        "too-many-requests",
        "There are too many requests at a time",
        {"Retry-After": "1", "RateLimit": '"second";r=0;t=1'},
    ),
    "QUOTA_EXCEEDED": (
        429,
        "too-many-requests",
        "There are too many requests at a time",
        {"Retry-After": "3600", "RateLimit": '"day";r=0'},
    ),
    "DEFAULT_4XX": (None, "bad-request", "The request is not valid", {}),
    "DEFAULT_5XX": (None, "bug", "Something went wrong on our side", {}),
}

HEADERS = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}

REQUEST_ID = {"X-Request-Id": "context.requestId"}
"""On every one of them: the access log has it too, and nothing else has where no function was woken."""

LIMITED = {"RateLimit-Policy": "context.authorizer.limits"}
"""What the authorizer said of the tenant's plan. Where it was not asked there is nothing to tell."""


def answer_as_problems(api: apigateway.RestApi) -> None:
    """Replace Gateway's answers by constant ones: nothing of the request is echoed, no reason is given away.

    The template of application/json is used whatever the request accepts, so that is where the body goes; the header
    says what it is.
    """
    for kind, (status, code, title, headers) in ANSWERS.items():
        body = {"type": f"/problems/{code}", "title": title} | ({"status": status} if status else {})
        api.add_gateway_response(
            kind.title().replace("_", ""),
            type=apigateway.ResponseType.of(kind),
            status_code=str(status) if status else None,
            response_headers={
                **{name: f"'{value}'" for name, value in (HEADERS | headers).items()},
                **REQUEST_ID,
                **(LIMITED if "RateLimit" in headers else {}),
            },
            templates={"application/json": json.dumps(body)},
        )
