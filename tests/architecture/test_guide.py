"""docs/webhooks.md says what is sent: people write receivers by it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fugace.domain import addresses, webhooks
from fugace.domain.errors import WebhookRefusedError
from fugace.domain.message import Change, Evidence, Status
from functions.dlr.webhooks import MOST
from tests.architecture.openapi import document
from tests.architecture.rooms import ROOT
from tests.fakes import NOON, FakeVault, sealed_record

GUIDE = (ROOT / "docs/webhooks.md").read_text()
SECTIONS = dict(re.findall(r"^##+ (.+?)\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL))
UNITS = {"second": "seconds", "minute": "minutes", "min": "minutes", "hour": "hours", "h": "hours"}


def rows(section: str, number: int = 0) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    tables = re.findall(r"(?:^\|.*\n)+", SECTIONS[section], re.MULTILINE)
    return [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in tables[number].splitlines()[2:]]


def words(section: str, number: int = 0) -> list[str]:
    return [row[0] for row in rows(section, number)]


def length(text: str) -> timedelta:
    """`2 h 35 min`, as a length of time."""
    parts = re.findall(r"(\d+) ([a-z]+?)s?\b", text)
    return sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), timedelta(0))


def test_the_attempts_are_the_ones_that_are_made() -> None:
    """And the sum of the waits, to the minute."""
    told = rows("Answers and attempts")[1:]

    assert [int(number) for number, _, _ in told] == list(range(2, len(webhooks.RETRIES) + 2))
    assert tuple(length(wait) for _, wait, _ in told) == webhooks.RETRIES
    for attempt, (_, _, after) in enumerate(told, 1):
        assert abs(sum(webhooks.RETRIES[:attempt], timedelta(0)) - length(after)) <= timedelta(seconds=5)
    assert webhooks.wait_after(len(webhooks.RETRIES) + 1) is None


def test_the_fields_are_the_ones_that_are_sent() -> None:
    """Those that are always there, and those that are not."""
    data = document()["components"]["schemas"]["MessageEvent"]["properties"]["data"]
    told = {name.removeprefix("data."): always for name, always, _ in rows("What an event says") if "data." in name}

    assert set(told) == set(data["properties"])
    assert {name for name, always in told.items() if always == "yes"} == set(data["required"])


def test_the_types_are_the_ones_there_are() -> None:
    """A receiver that was written by the page knows every word it is sent."""
    assert set(words("What an event says", 1)) == webhooks.EVENTS
    assert webhooks.TEST in SECTIONS["What an event says"]
    assert {f"message.{each}" for each in Status if each.final} == {
        name for name, _, final in rows("What an event says", 1) if final
    }


def test_the_headers_are_the_ones_that_are_sent() -> None:
    """Besides Content-Type, which everybody knows."""
    sent = webhooks.headers("evt_x_1", NOON, b"{}", [b"key"])

    assert set(words("Verify")) == set(sent) - {"Content-Type"}


URLS = {
    "url": "https://user@shop.example/",
    "host": "https://localhost/",
    "scheme": "http://shop.example/",
    "port": "https://shop.example:25/",
    "address": "https://10.0.0.1/",
}


@pytest.mark.parametrize("reason", words("Addresses that are refused"))
def test_every_reason_is_one_that_is_given(reason: str) -> None:
    """docs/problems.md lists the same, and the one that is not about addresses."""
    with pytest.raises(WebhookRefusedError) as refused:
        addresses.allowed(URLS[reason])

    assert refused.value.facts == {"reason": reason}
    section = (ROOT / "docs/problems.md").read_text().partition("## webhook-refused")[2].partition("\n## ")[0]
    assert re.findall(r"^- `([a-z]+)`", section, re.MULTILINE) == [*URLS, "disabled"]


def test_limits_are_the_ones_in_force() -> None:
    """Those that are written out as words."""
    assert (MOST, "ten webhooks at most" in SECTIONS["Register"]) == (10, True)
    assert (webhooks.OVERLAP.total_seconds(), "next 24 hours" in SECTIONS["Change the secret"]) == (86_400, True)
    assert (webhooks.PATIENCE.days, "for five days" in SECTIONS["When it is disabled"]) == (5, True)


def example() -> Callable[..., int]:
    """The receiver in Python, as it is printed."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102  # the page's own code: that it runs is what is tested
    found: Callable[..., int] = namespace["receive"]
    return found


def test_the_receiver_on_the_page_takes_what_we_send_and_nothing_else() -> None:
    """While a secret is exchanged both fit; forged, recorded long ago, or unsigned, none does."""
    change = Change(Status.DELIVERED, NOON, Evidence.HANDSET)
    body = webhooks.payload(sealed_record(FakeVault()).changed(change), 2)
    now, (old, new, forged) = datetime.now(UTC), (webhooks.new_secret() for _ in range(3))
    kept: list[Any] = []

    def answer(secret: bytes, *signing: bytes, at: datetime = now) -> int:
        return example()(webhooks.shown(secret), body, webhooks.headers("evt_x_2", at, body, signing), kept.append)

    assert (answer(old, new, old), answer(new, new, old)) == (204, 204)
    assert [event["type"] for event in kept] == ["message.delivered"] * 2
    assert (answer(old, forged), answer(old, old, at=now - timedelta(minutes=6)), answer(old)) == (401, 401, 401)
    assert len(kept) == 2
