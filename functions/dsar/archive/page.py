"""The archive as a page that a person reads: no script, nothing from elsewhere, printable, readable aloud."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from fugace.domain.portable import Found, TextState
from functions.dsar.archive.content import Shown
from functions.dsar.archive.facts import RIGHTS, SOURCES, Facts, Recipient, purposes
from functions.dsar.archive.words import Words

MOST = 500
"""Messages on the page; whoever has more finds them in the tables."""

_STYLE = """
:root{color-scheme:light dark;--edge:#767676}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.25rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.25rem 0}
th,td{border:1px solid var(--edge);padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.wide{overflow-x:auto}
.text{white-space:pre-wrap}.skip{position:absolute;left:-99rem}.skip:focus{position:static}
@media print{body{max-width:none;font-size:10pt}thead{display:table-header-group}tr{break-inside:avoid}
.skip{display:none}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(slots=True)
class Newest:
    """The newest messages, as rows of the page, and how many there were: in bounded memory, whatever comes."""

    rows: deque[str] = field(default_factory=lambda: deque(maxlen=MOST))
    count: int = 0

    def add(self, row: str) -> None:
        """One more."""
        self.rows.append(row)
        self.count += 1


def message(shown: Shown, words: Words) -> str:
    """A row of the table of messages."""
    gone = shown["text_state"] != TextState.KEPT
    text = words[f"text_{shown['text_state']}"] if gone else str(shown["text"])
    note = f" ({escape(words['held'])})" if shown["holds"] else ""
    cells = (
        f"<th scope=row>{_time(shown['send_at'])}</th>",
        f"<td class=text>{f'<em>{escape(text)}</em>' if gone else escape(text)}</td>",
        f"<td>{escape(words.of(shown['status']))}{note}</td>",
        f"<td>{escape(words.of(shown['category']))}</td>",
        f"<td>{escape(shown['carrier'])}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>\n"


def page(
    envelope: Shown, person: Shown, newest: Newest, *, requests: Sequence[Shown], holds: Sequence[Shown], facts: Facts
) -> Iterator[str]:
    """The page, piece by piece."""
    words = facts.words
    title = escape(facts.sentence("title"))
    yield (
        f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#messages">{escape(words["skip"])}</a>\n<header>\n<h1>{title}</h1>\n'
    )
    number = envelope["number"]
    yield _said(facts.sentence("who", number=number) if number else facts.sentence("who_gone"))
    made = words["made"].format(at=_stamp(envelope["exported_at"]), request=envelope["request"]["subject_request_id"])
    yield _said(made) + _said(facts.sentence("controller")) + _said(words["files"])
    yield f"</header>\n<main>\n<h2>{escape(words['found'])}</h2>\n"
    yield from _found(person, facts)
    yield from _messages(newest, facts)
    if requests:
        yield from _requests(requests, facts)
    if holds:
        yield from _holds(holds, facts)
    yield from _facts(facts)
    yield "</main>\n</body>\n</html>\n"


def _found(person: Shown, facts: Facts) -> Iterator[str]:
    words = facts.words
    if person["found"] == Found.ERASED:
        erased = person["erased_at"]
        name = "found_erased" if erased else "found_erasing" if person["erasing_since"] else "found_gone"
        yield _said(words[name].format(at=_stamp(erased) if erased else ""))
    else:
        yield _said(words[f"found_{person['found']}"])
    for name, since in (("restricted", person["restricted_since"]), ("objected", person["objected_at"])):
        if since:
            yield _said(words[name].format(at=_stamp(since)))


def _messages(newest: Newest, facts: Facts) -> Iterator[str]:
    words = facts.words
    yield f'<h2 id="messages">{escape(words["messages"])}</h2>\n'
    if not newest.count:
        yield _said(words["none"])
        return
    shown = len(newest.rows)
    some = words["messages_some"].format(shown=shown, count=newest.count)
    caption = words["messages_count"].format(count=newest.count) if shown == newest.count else some
    columns = [words[name] for name in ("when", "text", "state", "reason", "carrier")]
    yield _opened(caption, columns)
    yield from newest.rows
    yield _CLOSED


def _requests(requests: Sequence[Shown], facts: Facts) -> Iterator[str]:
    words = facts.words
    rows = [
        (_stamp(each["submitted_time"]), words.of(each["subject_request_type"]), words.of(each["state"]))
        for each in requests
    ]
    yield from _table(words["requests"], [words[name] for name in ("when", "kind", "state")], rows)


def _holds(holds: Sequence[Shown], facts: Facts) -> Iterator[str]:
    words = facts.words
    rows = [(_stamp(each["since"]), _stamp(each["until"]), words.of(each["ground"])) for each in holds]
    yield from _table(words["holds"], [words[name] for name in ("since", "until", "ground")], rows)


def _facts(facts: Facts) -> Iterator[str]:
    words = facts.words
    rows = [
        (
            words.of(each.what),
            words.of(each.purpose),
            words.of(each.ground),
            ", ".join(words.of(category.value) for category in each.categories),
            _kept(each.kept and facts.retention.get(each.kept), each.until, facts),
        )
        for each in purposes()
    ]
    columns = [words[name] for name in ("what", "purpose", "ground", "categories", "kept")]
    yield from _table(words["purposes"], columns, rows)
    yield f"<h2>{escape(words['recipients'])}</h2>\n"
    if len(facts.recipients) == 1:  # the host alone
        yield _said(words["recipients_none"])
    yield _opened(words["abroad"], [words[name] for name in ("recipient", "role", "region", "keeps")])
    yield from (_recipient(each) for each in facts.recipients)
    yield _CLOSED
    periods = [(words.of(kind.value), words.period(period)) for kind, period in facts.retention.items()]
    yield from _table(words["retention"], [words["retention_of"], words["period"]], periods)
    yield from _list(words["sources"], [facts.sentence(f"source_{name}") for name in SOURCES])
    yield _said(words["automated"])
    yield from _list(words["rights"], [words[f"right_{name}"] for name in RIGHTS])
    yield _said(facts.sentence("rights_where"))


def _recipient(its: Recipient) -> str:
    """What an adapter declares is in English, whatever the page is in: who has it read aloud should know."""
    spoken = " lang=en" if its.declared else ""
    declared = f"<td{spoken}>{escape(its.region)}</td><td{spoken}>{escape(its.keeps)}</td>"
    return f"<tr><th scope=row>{escape(its.name)}</th><td>{escape(its.role)}</td>{declared}</tr>\n"


def _kept(period: Any, until: str, facts: Facts) -> str:  # noqa: ANN401  # a period, or None
    return facts.words.period(period) if period is not None else facts.words.of(until)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>\n" + _opened("", columns)
    yield from _rows(rows)
    yield _CLOSED


def _opened(caption: str, columns: Sequence[str]) -> str:
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    heads = "".join(f"<th scope=col>{escape(column)}</th>" for column in columns)
    return f"<div class=wide>\n<table>{told}<thead><tr>{heads}</tr></thead>\n<tbody>\n"


_CLOSED = "</tbody></table>\n</div>\n"


def _rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for first, *others in rows:
        cells = "".join(f"<td>{escape(other)}</td>" for other in others)
        yield f"<tr><th scope=row>{escape(first)}</th>{cells}</tr>\n"


def _list(title: str, sentences: Sequence[str]) -> Iterator[str]:
    items = "".join(f"<li>{escape(sentence)}</li>\n" for sentence in sentences)
    yield f"<h2>{escape(title)}</h2>\n<ul>\n{items}</ul>\n"


def _said(sentence: str) -> str:
    return f"<p>{escape(sentence)}</p>\n"


def _stamp(at: str) -> str:
    """`2026-01-15T12:00:00.000Z` as a person reads it."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC"


def _time(at: str) -> str:
    return f'<time datetime="{escape(at)}">{_stamp(at)}</time>'
