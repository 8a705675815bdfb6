"""Writes that one adapter makes and another carries out: in this family a `Write` holds a list of raw items."""

from collections.abc import Callable, Sequence
from uuid import uuid4

from fugace.adapters.dynamo.transactions import TransactionCancelledError, TransactItem, transact
from fugace.adapters.session import Aws
from fugace.keeping import Write

_MOST = 90
"""Deletions of one transaction, which has room for 100 writes."""


def write_of(*items: TransactItem) -> Write:
    """As one write: the items belong together, such as a count and the news of it."""
    return Write(list(items))


def items_of(writes: Sequence[Write]) -> list[TransactItem]:
    """The inverse. Raises TypeError for writes of another family of adapters."""
    found: list[TransactItem] = []
    for write in writes:
        if not isinstance(write.item, list):
            raise TypeError("a write of another family of adapters")
        found += write.item
    return found


def delete_counted(aws: Aws, deletions: Sequence[TransactItem], counted: Callable[[int, str], Write]) -> int:
    """Carry out conditional deletions, with their count in the same transaction; give how many were.

    `counted` makes the write of a count, under a name of its own. A deletion whose condition does not hold is left out,
    and the others are tried again, with a count of theirs.
    """
    done = 0
    for start in range(0, len(deletions), _MOST):
        left = list(deletions[start : start + _MOST])
        while left:
            try:
                transact(aws, [*left, *items_of([counted(len(left), uuid4().hex)])])
            except TransactionCancelledError as cancelled:
                failed = set(cancelled.failed)
                if not failed.intersection(range(len(left))):
                    raise
                left = [item for place, item in enumerate(left) if place not in failed]
            else:
                done += len(left)
                break
    return done
