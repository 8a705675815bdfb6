"""Writes that one adapter makes and another carries out: in this family a `Write` holds a list of raw items."""

from collections.abc import Callable, Sequence
from uuid import uuid4

from fugace.adapters.dynamo.transactions import TransactionCancelledError, TransactItem, transact
from fugace.adapters.session import Aws
from fugace.ports import Write

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
    """Carry out conditional deletions, with their count in the same transaction; give how many were."""
    return len(carried_out(aws, deletions, counted))


def carried_out(aws: Aws, writes: Sequence[TransactItem], counted: Callable[[int, str], Write]) -> set[int]:
    """Carry out conditional writes, with their count in the same transaction; give the places of those that were.

    `counted` makes the write of a count, under a name of its own. A write whose condition does not hold is left out,
    and the others are tried again, with a count of theirs.
    """
    done = set[int]()
    for start in range(0, len(writes), _MOST):
        left = list(range(start, min(start + _MOST, len(writes))))
        while left:
            try:
                transact(aws, [*(writes[place] for place in left), *items_of([counted(len(left), uuid4().hex)])])
            except TransactionCancelledError as cancelled:
                failed = set(cancelled.failed)
                if not failed.intersection(range(len(left))):
                    raise
                left = [place for number, place in enumerate(left) if number not in failed]
            else:
                done.update(left)
                break
    return done
