"""Entries of lists, each one line of text: a fifth of what a map of the same costs."""

import base64
from collections import defaultdict
from collections.abc import Iterable

from fugace.adapters.dynamo.attributes import from_millis, to_millis
from fugace.domain.message import Change, Evidence, Status
from fugace.domain.retention import Cap, Kind, Period, Retention
from fugace.domain.tenant import Attempt, Secret

_STATUS = {
    Status.ACCEPTED: "a",
    Status.QUEUED: "q",
    Status.SUBMITTED: "s",
    Status.BUFFERED: "b",
    Status.DELIVERED: "d",
    Status.UNDELIVERABLE: "u",
    Status.EXPIRED: "e",
    Status.REJECTED: "r",
    Status.BLOCKED: "k",
    Status.CANCELLED: "c",
    Status.UNKNOWN: "n",
}
_EVIDENCE = {Evidence.HANDSET: "h", Evidence.OPERATOR: "o", Evidence.PLATFORM: "p", Evidence.INFERRED: "i"}
_STATUS_OF = {letter: status for status, letter in _STATUS.items()}
_EVIDENCE_OF = {letter: evidence for evidence, letter in _EVIDENCE.items()}


def write_change(change: Change) -> str:
    """`dh1768478400000 000`: delivered, says the handset, at this millisecond, the carrier's code is 000."""
    line = f"{_STATUS[change.status]}{_EVIDENCE[change.evidence]}{to_millis(change.at)}"
    return f"{line} {change.code}" if change.code else line


def read_change(line: str) -> Change:
    """The inverse. Raises KeyError or ValueError for anything else."""
    head, _, code = line.partition(" ")
    return Change(_STATUS_OF[head[:1]], from_millis(int(head[2:])), _EVIDENCE_OF[head[1:2]], code)


def write_attempt(attempt: Attempt) -> str:
    """Its fields in their order, with spaces between them: none has one inside."""
    at = to_millis(attempt.at)
    fields = (attempt.message_id, attempt.sequence, attempt.number, at, attempt.outcome, attempt.millis)
    return " ".join(map(str, fields))


def read_attempt(line: str) -> Attempt:
    """The inverse."""
    message_id, sequence, number, at, outcome, millis = line.split(" ")
    return Attempt(message_id, int(sequence), int(number), from_millis(int(at)), outcome, int(millis))


def write_secret(secret: Secret) -> str:
    """A webhook's secret, sealed as it is; with the time when it stops signing, where one is set."""
    sealed = base64.b64encode(secret.sealed).decode()
    return f"{sealed} {to_millis(secret.until)}" if secret.until else sealed


def read_secret(line: str) -> Secret:
    """The inverse."""
    sealed, _, until = line.partition(" ")
    return Secret(base64.b64decode(sealed), from_millis(int(until)) if until else None)


def write_caps(retention: Retention) -> list[str]:
    """`content P7D 0`: kind, period, since when; and the end of what it binds, where it has one."""
    return [
        " ".join((kind.value, str(cap.period), *(str(to_millis(at)) for at in (cap.since, cap.until) if at)))
        for kind, caps in retention.caps.items()
        for cap in caps
    ]


def read_caps(lines: Iterable[str]) -> Retention:
    """The inverse."""
    caps = defaultdict[Kind, list[Cap]](list)
    for line in lines:
        kind, period, *at = line.split(" ")
        caps[Kind(kind)].append(Cap(Period.parse(period), *(from_millis(int(millis)) for millis in at)))
    return Retention({kind: tuple(found) for kind, found in caps.items()})
