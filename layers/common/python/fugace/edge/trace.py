"""One id by which a request is followed: in its answer, in each line that is logged for it, in the access log."""

import re
from collections.abc import Mapping
from typing import Any

_PARENT = re.compile(r"00-(?!\d{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""Digits alone are no random id, but could be a number: one in three million random ones is lost by that."""
_OURS = re.compile(r"[0-9A-Za-z-]{8,64}")


def trace_of(event: Mapping[str, Any]) -> str:
    """The client's own trace where a key vouches for it, else the gateway's id of the request; '' where it has none.

    Of `traceparent` (W3C Trace Context, section 3.2) the trace id alone is taken, and only in the form that it must
    have; `tracestate` and `baggage` are free text, and not looked at. Who has no key has nothing to say in our logs.
    """
    context = event.get("requestContext") or {}
    headers = event.get("headers") or {}
    said = next((value for name, value in headers.items() if name.lower() == "traceparent"), None)
    parent = _PARENT.fullmatch(said) if isinstance(said, str) and context.get("authorizer") else None
    if parent:
        return parent[1]
    ours = str(context.get("requestId") or "")
    return ours if _OURS.fullmatch(ours) else ""
