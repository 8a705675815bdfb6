"""Writes that happen together or not at all, in one table or in several."""

import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from fugace.adapters.faults import Asking, answer_of, code_of
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError

TransactItem = dict[str, dict[str, Any]]
"""`{"Put": …}`, `{"Update": …}`, `{"Delete": …}` or `{"ConditionCheck": …}`: made by `Table.put_write` and its like."""

CONDITION_FAILED = "ConditionalCheckFailed"
_PASSING = {"", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons that are gone a moment later; '' is that of an item with which nothing was wrong."""
_PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds before each further attempt, at most: the half of it is left to chance, so that writers get out of step."""


class TransactionCancelledError(Exception):
    """Nothing was written. The message is the reasons, which quote nothing."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reason or "-" for reason in reasons))
        self.reasons = list(reasons)
        """One word of DynamoDB's an item, in their order; '' where an item was not what stood in the way."""

    @property
    def failed(self) -> list[int]:
        """The places, from 0, of the items whose condition did not hold."""
        return [place for place, reason in enumerate(self.reasons) if reason == CONDITION_FAILED]


def transact(aws: Aws, items: Sequence[TransactItem]) -> None:
    """One TransactWriteItems; tried again a few times where another transaction was in the way, or too many.

    A request that the SDK repeats, because its answer was lost, carries the same token, and is done once.

    Raises:
        TransactionCancelledError: a condition did not hold. Some of the other reasons may be passing ones.
        UnavailableError: DynamoDB is busy or cannot be reached. In the latter case it may have been written.
    """
    for pause in (*_PAUSES, None):
        reasons = _attempt(aws, items)
        if reasons is None:
            return
        if not any(reasons) or not _PASSING.issuperset(reasons):
            raise TransactionCancelledError(reasons)
        if pause is not None:
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # no secret hangs on it
    raise UnavailableError


def _attempt(aws: Aws, items: Sequence[TransactItem]) -> list[str] | None:
    """Why it was cancelled; None where it was not. Each attempt is a transaction of its own, with its own token."""
    try:
        with Asking():
            aws.client("dynamodb").transact_write_items(TransactItems=list(items), ClientRequestToken=str(uuid4()))
    except UnavailableError:
        raise
    except Exception as error:
        answer = answer_of(error)
        if answer is None or code_of(error) != "TransactionCanceledException":
            raise
        codes = [str(reason.get("Code", "")) for reason in answer.response.get("CancellationReasons", [])]
        return ["" if code == "None" else code for code in codes]
    return None
