"""The command line: `fugace tenants|keys|plans|carriers|messages|ledger|purge|queues|requests|restore …`."""

import os

import typer

from cli import (
    archive,
    carriers,
    certificate,
    cost,
    guard,
    keys,
    ledger,
    messages,
    plans,
    purge,
    queues,
    releases,
    requests,
    restore,
    status,
    tenants,
    webhooks,
)
from cli import map as map_

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(tenants.app, name="tenants")
app.add_typer(keys.app, name="keys")
app.add_typer(plans.app, name="plans")
app.add_typer(carriers.app, name="carriers")
app.add_typer(messages.app, name="messages")
app.add_typer(ledger.app, name="ledger")
app.add_typer(purge.app, name="purge")
app.add_typer(requests.app, name="requests")
app.add_typer(archive.app, name="archive")
app.add_typer(certificate.app, name="certificate")
app.add_typer(restore.app, name="restore")
app.add_typer(queues.app, name="queues")
app.add_typer(releases.app, name="releases")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(guard.app, name="guard")

app.command("map")(map_.show)
app.command("cost")(cost.show)
app.command("status")(status.show)


@app.callback(
    help="Operate Fugace: tenants and their keys, messages, the purge, persons' requests and their certificates. "
    "AWS is found as every AWS tool finds it.",
)
def begin() -> None:
    """Let AWS_REGION count here as it does for other tools: Python's SDK reads AWS_DEFAULT_REGION alone."""
    if region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
