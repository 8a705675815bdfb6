"""API Gateway: by whose key requests are counted, and what it answers by itself.

Source: API Gateway Developer Guide, "Choose an API key source in API Gateway", "Output from an API Gateway Lambda
authorizer" (`usageIdentifierKey`), "Variables for data transformations for API Gateway" (`context.authorizer.…`),
"Handle Lambda errors in API Gateway".
"""

import json
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from ministack.services import apigateway_v1

_SAID = "fugace:usageIdentifierKey"
_AUTHORIZED: ContextVar[dict[str, str] | None] = ContextVar("fugace-authorized", default=None)
"""What the authorizer said of the request that is answered; None where none was asked."""
_DIED: ContextVar[bool] = ContextVar("fugace-died", default=False)
_SOURCE: ContextVar[str] = ContextVar("fugace-key-source", default="HEADER")


def requests_are_counted_by_the_authorizers_key() -> None:
    """`ApiKeySourceType: AUTHORIZER`: a client's own `x-api-key` is not looked at."""
    invoke, authorize = apigateway_v1._invoke_authorizer_lambda, apigateway_v1._authorize_request_v1
    presented = apigateway_v1._api_key_from_request

    async def invoked(*asked: Any, **more: Any) -> Any:
        result = await invoke(*asked, **more)
        return _with_key_in_context(result)

    async def authorized(api_id: str, *asked: Any, **more: Any) -> Any:
        _AUTHORIZED.set(None)
        _SOURCE.set((apigateway_v1._rest_apis.get(api_id) or {}).get("apiKeySource") or "HEADER")
        error, context = await authorize(api_id, *asked, **more)
        if context is not None:
            _AUTHORIZED.set(context)
            context = {name: value for name, value in context.items() if name != _SAID}
        return error, context

    def key_of(headers: Any) -> Any:
        return (_AUTHORIZED.get() or {}).get(_SAID) if _SOURCE.get() == "AUTHORIZER" else presented(headers)

    apigateway_v1._invoke_authorizer_lambda = invoked
    apigateway_v1._authorize_request_v1 = authorized
    apigateway_v1._api_key_from_request = key_of


def _with_key_in_context(result: Any) -> Any:
    """Of an answer, ministack remembers policy and context alone."""
    body = (result or {}).get("body")
    said = json.loads(body) if isinstance(body, str | bytes) else body
    if not isinstance(said, dict) or "usageIdentifierKey" not in said:
        return result
    context = {**(said.get("context") or {}), _SAID: said["usageIdentifierKey"]}
    return {**result, "body": {**said, "context": context}}


def gateway_responses_know_the_authorizers_words() -> None:
    """A header of a gateway response may be mapped from `context.authorizer.NAME`; without a value it is left out."""
    value_of = apigateway_v1._gateway_request_value

    def value(source: str, request: Any) -> Any:
        if not source.startswith("context.authorizer."):
            return value_of(source, request)
        return (_AUTHORIZED.get() or {}).get(source.removeprefix("context.authorizer."))

    apigateway_v1._gateway_request_value = value


def functions_that_die_say_nothing() -> None:
    """A function that fails or runs out of time is answered with 502, as DEFAULT_5XX has it, and not with its error."""
    shape, invoke = apigateway_v1._lambda_proxy_response, apigateway_v1._invoke_lambda_proxy_v1
    render = apigateway_v1._gateway_error_response

    def shaped(result: Any) -> Any:
        answer, error = shape(result)
        _DIED.set(error is not None)
        return answer, error

    async def invoked(*asked: Any, **more: Any) -> Any:
        _DIED.set(False)
        answer = await invoke(*asked, **more)
        return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error") if _DIED.get() else answer

    def rendered(error: Any, request: Any) -> Any:
        status, headers, body = render(error, request)
        return HTTPStatus.BAD_GATEWAY if _DIED.get() else status, headers, body

    apigateway_v1._lambda_proxy_response = shaped
    apigateway_v1._invoke_lambda_proxy_v1 = invoked
    apigateway_v1._gateway_error_response = rendered


REPAIRS = (
    requests_are_counted_by_the_authorizers_key,
    gateway_responses_know_the_authorizers_words,
    functions_that_die_say_nothing,
)
