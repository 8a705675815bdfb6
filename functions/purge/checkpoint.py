"""Once a day: one signature over the ends of all chains, after a look at what was added to each since the last."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fugace.domain.checkpoint import Checkpoint, Head, Inclusion, Seal, Statement, root
from fugace.domain.ids import TenantId
from fugace.domain.ledger import GENESIS
from fugace.keeping import Checkpoints, Ledger, Signer
from fugace.ports import Clock

DAY = timedelta(days=1)
FIRST = 366
"""Days that the very first one looks back: it is made the night after the deployment."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did."""

    day: datetime
    size: int
    """Chains in it."""
    grown: int
    """Chains that had grown since the one before."""
    rewritten: tuple[TenantId, ...] = ()
    """Chains that do not continue what was signed before: for them it is signed again, and somebody has to look."""
    new: bool = True
    """False: there was one of this day already."""


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """Makes the checkpoint of the present day. A day that was missed heals with the next."""

    ledger: Ledger
    checkpoints: Checkpoints
    signer: Signer
    clock: Clock
    environment: str

    def run(self) -> Made:
        """Make it, unless there is one."""
        now = self.clock()
        day = _midnight(now)
        if (had := self.checkpoints.get(day)) is not None:
            return Made(day, Checkpoint.read(had).statement.size, 0, new=False)
        document = self.checkpoints.last(day)
        before = Checkpoint.read(document) if document else None
        heads = {head.tenant: head for head in before.heads} if before else {}
        since = _day(before) if before else day - FIRST * DAY
        grown, rewritten = 0, []
        for head in self._grown(since, day):
            if not self._continues(heads.get(head.tenant), head):
                rewritten.append(head.tenant)
                continue
            grown += heads.get(head.tenant) != head
            heads[head.tenant] = head
        made = self._sign(now, day, [heads[tenant] for tenant in sorted(heads)], document)
        new = self.checkpoints.put(day, made.document)
        return Made(day, len(heads), grown, tuple(rewritten), new)

    def _grown(self, since: datetime, day: datetime) -> Iterator[Head]:
        """Ends of chains that grew from the day before `since` on: what was written around midnight is told late."""
        found, each = {}, since - DAY
        while each <= day:
            found.update({head.tenant: Head(head.tenant, head.seq, head.hash) for head in self.ledger.heads(each)})
            each += DAY
        yield from found.values()

    def _continues(self, old: Head | None, head: Head) -> bool:
        """Whether the chain leads from the signed end, or from its beginning, to the present one, link by link."""
        seq, prev = (old.seq, old.hash) if old else (0, GENESIS)
        try:
            while seq < head.seq:
                page = self.ledger.page(head.tenant, after=seq, limit=min(_PAGE, head.seq - seq))
                if not page:
                    return False
                for entry in page:
                    if (entry.seq, entry.prev, entry.draft.tenant) != (seq + 1, prev, head.tenant):
                        return False
                    seq, prev = entry.seq, entry.hash
        except ValueError:  # what is there is no entry any more
            return False
        return (seq, prev) == (head.seq, head.hash)

    def _sign(self, now: datetime, day: datetime, heads: list[Head], before: bytes | None) -> Checkpoint:
        previous = hashlib.sha256(before or b"").hexdigest()
        statement = Statement(self.environment, now, day.date(), len(heads), root(heads), previous)
        signature = self.signer.sign(hashlib.sha256(statement.signed).digest())
        return Checkpoint(statement, heads, Seal(signature, self.signer.public_key()))


def newest(checkpoints: Checkpoints, tenant: TenantId, now: datetime) -> Inclusion | None:
    """What the last checkpoint says of one tenant; None where there is none, or it had no entry yet."""
    document = checkpoints.last(_midnight(now) + DAY)
    return Checkpoint.read(document).inclusion(tenant) if document else None


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day(checkpoint: Checkpoint) -> datetime:
    return datetime.combine(checkpoint.statement.day, datetime.min.time(), UTC)
