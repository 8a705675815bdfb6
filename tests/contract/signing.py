"""The simulator's signature, made without the code under test."""

import hashlib
import hmac
import json
from typing import Any

from fugace.ports import Callback
from tests.fakes import NOON

SECRET = {"token": "token-of-a-test", "signing": "signing-of-a-test"}


def signature(body: bytes, *, secret: str = SECRET["signing"], at: int = int(NOON.timestamp())) -> str:
    """`t=…,v1=…` over `t.body`."""
    return f"t={at},v1=" + hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def call(body: Any) -> Callback:
    """A callback as it comes in at noon, genuine."""
    raw = json.dumps(body).encode()
    return Callback("POST", {"x-simulator-signature": signature(raw)}, {}, raw)
