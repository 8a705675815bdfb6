"""`make up`: the whole of Fugace on this machine, and a first tenant to try it with. A second time changes nothing."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.status import Status

from local import deploy, layer, serve
from local.place import PLACES, REGION, ROOT, Place, Trouble

CONSOLE = Console(highlight=False, soft_wrap=True)
CARRIERS = ("simulator", "simulator-account")


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
        secrets = carrier_secrets(place)
        serve.start_beside(place, secrets)
    with step("a first tenant"):
        return introduce(place)


def carrier_secrets(place: Place) -> dict[str, Any]:
    """The credentials that the deployed functions use with the simulated carriers; the simulator checks them."""
    vault = deploy.client(place, "secretsmanager")
    read = {name: vault.get_secret_value(SecretId=f"fugace/laptop/carrier/{name}") for name in CARRIERS}
    return {name: json.loads(secret["SecretString"]) for name, secret in read.items()}


def introduce(place: Place) -> dict[str, str]:
    """The first tenant and its admin key for tests, made by the operator's command line; kept in local.json."""
    note = place.folder / "local.json"
    stack = {"api_url": deploy.outputs(place)["ApiUrl"].rstrip("/"), "region": REGION}
    stack |= {f"{name}_url": place.url(name) for name in ("simulator", "sink")}
    known = json.loads(note.read_text()) if note.exists() else {}
    if "tenant" not in known or not _exists(place, known["tenant"]):
        made = fugace(place, "tenants", "create", "First tenant", "--key", "test")
        known = {"tenant": made["tenant"]["id"], "api_key": made["key"]["key"]}
    local = {**known, **stack}
    note.touch(mode=0o600)
    note.write_text(json.dumps(local, indent=2) + "\n")
    lines = [f"export {name}='{value}'" for name, value in place.aws().items()]
    (place.folder / "env").write_text("\n".join(lines) + "\n")
    return local


def _exists(place: Place, tenant: str) -> bool:
    key = {"tenant": {"S": tenant}, "item": {"S": "tenant"}}
    found = deploy.client(place, "dynamodb").get_item(TableName="fugace-laptop-tenants", Key=key)
    return "Item" in found


def fugace(place: Place, *words: str) -> Any:  # noqa: ANN401 - JSON
    """What the operator's command line answers, as JSON."""
    command = [str(ROOT / "fugace"), *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=place.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        msg = f"./fugace {' '.join(words)} failed: {' '.join(last)}"
        raise Trouble(msg)
    return json.loads(done.stdout)


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
