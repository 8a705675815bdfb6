"""What a person is told, in three languages: all of it in each of them, and nothing half."""

import re
from html.parser import HTMLParser
from string import Formatter

import pytest

from fugace.domain.case import CaseState, Right
from fugace.domain.hold import Ground
from fugace.domain.message import Category, Status
from fugace.domain.retention import Period
from functions.dsar.archive.facts import kinds, purposes
from functions.dsar.archive.words import LANGUAGES, words
from tests.exporting import Desk
from tests.fakes import NOON, SHOP

ENGLISH = LANGUAGES["en"]


@pytest.mark.parametrize("language", ["fr", "pl"])
def test_every_sentence_is_there_with_what_is_filled_in(language: str) -> None:
    """The same names, the same gaps; and no sentence was forgotten in English."""

    def gaps(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    theirs = LANGUAGES[language].sentences

    assert theirs.keys() == ENGLISH.sentences.keys()
    assert {name for name in theirs if gaps(theirs[name]) != gaps(ENGLISH[name])} == set()
    same = {name for name in theirs if theirs[name] == ENGLISH[name]}
    assert same <= {"messages"}  # it is the same word in French


@pytest.mark.parametrize("language", ["fr", "pl"])
def test_whatever_the_map_says_of_an_export_is_translated(language: str) -> None:
    """Who changes a sentence of the map, or adds a word to the domain, translates it."""
    said = {text for each in purposes() for text in (each.what, each.purpose, each.ground, each.until) if text}
    said |= {category.value for each in purposes() for category in each.categories}
    said |= {kind.value for kind in kinds()}
    said |= {*Status, *Category, *CaseState, *Right, *Ground} - {Right.OFFBOARDING}

    assert said - LANGUAGES[language].map.keys() == set()
    assert LANGUAGES[language].map.keys() - said == set()


def test_a_language_that_nobody_speaks_here_is_the_usual_one() -> None:
    """The request was accepted with it."""
    assert words("tlh") is ENGLISH
    assert {*LANGUAGES} == {"en", "fr", "pl"}


@pytest.mark.parametrize(
    ("period", "en", "fr", "pl"),
    [
        ("P6M", "6 months", "6 mois", "6 miesięcy"),
        ("P1M", "1 month", "1 mois", "1 miesiąc"),
        ("P2M", "2 months", "2 mois", "2 miesiące"),
        ("P1Y", "1 year", "1 an", "1 rok"),
        ("P5Y", "5 years", "5 ans", "5 lat"),
        ("P22Y", "22 years", "22 ans", "22 lata"),
        ("P12Y", "12 years", "12 ans", "12 lat"),
        ("P14M", "14 months", "14 mois", "14 miesięcy"),
        ("P7D", "7 days", "7 jours", "7 dni"),
        ("P1M1DT1H1M1S", "1 month, 1 day, 1 hour, 1 minute, 1 second", None, None),
        ("PT2H", "2 hours", "2 heures", "2 godziny"),
        (
            "PT0S",
            "no time: only until it is handed over",
            "aucune : seulement jusqu’à la remise à l’opérateur",  # noqa: RUF001  # French
            None,
        ),
    ],
)
def test_periods_are_said_as_people_say_them(period: str, en: str, fr: str | None, pl: str | None) -> None:
    """Polish has one form for two to four."""
    for language, told in (("en", en), ("fr", fr), ("pl", pl)):
        if told:
            assert words(language).period(Period.parse(period)).replace("\u00a0", " ") == told


class Reader(HTMLParser):
    """What a screen reader has to go by."""

    VOID = frozenset({"meta", "br", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.crossed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


@pytest.mark.parametrize("language", ["en", "fr", "pl"])
def test_a_page_can_be_read_aloud(language: str) -> None:
    """Language, title, one first heading, headings in order, tables with heads, a way past the beginning."""
    desk = Desk()
    desk.send()
    desk.persons.restrict(SHOP, desk.subject(), NOON)
    page = desk.answer(language=language).page
    reader = Reader()
    reader.feed(page)
    tags = [tag for tag, _ in reader.seen]

    assert page.startswith("<!doctype html>")
    assert (reader.open, reader.crossed) == ([], [])
    assert dict(reader.seen)["html"] == {"lang": language}
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    assert next(tag for tag in tags if re.fullmatch("h[1-6]", tag)) == "h1"
    assert "h3" not in tags
    assert all("scope" in attrs for tag, attrs in reader.seen if tag == "th")
    assert tags.count("thead") == tags.count("table")
    assert ("a", {"class": "skip", "href": "#messages"}) in reader.seen
    assert any(attrs.get("id") == "messages" for _, attrs in reader.seen)
    assert "script" not in tags
    assert not {name for _, attrs in reader.seen for name in attrs if name in {"src", "onclick", "style"}}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("The shop", "6 months", "delivered", "telephone numbers", "supervisory authority", "Who has received")),
        ("fr", ("The shop", "6 mois", "délivré", "numéros de téléphone", "autorité de contrôle", "Qui a reçu")),
        ("pl", ("The shop", "6 miesięcy", "doręczona", "numery telefonów", "organu nadzorczego", "Kto otrzymał")),
    ],
)
def test_a_page_tells_what_the_law_asks_for(language: str, told: tuple[str, ...]) -> None:
    """Art. 15(1)(a) to (h), in the request's language; the data say the same."""
    desk = Desk()
    desk.send(carrier="postbox")
    opened = desk.answer(language=language)
    text = opened.page.replace("\u00a0", " ")

    for each in (*told, "where postbox is", "what postbox keeps", "Amazon Web Services"):
        assert each in text
    assert "<td lang=en>where postbox is</td>" in opened.page  # its adapter's words, whatever the page is in
    information = opened.data["information"]
    assert information["language"] == language
    assert information["rights"] == [words(language)[name] for name in words(language).sentences if "right_" in name]
