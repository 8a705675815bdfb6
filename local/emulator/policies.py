"""IAM: which action a call needs, and what a policy's conditions can see of it."""

import json
from typing import Any

from ministack.core import iam_actions

BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def batches_need_the_right_to_one() -> None:
    """Who may send one message to a queue may send ten; the batch has no action of its own.

    Source: Amazon SQS Developer Guide, "Amazon SQS API permissions: Actions and resource reference".
    """
    extract = iam_actions.extract_iam_action

    def action(*of: Any, **more: Any) -> str | None:
        found: str | None = extract(*of, **more)
        return BATCHES.get(found or "", found)

    iam_actions.extract_iam_action = action


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


def schedules_are_in_their_group() -> None:
    """The resource of a call on a schedule is `schedule/GROUP/NAME`.

    ministack looks for a policy on `schedule/default/NAME` whatever the group, so that one of AWS's own form refuses.

    Source: Service Authorization Reference, "Resource types defined by Amazon EventBridge Scheduler".
    """
    extract = iam_actions.extract_resource_arn

    def arn(service: str, *call: Any) -> str:
        found: str = extract(service, *call)
        if service != "scheduler" or ":schedule/default/" not in found:
            return found
        _method, _path, _headers, body, query, *_ = call
        try:
            group = json.loads(body or b"{}").get("GroupName")
        except ValueError:
            group = None
        given = query.get("groupName") or group or "default"
        name = given[0] if isinstance(given, list) else given
        return found.replace(":schedule/default/", f":schedule/{name}/")

    iam_actions.extract_resource_arn = arn


REPAIRS = (batches_need_the_right_to_one, policies_see_the_encryption_context, schedules_are_in_their_group)
