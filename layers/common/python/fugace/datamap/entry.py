"""What the map says of a thing that is stored. An entry that leaves a question open is refused, as one that lies."""

from dataclasses import dataclass, field
from enum import StrEnum

from fugace.domain.retention import Kind, Period


class About(StrEnum):
    """Whom it tells of."""

    RECIPIENT = "recipient"  # a person written to: the tenant is the controller, the operator its processor
    STAFF = "staff"  # somebody who works for a tenant: the operator is the controller
    NOBODY = "nobody"


class Category(StrEnum):
    """What kind of data it is, in the words of a record of processing."""

    CONTENT = "content of messages"
    NUMBER = "telephone numbers"
    TRAFFIC = "traffic data"
    PSEUDONYM = "pseudonyms"
    ACCOUNT = "accounts of tenants"
    SECURITY = "keys and secrets"
    COUNT = "counts without persons"
    WORK = "notes of the work itself"


class Protection(StrEnum):
    """What stands between it and whoever reads the table. All tables are encrypted at rest, with a key of ours."""

    SEALED = "sealed with the person's key"
    CASE = "sealed with a key of the request's own, which no back-up has"
    PSEUDONYM = "keyed hash, or an id that only a carrier can resolve"
    DIGEST = "keyed digest, or a digest of random bits"
    WRAPPED = "wrapped by the key above it"
    SECRET = "sealed with the tenant's key"  # noqa: S105  # a sentence
    AT_REST = "encrypted at rest; opaque ids, words, times and counts"
    READABLE = "encrypted at rest; text that a tenant wrote"


class Leaving(StrEnum):
    """How it goes when the person it tells of is erased, or its time is over."""

    ROW = "with its row"
    FIELD = "by itself, before its row; at the latest with it"
    KEY = "with its row; what was sealed with it is unreadable from then on"
    STAYS = "not on erasure"


class Branch(StrEnum):
    """Which branch of the machine that answers persons' requests erases it. Public words, in certificates."""

    MESSAGES = "messages"
    SCHEDULES = "schedules"
    CARRIERS = "carriers"
    ARCHIVES = "archives"
    CASES = "cases"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A time that no tenant chooses."""

    period: Period | None
    """None: it ends with what the reason names."""
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of row, and what its fields have in common."""

    name: str
    table: str
    """The last word of the table's name."""
    what: str
    purpose: str
    ground: str
    """Articles are those of the GDPR where nothing else is said."""
    kept: Kind | Fixed
    branch: Branch | None = None
    """Who erases it when its person asks; None: nobody is in it, or its entries say why it stays."""

    def personal(
        self,
        name: str,
        what: str,
        *,
        category: Category,
        exported: str = "",
        leaving: Leaving = Leaving.ROW,
        protection: Protection = Protection.AT_REST,
        kept: Kind | None = None,
        because: str = "",
    ) -> "Field":
        """A field that tells of a person written to."""
        return Field(
            self, name, what, About.RECIPIENT, category, protection, kept or self.kept, leaving, exported, because
        )

    def staff(self, name: str, what: str, because: str, protection: Protection = Protection.AT_REST) -> "Field":
        """A field that tells of somebody who works for a tenant. `because`: why, and why it must be there."""
        category = Category.ACCOUNT
        return Field(
            self, name, what, About.STAFF, category, protection, self.kept, Leaving.ROW, exported="", because=because
        )

    def other(
        self,
        name: str,
        what: str,
        because: str,
        *,
        category: Category = Category.WORK,
        protection: Protection = Protection.AT_REST,
    ) -> "Field":
        """A field that tells of nobody. `because`: why not."""
        about = About.NOBODY
        return Field(
            self, name, what, about, category, protection, self.kept, Leaving.ROW, exported="", because=because
        )


@dataclass(frozen=True, slots=True)
class Field:
    """One stored attribute of one kind of row.

    What tells of a person written to is in that person's export, and goes when the person is erased: one if and only if
    the other. Whatever departs from that says why.
    """

    row: Row = field(repr=False)
    name: str
    """As DynamoDB knows it."""
    what: str
    about: About
    category: Category
    protection: Protection
    kept: Kind | Fixed
    leaving: Leaving
    exported: str
    """Its name in a person's export; '' where it is in none."""
    because: str
    """Why it tells of nobody written to; or why it stays, or is not exported."""

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            problem = f"the entry of {self.label} {wrong}"
            raise ValueError(problem)

    def _wrong(self) -> str:
        if not (self.name and self.what):
            return "says nothing"
        if self.about is About.RECIPIENT:
            usual = self.exported and self.leaving is not Leaving.STAYS
            return "" if usual or self.because else "is not both exported and erased, and does not say why"
        if self.exported:
            return "is about nobody written to, and exported all the same"
        return "" if self.because else "does not say why it is about nobody written to"

    @property
    def label(self) -> str:
        """`message.to`."""
        return f"{self.row.name}.{self.name}"
