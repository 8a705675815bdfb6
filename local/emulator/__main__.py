"""Start it: `python -m local.emulator`, configured by the environment that local/serve.py gives."""

import os
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version

PINNED = "1.5.33"


def main() -> None:
    """Refuse any other version (the repairs lean on private names), repair, serve."""
    found = version("ministack")
    if found != PINNED:
        sys.exit(f"The repairs in local/emulator were checked against ministack {PINNED}, and this is {found}.")
    from local.emulator import dynamodb  # first: its threads start when ministack is imported

    repair(dynamodb.REPAIRS)
    from local.emulator import (
        buckets,
        cloudformation,
        dropped,
        faults,
        functions,
        gateway,
        machines,
        policies,
        rest_api,
        rights,
        state,
        watching,
    )

    rooms = (functions, gateway, policies, state, cloudformation, dropped, buckets, machines, rest_api, watching)
    for room in (*rooms, rights, faults):  # these two see what is asked, and so come last
        repair(room.REPAIRS)
    state.keep()
    gateway.serve()


def repair(repairs: Iterable[Callable[[], None]]) -> None:
    """Make these repairs. FUGACE_UNREPAIRED leaves some out, by name: so one sees which a new version still needs."""
    left_out = os.environ.get("FUGACE_UNREPAIRED", "").split()
    for each in repairs:
        if each.__name__ not in left_out:
            each()


if __name__ == "__main__":
    main()
