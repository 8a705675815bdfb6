"""What a person is told, in the languages of an archive. What the map says is translated by its English sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from fugace.domain.retention import Period
from functions.dsar.archive import english, french, polish

USUAL = "en"
_FEW = {2, 3, 4}
"""In Polish, 22 as well, but not 12; in the other two, `few` and `many` are the same."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    sentences: Mapping[str, str]
    """By their names here."""
    map: Mapping[str, str]
    """By what the map, or the domain, says."""
    units: Mapping[str, tuple[str, str, str]]
    """Of a period: for one, for a few, for many."""

    def __getitem__(self, name: str) -> str:
        """A sentence. Raises KeyError for one that there is not."""
        return self.sentences[name]

    def of(self, said: str) -> str:
        """What the map says, in this language; as it is where nobody has translated it."""
        return self.map.get(said, said)

    def period(self, period: Period) -> str:
        """`P6M` as people say it."""
        if not period:
            return self["no_time"]
        counts = {"month": period.months}
        days, rest = divmod(period.seconds, 86_400)
        counts |= {"day": days, "hour": rest // 3_600, "minute": rest % 3_600 // 60, "second": rest % 60}
        if period.months and not period.months % 12:
            counts = {"year": period.months // 12, **counts, "month": 0}
        told = [f"{count}\u00a0{self._unit(unit, count)}" for unit, count in counts.items() if count]
        return ", ".join(told)

    def _unit(self, unit: str, count: int) -> str:
        one, few, many = self.units[unit]
        if count == 1:
            return one
        return few if count % 10 in _FEW and count % 100 - 10 not in _FEW else many


LANGUAGES = {
    language: Words(language, spoken.SENTENCES, spoken.MAP, spoken.UNITS)
    for language, spoken in (("en", english), ("fr", french), ("pl", polish))
}


def words(language: str) -> Words:
    """The words of a language; of one that nobody speaks here, the usual one's."""
    return LANGUAGES.get(language, LANGUAGES[USUAL])
