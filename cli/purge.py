"""`fugace purge`: what is over and still there, and how to have it gone."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer

from cli import options, output
from cli.backlog import Backlog, expected, look_at_everything
from cli.faults import CliError, told
from fugace.adapters.session import shared
from fugace.domain.hold import Hold, HoldState
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Entry
from fugace.domain.retention import Period
from fugace.domain.tenant import Tenant
from fugace.edge import wiring
from fugace.edge.settings import Settings

app = typer.Typer(help="What is over, and how it leaves.", no_args_is_help=True)

DUE = ("kind", "jobs", "oldest", "lag_seconds")
JOBS = ("job", "due", "reached")
HOLDS = ("id", "scope", "ground", "state", "set", "until", "covers")
EXPECTED = ("tenant", "kind", "count", "exact")
_EVERY = 2  # seconds
_LAST = 5
"""Entries of purges that are shown."""
_BACK = 100
"""Entries of a ledger among which they are looked for."""

MaybeTenant = Annotated[str, typer.Argument(metavar="[TENANT]", help="A tenant's id (ten_…). Default: all.")]


@app.command()
@told
def run(
    environment: options.Environment,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Look at everything, also at what was looked at: after a table was lost or restored."
        ),
    ] = False,
    patience: Annotated[str, typer.Option(help="How long to wait for it (ISO 8601).")] = "PT15M",
    as_json: options.Json = False,
) -> None:
    """Start the purge now, and wait until nothing is due. Ends with 1 if something stays."""
    settings, began = options.settings(environment), wiring.clock()()
    until = began + _wait(patience)
    if everything:
        with output.working("Looking at every tenant"):
            look_at_everything(settings, began)
    # It is only asked to start: what it does is seen in the agenda.
    shared().client("lambda").invoke(FunctionName=f"fugace-{environment}-plan:live", InvocationType="Event")
    first = last = Backlog.read(settings, began)
    with output.counting("Purging", first.jobs) as done:
        while last.jobs and wiring.clock()() < until:
            time.sleep(_EVERY)
            last = Backlog.read(settings, began)
            first = max(first, last, key=lambda each: each.jobs)
            done(first.jobs - last.jobs, first.jobs)
    output.one({"jobs": first.jobs, "left": last.jobs}, as_json=as_json)
    if last.jobs:
        kinds = ", ".join(f"{row['kind']} ({row['jobs']})" for row in last.rows(wiring.clock()()))
        raise CliError(f"Still due after {patience}: {kinds}. Look at the alarms, and at `fugace purge status`.")


@app.command()
@told
def status(environment: options.Environment, tenant: MaybeTenant = "", as_json: options.Json = False) -> None:
    """What is due, how late it is, and which hours are not in the ledgers yet; of one tenant, holds and purges too."""
    settings, now = options.settings(environment), wiring.clock()()
    with output.working("Reading the agenda"):
        known = options.known(settings, tenant) if tenant else None
        due = Backlog.read(settings, now, known.id if known else None).rows(now)
        hours = sorted(f"{hour:%Y-%m-%dT%H}" for hour in wiring.tallies(settings).open_hours())
        more = _of(settings, known.id) if known else {}
    if as_json:
        output.print_json({"due": due, "open_hours": hours, **more})
        return
    output.rows(due, as_json=False, columns=DUE)
    typer.echo(f"Hours that are not in the ledgers yet: {', '.join(hours) or 'none'}.")
    for title, columns in (("jobs", JOBS), ("holds", HOLDS), ("purged", ("at", "hour", "counts"))):
        if title in more:
            typer.echo(f"\n{title}:")
            output.rows(more[title], as_json=False, columns=columns)


@app.command("dry-run")
@told
def dry_run(environment: options.Environment, tenant: MaybeTenant = "", as_json: options.Json = False) -> None:
    """What the purge would find to delete now; nothing is changed. Messages are counted, not read: at most so many."""
    settings, now = options.settings(environment), wiring.clock()()
    with output.working("Counting"):
        found = [row for each in _tenants(settings, tenant) for row in expected(settings, each, now)]
    output.rows(found, as_json=as_json, columns=EXPECTED)


def _tenants(settings: Settings, tenant: str) -> Sequence[Tenant]:
    return [options.known(settings, tenant)] if tenant else wiring.tenants(settings).everyone()


def _of(settings: Settings, tenant: TenantId) -> dict[str, list[output.Row]]:
    """What is told of one tenant alone."""
    jobs = sorted(wiring.agenda(settings).of(tenant), key=lambda job: job.job)
    holds = wiring.holds(settings).of(tenant)
    return {
        "jobs": [{"job": job.job, "due": output.time(job.due_at), "reached": output.time(job.reached)} for job in jobs],
        "holds": [_hold(hold) for hold in holds if hold.state is not HoldState.OVER],
        "purged": [_purged(entry) for entry in _purges(settings, tenant)][-_LAST:],
    }


def _hold(hold: Hold) -> output.Row:
    return {
        "id": hold.id,
        "scope": hold.scope,
        "ground": hold.ground.value,
        "state": hold.state.value,
        "set": output.time(hold.set_at),
        "until": output.time(hold.until),
        "covers": hold.covers,
    }


def _purges(settings: Settings, tenant: TenantId) -> Iterator[Entry]:
    ledger = wiring.ledger(settings)
    if head := ledger.head(tenant):
        recent = ledger.page(tenant, after=max(0, head.seq - _BACK), limit=_BACK)
        yield from (entry for entry in recent if entry.draft.action is Action.PURGED)


def _purged(entry: Entry) -> output.Row:
    draft = entry.draft
    return {"at": output.time(draft.at), "hour": draft.object, "counts": dict(draft.facts)}


def _wait(text: str) -> timedelta:
    try:
        period = Period.parse(text)
    except ValueError:
        period = None
    if period is None or period.months:
        raise CliError("--patience takes an ISO 8601 duration without months, such as PT15M.")
    return timedelta(seconds=period.seconds)
