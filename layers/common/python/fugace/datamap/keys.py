"""The rows of the subject-keys table, and the environment's root key."""

from fugace.datamap.entry import Branch, Category, Fixed, Leaving, Protection, Row
from fugace.domain.retention import Kind

_TOMBSTONE = (
    "when the last of a person has expired the row goes; after an erasure a tombstone stays: it is what refuses a late "
    "receipt or a restored back-up (Art. 17(1), 5(2))"
)
_SUPPRESSION = (
    "an objection has to be remembered to be respected: the keyed hash and a time are all that is kept (Art. 21(3))"
)
_KEY = "a key tells nothing of anybody; to hand it out would be to open what it seals"


class SubjectKey:
    """The key of one person at one tenant."""

    row = Row(
        "subject-key",
        "subject-keys",
        "the key with which what is known of one person is sealed, or the tombstone of one",
        "making what is sealed readable for as long as it may be, and not a moment longer",
        "Art. 32(1)(a), 17(1), 25(1)",
        Fixed(None, "the last message of the person"),
        Branch.KEY,
    )

    subject = row.personal(
        "subject",
        "keyed hash of the number",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        exported="subject",
        leaving=Leaving.STAYS,
        because=_TOMBSTONE,
    )
    tenant = row.other("tenant", "whose person it is", "a company's opaque id")
    epoch = row.other("epoch", "number of the key", "counts keys, or hours")
    wrapped = row.personal(
        "wrapped",
        "the key, wrapped by the tenant's",
        category=Category.SECURITY,
        protection=Protection.WRAPPED,
        leaving=Leaving.KEY,
        because=_KEY,
    )
    erasing = row.personal(
        "erasing",
        "since when an erasure is under way",
        category=Category.TRAFFIC,
        exported="erasing_since",
        leaving=Leaving.FIELD,
    )
    erased = row.personal(
        "erased",
        "when the person was erased",
        category=Category.TRAFFIC,
        exported="erased_at",
        leaving=Leaving.STAYS,
        because=_TOMBSTONE,
    )
    leaving = row.other("leaving", "since when nothing of the person seems to be left", "says how a row is worked on")
    restricted = row.personal(
        "restricted",
        "since when nothing but keeping may be done with what is known of the person (Art. 18)",
        category=Category.TRAFFIC,
        exported="restricted_since",
        leaving=Leaving.FIELD,
    )
    objected = row.personal(
        "objected",
        "since when the person objects to advertising (Art. 21)",
        category=Category.TRAFFIC,
        exported="objected_at",
        leaving=Leaving.STAYS,
        kept=Kind.OBJECTIONS,
        because=_SUPPRESSION,
    )


class CaseKey:
    """The key of one request: what names the person in it, and the archive made for it, are sealed with it."""

    row = Row(
        "case-key",
        "subject-keys",
        "the key with which what a request says of a person, and its archive, are sealed",
        "making both unreadable when the request is done, in back-ups too",
        "Art. 32(1)(a), 17(1)",
        Fixed(None, "the request, and its archive"),
    )

    subject = row.other("subject", "which request's", "opaque ids: `case/<tenant>/<request>`")
    tenant = row.other("tenant", "whose request it is", "a company's opaque id")
    wrapped = row.other(
        "wrapped",
        "the key, wrapped by the tenant's",
        _KEY,
        category=Category.SECURITY,
        protection=Protection.WRAPPED,
    )


class RootKey:
    """What every other key hangs from."""

    row = Row(
        "root-key",
        "tenants",
        "the environment's root key, as KMS sealed it",
        "protecting the tenants' keys",
        "Art. 32(1)(a)",
        Fixed(None, "the environment"),
    )

    tenant = row.other("tenant", "where it stands", "always `root`", category=Category.SECURITY)
    item = row.other("item", "where it stands", "always `key/1`", category=Category.SECURITY)
    sealed = row.other(
        "sealed",
        "32 bytes, sealed by KMS",
        "random bits of the environment",
        category=Category.SECURITY,
        protection=Protection.WRAPPED,
    )
