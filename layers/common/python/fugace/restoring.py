"""What a restore needs from outside, as Protocols, beside `fugace.rights`: a table as it was, in quarantine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from fugace.domain.case import Case
from fugace.domain.ids import TenantId
from fugace.domain.message import Record
from fugace.domain.retention import Retention
from fugace.ports import Write

NOBODY = TenantId("-")
"""Whose rows are that are no tenant's: registers, and what cannot be read."""
PLANTED = TenantId("ten_aaaaaaaaaaaaaaaa")
"""No tenant, but whoever planted rows have."""


class Source(StrEnum):
    """Tables that have a past. The key table has none (I10), so what was forgotten there stays forgotten."""

    MESSAGES = "messages"
    TENANTS = "tenants"
    CASES = "cases"


@dataclass(frozen=True, slots=True)
class Run:
    """One restore: which table, as it was when."""

    id: str
    """A UUID; the quarantine is named after it."""
    source: Source
    at: datetime


class Sort(StrEnum):
    """Kinds of row, as far as they are judged differently."""

    MESSAGE = "message"
    TENANT = "tenant"
    API_KEY = "key"
    WEBHOOK = "webhook"
    HOLD = "hold"
    CASE = "case"
    CLAIM = "claim"
    RECALL = "recall"
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was: what is judged of it, and under which key it lies. The store has the rest of it."""

    sort: Sort
    tenant: TenantId
    key: str
    """Of a message `<tenant>/<id>`, of others `<partition> <item>`."""
    expires_at: datetime | None = None
    record: Record | None = None
    """Of a message."""
    case: Case | None = None
    retention: Retention | None = None
    """Of a tenant; None: nothing of its people can be read any more."""
    item: object = None
    """The whole of it, for the store alone."""
    closed: datetime | None = None
    """It comes back out of use: an API key revoked then, a webhook disabled."""


class Word(StrEnum):
    """What becomes of a row. The first two are counted in the ledger."""

    KEPT = "kept"  # it is back
    REFUSED = "refused"  # it must not come back
    LIVE = "live"  # there is a later one, which wins
    SKIPPED = "skipped"  # it is made anew with another


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one row."""

    row: Row
    """As it was."""
    back: Row | None = None
    """As it comes back; None: it does not."""
    word: Word = Word.REFUSED
    """Why it does not; without meaning where it does."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of one tenant's rows."""

    kept: int = 0
    refused: int = 0
    live: int = 0
    entered: bool = False
    """The ledger has it."""


class Quarantine(Protocol):
    """A table as it was, under a name of its own, beside the live one. It empties while its rows are dealt with.

    That is how a run that died goes on: what is still there has not been dealt with.
    """

    def begin(self, run: Run) -> None:
        """Have it made. A repeat is harmless, as is one that somebody has made before."""
        ...

    def ready(self, run: Run) -> bool:
        """Whether it is there, whole."""
        ...

    def fit(self, run: Run) -> None:
        """Give both what a restored table comes without: an end for rows, tags; to the live one its back-ups too.

        Raises:
            UnfitTableError: the live one has not the stream that it must have.
        """
        ...

    def plant(self, run: Run, record: Record | None) -> Row:
        """Put a row there that must not come back: that message, or something that is over."""
        ...

    def rows(self, run: Run) -> Iterator[list[Row]]:
        """All that are left, a page at a time."""
        ...

    def live(self, run: Run, rows: Sequence[Row]) -> set[str]:
        """Keys of those that are in the live table as well (consistent reads)."""
        ...

    def deal(self, run: Run, verdicts: Sequence[Verdict]) -> None:
        """Put back what comes back, if it is not there; take all of them out of quarantine, and count them.

        Each row in one transaction, with its count: dealt with once, however often it is tried.
        """
        ...

    def counts(self, run: Run) -> Mapping[TenantId, Counts]:
        """By tenant."""
        ...

    def entered(self, run: Run, tenant: TenantId) -> Write:
        """What notes that the ledger has a tenant's counts: conditional on its not having them."""
        ...

    def remove(self, run: Run) -> None:
        """Delete it for good. A repeat is harmless."""
        ...


class UnfitTableError(Exception):
    """The live table lacks something that only a deployment can give it."""
