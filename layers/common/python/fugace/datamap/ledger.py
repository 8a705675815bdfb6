"""The rows of the ledger table."""

from fugace.datamap.entry import Category, Fixed, Row

_COMPANY = "a company's opaque id"


class Ledger:
    """An entry of a tenant's chain."""

    row = Row(
        "ledger",
        "ledger",
        "what was decided about data, and how much was destroyed",
        "showing that data left in time",
        "Art. 5(2), 24(1), 30",
        Fixed(None, "the contract with the tenant, and the time in which it can be disputed"),
    )
    _CLOSED = "closed words, opaque ids, times and counts; its writer refuses whatever resembles a number or a text"

    tenant = row.other("tenant", "whose chain", _COMPANY)
    seq = row.other("seq", "place in the chain", "a count")
    day = row.other("day", "the day it was written on", "a day")
    at = row.other("at", "when it was written", "tells when something was done, not of whom", category=Category.COUNT)
    entry = row.staff(
        "entry", "the entry: who did what to which object, and counts", f"{_CLOSED}; a key may be one person's"
    )
    hash = row.other("hash", "what the next entry hangs on", "digest of what has no person in it")
