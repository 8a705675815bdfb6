"""State that survives `kill -9`: ministack writes its own only when it is asked to stop."""

import os
import sys
import threading
import time


def keep() -> None:
    """Write what changed every FUGACE_CHECKPOINT_SECONDS (0: only at the end)."""
    pause = float(os.environ.get("FUGACE_CHECKPOINT_SECONDS", "0"))
    if pause:
        threading.Thread(target=_write, args=(pause,), daemon=True, name="checkpoint").start()


def _write(pause: float) -> None:
    from ministack import app  # it starts the emulator's threads
    from ministack.core import persistence

    while True:
        time.sleep(pause)
        try:
            persistence.save_all(app._build_persistence_save_dict())
        except Exception as error:  # noqa: BLE001 - the state changed while it was read: next time
            sys.stderr.write(f"checkpoint: {error}\n")
