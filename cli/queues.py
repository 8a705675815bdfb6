"""`fugace queues`: what waits, what was given up, and how that is tried again."""

import uuid
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import options, output
from cli.faults import CliError, told
from fugace.adapters.session import shared

app = typer.Typer(help="What waits, and what was given up.", no_args_is_help=True)

COLUMNS = ("queue", "waiting", "in_hand", "later", "dead")
_AT_ONCE = 10
_HIDDEN = 60
"""Seconds that a letter is in our hand: longer than it takes to put ten of them back."""
_COUNTS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_hand": "ApproximateNumberOfMessagesNotVisible",
    "later": "ApproximateNumberOfMessagesDelayed",
}


@app.command("list")
@told
def list_(environment: options.Environment, as_json: options.Json = False) -> None:
    """Every queue: what waits, what is being worked on, what is put off, and what was given up."""
    urls = dict(_urls(environment))
    rows = [
        {
            "queue": name,
            **_counts(url),
            "dead": _counts(urls[dead])["waiting"] if (dead := f"{name}-dead") in urls else None,
        }
        for name, url in sorted(urls.items())
        if name.removesuffix("-dead") not in urls or not name.endswith("-dead")
    ]
    output.rows(rows, as_json=as_json, columns=COLUMNS)


@app.command()
@told
def redrive(
    name: Annotated[str, typer.Argument(metavar="QUEUE", help="The queue to put them back on, as `list` names it.")],
    environment: options.Environment,
    most: Annotated[int, typer.Option(help="How many at most: try a few before all of them.")] = 10_000,
    as_json: options.Json = False,
) -> None:
    """Put dead letters back on their queue, once what killed them is mended. Their first tries are forgotten."""
    urls = dict(_urls(environment))
    if name not in urls or f"{name}-dead" not in urls:
        known = ", ".join(sorted(each for each in urls if f"{each}-dead" in urls)) or "none"
        raise CliError(f"There is no queue {name} with dead letters of its own. Those that are: {known}.")
    moved = 0
    with output.counting("Putting back", most) as done:
        while moved < most and (batch := _letters(urls[f"{name}-dead"], most - moved)):
            moved += _put_back(urls[f"{name}-dead"], urls[name], batch)
            done(moved, most)
    output.one({"moved": moved, "left": _counts(urls[f"{name}-dead"])["waiting"]}, as_json=as_json)


def _urls(environment: str) -> Iterator[tuple[str, str]]:
    """Name and address of each queue of the environment."""
    prefix = f"fugace-{environment}-"
    for page in shared().client("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=prefix):
        for url in page.get("QueueUrls", []):
            yield url.rsplit("/", 1)[1].removeprefix(prefix), url


def _counts(url: str) -> dict[str, int]:
    asked = shared().client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS.values()))
    return {name: int(asked["Attributes"][attribute]) for name, attribute in _COUNTS.items()}


def _letters(dead: str, most: int) -> list[dict[str, Any]]:
    """Some that are there, or none: an answer is short now and then although more are there, so it is waited for."""
    asked = (
        shared()
        .client("sqs")
        .receive_message(
            QueueUrl=dead, MaxNumberOfMessages=min(_AT_ONCE, most), VisibilityTimeout=_HIDDEN, WaitTimeSeconds=1
        )
    )
    return list(asked.get("Messages", []))


def _put_back(dead: str, live: str, letters: list[dict[str, Any]]) -> int:
    """Sent first, removed afterwards: whoever works them off takes a second one for what it is."""
    sqs = shared().client("sqs")
    entries = {uuid.uuid4().hex: letter for letter in letters}
    bodies = [{"Id": id_, "MessageBody": letter["Body"]} for id_, letter in entries.items()]
    sent = [each["Id"] for each in sqs.send_message_batch(QueueUrl=live, Entries=bodies).get("Successful", [])]
    if not sent:
        raise CliError("The queue takes nothing. What is in our hand comes back to its dead letters within a minute.")
    receipts = [{"Id": id_, "ReceiptHandle": entries[id_]["ReceiptHandle"]} for id_ in sent]
    sqs.delete_message_batch(QueueUrl=dead, Entries=receipts)
    return len(sent)
