"""Every stored attribute, row by row."""

from fugace.datamap.cases import Case, Claim, Recall
from fugace.datamap.entry import Field
from fugace.datamap.keys import CaseKey, RootKey, SubjectKey
from fugace.datamap.ledger import Ledger
from fugace.datamap.messages import Message
from fugace.datamap.purge import Book, Departure, Due, News, Tally
from fugace.datamap.tenants import ApiKey, Attempts, Hold, Mark, Statistics, Tenant, Webhook

ROWS: tuple[type, ...] = (
    *(Message, SubjectKey, CaseKey, RootKey),
    *(Tenant, ApiKey, Webhook, Attempts, Mark, Hold, Statistics),
    *(Due, Tally, Book, News, Departure),
    *(Case, Claim, Recall),
    Ledger,
)


def entries(row: type) -> dict[str, Field]:
    """The fields of one kind of row, by the names of the model's attributes."""
    return {name: entry for name, entry in vars(row).items() if isinstance(entry, Field)}


FIELDS: tuple[Field, ...] = tuple(entry for row in ROWS for entry in entries(row).values())
