"""API Gateway's proxy events as they arrive, for tests of handlers."""

import json
from types import SimpleNamespace
from typing import Any

from fugace.domain.ids import TenantId
from fugace.domain.tenant import Role
from tests.fakes import SHOP

CONTEXT = SimpleNamespace(aws_request_id="3f2504e0-4f89-41d3-9a0c-0305e82c3301")


def event(
    method: str,
    path: str,
    body: Any = None,
    *,
    tenant: TenantId = SHOP,
    role: Role | None = Role.ADMIN,
    live: bool = True,
    key_id: str = "key_callerkk",
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A REST API's event; `role` None: it did not pass the authorizer. Bytes and str bodies are sent as they are."""
    text = body.decode("latin-1") if isinstance(body, bytes) else body
    authorizer = {
        "tenant": tenant,
        "key_id": key_id,
        "scopes": " ".join(role.scopes) if role else "",
        "live": "true" if live else "false",
    }
    return {
        "resource": "/{proxy+}",
        "httpMethod": method,
        "path": path,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "requestContext": {"authorizer": authorizer if role else {}, "stage": "live", "httpMethod": method},
        "body": text if text is None or isinstance(text, str) else json.dumps(text),
        "isBase64Encoded": False,
    }
