"""The rows of the cases table."""

from fugace.datamap.entry import Category, Row
from fugace.domain.retention import Kind

_COMPANY = "a company's opaque id"
_TIME = "says when the work on a request was finished, or is forgotten"


class Case:
    """A person's request."""

    row = Row(
        "case",
        "cases",
        "that a person's request was worked on, and when it was finished; what it says has no field yet",
        "showing that requests were answered in time",
        "Art. 5(2), 12(3), 24(1)",
        Kind.CASES,
    )

    tenant = row.other("tenant", "whose it is", _COMPANY, category=Category.ACCOUNT)
    item = row.other("item", "id of the case", "an opaque id, which no field leads from to a person")
    finished = row.other("finished", "when it was finished", _TIME)
    expires_at = row.other("expires_at", "when it is over", _TIME)
