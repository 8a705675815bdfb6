"""What one message asks of AWS from accept to its last webhook: requests, units, bytes (B9, B10, B11, B16)."""

import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from bench import process
from bench.budget import Figure
from bench.cost import PerMessage
from bench.work import ENVIRONMENT, PROSE, TEXT

COUNT = 100
_KILOBYTE = 1_024
_INDEXES = 2


@dataclass(frozen=True, slots=True)
class Counted:
    """The figures, and what the bill is made of."""

    figures: list[Figure]
    per_message: PerMessage


@dataclass(frozen=True, slots=True)
class Journey:
    """A hundred messages at one carrier."""

    asked: dict[str, int]
    invocations: dict[str, int]
    changes: list[dict[str, int]]
    log_bytes: int

    def each(self, *operations: str) -> float:
        """Requests per message."""
        return sum(number for name, number in self.asked.items() if name in operations) / COUNT

    @property
    def write_units(self) -> float:
        """Per message: what the stream shows of the table and its indexes, and the conditions that were refused."""
        units = 0
        for change in self.changes:
            units += ceil(max(change.values()) / _KILOBYTE)
            units += _INDEXES if not change["OldImage"] else 0
        refused = self.asked["dynamodb.PutItem"] + self.asked["dynamodb.UpdateItem"] - len(self.changes) - self._logs
        return (units + refused) / COUNT

    @property
    def _logs(self) -> int:
        """Writes to another table: a line of the webhook's log for each batch."""
        return self.invocations["notify"]


def figures(root: Path) -> Counted:
    """Run both flavours, and a long text."""
    claiming, deduplicating = _run(root, "simulator", TEXT), _run(root, "simulator-account", TEXT)
    long = _run(root, "simulator", PROSE[:700])
    rows = [
        Figure("B9", "PutItem to messages", claiming.each("dynamodb.PutItem") - _share(claiming), 1, 1),
        Figure("B9", "UpdateItem, the carrier does not deduplicate", claiming.each("dynamodb.UpdateItem"), 3, 3),
        Figure("B9", "UpdateItem, the carrier deduplicates", deduplicating.each("dynamodb.UpdateItem"), 2, 2),
        Figure("B9", "GetItem", max(j.each("dynamodb.GetItem") for j in (claiming, deduplicating)), 3, 3),
        Figure(
            "B9", "BatchGetItem and Query", claiming.each("dynamodb.BatchGetItem", "dynamodb.Query"), note="by batch"
        ),
        Figure("B9", "PutItem to the webhook's log", _share(claiming), note="one a batch and endpoint"),
        Figure("B9", "SQS", claiming.each("sqs.SendMessage", "sqs.SendMessageBatch"), 0.6, 0.6),
        Figure("B9", "KMS, warm", claiming.each("kms.Decrypt", "kms.GenerateDataKey"), 0.01, 0.01),
        Figure("B10", "write units, accept to final, with a claim", claiming.write_units, 6, 6),
        Figure("B10", "write units, accept to final, deduplicated", deduplicating.write_units, 5, 5),
        Figure("B11", "record, 160 characters", _largest(claiming), 700, 700, "bytes", "at its largest"),
        Figure("B11", "record, 700 characters", _largest(long), 1_024, 1_024, "bytes", "at its largest"),
        Figure("B16", "log bytes per message, all functions", claiming.log_bytes / COUNT, 600, 1_500),
    ]
    return Counted(rows, _per_message(claiming))


def _share(journey: Journey) -> float:
    return journey.invocations["notify"] / COUNT


def _largest(journey: Journey) -> int:
    return max(change["NewImage"] for change in journey.changes)


def _run(root: Path, carrier: str, text: str) -> Journey:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "counts.json"
        source = f"from bench import run; run.whole({COUNT}, {carrier!r}, {str(out)!r}, {text!r})"
        paths = f"{root}:{root / 'layers' / 'common' / 'python'}"
        printed = process.output(source, {**ENVIRONMENT, "PYTHONPATH": paths})
        counted: dict[str, Any] = json.loads(out.read_text())
    if counted["last"] != ["delivered"]:
        raise RuntimeError(counted["last"])
    lines = printed.partition("--- from here on\n")[2].partition("--- until here\n")[0]
    asked = Counter(counted["asked"])
    return Journey(asked, counted["invocations"], counted["changes"], len(lines.encode()))


def _per_message(journey: Journey) -> PerMessage:
    batches = sum(number for name, number in journey.invocations.items() if name not in {"send", "receive"})
    queues = 3  # carrier's, and notify twice: each is sent, received and deleted in batches
    return PerMessage(
        api_requests=2,
        lambda_requests=2 + batches / COUNT,
        write_units=journey.write_units + _share(journey),
        purge_units=4.03,  # the row with its indexes, its text before that, and what counts them (bench.purge)
        read_units=journey.each("dynamodb.GetItem") + 0.5 * 3,
        sqs_requests=journey.each("sqs.SendMessage", "sqs.SendMessageBatch") + queues * 2 / 10,
        kms_requests=journey.each("kms.Decrypt"),
        log_bytes=journey.log_bytes / COUNT,
        record_bytes=_largest(journey),
    )
