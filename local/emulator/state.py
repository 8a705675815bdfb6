"""State that survives `kill -9`: ministack writes its own only when it is asked to stop."""

import hashlib
import json
import logging
import os
import sys
import threading
import time

from ministack import app
from ministack.core import persistence


def keep() -> None:
    """Write what changed every FUGACE_CHECKPOINT_SECONDS (0: only at the end)."""
    logging.getLogger("persistence").setLevel(logging.WARNING)
    pause = float(os.environ.get("FUGACE_CHECKPOINT_SECONDS", "0"))
    if pause:
        threading.Thread(target=_write, args=(pause,), daemon=True, name="checkpoint").start()


def _write(pause: float) -> None:
    written: dict[str, bytes] = {}
    while True:
        time.sleep(pause)
        for service, get_state in app._build_persistence_save_dict().items():
            try:
                state = get_state()
                text = json.dumps(state, default=persistence._json_default)
            except Exception as error:  # noqa: BLE001 - it changed while it was read: next time
                sys.stderr.write(f"checkpoint of {service}: {error}\n")
                continue
            digest = hashlib.sha256(text.encode()).digest()
            if state is not None and written.get(service) != digest:
                persistence.save_state(service, state)
                written[service] = digest
