"""`fugace keys`: make, list and revoke a tenant's API keys, also for a tenant that has locked itself out."""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated

import typer

from cli import options, output
from cli.faults import CliError, told
from fugace.domain import apikey
from fugace.domain.retention import Kind
from fugace.domain.tenant import ApiKey, Role, Tenant
from fugace.edge import wiring
from fugace.edge.settings import Settings

app = typer.Typer(help="API keys of a tenant.", no_args_is_help=True)

COLUMNS = ("id", "role", "mode", "created", "expires", "revoked", "last_used", "note")


class Mode(StrEnum):
    """What a key reaches."""

    LIVE = "live"
    TEST = "test"


@app.command()
@told
def create(
    tenant: options.TenantArgument,
    environment: options.Environment,
    role: Annotated[Role, typer.Option(help="What it may do.")],
    mode: Annotated[Mode, typer.Option(help="live: reaches carriers. test: reaches the simulator alone.")],
    expires: Annotated[str, typer.Option(metavar="DATE", help="Its last day, YYYY-MM-DD (UTC). Default: none.")] = "",
    note: Annotated[str, typer.Option(help="What it is for. Nothing personal.")] = "",
    as_json: options.Json = False,
) -> None:
    """Make a key. It is shown this once."""
    settings = options.settings(environment)
    made = add(settings, options.known(settings, tenant), role, mode, _end_of(expires), note)
    output.one(made, as_json=as_json)
    if not as_json:
        typer.echo("Keep the key now: it is not shown again.", err=True)


@app.command("list")
@told
def list_(tenant: options.TenantArgument, environment: options.Environment, as_json: options.Json = False) -> None:
    """All keys of a tenant, revoked ones included."""
    settings = options.settings(environment)
    keys = wiring.tenants(settings).api_keys(options.known(settings, tenant).id)
    output.rows([shown(key) for key in keys], as_json=as_json, columns=COLUMNS)


@app.command()
@told
def revoke(
    tenant: options.TenantArgument,
    environment: options.Environment,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key's id (key_…).")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every key that can be used: somebody has them.")] = False,
    as_json: options.Json = False,
) -> None:
    """Stop a key for good, within a minute; the last admin key, too."""
    if bool(key) is everything:
        raise CliError("Say which key, or --all.")
    settings, now = options.settings(environment), wiring.clock()()
    known = options.known(settings, tenant)
    _look_after(settings, known, now)
    if everything:
        usable = [each.id for each in wiring.tenants(settings).api_keys(known.id) if each.usable(now)]
        gone = [wiring.tenants(settings).revoke_api_key(known.id, each, now) for each in usable]
        output.rows([shown(each) for each in gone if each], as_json=as_json, columns=COLUMNS)
        return
    revoked = wiring.tenants(settings).revoke_api_key(known.id, key, now)
    if revoked is None:
        raise CliError(f"The tenant {tenant} has no key {key}.")
    output.one(shown(revoked), as_json=as_json)


def add(
    settings: Settings, tenant: Tenant, role: Role, mode: Mode, expires: datetime | None = None, note: str = ""
) -> dict[str, str | None]:
    """Make a key; the answer has the key itself."""
    now = wiring.clock()()
    if expires and expires <= now:
        raise CliError("The key would have expired already.")
    live = mode is Mode.LIVE
    secret, key_id = apikey.make(tenant.id, live=live)
    key = ApiKey(tenant.id, key_id, role, live, apikey.digest(secret), now, expires, note=note)
    if expires:
        _look_after(settings, tenant, expires)
    wiring.tenants(settings).add_api_key(key)
    return {**shown(key), "key": secret}


def _look_after(settings: Settings, tenant: Tenant, end: datetime) -> None:
    """Have the purge look at a key that opens nothing any more from `end` on, when it has been kept long enough."""
    due_at = tenant.retention.expiry(Kind.ACCESS, end, end)
    wiring.agenda(settings).ensure(tenant.id, Kind.ACCESS.value, due_at)


def shown(key: ApiKey) -> dict[str, str | None]:
    """A key as the API shows it."""
    return {
        "id": key.id,
        "role": key.role.value,
        "mode": (Mode.LIVE if key.live else Mode.TEST).value,
        "created": output.time(key.created),
        "expires": output.time(key.expires),
        "revoked": output.time(key.revoked),
        "last_used": key.last_used.isoformat() if key.last_used else None,
        "note": key.note,
    }


def _end_of(day: str) -> datetime | None:
    """The moment after the last one of `day`."""
    if not day:
        return None
    try:
        return datetime.combine(date.fromordinal(date.fromisoformat(day).toordinal() + 1), time(), UTC)
    except ValueError:
        raise CliError("--expires takes a day, YYYY-MM-DD.") from None
