"""State that survives a restart, and `kill -9`: ministack writes its own only when it is asked to stop."""

import copy
import hashlib
import json
import logging
import os
import sys
import threading
import time
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import dynamodb, lambda_svc


def streams_outlive_a_restart() -> None:
    """A stream keeps its records for 24 hours, whatever happens to those who read it.

    ministack keeps how far each function has read, but not the records: after a restart it waits for as many new ones
    as were read before, and skips them.

    Source: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams".
    """
    get_state, restore, load = dynamodb.get_state, dynamodb.load_persisted_state, app._load_persisted_state
    kept = {"streams": dynamodb._stream_records, "trimmed": dynamodb._stream_trimmed}

    def saved() -> dict[str, Any]:
        streams = {name: copy.deepcopy(store) for name, store in kept.items()}
        return {**get_state(), **streams, "sequence": dynamodb._stream_seq_counter}

    def restored(data: dict[str, Any]) -> None:
        restore(data)
        for name, store in kept.items():
            store.update(data.get(name, {}))
        dynamodb._stream_seq_counter = data.get("sequence", 0)

    def loaded() -> None:
        load()
        _read_no_further_than_the_end()

    dynamodb.get_state, dynamodb.load_persisted_state, app._load_persisted_state = saved, restored, loaded


def _read_no_further_than_the_end() -> None:
    """After `kill -9` a reader may be remembered as further than the last record that was written down."""
    for (account, region, mapping), position in list(lambda_svc._dynamodb_stream_positions.all_items()):
        source = (lambda_svc._esms.get_scoped(account, region, mapping) or {}).get("EventSourceArn", "")
        table = source.partition("/stream/")[0].rpartition("/")[2]
        end = dynamodb.stream_end_position(table, account_id=account, region=region)
        if position > end:
            lambda_svc._dynamodb_stream_positions.set_scoped(account, region, mapping, end)


def keep() -> None:
    """Write what changed every FUGACE_CHECKPOINT_SECONDS (0: only at the end)."""
    logging.getLogger("persistence").setLevel(logging.WARNING)
    pause = float(os.environ.get("FUGACE_CHECKPOINT_SECONDS", "0"))
    if pause:
        threading.Thread(target=_write_often, args=(pause,), daemon=True, name="checkpoint").start()


def write() -> bool:
    """Write down what has changed since it was last written; False if some of it changed while it was read."""
    complete = True
    with _writing:
        for service, get_state in app._build_persistence_save_dict().items():
            try:
                state = get_state()
                text = json.dumps(state, default=persistence._json_default)
            except Exception as error:  # noqa: BLE001 - whatever it is: the next try may fare better
                sys.stderr.write(f"state of {service}: {error}\n")
                complete = False
                continue
            digest = hashlib.sha256(text.encode()).digest()
            if state is not None and _written.get(service) != digest:
                persistence.save_state(service, state)
                _written[service] = digest
    return complete


def _write_often(pause: float) -> None:
    while True:
        time.sleep(pause)
        write()


_writing = threading.Lock()
_written: dict[str, bytes] = {}

REPAIRS = (streams_outlive_a_restart,)
