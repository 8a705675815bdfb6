"""The simulator's page."""

from itertools import islice

from local.loopback import Said
from local.pages import Html, fragment, html, lines, table
from local.pages import page as whole
from local.simulator.book import Book, Report, Sms
from local.simulator.table import OUTCOMES

SHOWN = 100
_ABOUT = (
    "This carrier sends nothing. The last two digits of a number say what becomes of a message to it. "
    "The same as JSON: GET /messages."
)


def page(book: Book) -> Said:
    """What it has received, newest first, and the table of outcomes."""
    return whole("Carrier simulator", _ABOUT, _live(book), _OUTCOMES)


def live(book: Book) -> Said:
    """The part of it that changes."""
    return fragment(_live(book))


def _live(book: Book) -> Html:
    with book.lock:
        sms = list(islice(reversed(book.sms.values()), SHOWN))
        asked = list(islice(reversed(book.requests), SHOWN))
        return Html(
            table("SMS that left", _SMS, [_row(each) for each in sms], empty="None yet.")
            + table(
                "Requests to send",
                ("At", "Carrier", "Reference", "Attempt", "Outcome", "Answer", "SMS"),
                [
                    (each.at, each.flavour, each.reference, each.attempt, each.outcome, each.answer or "none", each.sms)
                    for each in asked
                ],
                empty="None yet.",
            )
        )


_SMS = ("At", "Carrier", "To", "From", "Text", "Parts", "Outcome", "Reports and their answers", "Reference", "Id")
_OUTCOMES = Html(
    "<details><summary>Outcomes by last two digits</summary>"
    + table(
        "Outcomes",
        ("Digits", "Name", "What happens", "Ends"),
        [(digits, each.name, each.says, each.ends) for digits, each in OUTCOMES.items()],
        empty="",
    )
    + "</details>"
)


def _row(sms: Sms) -> tuple[object, ...]:
    gone = Html("<em>erased</em>")
    to, sender, text = (sms.order.get(name, "") if sms.order else gone for name in ("to", "from", "text"))
    reports = lines(_said(each) for each in sms.reports)
    return (sms.at, sms.flavour, to, sender, text, sms.segments, sms.outcome, reports, sms.reference, sms.id)


def _said(report: Report) -> Html:
    states = ", ".join(report.states) + (" (wrong signature)" if report.forged else "")
    return html(f"{states}: {', '.join(report.answers) or '…'}")
