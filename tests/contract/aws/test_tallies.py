"""What `fugace.keeping.Tallies` and `Statistics` promise; DynamoDB's and the fakes alike."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fugace.adapters.dynamo import counts, tallies
from fugace.adapters.dynamo.counts import write_statistics
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.statistics import DynamoStatistics
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.message import Status
from fugace.domain.retention import BEGINNING, Kind
from fugace.keeping import Book, Gone, Ledger, Statistic, Statistics, Tallies, Tally
from fugace.ports import ConflictError, Write
from tests.contract.aws.conftest import World
from tests.fakes import BAKERY, NOON, SHOP, FakeClock, key_number
from tests.fakes_keeping import FakeLedger, FakeStatistics, FakeTallies

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JULY = datetime(2025, 7, 31, 23, 59, tzinfo=UTC)


@dataclass
class Kit:
    """Tallies, their statistics, and the ledger that carries out what notes an entering."""

    tallies: Tallies
    statistics: Statistics
    ledger: Ledger
    _events: int = 0

    def commit(self, *writes: Write, tenant: TenantId = SHOP) -> None:
        self._events += 1
        draft = Draft(tenant, NOON + self._events * HOUR, Action.PURGED, "purge", "2026-01-15T12", {"record": 1})
        self.ledger.append(draft, *writes)

    def books(self, hour: datetime = NOON) -> dict[TenantId, Book]:
        """Those with news; an implementation may leave the others out."""
        return {book.tenant: book for book in self.tallies.books(hour) if book.told != book.entered}

    def enter(self, hour: datetime = NOON) -> None:
        for book in self.books(hour).values():
            self.commit(*self.tallies.entered(hour, book), tenant=book.tenant)


@pytest.fixture(params=["fake", "dynamo"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "dynamo":
        return request.getfixturevalue("dynamo")
    statistics = FakeStatistics()
    statistics.tallies = FakeTallies(statistics)
    return Kit(statistics.tallies, statistics, FakeLedger())


@pytest.fixture
def dynamo(world: World, clock: FakeClock) -> Kit:
    tallies = DynamoTallies(world.aws, "purge", "tenants", clock)
    return Kit(tallies, DynamoStatistics(world.aws, "tenants", tallies), DynamoLedger(world.aws, "ledger"))


def gone(number: int, *kinds: Kind, **more: Any) -> list[Gone]:
    plain = Gone(Kind.RECORD, key_number(number).id, JULY, Status.DELIVERED, 1)
    return [replace(plain, kind=kind, **more) for kind in kinds or (Kind.RECORD, Kind.CONTENT)]


def many(count: int) -> list[Gone]:
    """Of several states, months, campaigns and lengths."""
    return [
        each
        for number in range(count)
        for each in gone(
            number,
            *([Kind.CONTENT] if number % 5 == 4 else [Kind.RECORD, Kind.CONTENT]),
            status=(Status.DELIVERED, Status.UNKNOWN)[number % 2],
            segments=1 + number % 3,
            campaign=("", "spring-2026", "a:b_c.d")[number % 3],
            anchor=JULY + (number % 2) * DAY,
        )
    ]


# What was told.


def test_what_was_told_is_counted_by_kind(kit: Kit) -> None:
    """A text that went before its record, a record with its text, and each in its hour."""
    kit.tallies.tell(NOON, SHOP, "b1", gone(1) + gone(2, Kind.CONTENT))
    kit.tallies.tell(NOON + HOUR, SHOP, "b2", gone(2, Kind.RECORD))

    assert kit.books()[SHOP].told.counts == {"record": 1, "content": 2}
    assert kit.books(NOON + HOUR)[SHOP].told.counts == {"record": 1}
    assert kit.books(NOON - HOUR) == {}


def test_tenants_are_counted_apart(kit: Kit) -> None:
    """Tenants are walls (I8)."""
    kit.tallies.tell(NOON, SHOP, "b", gone(1))
    kit.tallies.tell(NOON, BAKERY, "b", gone(1) + gone(2))

    assert {tenant: book.told.counts["record"] for tenant, book in kit.books().items()} == {SHOP: 1, BAKERY: 2}


def test_statistics_are_of_records_by_campaign_month_and_state(kit: Kit) -> None:
    """What remains of them: neither person nor message. A text that goes is counted when its record does."""
    kit.tallies.tell(NOON, SHOP, "b", gone(1, segments=3) + gone(2, segments=2) + gone(3, Kind.CONTENT))
    kit.tallies.tell(NOON, SHOP, "c", gone(4, campaign="spring", status=Status.UNKNOWN, anchor=JULY + DAY))

    assert kit.books()[SHOP].told.statistics == {
        ("", "2025-07", "delivered"): (2, 5),
        ("spring", "2025-08", "unknown"): (1, 1),
    }


def told_in(kit: Kit, batches: Sequence[Sequence[Gone]]) -> Tally:
    for number, batch in enumerate(batches):
        kit.tallies.tell(NOON, SHOP, f"batch-{number}", batch)
    return kit.books()[SHOP].told


@pytest.mark.parametrize("seed", range(5))
def test_repeats_other_batches_and_another_order_change_nothing(kit: Kit, seed: int) -> None:
    """The stream gives a batch again, cut in two, or with others, whenever something went wrong (I5)."""
    everything = many(60)
    chance = random.Random(seed)  # noqa: S311  # no secret hangs on it
    expected = Tally(
        {"record": 48, "content": 60},
        {
            (campaign, month, state): (len(found), sum(each.segments for each in found))
            for campaign in ("", "spring-2026", "a:b_c.d")
            for month, state in (("2025-07", "delivered"), ("2025-08", "unknown"))
            if (
                found := [
                    each
                    for each in everything
                    if (each.kind, each.campaign, each.status.value) == (Kind.RECORD, campaign, state)
                ]
            )
        },
    )
    batches: list[list[Gone]] = []
    for _ in range(3):
        chance.shuffle(everything)
        cuts = sorted(chance.sample(range(len(everything)), 4))
        batches += [everything[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]

    assert told_in(kit, batches) == expected


def test_the_same_batch_again_changes_nothing(kit: Kit) -> None:
    """Not even where it was entered between."""
    kit.tallies.tell(NOON, SHOP, "b", many(10))
    kit.enter()
    kit.tallies.tell(NOON, SHOP, "b", many(10))

    assert kit.books() == {}


def test_a_batch_that_comes_again_with_less_in_it_takes_nothing_back(dynamo: Kit) -> None:
    """A batch that failed is cut in two by Lambda, and the first half begins at the same place."""
    dynamo.tallies.tell(NOON, SHOP, "b", many(10))
    dynamo.tallies.tell(NOON, SHOP, "b", many(5))

    assert dynamo.books()[SHOP].told.counts["content"] == 10


# News.


def test_an_hour_has_news_until_it_is_closed(kit: Kit) -> None:
    """What is closed is not looked at again."""
    assert kit.tallies.open_hours() == {}
    kit.tallies.tell(NOON, SHOP, "b", gone(1))
    kit.tallies.tell(NOON + HOUR, SHOP, "b", gone(1))
    assert list(kit.tallies.open_hours()) == [NOON, NOON + HOUR]

    kit.tallies.close(NOON, kit.tallies.open_hours()[NOON])
    assert list(kit.tallies.open_hours()) == [NOON + HOUR]


@pytest.mark.parametrize("late", ["told", "told again", "counted"])
def test_news_after_the_mark_keep_an_hour_open(kit: Kit, late: str) -> None:
    """Told while the hour was being entered: it may be in the entry, or not."""
    kit.tallies.tell(NOON, SHOP, "b", gone(1))
    mark = kit.tallies.open_hours()[NOON]
    if late == "counted":
        kit.commit(kit.tallies.counted(NOON, SHOP, "keys", 1, "x"))
    else:
        kit.tallies.tell(NOON, SHOP, "c" if late == "told" else "b", gone(2))

    kit.tallies.close(NOON, mark)

    assert NOON in kit.tallies.open_hours()
    kit.tallies.close(NOON, kit.tallies.open_hours()[NOON])
    assert kit.tallies.open_hours() == {}


def test_a_close_with_another_hours_mark_closes_nothing(kit: Kit) -> None:
    """Each hour has its own."""
    kit.tallies.tell(NOON, SHOP, "b", gone(1))
    kit.tallies.tell(NOON + HOUR, SHOP, "b", gone(1))

    kit.tallies.close(NOON, kit.tallies.open_hours()[NOON + HOUR])

    assert list(kit.tallies.open_hours()) == [NOON, NOON + HOUR]


# Counts that a transaction makes true.


def test_a_count_is_told_with_what_it_counts(kit: Kit) -> None:
    """It adds to others of its word, and is news of its hour."""
    for batch, count in [("x", 2), ("y", 3)]:
        kit.commit(kit.tallies.counted(NOON, SHOP, "keys", count, batch))
    kit.tallies.tell(NOON, SHOP, "b", gone(1))

    assert kit.books()[SHOP].told.counts == {"keys": 5, "record": 1, "content": 1}
    assert list(kit.tallies.open_hours()) == [NOON]


def test_a_count_of_what_was_not_done_is_not_told(kit: Kit) -> None:
    """The transaction was cancelled: neither count nor news."""
    kit.tallies.tell(NOON, BAKERY, "b", gone(1))
    (book,) = kit.books().values()
    kit.commit(*kit.tallies.entered(NOON, book))
    kit.tallies.close(NOON, kit.tallies.open_hours()[NOON])

    with pytest.raises(ConflictError):
        kit.commit(kit.tallies.counted(NOON, SHOP, "keys", 2, "x"), *kit.tallies.entered(NOON, book))

    assert kit.books() == {}
    assert kit.tallies.open_hours() == {}


# What was entered.


def test_what_was_entered_is_no_news_and_what_comes_later_is(kit: Kit) -> None:
    """The entry that follows tells what is new since."""
    kit.tallies.tell(NOON, SHOP, "b", gone(1))
    assert kit.books()[SHOP].entered == Tally()
    kit.enter()
    assert kit.books() == {}

    kit.tallies.tell(NOON, SHOP, "c", gone(2, campaign="spring"))
    book = kit.books()[SHOP]
    assert (book.version, book.entered.counts, book.told.counts) == (
        1,
        {"record": 1, "content": 1},
        {"record": 2, "content": 2},
    )
    assert book.entered.statistics == {("", "2025-07", "delivered"): (1, 1)}


@pytest.mark.parametrize("earlier", [0, 2])
@pytest.mark.parametrize("kind", [Kind.RECORD, Kind.CONTENT])
def test_an_hour_is_entered_once_by_two_at_once(kit: Kit, earlier: int, kind: Kind) -> None:
    """Both have read the same book: the ledger would tell of everything twice. With statistics or without."""
    for number in range(2, 2 + earlier):
        kit.tallies.tell(NOON, SHOP, f"b{number}", gone(number, kind))
        kit.enter()
    kit.tallies.tell(NOON, SHOP, "b", gone(1, kind))
    book = kit.books()[SHOP]
    first, second = kit.tallies.entered(NOON, book), kit.tallies.entered(NOON, book)
    kit.commit(*first)

    with pytest.raises(ConflictError):
        kit.commit(*second)
    assert len(kit.statistics.of(SHOP)) == (earlier + 1 if kind is Kind.RECORD else 0)


# Statistics.


def test_statistics_are_what_was_new_at_each_entering(kit: Kit) -> None:
    """Their sum is the truth; texts alone leave none."""
    kit.tallies.tell(NOON, SHOP, "b", gone(1, segments=2) + gone(9, Kind.CONTENT))
    kit.enter()
    kit.tallies.tell(NOON, SHOP, "c", gone(2) + gone(3, campaign="spring", status=Status.UNKNOWN))
    kit.enter()
    kit.tallies.tell(NOON, SHOP, "d", gone(10, Kind.CONTENT))
    kit.enter()

    assert kit.statistics.of(SHOP) == [
        Statistic(NOON, "", "2025-07", Status.DELIVERED, 1, 2),
        Statistic(NOON, "", "2025-07", Status.DELIVERED, 1, 1),
        Statistic(NOON, "spring", "2025-07", Status.UNKNOWN, 1, 1),
    ]
    assert kit.statistics.of(BAKERY) == []


def test_statistics_leave_by_the_hour_in_which_they_were_entered(kit: Kit) -> None:
    """Those from before a moment, and their count comes with it."""
    for hour in range(4):
        kit.tallies.tell(NOON + hour * HOUR, SHOP, "b", gone(hour))
        kit.enter(NOON + hour * HOUR)
    kit.tallies.tell(NOON, BAKERY, "b", gone(1))
    kit.enter()
    assert kit.statistics.first(SHOP) == NOON
    assert kit.statistics.overdue(SHOP, NOON) == 0
    assert kit.statistics.overdue(SHOP, NOON + 2 * HOUR) == 2
    assert kit.statistics.overdue(SHOP, NOON + 2 * HOUR + timedelta(minutes=1)) == 3

    assert kit.statistics.purge(SHOP, since=BEGINNING, before=NOON + 2 * HOUR, hour=NOON + 9 * HOUR) == 2

    assert [line.entered for line in kit.statistics.of(SHOP)] == [NOON + 2 * HOUR, NOON + 3 * HOUR]
    assert kit.statistics.first(SHOP) == NOON + 2 * HOUR
    assert kit.books(NOON + 9 * HOUR)[SHOP].told.counts == {"statistics": 2}
    assert NOON + 9 * HOUR in kit.tallies.open_hours()
    assert kit.statistics.purge(SHOP, since=BEGINNING, before=NOON + 2 * HOUR, hour=NOON + 9 * HOUR) == 0
    assert kit.statistics.first(BAKERY) == NOON
    assert kit.statistics.first(TenantId("ten_nobodynobodynobo")) is None


def test_statistics_from_the_middle_can_leave(kit: Kit) -> None:
    """At the end of a short month what was entered later may be over sooner."""
    for hour in range(4):
        kit.tallies.tell(NOON + hour * HOUR, SHOP, "b", gone(hour))
        kit.enter(NOON + hour * HOUR)

    assert kit.statistics.purge(SHOP, since=NOON + HOUR, before=NOON + 3 * HOUR, hour=NOON) == 2
    assert [line.entered for line in kit.statistics.of(SHOP)] == [NOON, NOON + 3 * HOUR]


def test_more_statistics_leave_than_a_transaction_has_room_for(dynamo: Kit, world: World) -> None:
    """A tenant that was away for a month."""
    statistics = DynamoTallies(world.aws, "purge", "tenants", FakeClock())._statistics
    for hour in range(100):
        name = f"statistics/{NOON + hour * HOUR:%Y-%m-%dT%H}/1"
        statistics.put(statistics._model(SHOP, name, lines=["2025-07 delivered 1 1 "]))
    world.asked.clear()

    assert dynamo.statistics.purge(SHOP, since=BEGINNING, before=NOON + 99 * HOUR, hour=NOON) == 99

    assert world.asked.count("TransactWriteItems") == 2
    assert dynamo.books()[SHOP].told.counts == {"statistics": 99}
    assert len(dynamo.statistics.of(SHOP)) == 1


@pytest.mark.parametrize("times", [1, 3])
def test_statistics_are_counted_once_where_the_answer_was_lost(dynamo: Kit, world: World, times: int) -> None:
    """Deleted and counted in one write: who asks again finds neither."""
    dynamo.tallies.tell(NOON, SHOP, "b", gone(1))
    dynamo.enter()
    world.lost += ["TransactWriteItems"] * times
    for _ in range(2):
        with suppress(UnavailableError):
            dynamo.statistics.purge(SHOP, since=BEGINNING, before=NOON + HOUR, hour=NOON + HOUR)

    assert dynamo.statistics.of(SHOP) == []
    assert dynamo.books(NOON + HOUR)[SHOP].told.counts == {"statistics": 1}


# Rows.


def size(row: dict[str, Any]) -> int:
    """As DynamoDB reckons it, nearly: names, texts, and three bytes an element of a list."""
    texts = [value["S"] for value in row.values() if "S" in value]
    lines = [line["S"] for value in row.values() for line in value.get("L", [])]
    return sum(map(len, row)) + sum(map(len, texts)) + sum(len(line) + 3 for line in lines) + 8


def test_a_thousand_messages_are_told_in_two_small_writes(dynamo: Kit, world: World) -> None:
    """A purge of a thousand costs so much more: 22 bytes a message."""
    world.asked.clear()
    dynamo.tallies.tell(NOON, SHOP, "00000000000000000000123456", many(1000))
    assert world.asked == ["PutItem"] * 2

    row, news = sorted(world.rows("purge"), key=lambda row: row["tenant"]["S"], reverse=True)
    print(f"{size(row):,} bytes, {-(-size(row) // 1024)} + {-(-size(news) // 1024)} write units")
    assert size(row) < 24_000
    assert row["tenant"]["S"] == "tally/2026-01-15T12"


ITEM = 400_000
"""What DynamoDB takes as one item, in bytes, and a little less."""


def test_a_batch_that_is_too_large_for_a_row_is_told_in_several(
    dynamo: Kit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item has an end. Told again in another order it is the same rows."""
    assert tallies._LARGEST + 1_000 < ITEM
    monkeypatch.setattr(tallies, "_LARGEST", tallies._LARGEST // 20)
    campaigns = [f"{number:064}" for number in range(300)]
    batch = [each for number, name in enumerate(campaigns) for each in gone(number, Kind.RECORD, campaign=name)]
    for _ in range(2):
        dynamo.tallies.tell(NOON, SHOP, "b", batch)
        batch.reverse()

    rows = [row for row in world.rows("purge") if "lines" in row]
    assert len(rows) == 3
    assert max(map(size, rows)) < tallies._LARGEST + 1_000
    assert dynamo.books()[SHOP].told.counts == {"record": 300}


def test_many_messages_that_are_alike_are_more_than_one_line(
    dynamo: Kit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line has to fit into a row too. Told again in another order it is the same row."""
    assert counts._IDS * 22 + 200 < tallies._LARGEST
    monkeypatch.setattr(counts, "_IDS", 100)
    batch = [each for number in range(250) for each in gone(number, Kind.RECORD)]
    for _ in range(2):
        dynamo.tallies.tell(NOON, SHOP, "b", batch)
        batch.reverse()

    (row,) = [row for row in world.rows("purge") if "lines" in row]
    assert len(row["lines"]["L"]) == 3
    assert dynamo.books()[SHOP].told.counts == {"record": 250}


def test_campaigns_without_end_do_not_burst_a_row(dynamo: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant that names each message's own campaign: the first are told apart, the others together, each once."""
    longest = write_statistics({("c" * 64, "2025-07", Status.UNDELIVERABLE.value): (10**6, 10**7)})
    assert tallies._MOST_LINES * (len(longest[0]) + 3) < ITEM
    monkeypatch.setattr(tallies, "_MOST_LINES", 25)

    for first in (0, 15):
        numbers = range(first, first + 15)
        batch = [gone(number, Kind.RECORD, campaign=f"{-number % 9}-{number}")[0] for number in numbers]
        dynamo.tallies.tell(NOON, SHOP, f"b{first}", batch)
        dynamo.enter()

    lines = dynamo.statistics.of(SHOP)
    assert sum(line.messages for line in lines) == 30
    assert [line.messages for line in lines if not line.campaign] == [5]
    assert dynamo.books() == {}
    dynamo.tallies.tell(NOON, SHOP, "c", gone(9_999, Kind.RECORD, campaign="0"))
    assert dynamo.books()[SHOP].told.statistics["", "2025-07", "delivered"] == (6, 6)


def test_rows_are_over_after_three_days(dynamo: Kit, world: World, clock: FakeClock) -> None:
    """Ids of messages that are gone are kept no longer, whether TTL has come by or not."""
    dynamo.tallies.tell(NOON, SHOP, "b", gone(1))
    dynamo.enter()
    dynamo.tallies.tell(NOON, SHOP, "c", gone(2))
    clock.tick(days=3, seconds=-1)
    assert dynamo.books()[SHOP].told.counts["record"] == 2
    clock.tick(seconds=1)

    assert dynamo.books() == {}
    assert dynamo.tallies.open_hours() == {}
    assert {row["expires_at"]["N"] for row in world.rows("purge")} == {str(int((NOON + 3 * DAY).timestamp()))}


def test_rows_that_ttl_took_early_are_neither_taken_back_nor_entered_again(dynamo: Kit, world: World) -> None:
    """Without its rows an hour looks as if less had gone; what comes then is compared with what was entered."""
    dynamo.tallies.tell(NOON, SHOP, "b", many(10))
    dynamo.enter()
    for row in [row for row in world.rows("purge") if "lines" in row]:
        world.aws.client("dynamodb").delete_item(
            TableName="purge", Key={name: row[name] for name in ("tenant", "item")}
        )
    dynamo.commit(dynamo.tallies.counted(NOON, SHOP, "keys", 1, "x"))

    book = dynamo.books()[SHOP]
    assert book.told.counts == {**book.entered.counts, "keys": 1}
    assert book.told.statistics == book.entered.statistics


def test_only_tenants_with_news_have_books_to_enter(dynamo: Kit) -> None:
    """Of ten thousand whose messages went in that hour, the second entering is about the one that is told of late."""
    dynamo.tallies.tell(NOON, SHOP, "b", gone(1))
    dynamo.tallies.tell(NOON, BAKERY, "b", gone(1))
    dynamo.enter()
    dynamo.tallies.tell(NOON, BAKERY, "c", gone(2))

    assert [book.tenant for book in dynamo.tallies.books(NOON)] == [BAKERY]


def test_counts_of_several_tenants_do_not_compete(dynamo: Kit) -> None:
    """Transactions that write the same row cancel each other: each tenant's counts are news in a row of their own."""
    counted = [dynamo.tallies.counted(NOON, tenant, "keys", 1, "x") for tenant in (SHOP, BAKERY)]
    dynamo.commit(*counted)

    assert set(dynamo.books()) == {SHOP, BAKERY}
    dynamo.tallies.close(NOON, dynamo.tallies.open_hours()[NOON])
    assert dynamo.tallies.open_hours() == {}


def test_a_batch_of_nothing_is_no_news(dynamo: Kit, world: World) -> None:
    """Nothing is asked."""
    dynamo.tallies.tell(NOON, SHOP, "b", [])

    assert world.asked == []
