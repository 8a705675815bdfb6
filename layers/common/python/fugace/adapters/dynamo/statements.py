"""Many conditional writes in few requests: PartiQL, 25 statements a request, and an answer for each.

BatchWriteItem carries no conditions, and a transaction is all or nothing at twice the price. A failed statement brings
no row along, whatever was asked for: whoever has to know what was there instead reads it.

Source: Amazon DynamoDB API Reference, BatchExecuteStatement and BatchStatementError; Developer Guide, "PartiQL delete
statements" (no such row: success) and "PartiQL update statements" (no such row: a condition that failed).
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fugace.adapters.faults import Asking
from fugace.adapters.session import Aws

K = TypeVar("K")

_BATCH = 25
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds after a batch of which something was throttled, at most: one further for each such batch, one back for each
other, and beyond the last it is given up for now. The half of a pause is left to chance."""
_REFUSED = "ConditionalCheckFailed"
_BUSY = {
    "InternalServerError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingError",
    "TransactionConflict",
}


class StatementError(Exception):
    """DynamoDB will never take such a statement: a mistake of ours, or a right that is missing. It quotes nothing."""


@dataclass(frozen=True, slots=True)
class Statement(Generic[K]):
    """One write of one row. Its text is the same for all of a kind: values are parameters."""

    text: str
    key: str
    """Of the row: one request cannot name a row twice."""
    parameters: tuple[dict[str, str], ...]
    about: K
    """What its caller knows it by."""


@dataclass(frozen=True, slots=True)
class Told(Generic[K]):
    """What became of the statements, each in one of the lists."""

    done: list[K] = field(default_factory=list)
    refused: list[K] = field(default_factory=list)
    """Their condition did not hold."""
    left: list[K] = field(default_factory=list)
    """Throttled, or not tried any more."""


def execute(aws: Aws, statements: Sequence[Statement[K]]) -> Told[K]:
    """Carry out all that can be; throttled ones are tried again behind the others, a few times.

    Raises:
        StatementError: one of them is wrong.
        UnavailableError: a whole request was refused or unanswered. It may have been carried out.
    """
    told: Told[K] = Told()
    waiting, pauses = list(statements), 0
    while waiting:
        batch, waiting = _batch(waiting)
        busy = _ask(aws, batch, told)
        waiting += busy
        if not busy:
            pauses = max(0, pauses - 1)
        elif pauses == len(_PAUSES):
            told.left.extend(each.about for each in waiting)
            break
        else:
            time.sleep(_PAUSES[pauses] * random.uniform(0.5, 1))  # noqa: S311  # no secret hangs on it
            pauses += 1
    return told


def _batch(waiting: Sequence[Statement[K]]) -> tuple[list[Statement[K]], list[Statement[K]]]:
    """The first 25 that name different rows, and the others."""
    batch: dict[str, Statement[K]] = {}
    passed: list[Statement[K]] = []
    for place, each in enumerate(waiting):
        if len(batch) == _BATCH:
            return list(batch.values()), [*passed, *waiting[place:]]
        if batch.setdefault(each.key, each) is not each:
            passed.append(each)
    return list(batch.values()), passed


def _ask(aws: Aws, batch: Sequence[Statement[K]], told: Told[K]) -> list[Statement[K]]:
    """One request. What it says is noted; what DynamoDB was too busy for is given back."""
    request: list[dict[str, Any]] = [{"Statement": each.text, "Parameters": list(each.parameters)} for each in batch]
    with Asking():
        answers = aws.client("dynamodb").batch_execute_statement(Statements=request)["Responses"]
    busy = []
    for each, answer in zip(batch, answers, strict=True):
        code = answer["Error"].get("Code", "") if "Error" in answer else None
        if code is None:
            told.done.append(each.about)
        elif code == _REFUSED:
            told.refused.append(each.about)
        elif code in _BUSY:
            busy.append(each)
        else:
            raise StatementError(code)
    return busy
