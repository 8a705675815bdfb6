"""What the smaller jobs of the purge promise: books, statistics, old keys, brief texts, and who does which."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.domain.retention import Kind, Period
from fugace.domain.tenant import ApiKey, Role
from fugace.keeping import Gone
from fugace.ports import ConflictError
from functions.purge import briefs
from functions.purge.access import AccessSweep
from functions.purge.briefs import BriefSweep
from functions.purge.closing import Closing
from functions.purge.statistics import StatisticsSweep
from functions.purge.sweep import Ports, Sweep, UnknownJobError
from functions.purge.task import Task
from tests.crashing import Calls, crashes
from tests.fakes import BAKERY, NOON, SHOP, FakeVault, kept, key_number, sealed_record, tenant
from tests.fakes_keeping import Keeping

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLENTY = timedelta(minutes=5)
VAULT = FakeVault()


class Room:
    """All ports, watched, over one state."""

    def __init__(self, *tenants, now=NOON):
        self.k, self.calls = Keeping(*(tenants or (tenant(), tenant(BAKERY))), now=now), Calls()

    def of(self, *names):
        return [self.calls.of(getattr(self.k, name)) for name in names]


# --- closing ------------------------------------------------------------------------------------


class Office(Room):
    """An hour with something told, and whoever enters it."""

    def __init__(self):
        super().__init__()
        self.tell(SHOP, 1, 2)
        self.tell(BAKERY, 3)
        self.closing = Closing(*self.of("tallies", "ledger", "agenda", "policies"), self.k.clock)

    def tell(self, who, *numbers):
        gone = [Gone(Kind.RECORD, key_number(number).id, NOON - 200 * DAY, Status.DELIVERED, 1) for number in numbers]
        self.k.tallies.tell(NOON, who, f"batch-{numbers}", gone)

    def close(self, left=PLENTY):
        return self.closing.run(Task("close", hour=NOON), lambda: left)

    def entries(self, who=SHOP):
        drafts = [entry.draft for entry in self.k.ledger.chains[who]]
        return [(draft.action, draft.object, dict(draft.facts)) for draft in drafts]


def test_each_tenant_has_its_own_counts_of_an_hour():
    """In its own chain, by the purge, under the hour of the deletions."""
    office = Office()

    assert office.close().done == 2
    assert office.entries() == [(Action.PURGED, "2026-01-15T12", {"record": 2})]
    assert office.entries(BAKERY) == [(Action.PURGED, "2026-01-15T12", {"record": 1})]
    assert office.k.tallies.open_hours() == {}


def test_what_is_told_later_is_entered_later_and_nothing_twice():
    """A late batch opens the hour again; the entry is of what is new."""
    office = Office()
    office.close()
    office.tell(SHOP, 2, 4)
    office.close()
    office.close()

    assert [facts for _, _, facts in office.entries()] == [{"record": 2}, {"record": 1}]
    assert len(office.entries(BAKERY)) == 1


def test_statistics_are_looked_at_when_they_are_over():
    """They are kept for a time of their own, counted from the hour that they tell of."""
    office = Office()
    office.close()
    assert office.k.agenda.get(SHOP, "statistics").due_at == NOON.replace(year=2027)


def test_news_during_the_closing_keep_the_hour_open():
    """What was told after the books were read is for the next run."""
    office = Office()
    append = office.k.ledger.append

    def told_meanwhile(*args):
        office.tell(SHOP, 9)
        return append(*args)

    office.k.ledger.append = told_meanwhile
    office.close()
    assert office.k.tallies.open_hours()


def test_two_that_close_the_same_hour_enter_it_once():
    """The book's version decides; who loses leaves the hour open, and the next run finds nothing new."""
    office = Office()
    books = office.k.tallies.books

    def then_somebody_else(hour):
        seen = books(hour)
        office.k.tallies.books = books
        Closing(office.k.tallies, office.k.ledger, office.k.agenda, office.k.policies, office.k.clock).run(
            Task("close", hour=NOON), lambda: PLENTY
        )
        office.k.tallies.news[NOON] = 99
        return seen

    office.k.tallies.books = then_somebody_else
    office.close()

    assert len(office.entries()) == len(office.entries(BAKERY)) == 1
    assert office.k.tallies.open_hours()


def test_an_hour_without_time_left_goes_back():
    """Each book by itself: what was entered stays entered."""
    office = Office()
    outcome = office.close(left=timedelta(seconds=30))
    assert outcome.again == Task("close", hour=NOON)
    assert office.entries() == []


def test_an_hour_that_is_not_open_is_left_alone():
    """Bodies come twice."""
    office = Office()
    office.close()
    assert office.close().done == 0


def test_a_closing_that_dies_anywhere_is_finished_by_the_next():
    """No count is lost, and none entered twice."""
    calm = Office()
    calm.close()

    for office in crashes(Office, Office.close, lambda office: office.calls):
        assert office.entries() == calm.entries()
        assert office.entries(BAKERY) == calm.entries(BAKERY)
        assert office.k.tallies.open_hours() == {}
        assert len(office.k.statistics.of(SHOP)) == 1


