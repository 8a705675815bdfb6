"""`make up`: the whole of Fugace on this machine, and a first tenant to try it with. A second time changes nothing."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.panel import Panel
from rich.status import Status

from local import deploy, introduce, layer, serve
from local.place import PLACES, Place, Trouble

CONSOLE = Console(highlight=False, soft_wrap=True)


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
        if not serve.running(place, "emulator"):
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
    """What a newcomer can paste."""
    ca = "--cacert .fugace/ca.pem"
    bearer = f"-H 'Authorization: Bearer {local['api_key']}'"
    jsonish = "-H 'Content-Type: application/json'"
    message = '{"to": "+33639980001", "text": "Hello from Fugace", "category": "transactional"}'
    hook = json.dumps({"url": f"{local['sink_url']}/hook"})
    lines = [
        "[bold]Send a text[/] (the number is from a range kept for fiction; its last digits choose what happens)",
        f"  curl {ca} {bearer} {jsonish} -d '{message}' {local['api_url']}/v1/messages",
        "[bold]Look[/] at what became of it, with the id from the answer",
        f"  curl {ca} {bearer} {local['api_url']}/v1/messages/ID",
        "[bold]Be told[/]: register the sink as a webhook, send again, and read what it was sent",
        f"  curl {ca} {bearer} {jsonish} -d '{hook}' {local['api_url']}/v1/webhooks",
        f"  curl {local['sink_url']}",
        f"[bold]See[/] what the carrier got, in a browser: {local['simulator_url']}",
        "[bold]Operate[/]:  . .fugace/env; ./fugace tenants list",
        "[bold]Stop[/]:  make down   (what was stored stays; make clean forgets it)",
    ]
    CONSOLE.print(Panel("Fugace is up.", expand=False))
    for line in lines:
        CONSOLE.print(line)
        if not line.startswith("[bold]"):
            CONSOLE.print()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
