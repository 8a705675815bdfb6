"""Pages for people who look at what the simulator and the sink have received: HTML without anything from elsewhere."""

import secrets
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from local.loopback import Said

_PAGE = Template((Path(__file__).parent / "page.html").read_text("utf-8"))


class Html(str):
    """Text that is HTML already. Everything else is escaped."""

    __slots__ = ()


def html(value: object) -> Html:
    """`value`, so that it can stand in a page."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def lines(values: Iterable[object]) -> Html:
    """One below the other."""
    return Html("<br>".join(map(html, values)))


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> Html:
    """A table; `empty` is what stands there instead of no rows."""
    if not rows:
        return Html(f"<h2>{html(caption)}</h2><p>{html(empty)}</p>")
    head = "".join(f'<th scope="col">{html(each)}</th>' for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{html(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return Html(
        f'<div class="wide" tabindex="0" role="region" aria-label="{html(caption)}"><table>'
        f"<caption>{html(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def page(title: str, about: str, live: Html, rest: Html) -> Said:
    """A page: `live` is fetched again from /live every two seconds, until the reader says not to."""
    nonce = secrets.token_urlsafe(16)
    text = _PAGE.substitute(title=html(title), about=html(about), live=live, rest=rest, nonce=nonce)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return _said(text, policy)


def fragment(live: Html) -> Said:
    """The part of a page that changes."""
    return _said(live, "default-src 'none'")


def _said(text: str, policy: str) -> Said:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Said(200, text.encode(errors="replace"), headers)
