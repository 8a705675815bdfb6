"""DynamoDB: expiry that can be waited for, and what a stream says of it."""

import copy
import os
import threading
import time
from collections.abc import Callable
from typing import Any

REAPER = "dynamodb-ttl-reaper"
TOO_OLD = 5 * 365 * 86400  # seconds

_sleep = time.sleep


def ttl_sweeps_often() -> None:
    """Expired items go within FUGACE_TTL_SECONDS.

    AWS promises a few days and usually takes minutes; ministack sweeps once a minute, from a thread that starts on
    import. A test cannot wait so long.
    """
    pause = float(os.environ.get("FUGACE_TTL_SECONDS", "2"))
    time.sleep = lambda seconds: _sleep(pause if threading.current_thread().name == REAPER else seconds)


def ttl_tells_the_stream() -> None:
    """An expiry writes a REMOVE record whose `userIdentity` is DynamoDB's own.

    Also, an item whose TTL is more than five years in the past stays: AWS takes it for a mistake.

    Source: Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live", "How it works: TTL".
    """
    from ministack.core import responses  # after `ttl_sweeps_often`
    from ministack.services import dynamodb

    remove_item = dynamodb._remove_item

    def remove(table: dict[str, Any], pk: str, sk: str) -> dict[str, Any] | None:
        if threading.current_thread().name != REAPER:
            return remove_item(table, pk, sk)  # type: ignore[no-any-return]
        name = table["TableName"]
        _, _, _, region, account, _ = table["TableArn"].split(":", 5)
        responses.set_request_account_id(account)
        responses.set_request_region(region)
        attribute = dynamodb._ttl_settings[name]["AttributeName"]
        item = table["items"].get(pk, {}).get(sk)
        if item and float(item[attribute]["N"]) < time.time() - TOO_OLD:
            return None
        old = remove_item(table, pk, sk)
        if old is not None:
            _record(dynamodb, name, old)
        return old  # type: ignore[no-any-return]

    dynamodb._remove_item = remove


def statements_tell_the_stream() -> None:
    """PartiQL's changes are written to the table's stream, as every other change is.

    Source: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams": whenever an application
    creates, updates or deletes items, by whichever operation. One that changes nothing writes nothing.
    """
    from ministack.services import dynamodb

    def telling(change: Callable[..., Any]) -> Callable[..., Any]:
        def run(table: dict[str, Any], parsed: dict[str, Any], data: Any = None) -> Any:
            pk, sk, _, error = dynamodb._partiql_key_target(table, parsed)
            before = None if error else copy.deepcopy(table["items"].get(pk, {}).get(sk))
            answer = change(table, parsed, data)
            after = None if error else table["items"].get(pk, {}).get(sk)
            if before is not None and before != after:
                kind = "REMOVE" if after is None else "MODIFY"
                dynamodb._emit_stream_event(table["TableName"], kind, before, copy.deepcopy(after))
            return answer

        return run

    dynamodb._partiql_update = telling(dynamodb._partiql_update)
    dynamodb._partiql_delete = telling(dynamodb._partiql_delete)


def _record(dynamodb: Any, name: str, old: dict[str, Any]) -> None:
    before = len(dynamodb._stream_records.get(name) or [])
    dynamodb._emit_stream_event(name, "REMOVE", old, None)
    records = dynamodb._stream_records.get(name) or []
    if len(records) > before:
        records[-1]["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


REPAIRS = (ttl_sweeps_often, ttl_tells_the_stream, statements_tell_the_stream)
