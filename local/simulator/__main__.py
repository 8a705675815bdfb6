"""`python -m local.simulator --port 4570 --secrets FILE`: starts it."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from local.loopback import run
from local.simulator.api import Api
from local.simulator.book import Book
from local.simulator.post import Post, Timing

FLAVOURS = {"simulator", "simulator-account"}


def main() -> None:
    """Read the options, go on with what was left undone, serve."""
    parser = argparse.ArgumentParser("local.simulator", description="A carrier on this machine, with faults on demand.")
    parser.add_argument("--port", type=int, default=4570)
    parser.add_argument(
        "--secrets", type=Path, required=True, help="JSON: for each flavour its token and signing secret"
    )
    parser.add_argument("--state", type=Path, help="a file of JSON lines that outlives a restart")
    parser.add_argument("--callback-ca", type=Path, help="the certificate authority of the addresses it reports to")
    parser.add_argument("--gap", type=float, default=Timing.gap, help="seconds before each report")
    parser.add_argument("--slow", type=float, default=Timing.slow, help="seconds before a slow answer")
    parser.add_argument("--hold", type=float, default=Timing.hold, help="seconds before it hangs up without an answer")
    options = parser.parse_args()

    secrets = _secrets(options.secrets)
    timing = Timing(options.gap, options.slow, options.hold)
    book = _book(options.state)
    post = Post(book, {name: each["signing"] for name, each in secrets.items()}, timing, options.callback_ca)
    api = Api(book, post, {name: each["token"] for name, each in secrets.items()}, timing)
    run("carrier simulator", options.port, api, post.resume)


def _secrets(file: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        read = json.loads(file.read_text("utf-8"))
        return {name: {"token": str(read[name]["token"]), "signing": str(read[name]["signing"])} for name in FLAVOURS}
    except (OSError, ValueError, KeyError, TypeError):
        wanted = '{"simulator": {"token": …, "signing": …}, "simulator-account": {…}}'
        sys.exit(f"{file} cannot be read as {wanted}.")


def _book(file: Path | None) -> Book:
    try:
        return Book(file)
    except (OSError, ValueError, KeyError, TypeError):
        sys.exit(f"{file} cannot be read as the simulator's state: remove it to start afresh.")


main()
