"""`fugace messages`: look at one, or watch them pass."""

import time
import uuid
from datetime import timedelta
from typing import Annotated, Any

import typer

from cli import options, output
from cli.faults import CliError, told
from cli.watch import Seen, Watch
from fugace.domain.ids import MessageId, MessageKey
from fugace.domain.message import Record, Status
from fugace.domain.retention import Period
from fugace.edge import wiring
from fugace.edge.settings import Settings

app = typer.Typer(help="Messages of a tenant.", no_args_is_help=True)

_EVERY = 1.0  # seconds


@app.command()
@told
def show(
    tenant: options.TenantArgument,
    message: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],
    environment: options.Environment,
    personal: Annotated[bool, typer.Option("--personal", help="Number, text and reference, too, in clear.")] = False,
    as_json: options.Json = False,
) -> None:
    """One message, with what became of it."""
    settings = options.settings(environment)
    key = MessageKey(options.known(settings, tenant).id, MessageId(_uuid(message)))
    record = wiring.messages(settings).get(key)
    if record is None:
        raise CliError("There is no such message, or there is none any more.")
    found = {**shown(record), **(_opened(settings, record) if personal else {})}
    if as_json:
        output.print_json({**found, "history": _history(record)})
        return
    output.one(found, as_json=False)
    output.rows(_history(record), as_json=False, columns=("sequence", "status", "at", "evidence", "code"))


@app.command()
@told
def tail(
    tenant: options.TenantArgument,
    environment: options.Environment,
    status: Annotated[Status | None, typer.Option(help="Only changes into this state.")] = None,
    since: Annotated[str, typer.Option(help="How far back to begin (ISO 8601).")] = "PT10M",
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C, or stop at now.")] = True,
    as_json: options.Json = False,
) -> None:
    """Watch messages pass: a line for each change of state, without numbers and texts."""
    settings = options.settings(environment)
    found = options.known(settings, tenant)
    now = wiring.clock()()
    watch = Watch(wiring.messages(settings), found, now - _back(since))
    try:
        while True:
            for seen in watch.news(wiring.clock()()):
                if status in {None, seen.change.status}:
                    _print(seen, as_json=as_json)
            if not follow:
                return
            time.sleep(_EVERY)
    except KeyboardInterrupt:
        return


def shown(record: Record) -> dict[str, Any]:
    """A message without anything personal."""
    return {
        "id": record.key.id,
        "tenant": record.key.tenant,
        "status": record.status.value,
        "category": record.category.value,
        "encoding": record.encoding,
        "segments": record.segments,
        "carrier": record.carrier,
        "carrier_ref": record.carrier_ref,
        "campaign": record.campaign,
        "live": record.live,
        "on_unknown": record.on_unknown.value,
        "anchor": output.time(record.anchor),
        "expires_at": output.time(record.expires_at),
    }


def _history(record: Record) -> list[dict[str, Any]]:
    return [
        {
            "sequence": number,
            "status": change.status.value,
            "at": output.time(change.at),
            "evidence": change.evidence.value,
            "code": change.code,
        }
        for number, change in enumerate(record.history, 1)
    ]


def _opened(settings: Settings, record: Record) -> dict[str, str | None]:
    """The personal fields; None where one was not given, or is over."""
    key = wiring.vault(settings).keys_of([record]).get(record.key)
    if key is None:
        raise CliError("The person's key is destroyed or blocked: number and text cannot be opened any more.")
    fields = {"to": record.sealed.to, "text": record.sealed.text, "reference": record.sealed.reference}
    if record.content_until <= wiring.clock()():
        fields["text"] = None
    return {name: key.open(str(record.key), name, sealed) if sealed else None for name, sealed in fields.items()}


def _print(seen: Seen, *, as_json: bool) -> None:
    line = {
        "at": output.time(seen.change.at),
        "id": seen.record.key.id,
        "status": seen.change.status.value,
        "sequence": seen.sequence,
        "carrier": seen.record.carrier,
        "code": seen.change.code,
    }
    if as_json:
        output.print_json(line)
    else:
        typer.echo("  ".join(str(value) for value in line.values() if value != ""))


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise CliError("A message's id is a UUID.") from None


def _back(text: str) -> timedelta:
    try:
        period = Period.parse(text)
    except ValueError:
        period = None
    if period is None or period.months:
        raise CliError("--since takes an ISO 8601 duration without months, such as PT10M or P1D.")
    return timedelta(seconds=period.seconds)
