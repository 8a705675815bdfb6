"""The rows of the purge table: none of them is worth a back-up, and all leave within days."""

from fugace.datamap.entry import Category, Fixed, Leaving, Protection, Row
from fugace.domain.retention import Period

ACCOUNTABLE = "Art. 5(1)(e), 5(2)"
THREE_DAYS = Fixed(Period.parse("P3D"), "the stream repeats itself for a day, and may be behind by another")

TWO_WEEKS = Fixed(Period.parse("P14D"), "usually two hours; somebody forgotten here would keep a key for good")

_COMPANY = "a company's opaque id"
_HOUR = "an hour, and opaque ids"
_TIME = "says when a row is worked on, or over"
_WORK = "erasing and forgetting in time, and being able to show it"


class Due:
    """When a tenant's job is due."""

    row = Row(
        "due", "purge", "a job of the purge that waits", _WORK, ACCOUNTABLE, Fixed(None, "the contract with the tenant")
    )

    tenant = row.other("tenant", "whose it is", _COMPANY)
    item = row.other("item", "which job", "kind and shard, or the id of a hold")
    lot = row.other("lot", "part of the index", "a hash of the tenant's id, of three bits")
    due_at = row.other("due_at", "when something is, or may be, over", _TIME)
    reached = row.other("reached", "how far the job came", _TIME)


class Tally:
    """What a batch of the stream told to be gone."""

    row = Row("tally", "purge", "what was deleted in an hour, until the ledger has it", _WORK, ACCOUNTABLE, THREE_DAYS)

    tenant = row.other("tenant", "the hour of the deletions", _HOUR)
    item = row.other("item", "tenant and batch", _HOUR)
    lines = row.personal(
        "lines",
        "id, time, state, segments and campaign of a message that is gone",
        category=Category.TRAFFIC,
        because="an id whose message is gone leads to nobody here (Art. 11); the row is counted and forgotten",
    )
    word = row.other("word", "what was counted", "a word of ours", category=Category.COUNT)
    count_ = row.other("count", "how many", "a count", category=Category.COUNT)
    expires_at = row.other("expires_at", "when it is over", _TIME)


class Book:
    """What of an hour the ledger has."""

    row = Row("book", "purge", "what of an hour's deletions the ledger has", _WORK, ACCOUNTABLE, THREE_DAYS)

    tenant = row.other("tenant", "the hour of the deletions", _HOUR)
    item = row.other("item", "a tenant's id", _COMPANY)
    counts = row.other("counts", "by kind", "counts", category=Category.COUNT)
    statistics = row.other("statistics", "by campaign, month and state", "counts", category=Category.COUNT)
    version = row.other("version", "how often it was entered", "a count")
    expires_at = row.other("expires_at", "when it is over", _TIME)


class News:
    """An hour of which something was told since it was last entered."""

    row = Row("news", "purge", "an hour that has to be entered", _WORK, ACCOUNTABLE, THREE_DAYS)

    tenant = row.other("tenant", "always `news`", "a word of ours")
    item = row.other("item", "the hour", _TIME)
    mark = row.other("mark", "of the last news", "an opaque id")
    expires_at = row.other("expires_at", "when it is over", _TIME)


class Departure:
    """Persons of whom something was deleted."""

    row = Row(
        "departure",
        "purge",
        "persons of whom something was deleted: is anything left?",
        "destroying a person's key when nothing of the person is left",
        ACCOUNTABLE,
        TWO_WEEKS,
    )

    tenant = row.other("tenant", "always `departures`", "a word of ours")
    item = row.other("item", "hour, tenant and batch", _HOUR)
    subjects = row.personal(
        "subjects",
        "keyed hashes of numbers",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        leaving=Leaving.ROW,
        because="the same hashes as in subject-keys, which are exported; here until somebody has looked",
    )
    marked = row.other("marked", "that their keys are marked", "says how a row is worked on")
    expires_at = row.other("expires_at", "when it is over", _TIME)
