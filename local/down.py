"""`make down`: stop what `make up` started, and nothing else. What was stored stays."""

import sys

from local import serve
from local.place import PLACES


def main(*names: str) -> int:
    """Stop the sink, the simulator, and the emulator last: it writes its state down."""
    places = [PLACES[name] for name in names or ("laptop",)]
    stopped = [part for place in places for part in ("sink", "simulator", "emulator") if serve.stop(place, part)]
    print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
