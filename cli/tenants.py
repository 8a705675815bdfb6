"""`fugace tenants`: take a company in, and look at those that are."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from cli import keys, options, output, plans
from cli.faults import CliError, told
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.keyring import Keyring
from fugace.adapters.session import shared
from fugace.domain import bounds
from fugace.domain.case import Case, Right
from fugace.domain.ids import MessageKey, TenantId, new_tenant
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.tenant import Role, Tenant
from fugace.edge import wiring
from fugace.edge.settings import Settings
from fugace.ports import ConflictError
from fugace.rights import Requests

app = typer.Typer(help="Companies that send.", no_args_is_help=True)

COLUMNS = ("id", "name", "carrier", "plan", "created", "content_retention", "record_retention")
_LONGEST_NAME = 100
_PAGE = 100


@app.command()
@told
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    environment: options.Environment,
    carrier: Annotated[str, typer.Option(help="Where its live messages go: a configured carrier.")] = "simulator",
    content_retention: Annotated[str | None, typer.Option(help="How long texts are kept (ISO 8601).")] = None,
    record_retention: Annotated[str | None, typer.Option(help="How long the record of a message is kept.")] = None,
    plan: Annotated[str, typer.Option(help="How many requests it may make: a deployed plan. Default: the usual.")] = "",
    key: Annotated[keys.Mode | None, typer.Option(help="Also make a first admin key of this mode.")] = None,
    as_json: options.Json = False,
) -> None:
    """Take a tenant in, with encryption keys of its own."""
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise CliError(f"A tenant's name is a line of 1 to {_LONGEST_NAME} characters.")
    chosen = {Kind.CONTENT: content_retention, Kind.RECORD: record_retention}
    retention = _retention({kind: text for kind, text in chosen.items() if text is not None})
    settings = options.settings(environment)
    options.check_carrier(environment, carrier)
    chosen_plan = plans.chosen(environment, plan)
    with output.working("Making keys"):
        tenant = _found(settings, Tenant(new_tenant(), name, carrier, wiring.clock()(), retention))
        if chosen_plan:
            plans.put_on(environment, tenant.id, chosen_plan)
            tenant = replace(tenant, plan=chosen_plan)
        first = keys.add(settings, tenant, Role.ADMIN, key, note="first admin") if key else None
    if as_json:
        output.print_json({"tenant": shown(tenant), **({"key": first} if first else {})})
        return
    output.one(shown(tenant), as_json=False)
    if first:
        output.one({"key": first["key"]}, as_json=False)
        typer.echo("Keep the key now: it is not shown again.", err=True)


@app.command("list")
@told
def list_(environment: options.Environment, as_json: options.Json = False) -> None:
    """Every tenant, oldest first."""
    with output.working("Reading tenants"):
        found = wiring.tenants(options.settings(environment)).everyone()
    output.rows([shown(tenant) for tenant in found], as_json=as_json, columns=COLUMNS)


@app.command()
@told
def show(tenant: options.TenantArgument, environment: options.Environment, as_json: options.Json = False) -> None:
    """One tenant, and how many of its keys can be used."""
    settings = options.settings(environment)
    found = options.known(settings, tenant)
    now = wiring.clock()()
    usable = [key for key in wiring.tenants(settings).api_keys(found.id) if key.usable(now)]
    output.one({**shown(found), "usable_keys": len(usable)}, as_json=as_json)


@app.command()
@told
def plan(
    tenant: options.TenantArgument,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="`fugace plans list` has them.")],
    environment: options.Environment,
    as_json: options.Json = False,
) -> None:
    """Put a tenant on a plan: how many requests it may make. In force within a minute; nothing is refused meanwhile."""
    settings = options.settings(environment)
    found = options.known(settings, tenant)
    plans.put_on(environment, found.id, plan)
    output.one(shown(replace(found, plan=plan)), as_json=as_json)


@app.command()
@told
def certificate(tenant: options.TenantArgument, environment: options.Environment) -> None:
    """The certificate that all of a tenant was erased. It has no API key any more with which it could ask for it."""
    settings = options.settings(environment)
    found = None
    with output.working("Reading requests"):
        for case in _all(wiring.requests(settings), _id(tenant)):
            if case.right is Right.OFFBOARDING and case.certificate:
                found = case.certificate
    if found is None:
        raise CliError("There is none: no tenant of this id has left, or not all of it has gone yet.")
    typer.echo(found)


def _id(text: str) -> TenantId:
    """The tenant itself is not there any more, so its id is looked at, and nothing else."""
    try:
        return MessageKey.read(f"{text}/{UUID(int=0)}").tenant
    except ValueError:
        raise CliError("A tenant's id begins with ten_.") from None


def _all(requests: Requests, tenant: TenantId) -> Iterator[Case]:
    after = ""
    while found := requests.all(tenant, after=after, limit=_PAGE):
        yield from found
        after = found[-1].key.id


def shown(tenant: Tenant) -> dict[str, str | None]:
    """A tenant, as everywhere in this room."""
    return {
        "id": tenant.id,
        "name": tenant.name,
        "carrier": tenant.carrier,
        "plan": tenant.plan or None,
        "created": output.time(tenant.created),
        "content_retention": str(tenant.retention.period(Kind.CONTENT)),
        "record_retention": str(tenant.retention.period(Kind.RECORD)),
    }


def _found(settings: Settings, tenant: Tenant) -> Tenant:
    """Write it down, and into its ledger in the same step; with the environment's root key if this is the first."""
    keyring = Keyring(shared(), settings.tenants_table, settings.environment, wiring.clock())
    keyring.make_root(f"alias/fugace-{settings.environment}")
    tenants = DynamoTenants(shared(), settings.tenants_table, wiring.clock())
    periods = {f"{kind}.to": str(tenant.retention.period(kind)) for kind in tenant.retention.caps}
    draft = Draft(tenant.id, tenant.created, Action.TENANT_CREATED, "operator", tenant.id, periods)
    try:
        wiring.ledger(settings).append(draft, tenants.addition(tenant, keyring.new_tenant_key()))
    except ConflictError:
        raise CliError("This id is taken: try again.") from None
    return tenant


def _retention(chosen: dict[Kind, str]) -> Retention:
    """The operator's usual periods, and what was chosen inside its bounds."""
    allowed = wiring.bounds()
    periods = bounds.defaults(allowed)
    for kind, text in chosen.items():
        try:
            periods[kind] = Period.parse(text)
        except ValueError:
            raise CliError(f"--{kind}-retention takes an ISO 8601 duration, such as P7D, P6M or PT0S.") from None
        bound = allowed[kind]
        if not bound.allows(periods[kind]):
            raise CliError(f"--{kind}-retention may be from {bound.min} to {bound.max}. {bound.ground}")
    return Retention.of(periods)
