"""IAM: which action a call needs, and what a policy's conditions can see of it."""

import json
import re
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb, kms

BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
ONE_ROW = {f"dynamodb:{action}" for action in ("DeleteItem", "GetItem", "PutItem", "UpdateItem")}
STATEMENT = re.compile(
    r"""(?is)\s*(?:(DELETE)\s+FROM|(INSERT)\s+INTO|(UPDATE)|(SELECT)\b.*?\bFROM)"""
    r"""\s+["']?([\w.-]+)"""
)


def batches_need_the_right_to_one() -> None:
    """Who may send one message to a queue may send ten; the batch has no action of its own.

    Source: Amazon SQS Developer Guide, "Amazon SQS API permissions: Actions and resource reference".
    """
    extract = iam_actions.extract_iam_action

    def action(*of: Any, **more: Any) -> str | None:
        found: str | None = extract(*of, **more)
        return BATCHES.get(found or "", found)

    iam_actions.extract_iam_action = action


def deletions_of_versions_need_their_own_right() -> None:
    """`DeleteObjects` of versions needs `s3:DeleteObjectVersion` for each: the first of a list, too.

    ministack asks for `s3:DeleteObject` on the first one, whatever it names: a role that may remove versions alone, as
    one that erases does, would be refused.

    Source: Amazon S3 API Reference, "DeleteObjects", Permissions.
    """
    extract = iam_actions.extract_iam_action

    def action(service: str, method: str, *call: Any) -> str | None:
        found: str | None = extract(service, method, *call)
        if found != "s3:DeleteObject" or method != "POST":
            return found
        _path, _headers, body, _query = call
        named = iam_actions._s3_batch_delete_targets("", body)
        return "s3:DeleteObjectVersion" if named and named[0][1] else found

    iam_actions.extract_iam_action = action


def statements_need_the_right_to_what_they_say() -> None:
    """A PartiQL statement needs `dynamodb:PartiQLDelete`, `…Insert`, `…Select` or `…Update`, on the table it names.

    ministack asks for `dynamodb:BatchExecuteStatement`, which is no action, on no table: a role as AWS wants it would
    be refused, and one that is refused by AWS let in.

    Source: Amazon DynamoDB Developer Guide, "IAM security policies with PartiQL for DynamoDB".
    """
    checks = iam_actions.dynamodb_transaction_checks

    def check(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        if not action.endswith(("ExecuteStatement", "ExecuteTransaction")):
            return checks(action, body, region, account)  # type: ignore[no-any-return]
        asked = json.loads(body)
        said = asked.get("Statements") or asked.get("TransactStatements") or [asked]
        return [_need(each["Statement"], region, account) for each in said]

    iam_actions.dynamodb_transaction_checks = check


def _need(statement: str, region: str, account: str) -> tuple[str, str]:
    """The action and the table; what cannot be read is nobody's right."""
    if not (found := STATEMENT.match(statement)):
        return "dynamodb:PartiQL", "*"
    *verbs, table = found.groups()
    verb = next(filter(None, verbs)).title()
    return f"dynamodb:PartiQL{verb}", f"arn:aws:dynamodb:{region}:{account}:table/{table}"


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


def policies_see_the_keys_of_rows() -> None:
    """`dynamodb:LeadingKeys` is there for a policy's conditions, of calls on one row.

    Without it a policy that opens some rows of a table, as ours for the keys of requests does, opens all of them. Of
    batches and transactions, which name rows of several tables, it is not told.

    Source: Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
    """
    request_context = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        found: dict[str, Any] = request_context(service, action, body, params)
        if service != "dynamodb" or action not in ONE_ROW:
            return found
        asked = json.loads(body or b"{}")
        table = dynamodb._tables.get(str(asked.get("TableName", "")).rpartition("/")[2]) or {}
        value = (asked.get("Key") or asked.get("Item") or {}).get(table.get("pk_name"), {})
        return {**found, "dynamodb:LeadingKeys": [str(each) for each in value.values()]}

    iam_actions.request_tag_context = context


def restores_are_of_their_table() -> None:
    """The resource of a call that restores or tags a table is that table.

    ministack looks for a policy on `*`, so that one of AWS's own form refuses.

    Source: Service Authorization Reference, "Actions defined by Amazon DynamoDB": `RestoreTableToPointInTime`,
    `TagResource`, `ListTagsOfResource`.
    """
    extract = iam_actions.extract_resource_arn

    def arn(service: str, *call: Any) -> str:
        found: str = extract(service, *call)
        if service != "dynamodb" or found != "*":
            return found
        _method, _path, _headers, body, *_ = call
        asked = json.loads(body or b"{}")
        name = asked.get("SourceTableArn") or asked.get("ResourceArn") or asked.get("SourceTableName") or "*"
        table = dynamodb._tables.get(str(name).rpartition("/")[2])
        return str(table["TableArn"]) if table else found

    iam_actions.extract_resource_arn = arn


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


def aliases_stand_for_their_keys() -> None:
    """A call that names a key by its alias needs the right to the key: a policy that names the alias gives none.

    ministack looks for a policy on the alias, so that one of AWS's own form refuses.

    Source: AWS KMS Developer Guide, "Use aliases to control access to KMS keys".
    """
    extract = iam_actions.extract_resource_arn

    def arn(service: str, *call: Any) -> str:
        found: str = extract(service, *call)
        if service != "kms" or ":alias/" not in found:
            return found
        key = kms._resolve_key(found)
        return str(key["Arn"]) if key else found

    iam_actions.extract_resource_arn = arn


REPAIRS = (
    batches_need_the_right_to_one,
    deletions_of_versions_need_their_own_right,
    statements_need_the_right_to_what_they_say,
    policies_see_the_encryption_context,
    policies_see_the_keys_of_rows,
    restores_are_of_their_table,
    schedules_are_in_their_group,
    aliases_stand_for_their_keys,
)
