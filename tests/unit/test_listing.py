"""A tenant's messages, newest first: nothing twice, nothing left out, nothing of anybody else's."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fugace.domain.errors import BadCursorError
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import Record, Status
from fugace.domain.retention import Period, Retention
from fugace.ports import Place
from functions.send.cursor import Filter
from functions.send.listing import MOST, Listing, Page
from functions.send.read import Gaze, Reader
from tests.fakes import (
    BAKERY,
    BOB,
    NOON,
    SHOP,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeVault,
    kept,
    key_number,
    sealed_record,
)
from tests.fakes import tenant as a_tenant

GAZE = Gaze(SHOP, live=True)
EVERYTHING = Filter()


class Archive:
    """A listing over fakes, and how much it asked of them."""

    def __init__(self, *, shards: int = 1, retention: Retention | None = None) -> None:
        self.clock, self.vault = FakeClock(), FakeVault()
        self.messages = CountingMessages(self.clock)
        tenants = FakeTenants(a_tenant(shards=shards, retention=retention or kept()), a_tenant(BAKERY))
        self.listing = Listing(Reader(self.clock, self.vault, self.messages, tenants))

    def put(self, number: int, *, minutes: int = 0, tenant: TenantId = SHOP, **more: object) -> MessageKey:
        key = key_number(number, tenant)
        at = NOON + timedelta(minutes=minutes)
        record = sealed_record(self.vault, key, at=at, **more)  # type: ignore[arg-type]  # checked by replace() there
        self.messages.rows[key] = record
        return key

    def page(self, after: str | None = None, sought: Filter = EVERYTHING, limit: int = 25, gaze: Gaze = GAZE) -> Page:
        return self.listing.page(gaze, sought, limit=limit, after=after)

    def pages(self, sought: Filter = EVERYTHING, limit: int = 25) -> list[Page]:
        pages = [self.page(None, sought, limit)]
        while pages[-1].next_cursor:
            pages.append(self.page(pages[-1].next_cursor, sought, limit))
        return pages


class CountingMessages(FakeMessages):
    """Knows how many records were asked for, and in how many calls."""

    asked = calls = 0

    def get_many(self, keys: Sequence[MessageKey]) -> dict[MessageKey, Record]:
        self.asked += len(keys)
        self.calls += 1
        return super().get_many(keys)


def numbers(*pages: Page) -> list[int]:
    """Which messages, by the number they were put under."""
    return [int(seen.record.key.id[-12:], 16) for page in pages for seen in page.seen]


def test_the_newest_comes_first() -> None:
    """What somebody looks for is what was just sent."""
    archive = Archive()
    for number in (1, 3, 2):
        archive.put(number, minutes=number)

    assert numbers(archive.page()) == [3, 2, 1]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=30),
    st.integers(1, 7),
    st.integers(1, 4),
)
def test_all_pages_together_are_the_list(messages: list[tuple[int, int]], limit: int, shards: int) -> None:
    """Whatever the size of a page, over any number of shards, with any ties: nothing twice, nothing left out."""
    archive = Archive(shards=shards)
    for number, (minutes, shard) in enumerate(messages):
        archive.put(number, minutes=minutes, shard=shard % shards)
    pages = archive.pages(limit=limit)
    listed = numbers(*pages)

    assert sorted(listed) == list(range(len(messages)))
    times = [messages[number][0] for number in listed]
    assert times == sorted(times, reverse=True)
    assert all(len(page.seen) == limit for page in pages[:-1])
    assert pages[-1].seen or not messages


def test_messages_accepted_between_two_pages_move_nothing() -> None:
    """A cursor is a place, not a count."""
    archive = Archive()
    for number in range(4):
        archive.put(number, minutes=number)
    first = archive.page(limit=2)
    archive.put(9, minutes=9)

    assert numbers(first, archive.page(first.next_cursor, limit=2)) == [3, 2, 1, 0]


def test_only_what_was_asked_for_is_listed() -> None:
    """By state, by campaign, by time: since is inside, until is not."""
    archive = Archive()
    archive.put(1, minutes=1, campaign="spring")
    archive.put(2, minutes=2, campaign="spring", status=[Status.ACCEPTED, Status.DELIVERED])
    archive.put(3, minutes=3, status=[Status.ACCEPTED, Status.DELIVERED])
    between = Filter(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3))

    assert numbers(archive.page(sought=Filter(status=Status.DELIVERED))) == [3, 2]
    assert numbers(archive.page(sought=Filter(campaign="spring"))) == [2, 1]
    assert numbers(archive.page(sought=Filter(status=Status.DELIVERED, campaign="spring"))) == [2]
    assert numbers(archive.page(sought=between)) == [2, 1]


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 4))
def test_all_pages_of_a_filtered_list_are_what_fits(fitting: list[bool], limit: int) -> None:
    """A page that is full before all that was looked at is used up leaves the rest to the next."""
    archive = Archive()
    for number, fits in enumerate(fitting):
        archive.put(number, minutes=number, campaign="spring" if fits else "")
    pages = archive.pages(Filter(campaign="spring"), limit)

    assert numbers(*pages) == [number for number, fits in reversed(list(enumerate(fitting))) if fits]


@pytest.mark.parametrize("place", [99, 100, 101])
def test_nothing_is_lost_between_two_looks(place: int) -> None:
    """A search looks at a hundred at a time; what it finds may be the first of the next hundred."""
    archive = Archive()
    for number in range(202):
        archive.put(number, minutes=-number, campaign="spring" if number == place else "")

    assert numbers(*archive.pages(Filter(campaign="spring"))) == [place]


def test_what_is_over_erased_or_anothers_is_not_listed() -> None:
    """Invariants I4 and I8."""
    archive = Archive(retention=kept(record=Period(seconds=86_400)))
    archive.put(1, minutes=-2 * 24 * 60)
    archive.put(2, to=BOB)
    archive.put(3, tenant=BAKERY)
    archive.put(4)
    archive.vault.block(archive.vault.subject(SHOP, BOB))

    assert numbers(*archive.pages()) == [4]


def test_a_test_key_lists_what_test_keys_sent() -> None:
    """A live key lists both."""
    archive = Archive()
    archive.put(1)
    archive.put(2, live=False)

    assert numbers(archive.page(gaze=Gaze(SHOP, live=False))) == [2]
    assert numbers(archive.page()) == [2, 1]


def test_one_call_looks_at_a_thousand_messages_at_most() -> None:
    """A rare state in a long history: an empty page and a cursor, not a time-out."""
    archive = Archive()
    template = sealed_record(archive.vault, key_number(0))
    for number in range(MOST + 50):
        archive.put(number, minutes=number + 1, subject=template.subject)
    archive.put(2 * MOST, status=[Status.ACCEPTED, Status.UNKNOWN])
    sought = Filter(status=Status.UNKNOWN)

    first = archive.page(sought=sought)
    assert (first.seen, archive.messages.asked) == ([], MOST)
    second = archive.page(first.next_cursor, sought)
    assert (numbers(second), second.next_cursor) == ([2 * MOST], None)


def test_a_page_without_a_filter_reads_no_more_than_it_shows() -> None:
    """Reading is paid by the record."""
    archive = Archive()
    for number in range(60):
        archive.put(number, minutes=number)
    archive.page(limit=10)

    assert archive.messages.asked == 10


@pytest.mark.parametrize("more", [{"sought": Filter(campaign="x")}, {"gaze": Gaze(SHOP, live=False)}])
def test_a_search_for_little_among_much_reads_by_the_hundred(more: dict[str, Any]) -> None:
    """A page of ten must not become a call for each ten."""
    archive = Archive()
    for number in range(100):
        archive.put(number, minutes=number)
    archive.page(limit=10, **more)

    assert archive.messages.calls == 1


def test_nothing_personal_is_opened_unless_asked_for() -> None:
    """For lists as for single messages."""
    archive = Archive()
    archive.put(1)

    assert archive.page().seen[0].personal is None
    assert archive.page(gaze=Gaze(SHOP, live=True, personal=True)).seen[0].personal


# --- cursors ------------------------------------------------------------------------------------


def two_pages(tenant: TenantId = SHOP) -> tuple[Archive, str]:
    archive = Archive()
    for number in (1, 2):
        archive.put(number, minutes=number, tenant=tenant)
    cursor = archive.page(limit=1, gaze=Gaze(tenant, live=True)).next_cursor
    assert cursor
    return archive, cursor


def test_a_cursor_shows_nothing() -> None:
    """It goes through URLs and access logs."""
    archive, cursor = two_pages()

    assert str(SHOP).encode() not in base64.urlsafe_b64decode(cursor + "==")
    assert archive.vault.subject(SHOP, BOB) not in cursor


def test_i8_a_cursor_of_another_tenant_is_refused() -> None:
    """Invariant I8."""
    archive, cursor = two_pages(BAKERY)

    with pytest.raises(BadCursorError):
        archive.page(cursor)


@pytest.mark.parametrize("sought", [Filter(status=Status.DELIVERED), Filter(campaign="x"), Filter(until=NOON)])
def test_a_cursor_of_another_query_is_refused(sought: Filter) -> None:
    """It would skip what the other query did not show."""
    archive, cursor = two_pages()

    with pytest.raises(BadCursorError):
        archive.page(cursor, sought)


def test_the_same_moment_in_another_zone_is_the_same_query() -> None:
    """A client may write it as it likes."""
    archive, _ = two_pages()
    cursor = archive.page(sought=Filter(since=datetime.fromisoformat("2026-01-15T12:00:00+00:00")), limit=1).next_cursor

    assert archive.page(cursor, Filter(since=datetime.fromisoformat("2026-01-15T13:00:00+01:00"))).seen


def test_a_cursor_is_good_for_a_day() -> None:
    """One that leaked is not a way in for ever."""
    archive, cursor = two_pages()
    archive.clock.tick(hours=23, minutes=59)
    assert archive.page(cursor).seen
    archive.clock.tick(minutes=1)

    with pytest.raises(BadCursorError):
        archive.page(cursor)


def test_a_forged_cursor_is_refused() -> None:
    """As is what is no cursor at all."""
    archive, cursor = two_pages()
    sealed = archive.vault.seal(SHOP, "webhook", b'{"places": {}}')
    for forged in ("x", "é", cursor[:-4], cursor + "A", base64.urlsafe_b64encode(sealed).decode(), "===="):
        with pytest.raises(BadCursorError):
            archive.page(forged)


def test_a_shard_is_asked_again_only_when_it_has_run_out() -> None:
    """One query a shard for an ordinary page."""
    archive = Archive(shards=3)
    for number in range(9):
        archive.put(number, minutes=number, shard=number % 3)
    asked: list[int] = []
    timeline = archive.messages.timeline

    def counted(tenant: TenantId, shard: int, **more: object) -> list[Place]:
        asked.append(shard)
        return timeline(tenant, shard, **more)  # type: ignore[arg-type]  # passed on

    archive.messages.timeline = counted  # type: ignore[method-assign,assignment]  # to count
    archive.page(limit=5)

    assert sorted(asked) == [0, 1, 2]
