"""KMS: conditions of a policy on the encryption context."""

import json
from typing import Any

from ministack.core import iam_actions


def policies_see_the_encryption_context() -> None:
    """`kms:EncryptionContext:KEY` and `kms:EncryptionContextKeys` are there for a policy's conditions.

    Without them a policy that demands a context, as ours do, refuses every call.

    Source: AWS KMS Developer Guide, "Condition keys: kms:EncryptionContext:context-key".
    """
    request_context = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        found: dict[str, Any] = request_context(service, action, body, params)
        if service != "kms":
            return found
        try:
            given = json.loads(body or b"{}").get("EncryptionContext") or {}
        except ValueError:
            given = {}
        keys = {f"kms:EncryptionContext:{key}": value for key, value in given.items()}
        return {**found, **keys, **({"kms:EncryptionContextKeys": list(given)} if given else {})}

    iam_actions.request_tag_context = context


REPAIRS = (policies_see_the_encryption_context,)
