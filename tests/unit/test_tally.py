"""What the tally promises: what left is counted, whoever removed it, however often the stream tells it."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.message import Status
from fugace.domain.retention import Kind
from functions.purge.tally import Removal, Tally
from tests.fakes import ALICE, BAKERY, BOB, FIRST, NOON, SHOP, FakeVault, key_number, sealed_record
from tests.fakes_keeping import Keeping

VAULT = FakeVault()


class Counter:
    """A tally over nothing."""

    def __init__(self):
        self.k = Keeping(now=NOON)
        self.tally = Tally(self.k.tallies, self.k.departures)

    def counts(self, tenant=SHOP, hour=NOON):
        books = {book.tenant: book.told for book in self.k.tallies.books(hour)}
        return books[tenant].counts if tenant in books else {}


def removal(number=1, *, tenant=SHOP, at=NOON, deleted=True, text=True, **more):
    record = sealed_record(VAULT, key_number(number, tenant), **more)
    return Removal(str(1_000 + number), record.key, at, record, deleted=deleted, text=text)


@pytest.mark.parametrize(
    ("deleted", "text", "counts"),
    [(True, True, {"record": 1, "content": 1}), (True, False, {"record": 1}), (False, True, {"content": 1})],
    ids=["with-its-text", "after-its-text", "the-text-alone"],
)
def test_what_left_is_counted_by_kind(deleted, text, counts):
    """A text that goes with its record has gone, too; one that went before is not counted twice."""
    counter = Counter()
    noted = counter.tally.run([removal(deleted=deleted, text=text)])
    assert (noted.counts, counter.counts(), noted.back) == (counts, counts, None)


def test_hours_are_those_of_the_deletions():
    """A stream can be late; the ledger says when it happened."""
    counter = Counter()
    counter.tally.run([removal(1), removal(2, at=NOON - timedelta(minutes=1))])
    assert counter.counts() == counter.counts(hour=NOON - timedelta(hours=1)) == {"record": 1, "content": 1}


def test_tenants_are_counted_apart():
    """I8: one tenant's ledger says nothing of another's."""
    counter = Counter()
    counter.tally.run([removal(1), removal(2), removal(3, tenant=BAKERY)])
    assert (counter.counts()["record"], counter.counts(BAKERY)["record"]) == (2, 1)


def test_what_is_told_again_counts_once():
    """The stream tells everything at least once, and cuts its batches anew each time."""
    counter = Counter()
    removals = [removal(number) for number in range(8)]
    for cut in ([0, 8], [0, 4, 8], [0, 3, 5, 8], [4, 8], [0, 8], [0, 2], [5, 6]):
        for since, until in pairwise(cut):
            counter.tally.run(removals[since:until])
    assert counter.counts() == {"record": 8, "content": 8}


def test_persons_of_whom_something_was_deleted_are_looked_at():
    """Perhaps it was the last thing of them. A text that went leaves its record behind."""
    counter = Counter()
    counter.tally.run([removal(1, to=ALICE), removal(2, to=ALICE), removal(3, to=BOB, deleted=False)])

    (departure,) = counter.k.departures.rows.values()
    assert departure.subjects == {VAULT.subject(SHOP, ALICE)}
    assert (departure.tenant, departure.hour, departure.marked) == (SHOP, NOON, False)


def test_what_cannot_be_read_is_counted_by_its_key():
    """That it has gone is known; it must not keep a shard of the stream waiting for ever."""
    counter = Counter()
    noted = counter.tally.run([Removal("1", FIRST, NOON, None, deleted=True, text=True)])
    assert counter.counts() == {"record": 1, "content": 1}
    assert not counter.k.departures.rows
    assert noted.back is None


def test_statistics_follow_what_was_deleted():
    """Campaign, month, state and segments are what remains."""
    counter = Counter()
    counter.tally.run([removal(1, campaign="spring", segments=3, status=(Status.ACCEPTED, Status.DELIVERED))])
    (book,) = counter.k.tallies.books(NOON)
    assert book.told.statistics == {("spring", "2026-01", "delivered"): (1, 3)}


def test_what_could_not_be_noted_is_told_again():
    """From its first place in the stream on; what could be is not lost with it."""
    counter = Counter()
    tell = counter.k.tallies.tell

    def fail_for_the_shop(hour, tenant, *rest):
        if tenant == SHOP:
            raise UnavailableError
        tell(hour, tenant, *rest)

    counter.k.tallies.tell = fail_for_the_shop
    noted = counter.tally.run([removal(1, tenant=BAKERY), removal(2), removal(3), removal(4, tenant=BAKERY)])

    assert noted.back == "1002"
    assert [type(error) for error in noted.errors] == [UnavailableError]
    assert counter.counts(BAKERY)["record"] == 2
    assert Kind.RECORD not in counter.counts()


def test_a_place_in_the_stream_is_a_number():
    """999 comes before 1000, whatever the alphabet says."""
    counter = Counter()
    counter.k.departures.add = lambda _: 1 / 0
    late, early = removal(1), replace(removal(2), number="999")
    assert counter.tally.run([late, early]).back == "999"
