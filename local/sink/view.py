"""The sink's page."""

import json

from local.loopback import Said
from local.pages import Html, fragment, table
from local.pages import page as whole
from local.sink.inbox import Inbox, Received

SHOWN = 200
_HEADS = ("At", "Path", "Signature", "Event", "Message", "Answered", "Webhook id", "Body")
_ABOUT = "A tenant's address: whatever is sent to any path here is kept. The same as JSON: GET /received."


def page(inbox: Inbox) -> Said:
    """What it has received, newest first."""
    return whole("Webhook sink", _ABOUT, _live(inbox), Html(""))


def live(inbox: Inbox) -> Said:
    """The part of it that changes."""
    return fragment(_live(inbox))


def _live(inbox: Inbox) -> Html:
    newest = inbox.received()[: -SHOWN - 1 : -1]
    rows = [_row(each) for each in newest]
    return table("Webhooks", _HEADS, rows, empty="None yet.")


def _row(received: Received) -> tuple[object, ...]:
    signature = {True: "verified", False: f"wrong: {received.why}", None: "not checked"}[received.verified]
    event, message = _event(received.body)
    answered = received.answered or "none"
    return (received.at, received.path, signature, event, message, answered, received.id, received.body)


def _event(body: str) -> tuple[str, str]:
    """Its type and the message it is about, where it is a webhook of ours."""
    try:
        read = json.loads(body)
        return str(read["type"]), str(read["data"]["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", ""
