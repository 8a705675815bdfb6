"""The queues of this room: receipts that the table could not take at first, and events to tell tenants of."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from fugace.edge import observe, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from fugace.ports import Messages
from functions.dlr.letter import Letter
from functions.dlr.notify import Notifier, Summary
from functions.dlr.record import Report, record

T = TypeVar("T")


@cache
def messages() -> Messages:
    """Wired on the first event, not on import, so that tests need no AWS."""
    return wiring.messages(Settings.read())


@cache
def notifier() -> Notifier:
    """The same for notifications."""
    its = Settings.read()
    told, tenants, web = wiring.webhooks(its), wiring.tenants(its), wiring.web(its)
    messages, vault = wiring.messages(its), wiring.vault(its)
    return Notifier(told, tenants, messages, vault, web, wiring.timer(its), wiring.clock())


@observe.entry
def late(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001  # Lambda's signature
    """The entry point of the receipts function: each report by itself."""
    reports, failed = _read(event, Report.read)
    for number, report in reports.items():
        try:
            record(messages(), report)
        except Exception:  # noqa: BLE001  # whatever it is, it is this report's; the line below is masked
            logger.exception("receipt-failed", message_id=report.key.id, carrier=report.carrier)
            failed.append(number)
    ids = tuple(report.key.id for report in reports.values())
    logger.info("receipts-taken", count=len(event["Records"]), failed=len(failed), messages=ids)
    return _failures(failed)


@observe.entry
def notify(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001  # Lambda's signature
    """The entry point of the notify function: a batch together, so that what it shares is read once."""
    letters, failed = _read(event, Letter.read)
    done = notifier().deliver(letters)
    failed += done.undone
    logger.info("notified", count=done.told, retried=done.retried, failed=len(failed))
    _complain(done, letters)
    return _failures(failed)


def _complain(done: Summary, letters: dict[str, Letter]) -> None:
    """What an operator has to know: nobody else will tell a tenant that its webhook is dead.

    The messages are named of which nobody was told: of each attempt there is a line in the webhook's own log.
    """
    for reason in sorted(set(done.undone.values())):
        ids = tuple(letters[number].id for number, why in done.undone.items() if why == reason)
        logger.error("letters-returned", reason=reason, messages=ids)
    for webhook, reason in done.disabled:
        logger.warning("webhook-disabled", tenant=webhook.tenant, webhook=webhook.id, reason=reason)
    if done.disabled:
        observe.count("WebhookDisabled", len(done.disabled))
    if done.given_up:
        observe.count("EventGivenUp", done.given_up)


def _read(event: Mapping[str, Any], read: Callable[[object], T]) -> tuple[dict[str, T], list[str]]:
    """The bodies of a batch by their SQS ids, and the ids of those that nobody can read: they become dead letters."""
    bodies: dict[str, T] = {}
    failed = []
    for row in event["Records"]:
        try:
            bodies[row["messageId"]] = read(json.loads(row["body"]))
        except ValueError:
            logger.exception("unreadable")
            failed.append(row["messageId"])
    return bodies, failed


def _failures(numbers: Iterable[str]) -> dict[str, Any]:
    """What Lambda reads as 'give these back to the queue, and only these'."""
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}
