"""The two pages, read as a parser reads them: nothing that was received becomes part of the page."""

from html.parser import HTMLParser

import pytest

from local.loopback import Asked, Said
from local.pages import page, table
from local.simulator import view
from local.simulator.book import Book, Report, Request
from local.simulator.table import OUTCOMES
from local.sink import view as sink_view
from local.sink.inbox import Inbox

NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;<!--</table>"
_VOID = {"meta", "link", "input", "br"}


class Reader(HTMLParser):
    """What stands in a page: elements, their attributes, the text of cells; and whether they nest as they should."""

    def __init__(self, said: Said) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(said.body.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.cells[-1] += data


def simulator() -> Said:
    """A page of a simulator that received something nasty in every field."""
    book = Book()
    order = {"to": NASTY, "from": NASTY, "text": NASTY, "reference": NASTY, "segments": 2}
    sms = book.send(NASTY, NASTY, order)
    sms.reports.append(Report([NASTY], {}, answers=[NASTY]))
    book.note(Request(NASTY, NASTY, 1, NASTY, 202, NASTY))
    return view.page(book)


def sink() -> Said:
    """A page of a sink that did."""
    inbox = Inbox()
    inbox.tell("/" + NASTY, ["whsec_c2VjcmV0"])
    for path in ("/" + NASTY, "/hook"):
        inbox.take(Asked("POST", path, "", {"webhook-id": NASTY}, NASTY.encode()))
    inbox.take(Asked("POST", "/hook", "", {}, b'{"type": "<i>", "data": {"id": "<b>"}}'))
    return sink_view.page(inbox)


both = pytest.mark.parametrize("made", [simulator, sink])


@both
def test_what_was_received_is_shown_and_is_not_html(made) -> None:
    """A text of an SMS is anybody's text."""
    read = Reader(made())

    assert sum(NASTY in cell for cell in read.cells) >= 4
    assert [tag for tag, _ in read.elements].count("script") == 1
    assert not {"img", "b", "i"} & {tag for tag, _ in read.elements}


@both
def test_nothing_comes_from_elsewhere_and_nothing_runs_that_is_not_ours(made) -> None:
    """The policy lets in one script and one style by a number used once, and no other address."""
    said, again = made(), made()
    policy = said.headers["Content-Security-Policy"]
    read = Reader(said)
    nonces = {attributes["nonce"] for tag, attributes in read.elements if tag in {"script", "style"}}

    assert len(nonces) == 1
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'nonce-{nonces.pop()}'" in policy
    assert policy != again.headers["Content-Security-Policy"]
    assert not [value for _, attributes in read.elements for value in attributes.values() if "//" in (value or "")]
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]


@both
def test_it_can_be_used_without_eyes_or_mouse(made) -> None:
    """A language, a title, captions, heads with a scope, a labelled control, a scroll area that takes the focus."""
    read = Reader(made())
    tags = [tag for tag, _ in read.elements]

    assert ("html", {"lang": "en"}) in read.elements
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    assert tags.count("caption") == tags.count("table") > 0
    assert all(attributes.get("scope") == "col" for tag, attributes in read.elements if tag == "th")
    assert all(
        attributes.get("tabindex") == "0" for _, attributes in read.elements if attributes.get("class") == "wide"
    )
    assert tags.count("input") == tags.count("label") == 1


def test_the_simulators_page_has_the_table_of_outcomes() -> None:
    """Whoever looks at it wants to know which number to try next."""
    cells = Reader(simulator()).cells

    assert all(outcome.name in cells for outcome in OUTCOMES.values())


def test_without_rows_there_is_a_word_instead_of_an_empty_table() -> None:
    """An empty table reads as a fault."""
    read = Reader(page("Title", "About", table("Rows", ["Head"], [], empty="None yet."), table("", [], [], empty="")))

    assert "table" not in [tag for tag, _ in read.elements]
