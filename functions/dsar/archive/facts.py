"""What a person has to be told beside the data (Art. 14, 15(1) GDPR): read off the map, the policy, the carriers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fugace.datamap.entry import About, Category, Row
from fugace.datamap.fields import entries
from fugace.domain.retention import Kind, Period, Retention
from fugace.domain.tenant import Tenant
from fugace.ports import Terms
from functions.dsar.archive.content import SECTIONS
from functions.dsar.archive.words import Words

SOURCES = ("controller", "carrier", "made")
RIGHTS = ("rectification", "erasure", "restriction", "objection", "complaint")
HOST = "Amazon Web Services"


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why one kind of row is there."""

    section: str
    what: str
    purpose: str
    ground: str
    categories: tuple[Category, ...]
    kept: Kind | None
    """By which of the tenant's periods; None: `until` says what ends it."""
    until: str = ""


def purposes() -> tuple[Purpose, ...]:
    """One for each section of an export, as the map has it."""
    return tuple(_purpose(section.name, section.row) for section in SECTIONS)


def _purpose(name: str, kind: type) -> Purpose:
    row: Row = vars(kind)["row"]
    about = [entry for entry in entries(kind).values() if entry.about is About.RECIPIENT]
    categories = tuple(dict.fromkeys(entry.category for entry in about))
    kept, until = (row.kept, "") if isinstance(row.kept, Kind) else (None, row.kept.reason)
    return Purpose(name, row.what, row.purpose, row.ground, categories, kept, until)


def kinds() -> tuple[Kind, ...]:
    """The kinds of data that are in an export, by their periods; and the export itself."""
    kept = [entry.kept for section in SECTIONS for entry in section.fields]
    return (*dict.fromkeys(kind for kind in kept if isinstance(kind, Kind)), Kind.EXPORTS)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who got data, or has them in keeping."""

    name: str
    role: str
    region: str
    keeps: str
    declared: bool = False
    """Region, and what is kept, are a carrier's own words, in English."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, in one language."""

    words: Words
    tenant: Tenant
    recipients: tuple[Recipient, ...]
    retention: Mapping[Kind, Period]

    @classmethod
    def of(
        cls, words: Words, tenant: Tenant, retention: Retention, used: Sequence[str], terms: Mapping[str, Terms]
    ) -> "Facts":
        """`used`: names of the carriers that got a message."""
        periods = {kind: retention.period(kind) for kind in kinds() if kind in retention.caps}
        carriers = [_carrier(words, name, terms.get(name)) for name in sorted(used)]
        host = Recipient(
            HOST, words["role_host"].format(company=tenant.name), words["host_region"], words["host_keeps"]
        )
        return cls(words, tenant, (*carriers, host), periods)

    def sentence(self, name: str, **more: object) -> str:
        """One of the sentences that speak of the company."""
        return self.words[name].format(company=self.tenant.name, **more)

    def shown(self) -> dict[str, Any]:
        """For `data.json`."""
        of = self.words.of
        return {
            "language": self.words.language,
            "controller": {"id": self.tenant.id, "name": self.tenant.name},
            "purposes": [
                {
                    "section": each.section,
                    "what": of(each.what),
                    "purpose": of(each.purpose),
                    "ground": of(each.ground),
                    "categories": [of(category.value) for category in each.categories],
                    "kept": each.kept.value if each.kept else None,
                    "kept_until": of(each.until) or None,
                }
                for each in purposes()
            ],
            "recipients": [
                {"name": each.name, "role": each.role, "region": each.region, "keeps": each.keeps}
                for each in self.recipients
            ],
            "transfers": self.words["abroad"],
            "retention": {kind.value: str(period) for kind, period in self.retention.items()},
            "sources": [self.sentence(f"source_{name}") for name in SOURCES],
            "automated_decisions": self.words["automated"],
            "rights": [self.words[f"right_{name}"] for name in RIGHTS],
        }


def _carrier(words: Words, name: str, its: Terms | None) -> Recipient:
    """One that is not configured any more has got messages all the same."""
    return Recipient(name, words["role_carrier"], its.region if its else "", its.keeps if its else "", declared=True)
