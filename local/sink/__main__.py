"""`python -m local.sink --port 4571`: starts it."""

import argparse
import sys
from pathlib import Path

from local.loopback import run
from local.sink.api import Api
from local.sink.inbox import Inbox


def main() -> None:
    """Read the options, serve."""
    parser = argparse.ArgumentParser("local.sink", description="Takes webhooks at any path, and fails when told to.")
    parser.add_argument("--port", type=int, default=4571)
    parser.add_argument("--state", type=Path, help="a file of JSON lines that outlives a restart")
    options = parser.parse_args()
    try:
        inbox = Inbox(options.state)
    except (OSError, ValueError, KeyError, TypeError):
        sys.exit(f"{options.state} cannot be read as the sink's state: remove it to start afresh.")
    run("webhook sink", options.port, Api(inbox))


main()
