"""`fugace webhooks`: where a tenant's events go, and stopping that when somebody else has had a hand in it."""

from typing import Annotated

import typer

from cli import options, output
from cli.faults import CliError, told
from fugace.domain.tenant import Webhook
from fugace.edge import wiring

app = typer.Typer(help="Where a tenant's events go.", no_args_is_help=True)

COLUMNS = ("id", "url", "created", "disabled")
BY_OPERATOR = "operator"


@app.command("list")
@told
def list_(tenant: options.TenantArgument, environment: options.Environment, as_json: options.Json = False) -> None:
    """All webhooks of a tenant, disabled ones included."""
    settings = options.settings(environment)
    found = wiring.webhooks(settings).of(options.known(settings, tenant).id)
    output.rows([_shown(each) for each in found], as_json=as_json, columns=COLUMNS)


@app.command()
@told
def disable(
    tenant: options.TenantArgument,
    environment: options.Environment,
    webhook: Annotated[str, typer.Argument(metavar="WEBHOOK", help="A webhook's id.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: options.Json = False,
) -> None:
    """Send nothing there any more. A test event that is answered enables it again: that is the tenant's to say."""
    if bool(webhook) is everything:
        raise CliError("Say which webhook, or --all.")
    settings = options.settings(environment)
    known, stored = options.known(settings, tenant), wiring.webhooks(settings)
    found = [each for each in stored.of(known.id) if everything or each.id == webhook]
    if webhook and not found:
        raise CliError(f"The tenant {tenant} has no webhook {webhook}.")
    for each in found:
        stored.failing(known.id, each.id, each.failing_since, disabled=BY_OPERATOR)
    output.rows([_shown(each) for each in stored.of(known.id)], as_json=as_json, columns=COLUMNS)


def _shown(webhook: Webhook) -> output.Row:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "created": output.time(webhook.created),
        "disabled": webhook.disabled or None,
    }
