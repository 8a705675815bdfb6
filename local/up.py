"""`make up`: the whole of Fugace on this machine, and a first tenant to try it with. A second time changes nothing."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.status import Status

from local import deploy, introduce, layer, serve
from local.place import PLACES, Place, Trouble

CONSOLE = Console(highlight=False, soft_wrap=True)
_KEY_OF = """.venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)["key"])'"""


def main(name: str = "laptop") -> int:
    """Bring up an instance, say what is happening meanwhile, and how to go on."""
    place = PLACES[name]
    began = time.monotonic()
    try:
        local = bring_up(place)
    except Trouble as trouble:
        CONSOLE.print(f"\n{trouble}", style="bold red", markup=False)
        return 1
    CONSOLE.print(f"  Up in {time.monotonic() - began:.1f} s.\n")
    if place is PLACES["laptop"]:
        page(local)
    return 0


def bring_up(place: Place) -> dict[str, str]:
    """Everything, in order; what is there already is left as it is. Gives what local.json holds."""
    with step("the layer and the functions") as status:
        layer.build("host", say(status))
    with step("the embedded AWS"):
        if not serve.repaired(place):
            serve.stop(place, "emulator")
            serve.start_emulator(place)
    with step("the stacks") as status:
        say(status)("synthesizing")
        deploy.synthesize(place)
        deploy.deploy(place, say(status))
    with step("the carrier simulator and the webhook sink"):
        serve.start_beside(place, introduce.carriers(place))
    with step("a first tenant"):
        local = introduce.tenant(place)
        introduce.callback(place, local["api_url"])
    return local


@contextmanager
def step(title: str) -> Iterator[Status | None]:
    """A line that moves while it works, and a tick or a cross when it is over."""
    began = time.monotonic()
    try:
        if CONSOLE.is_terminal:
            with CONSOLE.status(title) as status:
                yield status
        else:
            CONSOLE.print(f"  … {title}")
            yield None
    except BaseException:
        CONSOLE.print(f"  [red]✗[/] {title}")
        raise
    CONSOLE.print(f"  [green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")


def say(status: Status | None) -> deploy.Say:
    """Tell what a step is at."""
    return status.update if status else (lambda words: CONSOLE.print(f"    {words}"))


def page(local: dict[str, str]) -> None:
    """What a newcomer can paste, from top to bottom."""
    ask = "curl --cacert .fugace/ca.pem -H \"Authorization: Bearer $FUGACE_KEY\" -H 'Content-Type: application/json'"
    message = '{"to": "+33639980000", "text": "Hello from Fugace", "category": "transactional"}'
    request = str(uuid.uuid4())
    forget = json.dumps(
        {
            "subject_request_id": request,
            "subject_request_type": "erasure",
            "submitted_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "subject_identities": [
                {"identity_type": "phone_e164", "identity_value": "+33639980000", "identity_format": "raw"}
            ],
        }
    )
    officer = f"./fugace keys create {local['tenant']} --role privacy --mode live --json"
    hook, received = json.dumps({"url": f"{local['sink_url']}/hook"}), f"{local['sink_url']}/received"
    CONSOLE.print("[bold]Fugace is up.[/] Paste what follows, line by line, in this folder:\n")
    for why, command in {
        "the addresses and a key": ". .fugace/env",
        "be told: a sink stands for the client, and shows what it gets": f"{ask} -d '{hook}' $FUGACE_API/v1/webhooks",
        "send a text, to a number from a range kept for fiction": f"{ask} -d '{message}' $FUGACE_API/v1/messages",
        "look at what became of it (the first takes 5 to 10 s: all starts cold)": f"{ask} $FUGACE_API/v1/messages",
        "read what the client was told": f"curl {received}",
        "a live key for who answers persons (a test key may not)": f"export OFFICER=$({officer} | {_KEY_OF})",
        "a person asks to be forgotten: file it": f"{ask} -d '{forget}' $FUGACE_API/v1/requests".replace(
            "FUGACE_KEY", "OFFICER"
        ),
        "see what became of it": f"{ask} $FUGACE_API/v1/requests/{request}".replace("FUGACE_KEY", "OFFICER"),
        "operate": "./fugace tenants list",
        "stop; what was stored stays (make clean forgets it)": "make down",
    }.items():
        CONSOLE.print(f"  [dim]# {why}[/]")
        CONSOLE.print(f"  {command}\n", markup=False)
    CONSOLE.print(
        f"What the carrier got, and whether it arrives, is decided at {local['simulator_url']} (open it in a browser):"
    )
    CONSOLE.print(
        "the last two digits of a number choose what becomes of its messages; docs/carriers/simulator.md has the table."
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