# --- statistics ---------------------------------------------------------------------------------


class Shelf(Room):
    """Statistics of two hours, one of them over."""

    def __init__(self):
        super().__init__(tenant())
        self.sweep = StatisticsSweep(*self.of("agenda", "policies", "statistics"), self.k.clock)
        for hour in (NOON - 400 * DAY, NOON - 100 * DAY):
            gone = [Gone(Kind.RECORD, key_number(1).id, hour, Status.DELIVERED, 1)]
            self.k.tallies.tell(hour, SHOP, "batch", gone)
            Closing(self.k.tallies, self.k.ledger, self.k.agenda, self.k.policies, self.k.clock).run(
                Task("close", hour=hour), lambda: PLENTY
            )

    def run(self):
        return self.sweep.run(Task("statistics", SHOP), lambda: PLENTY)

    def counted(self):
        books = {book.tenant: book.told.counts for book in self.k.tallies.books(NOON)}
        return books.get(SHOP, {}).get("statistics", 0)


def test_statistics_go_after_their_time_and_are_counted():
    """A year here: one hour is over, the other is looked at when it is."""
    shelf = Shelf()

    assert shelf.run().done == 1
    assert [line.entered for line in shelf.k.statistics.of(SHOP)] == [NOON - 100 * DAY]
    assert shelf.counted() == 1
    assert shelf.k.agenda.get(SHOP, "statistics").due_at == Period(months=12).after(NOON - 100 * DAY)


def test_where_no_statistics_are_left_nobody_looks():
    """The next closing plans it again."""
    shelf = Shelf()
    shelf.k.clock.tick(days=400)
    shelf.run()
    assert shelf.k.agenda.get(SHOP, "statistics").due_at is None


def test_a_purge_of_statistics_that_dies_is_finished_by_the_next():
    """Each is counted in the transaction that deletes it."""
    for shelf in crashes(Shelf, Shelf.run, lambda shelf: shelf.calls):
        assert len(shelf.k.statistics.of(SHOP)) == 1
        assert shelf.counted() == 1
        assert shelf.k.agenda.get(SHOP, "statistics").due_at > NOON


# --- access -------------------------------------------------------------------------------------


def key(name, **more):
    return replace(ApiKey(SHOP, name, Role.SENDER, True, b"", NOON - 900 * DAY), **more)


class Ring(Room):
    """Keys of all ages; what was revoked a year ago is over."""

    def __init__(self):
        super().__init__(tenant())
        year = NOON.replace(year=2025)
        self.k.tenants.add_api_key(key("key_revoked", revoked=year))
        self.k.tenants.add_api_key(key("key_expired", expires=year - DAY))
        self.k.tenants.add_api_key(key("key_younger", revoked=year + timedelta(seconds=1)))
        self.k.tenants.add_api_key(key("key_ends", expires=NOON + DAY))
        self.k.tenants.add_api_key(key("key_used"))
        self.k.agenda.ensure(SHOP, "access", NOON)
        self.sweep = AccessSweep(*self.of("agenda", "policies", "tenants", "old_keys", "tallies"), self.k.clock)

    def run(self):
        return self.sweep.run(Task("access", SHOP), lambda: PLENTY)

    @property
    def there(self):
        return sorted(key.id for key in self.k.tenants.api_keys(SHOP))

    def counted(self):
        books = {book.tenant: book.told.counts for book in self.k.tallies.books(NOON)}
        return books.get(SHOP, {}).get("access", 0)


def test_keys_go_a_while_after_they_could_last_be_used():
    """Revoked or expired, whichever came first; those that open something stay, whatever their age."""
    ring = Ring()

    assert ring.run().done == 2
    assert ring.there == ["key_ends", "key_used", "key_younger"]
    assert ring.counted() == 2
    assert ring.k.agenda.get(SHOP, "access").due_at == NOON + timedelta(seconds=1)


def test_a_key_that_is_revoked_meanwhile_is_as_it_was_seen_or_stays():
    """Its end has moved: the deletion asks for the one that was seen."""
    ring = Ring()
    forget = ring.k.old_keys.forget

    def after_a_change(seen, counted):
        ring.k.tenants.keys[SHOP, seen.id] = replace(seen, revoked=NOON)
        return forget(seen, counted)

    ring.k.old_keys.forget = after_a_change
    assert ring.run().done == 0
    assert ring.counted() == 0


def test_a_purge_of_keys_that_dies_is_finished_by_the_next():
    """Each is counted in the transaction that deletes it."""
    for ring in crashes(Ring, Ring.run, lambda ring: ring.calls):
        assert ring.there == ["key_ends", "key_used", "key_younger"]
        assert ring.counted() == 2
        assert ring.k.agenda.get(SHOP, "access").due_at == NOON + timedelta(seconds=1)


# --- brief texts --------------------------------------------------------------------------------


