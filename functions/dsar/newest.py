"""A tenant's ledger from its end: what is looked for there was mostly written minutes ago."""

from collections.abc import Iterator

from fugace.domain.ids import TenantId
from fugace.domain.ledger import Entry
from fugace.keeping import Ledger

PAGE = 500
"""Entries looked at together."""


def newest_first(ledger: Ledger, tenant: TenantId, first: int = 1) -> Iterator[Entry]:
    """The entries from the last one back to number `first`."""
    head = ledger.head(tenant)
    end = head.seq if head else 0
    while end >= first:
        after = max(first - 1, end - PAGE)
        yield from reversed(ledger.page(tenant, after=after, limit=end - after))
        end = after
