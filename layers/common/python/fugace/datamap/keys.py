"""The rows of the subject-keys table, and the environment's root key."""

from fugace.datamap.entry import Category, Fixed, Leaving, Protection, Row

_TOMBSTONE = (
    "when the last of a person has expired the row goes; after an erasure a tombstone stays: it is what refuses a late "
    "receipt or a restored back-up (Art. 17(1), 5(2))"
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