class Desk(Room):
    """Texts that are kept shorter than their tenant's choice."""

    def __init__(self, *ends):
        super().__init__(tenant())
        for number, end in enumerate(ends or [NOON - 5 * HOUR, NOON - HOUR, NOON, NOON + timedelta(seconds=1)]):
            record = sealed_record(VAULT, key_number(number), at=NOON - DAY, brief=True, content_until=end)
            self.k.messages.rows[record.key] = record
        self.k.tenants.advance("briefs", NOON - 6 * HOUR)
        self.sweep = BriefSweep(*self.of("disposal", "tenants"), self.k.clock)

    def run(self, left=PLENTY):
        outcome = self.sweep.run(Task("briefs"), lambda: left)
        done = outcome.done
        while outcome.again and left == PLENTY:
            outcome = self.sweep.run(outcome.again, lambda: left)
            done += outcome.done
        return done, outcome

    @property
    def texts(self):
        return [int(key.id[-12:], 16) for key, record in self.k.messages.rows.items() if record.sealed.text]


def test_a_brief_text_goes_when_its_own_time_is_over():
    """To the second; the others are still there."""
    desk = Desk()
    assert desk.run()[0] == 3
    assert desk.texts == [3]


def test_hours_that_are_over_are_not_looked_at_again():
    """The present one is, and the one before for as long as the index may be behind."""
    desk = Desk()
    desk.run()
    assert desk.k.tenants.watermark("briefs") == NOON - HOUR

    desk.k.clock.tick(minutes=11)
    desk.run()
    assert desk.k.tenants.watermark("briefs") == NOON
    assert desk.texts == []


def test_a_full_page_is_followed_by_another(monkeypatch):
    """Nobody is left out because there were many."""
    monkeypatch.setattr(briefs, "PAGE", 3)
    desk = Desk(*[NOON - HOUR] * 10)
    assert desk.run()[0] == 10
    assert desk.texts == []


def test_a_run_is_bounded(monkeypatch):
    """The body goes back; the watermark says how far it came."""
    monkeypatch.setattr(briefs, "PAGES", 2)
    desk = Desk()
    outcome = desk.sweep.run(Task("briefs"), lambda: PLENTY)
    assert outcome.again == Task("briefs")
    assert desk.k.tenants.watermark("briefs") == NOON - 4 * HOUR


def test_throttled_brief_texts_are_tried_again_later():
    """And their hour is not passed over."""
    desk = Desk()
    desk.k.disposal.throttled = 1
    outcome = desk.sweep.run(Task("briefs"), lambda: PLENTY)
    assert outcome.delay > timedelta(0)
    assert desk.k.tenants.watermark("briefs") == NOON - 5 * HOUR
    desk.run()
    assert desk.texts == [3]


def test_a_held_text_stays():
    """A hold keeps the text of what it covers."""
    desk = Desk()
    for record in list(desk.k.messages.rows.values()):
        desk.k.disposal.hold(record.key, "hold_a", NOON + DAY)
    desk.run()
    assert len(desk.texts) == 4


def test_a_run_for_brief_texts_that_dies_is_finished_by_the_next():
    """The watermark moves last."""
    for desk in crashes(Desk, Desk.run, lambda desk: desk.calls):
        assert desk.texts == [3]


# --- who does which -----------------------------------------------------------------------------


def test_every_job_has_somebody_who_does_it():
    """As the plan names them."""
    k = Keeping()
    ports = {name: getattr(k, name) for name in Ports.__slots__}
    sweep = Sweep.over(Ports(**ports))
    tasks = [
        Task(job, SHOP) for job in ("record/0", "content/3", "access", "statistics", "exports", "cases", "hold/hold_a")
    ]

    for task in [*tasks, Task("briefs"), Task("departures"), Task("close", hour=NOON)]:
        assert sweep.run(task, lambda: PLENTY).done == 0


def test_a_job_that_nobody_does_is_no_success():
    """It becomes a dead letter, and its lag an alarm."""
    with pytest.raises(UnknownJobError):
        Sweep({}).run(Task("replies", SHOP), lambda: PLENTY)


def test_errors_of_a_ledger_that_does_not_answer_come_through():
    """The queue gives the body again."""
    office = Office()

    def busy(*_):
        raise UnavailableError

    office.k.ledger.append = busy
    with pytest.raises(UnavailableError):
        office.close()
    assert office.k.tallies.open_hours()
    assert issubclass(ConflictError, Exception)


def test_a_tenant_that_keeps_statistics_for_a_month_loses_them_after_it():
    """By the calendar, from the hour that was counted."""
    retention = kept().changed(Kind.STATISTICS, Period(months=1), NOON - 90 * DAY)
    room = Room(tenant(retention=retention))
    hour = datetime(2025, 12, 15, 11, tzinfo=UTC)
    room.k.statistics.rows[SHOP, hour, 0] = []
    room.k.agenda.ensure(SHOP, "statistics", NOON)
    sweep = StatisticsSweep(*room.of("agenda", "policies", "statistics"), room.k.clock)
    assert sweep.run(Task("statistics", SHOP), lambda: PLENTY).done == 1
