"""The record of processing activities, Art. 30 GDPR."""

from collections.abc import Iterator
from itertools import groupby

from cli.deployment import Deployment
from cli.words import kept, outlives, table
from fugace.datamap.entry import About, Category, Field, Row
from fugace.datamap.fields import FIELDS
from fugace.datamap.place import Place, State
from fugace.datamap.places import PLACES
from fugace.domain.retention import Kind

_WRITTEN_TO = [each for each in FIELDS if each.about is About.RECIPIENT]
_STAFF = [each for each in FIELDS if each.about is About.STAFF]
_SEALING = (
    "Number, text and reference are sealed with a key per person (AES-256-GCM). That is wrapped by the tenant's key, "
    "that by a root key, and that is unwrapped by KMS alone. Persons' keys are in no back-up."
)
_MEASURES = (
    _SEALING,
    "People are found by a keyed hash of their number (HMAC-SHA-256 under the tenant's key), never by the number.",
    "Queues, schedules, events, logs, metrics, URLs and keys of rows carry opaque ids alone.",
    "Everything at rest is encrypted with keys of this deployment, everything on the way by TLS 1.2 or better.",
    "Each function may do what it does, and nothing else; no role may copy a table.",
    "Expiry is computed on every read. What is over is deleted within an hour, and an alarm rings when it is not.",
    "What was decided and destroyed is in a chain of hashes per tenant, signed daily; anybody can check it offline.",
    "A legal hold is lifted by another API key than set it.",
)


def page(deployment: Deployment) -> list[str]:
    """Its lines."""
    return [
        "# Record of processing",
        "",
        f"Art. 30 GDPR. Deployment `{deployment.name}`, {deployment.place}.",
        "See also [how long data are kept](retention.md) and [who gets them](recipients.md).",
        "",
        *_as_processor(deployment),
        *_as_controller(),
        *_places(),
        *_attributes(),
    ]


def _as_processor(deployment: Deployment) -> list[str]:
    return [
        "## As processor, Art. 30(2)",
        "",
        "**Processor**: the operator of this deployment. Name, contact, representative and data protection officer",
        "are not known to the software: the operator puts them beside this page.",
        "",
        "**Controllers**: the tenants, `fugace tenants list`. The same processing is carried out for each of them.",
        "",
        "### Categories of processing, (b)",
        "",
        *table(("processing", "purpose", "legal ground", "kept"), map(_row, _rows(_WRITTEN_TO))),
        "Of one category of persons, those who are written to, these data:",
        "",
        *table(("category", "data", "protection"), _categories()),
        "### Transfers to third countries, (c)",
        "",
        f"None by this deployment: everything is stored and processed in {deployment.place},",
        "nothing is replicated, and no Region outside the Union can be deployed to. Where a carrier's data are is",
        "among the recipients. Where a tenant writes to a number abroad, the message goes there because the tenant",
        "says so.",
        "",
        "### Measures, (d) and Art. 32(1)",
        "",
        *(f"- {measure}" for measure in _MEASURES),
        "",
    ]


def _as_controller() -> list[str]:
    return [
        "## As controller of tenants' accounts, Art. 30(1)",
        "",
        "Of one category of persons, those who work for a tenant:",
        "",
        *table(("data", "why", "purpose", "legal ground", "kept"), map(_of_staff, _STAFF)),
    ]


def _places() -> list[str]:
    head = ("", "place", "", "what", "protection", "kept", "exported", "how it leaves", "seen by")
    return [
        "## Every place",
        "",
        "Where personal data hides in such systems. *Present*: it is there, because it has to be. *Bounded*: ids, or",
        "a copy that a service makes, for so long and no longer. *Banned*: a test of what is deployed keeps it away.",
        "",
        *table(head, map(_place, PLACES.values())),
    ]


def _attributes() -> list[str]:
    return [
        "## Every stored attribute that tells of a person written to",
        "",
        "It is in a person's export if and only if it goes when the person is erased; else the last column says why.",
        "",
        *table(
            ("attribute", "what", "protection", "kept", "in an export", "leaves", "why otherwise"),
            map(_attribute, _WRITTEN_TO),
        ),
    ]


def _rows(fields: list[Field]) -> Iterator[Row]:
    return (row for row, _ in groupby(fields, key=lambda each: each.row))


def _row(row: Row) -> tuple[str, ...]:
    return f"`{row.name}`: {row.what}", row.purpose, row.ground, kept(row.kept)


def _categories() -> Iterator[tuple[str, ...]]:
    for category in Category:
        if found := [each for each in _WRITTEN_TO if each.category is category]:
            what, ways = ([each.what for each in found], [each.protection.value for each in found])
            yield category.value, "; ".join(dict.fromkeys(what)), "; ".join(dict.fromkeys(ways))


def _of_staff(each: Field) -> tuple[str, ...]:
    return f"`{each.label}`: {each.what}", each.because, each.row.purpose, each.row.ground, kept(each.kept)


def _place(each: Place) -> tuple[str, ...]:
    leaves = each.erased if each.state is State.BANNED else f"{each.erased} ({outlives(each)})"
    protection, exported = each.protection, each.exported
    return (
        *(str(each.number), each.name, each.state.value, each.what),
        *(protection, kept(each.kept), exported, leaves, each.probe),
    )


def _attribute(each: Field) -> tuple[str, ...]:
    period = kept(each.kept) if isinstance(each.kept, Kind) else "as its row"
    exported = f"`{each.exported}`" if each.exported else "no"
    return f"`{each.label}`", each.what, each.protection.value, period, exported, each.leaving.value, each.because
